// vf_frame: frames between a virtual function and the other end of the wire, and what comes of
// them.
//
// usage: vf_frame out|in VF NETDEV [--mac MAC] [--vlan ID] [--own-vlan ID] [--frames N]
//
// out: the VF sends, from MAC (its own if not given). in: NETDEV sends, to MAC (the VF's). With
// --vlan, the frame bears that tag. Prints "arrived", behind it "vlan ID" if what arrived is
// tagged, or "lost": a frame sent behind it came first. That one goes to everybody (of --own-vlan,
// if the VF is in one). With N, for `out`, how many milliseconds the VF took to send N frames of
// 1,500 bytes.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/vm/programs/virtual_function.h"
#include "tests/vm/programs/wire_socket.h"

namespace arrakis::vm {
namespace {

constexpr std::string_view payload = "between a VF and the wire";
constexpr std::string_view behind = "sent behind it";
constexpr std::size_t large_payload_bytes = 1486;  // 1,500 with the Ethernet header

struct Options {
  bool out = false;
  std::string function, netdev;
  std::optional<MacAddress> mac;
  std::optional<std::uint16_t> vlan, own_vlan;
  int frames = 0;
};

std::optional<Options> parse(const std::vector<std::string>& words) {
  if (words.size() < 3 || words.size() % 2 != 1) return std::nullopt;
  Options options{.out = words[0] == "out", .function = words[1], .netdev = words[2]};
  for (std::size_t i = 3; i < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    const auto number = std::atoi(value.c_str());
    if (words[i] == "--mac") {
      options.mac = MacAddress::parse(value);
    } else if (words[i] == "--vlan") {
      options.vlan = static_cast<std::uint16_t>(number);
    } else if (words[i] == "--own-vlan") {
      options.own_vlan = static_cast<std::uint16_t>(number);
    } else if (words[i] == "--frames") {
      options.frames = number;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

struct Scene {
  VirtualFunction vf;
  WireSocket wire;
};

std::uint16_t put(VirtualFunction& vf, std::span<const std::byte> frame) {
  std::memcpy(vf.buffer().data(), frame.data(), frame.size());
  return static_cast<std::uint16_t>(frame.size());
}

Outcome<void> send_many(Scene& scene, int frames) {
  const std::string large(large_payload_bytes, 'x');
  const auto length = put(scene.vf, make_frame({scene.wire.mac(), scene.vf.mac()}, large));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < frames; ++i)
    if (!scene.vf.send(scene.vf.buffer_iova(), length))
      return fail(Error::Code::unavailable, "the function stopped sending");
  const auto took = std::chrono::steady_clock::now() - began;
  std::printf("%ld\n", static_cast<long>(
                           std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  return {};
}

Outcome<void> out(Scene& scene, const Options& options) {
  const MacAddress source = options.mac.value_or(scene.vf.mac());
  const auto frames = {make_frame({scene.wire.mac(), source}, payload, options.vlan),
                       make_frame({scene.wire.mac(), scene.vf.mac()}, behind)};
  for (const auto& frame : frames)
    if (!scene.vf.send(scene.vf.buffer_iova(), put(scene.vf, frame)))
      return fail(Error::Code::unavailable, "the device did not say that it has sent the frame");
  const auto seen = scene.wire.receive({payload, behind});
  if (!seen) return fail(Error::Code::internal, "nothing that the function sends arrives");
  if (contains(seen->bytes, behind)) {
    std::printf("lost\n");
  } else if (seen->vlan) {
    std::printf("arrived vlan %u\n", *seen->vlan);
  } else {
    std::printf("arrived\n");
  }
  return {};
}

Outcome<void> in(Scene& scene, const Options& options) {
  scene.vf.offer(scene.vf.buffer_iova());
  const MacAddress target = options.mac.value_or(scene.vf.mac());
  const MacAddress source = scene.wire.mac();
  if (!scene.wire.send(make_frame({target, source}, payload, options.vlan)) ||
      !scene.wire.send(make_frame({MacAddress::broadcast(), source}, behind, options.own_vlan)))
    return fail(Error::Code::internal, "the other end cannot send");
  const auto length = scene.vf.wait_for_frame();  // there is a place for one, for the first
  if (!length) return fail(Error::Code::internal, "nothing arrives at the function");
  std::printf("%s\n", contains(scene.vf.buffer().first(*length), payload) ? "arrived" : "lost");
  return {};
}

Outcome<void> run(const Options& options) {
  const auto address = vfio::PciAddress::parse(options.function);
  if (!address) return fail(Error::Code::usage, "no PCI address: " + options.function);
  auto vf = VirtualFunction::open(vfio::Sysfs{}, *address);
  if (!vf) return std::unexpected{vf.error()};
  auto wire = WireSocket::open(options.netdev);
  if (!wire) return std::unexpected{wire.error()};
  Scene scene{.vf = *std::move(vf), .wire = *std::move(wire)};
  if (options.out && options.frames > 0) return send_many(scene, options.frames);
  return options.out ? out(scene, options) : in(scene, options);
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
