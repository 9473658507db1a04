#include <kj/async-unix.h>

#include <csignal>
#include <span>

#include "control-plane/arrakisctl/tool.h"

int main(int argc, char** argv) {
  // Cap'n Proto's event loop keeps one signal for itself; SIGUSR1 is the program's that we run.
  kj::UnixEventPort::setReservedSignal(SIGURG);
  return arrakis::ctl::run_tool({argv, static_cast<std::size_t>(argc)});
}
