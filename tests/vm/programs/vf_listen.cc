// vf_listen: what a virtual function hears while others speak.
//
// usage: vf_listen VF NETDEV COMMAND
//
// Listens while COMMAND (of the shell) runs, and until a frame that NETDEV sends to everybody after
// it has come. Prints "unicast N broadcast M": frames for one station (the function's own address
// is used by nobody), and for several. Exits as COMMAND did.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/vm/programs/virtual_function.h"
#include "tests/vm/programs/wire_socket.h"

namespace arrakis::vm {
namespace {

constexpr std::string_view last_words = "the last one";

Outcome<int> run(const char* function, const char* netdev, const char* command) {
  const auto address = vfio::PciAddress::parse(function);
  if (!address) return fail(Error::Code::usage, "no PCI address", "see the top of vf_listen.cc");
  auto vf = VirtualFunction::open(vfio::Sysfs{}, *address);
  if (!vf) return std::unexpected{vf.error()};
  const auto wire = WireSocket::open(netdev);
  if (!wire) return std::unexpected{wire.error()};
  vf->offer(vf->buffer_iova());
  int status = 0;
  std::jthread speaker{[&] {
    status = std::system(command);
    wire->send(make_frame({MacAddress::broadcast(), wire->mac()}, last_words));
  }};
  unsigned unicast = 0, broadcast = 0;
  for (;;) {
    const auto length = vf->wait_for_frame();
    if (!length) continue;  // nobody has spoken for a while
    const auto frame = vf->buffer().first(*length);
    if (contains(frame, last_words)) break;
    const bool to_several = (std::to_integer<unsigned>(frame.front()) & 1) != 0;
    ++(to_several ? broadcast : unicast);
    vf->offer(vf->buffer_iova());
  }
  speaker.join();
  std::printf("unicast %u broadcast %u\n", unicast, broadcast);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace
}  // namespace arrakis::vm

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto done = arrakis::vm::run(argv[1], argv[2], argv[3]);
  if (done) return *done;
  std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
  return 1;
}
