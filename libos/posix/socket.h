// socket.h: what all sockets of ours can be asked, without waiting: EAGAIN (of connect():
// EINPROGRESS) is an answer, and posix::Calls waits where the program wants that.
//
// Semantics and errno are Linux's, read from what its sockets do (tests/differential).
// Threads: under the host's lock.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "libos/posix/file.h"
#include "libos/posix/host.h"
#include "libos/posix/option.h"
#include "libos/posix/result.h"
#include "libos/posix/socket_address.h"
#include "libos/posix/transfer.h"

namespace arrakis::posix {

class Socket : public File {
 public:
  Socket(Host& host, Family family) : host_{host}, family_{family} {}
  Socket* as_socket() override { return this; }

  virtual int type() const = 0;  // SOCK_STREAM, SOCK_DGRAM
  Family family() const { return family_; }

  virtual Result<void> bind(const Endpoint& local) = 0;
  virtual Result<void> listen(int) { return fail(EOPNOTSUPP); }
  virtual Result<FilePtr> accept() { return fail(EOPNOTSUPP); }
  // Nothing: AF_UNSPEC, that is, no peer any more.
  virtual Result<void> connect(const std::optional<Endpoint>& remote) = 0;
  virtual Result<void> shutdown(int how) = 0;
  virtual Result<std::size_t> receive(Incoming& request) = 0;
  virtual Result<std::size_t> send(const Outgoing& request) = 0;
  virtual Endpoint local() const = 0;
  virtual std::optional<Endpoint> remote() const = 0;
  virtual std::size_t readable_bytes() const = 0;         // FIONREAD
  virtual std::size_t unsent_bytes() const { return 0; }  // TIOCOUTQ
  // Whether close() still waits for the peer (SO_LINGER).
  virtual bool lingers() const { return false; }
  virtual bool is_listening() const { return false; }
  // Who would wait to receive is told that there is no more; who does not wait is not.
  virtual bool ends_waiting() const { return false; }

  // Those of every socket (SOL_SOCKET); the rest is of the kind.
  Result<void> set_option(Option option, OptionValue value);
  Result<void> get_option(Option option, OptionAnswer& answer);

  Duration receive_timeout() const { return receive_timeout_; }
  Duration send_timeout() const { return send_timeout_; }
  std::size_t least_receive() const { return least_receive_; }  // SO_RCVLOWAT
  std::optional<Duration> linger() const { return linger_; }

 protected:
  virtual Result<void> set_own_option(Option option, OptionValue value) = 0;
  virtual Result<void> get_own_option(Option option, OptionAnswer& answer) = 0;
  // An option of SOL_SOCKET has changed.
  virtual void options_changed() {}
  // The pending error, taken off: SO_ERROR.
  int take_error() { return std::exchange(error_, 0); }

  Host& host_;
  const Family family_;
  int error_ = 0;
  bool reuse_address_ = false;
  bool reuse_port_ = false;
  bool keepalive_ = false;
  bool only_v6_ = false;
  std::optional<Duration> linger_;
  int receive_buffer_ = 0;  // as the program asked for; 0: it did not
  int send_buffer_ = 0;

 private:
  Result<void> set_flag(int name, int value);
  Result<void> set_linger(OptionValue value);
  Result<void> set_timeout(Duration& timeout, OptionValue value);
  Result<void> set_family_option(Option option, OptionValue value);
  Result<int> flag(int name);

  Duration receive_timeout_ = Duration::max();
  Duration send_timeout_ = Duration::max();
  std::size_t least_receive_ = 1;
  // Kept and told, without effect yet: see the folder's README.
  int priority_ = 0;
  int mark_ = 0;
  int traffic_class_ = 0;
  int hop_limit_ = 64;
  bool broadcast_ = false;
  bool urgent_inline_ = false;
  bool timestamps_ = false;
};

// What a result has is a file that is a socket.
Result<FilePtr> make_socket(Host& host, int domain, int type, int protocol);

}  // namespace arrakis::posix
