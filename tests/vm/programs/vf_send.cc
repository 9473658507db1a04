// vf_send: one frame leaves a virtual function, and what the wire sees of it.
//
// usage: vf_send VF NETDEV [--source MAC] [--vlan ID]
//
// NETDEV is the other end of the wire. Without --source, the frame has the VF's own. Prints
// "seen" or "not seen", and "vlan ID" if it bears a tag there.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/vm/programs/virtual_function.h"
#include "tests/vm/programs/wire_socket.h"

namespace arrakis::vm {
namespace {

constexpr Duration patience = Duration::seconds(2);

struct Options {
  std::string function, netdev;
  std::optional<MacAddress> source;
  std::optional<std::uint16_t> vlan;
};

std::optional<Options> parse(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.size() % 2 != 0) return std::nullopt;
  Options options{.function = words[0], .netdev = words[1]};
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (words[i] == "--source") options.source = MacAddress::parse(words[i + 1]);
    if (words[i] == "--vlan")
      options.vlan = static_cast<std::uint16_t>(std::atoi(words[i + 1].c_str()));
  }
  return options;
}

Outcome<void> run(const Options& options) {
  const vfio::Sysfs sysfs;
  const auto address = vfio::PciAddress::parse(options.function);
  if (!address) return fail(Error::Code::usage, "no PCI address: " + options.function);
  auto vf = VirtualFunction::open(sysfs, *address);
  if (!vf) return std::unexpected{vf.error()};
  const auto wire = WireSocket::open(options.netdev);
  if (!wire) return std::unexpected{wire.error()};
  const MacAddress source = options.source.value_or(vf->mac());
  const auto frame =
      make_frame({.destination = wire->mac(), .source = source}, "from a VF", options.vlan);
  std::memcpy(vf->buffer().data(), frame.data(), frame.size());
  if (!vf->send(vf->buffer_iova(), static_cast<std::uint16_t>(frame.size())))
    return fail(Error::Code::unavailable, "the device did not say that it has sent the frame");
  std::printf("%s\n", wire->receive(source, patience) ? "seen" : "not seen");
  return {};
}

}  // namespace
}  // namespace arrakis::vm

int main(int argc, char** argv) {
  const auto options = arrakis::vm::parse({argv + 1, argv + argc});
  if (!options) return 2;
  const auto done = arrakis::vm::run(*options);
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
  return 1;
}
