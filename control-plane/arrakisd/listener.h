// listener.h: the unix socket at the daemon's front door.
//
// Lifetime: the lock lives as long as the Listener; the kernel drops it with the process, so there
// is no stale lock. The socket file is removed by close() only: after a crash it is replaced.
#pragma once

#include <kj/io.h>

#include <string>

#include "base/error.h"

namespace arrakis::control {

class Listener {
 public:
  // Makes the directory (0755) and the socket (0666: who may do what is the policy's business).
  // A daemon that serves this socket already is a conflict; a socket that nobody serves is
  // replaced.
  static Outcome<Listener> open(const std::string& path);

  int fd() const { return socket_.get(); }
  const std::string& path() const { return path_; }
  void remove();  // the file; for an orderly end

 private:
  std::string path_;
  kj::AutoCloseFd lock_, socket_;
};

}  // namespace arrakis::control
