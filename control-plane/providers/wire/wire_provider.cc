#include "control-plane/providers/wire/wire_provider.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

constexpr std::uint8_t ring_log2 = 10;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t secret_characters = 23;  // of memif's 24, one ends the text
constexpr std::uint16_t mtu_bytes_min = 1280, mtu_bytes_max = 9000;
constexpr std::uint16_t ethernet_header_bytes = 14;

std::unexpected<Error> failure(std::string_view what) {
  return fail(Error::Code::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

// Five bits of the kernel's randomness each. Letters and digits: it passes through option strings.
Outcome<std::string> unguessable(std::size_t characters) {
  std::array<unsigned char, 64> random{};
  if (getrandom(random.data(), characters, 0) != static_cast<ssize_t>(characters))
    return failure("no random bytes");
  std::string text;
  for (std::size_t i = 0; i < characters; ++i)
    text += "abcdefghijklmnopqrstuvwxyz234567"[random[i] % 32];
  return text;
}

// A frame fits one buffer.
std::uint16_t buffer_bytes(std::uint16_t mtu_bytes) {
  const auto frame = static_cast<std::uint16_t>(mtu_bytes + ethernet_header_bytes);
  return std::max<std::uint16_t>(2048, std::bit_ceil(frame));
}

kj::AutoCloseFd duplicate(int fd) { return kj::AutoCloseFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

std::vector<Neighbor> neighbors_of(const VnicSpec& spec) {
  std::vector<Neighbor> neighbors;
  for (const IpPrefix& prefix : spec.addresses)
    neighbors.push_back({.address = prefix.address, .mac = spec.mac});
  return neighbors;
}

}  // namespace

std::vector<Finding> WireProvider::diagnose() {
  if (auto link = make_link(); !link)
    return {{Finding::Verdict::fail, "wire", link.error().message, "needs Linux 3.17 or newer"}};
  return {{Finding::Verdict::pass, "wire", "memfd, socket pairs and random bytes are there", ""}};
}

Outcome<std::vector<std::string>> WireProvider::check(const VnicSpec& spec) {
  constexpr const char* without = "leave it out, or use the provider xdp";
  if (spec.wire.empty() || spec.wire.size() > 63)
    return fail(Error::Code::usage,
                fmt::format("{}: a wire's name has 1 to 63 characters", quote(spec.name)),
                "--wire NAME: the two VNICs that name it are its ends");
  if (spec.rate.limited() || !spec.filters.empty())
    return fail(Error::Code::unavailable,
                fmt::format("{}: nothing on a wire can enforce a {}: the peer is the grant",
                            quote(spec.name), spec.rate.limited() ? "rate" : "filter"),
                without);
  if (spec.queues != 1)
    return fail(Error::Code::unavailable,
                fmt::format("{}: a wire has one queue, not {}", quote(spec.name), spec.queues),
                "--queues 1");
  if (spec.mtu_bytes < mtu_bytes_min || spec.mtu_bytes > mtu_bytes_max)
    return fail(Error::Code::unavailable,
                fmt::format("{}: MTU {}: a wire carries {} to {}", quote(spec.name), spec.mtu_bytes,
                            mtu_bytes_min, mtu_bytes_max));
  const auto found = wires_.find(spec.wire);
  if (found == wires_.end()) return std::vector<std::string>{};
  const Wire& wire = found->second;
  if (end_of(wire, spec)) return std::vector<std::string>{};
  if (wire.ends[0] && wire.ends[1])
    return fail(Error::Code::conflict,
                fmt::format("both ends of the wire {} are taken, by {} and {}", quote(spec.wire),
                            wire.ends[0]->vnic, wire.ends[1]->vnic),
                "choose another name for the wire");
  if (!wire.link) {
    const auto& left = wire.ends[0] ? wire.ends[0] : wire.ends[1];
    return fail(Error::Code::conflict,
                fmt::format("the wire {} is older than this arrakisd and cannot be joined",
                            quote(spec.wire)),
                fmt::format("restart the application of {} first", left->vnic));
  }
  if (wire.mtu_bytes != spec.mtu_bytes)
    return fail(Error::Code::conflict,
                fmt::format("the wire {} has MTU {}, not {}", quote(spec.wire), wire.mtu_bytes,
                            spec.mtu_bytes));
  return std::vector<std::string>{};
}

Outcome<WireProvider::Link> WireProvider::make_link() {
  Link link;
  auto name = unguessable(32);
  auto secret = unguessable(secret_characters);
  if (!name) return std::unexpected(name.error());
  if (!secret) return std::unexpected(secret.error());
  link.socket_name = "arrakis-" + *name;
  link.secret = *secret;
  link.doorbell_page =
      kj::AutoCloseFd(memfd_create("arrakis-doorbell", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (link.doorbell_page.get() < 0 || ftruncate(link.doorbell_page, page_bytes) != 0 ||
      fcntl(link.doorbell_page, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failure("cannot make the doorbell page");
  int bells[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, bells) != 0)
    return failure("cannot make the doorbells");
  link.bells = {kj::AutoCloseFd(bells[0]), kj::AutoCloseFd(bells[1])};
  return link;
}

std::optional<std::size_t> WireProvider::end_of(const Wire& wire, const VnicSpec& spec) {
  for (std::size_t i = 0; i < wire.ends.size(); ++i)
    if (wire.ends[i] && wire.ends[i]->vnic == spec.name) return i;
  return std::nullopt;
}

Outcome<void> WireProvider::create(VnicSpec& spec) {
  destroy(spec);  // what an earlier life left behind
  if (auto possible = check(spec); !possible) return std::unexpected(possible.error());
  if (!wires_.contains(spec.wire)) {
    auto link = make_link();
    if (!link) return std::unexpected(link.error());
    wires_.emplace(spec.wire, Wire{.mtu_bytes = spec.mtu_bytes, .link = std::move(*link)});
  }
  Wire& wire = wires_.at(spec.wire);
  const std::size_t own = wire.ends[0] ? 1 : 0;
  wire.ends[own] = End{.vnic = spec.name, .neighbors = neighbors_of(spec)};
  if (const auto& other = wire.ends[1 - own]) spec.neighbors = other->neighbors;
  return {};
}

Outcome<QueueGrant> WireProvider::open(const VnicSpec& spec, std::uint16_t index) {
  const auto found = wires_.find(spec.wire);
  const auto own = found == wires_.end() ? std::nullopt : end_of(found->second, spec);
  if (!own || index != 0 || !found->second.link)
    return fail(Error::Code::not_found,
                fmt::format("{} has no queue {} on the wire {}", spec.name, index, spec.wire));
  const Link& link = *found->second.link;
  return QueueGrant{WireQueueGrant{
      .role = *own == 0 ? WireQueueGrant::Role::server : WireQueueGrant::Role::client,
      .socket_name = link.socket_name,
      .secret = link.secret,
      .ring_log2 = ring_log2,
      .buffer_bytes = buffer_bytes(spec.mtu_bytes),
      .doorbell_page = duplicate(link.doorbell_page),
      .bell = duplicate(link.bells[*own])}};
}

// The page and the secret live on for the other end: a flag cleared under a sleeper would let it
// sleep for ever. With the second end they go.
void WireProvider::destroy(const VnicSpec& spec) noexcept {
  const auto found = wires_.find(spec.wire);
  if (found == wires_.end()) return;
  Wire& wire = found->second;
  if (const auto own = end_of(wire, spec)) wire.ends[*own].reset();
  if (!wire.ends[0] && !wire.ends[1]) wires_.erase(found);
}

Outcome<void> WireProvider::set_rate(const VnicSpec& spec, Rate rate) {
  VnicSpec changed = spec;
  changed.rate = rate;
  if (auto possible = check(changed); !possible) return std::unexpected(possible.error());
  return {};
}

Outcome<void> WireProvider::set_filters(const VnicSpec& spec, std::span<const Filter> filters) {
  VnicSpec changed = spec;
  changed.filters.assign(filters.begin(), filters.end());
  if (auto possible = check(changed); !possible) return std::unexpected(possible.error());
  return {};
}

Outcome<VnicCounters> WireProvider::counters(const VnicSpec& spec) {
  return fail(Error::Code::unavailable,
              fmt::format("{}: nobody counts on a wire but its two applications", spec.name));
}

std::vector<std::string> WireProvider::adopt(std::span<const VnicSpec> live) {
  wires_.clear();
  for (const VnicSpec& spec : live) {
    Wire& wire = wires_[spec.wire];
    wire.mtu_bytes = spec.mtu_bytes;
    const std::size_t own = wire.ends[0] ? 1 : 0;
    wire.ends[own] = End{.vnic = spec.name, .neighbors = neighbors_of(spec)};
  }
  return {};
}

}  // namespace arrakis::control
