// provider.h: what arrakisd asks of a kind of VNIC: make it, hand over its descriptors, bound it,
// count it, take it away. A provider knows the kernel; it knows neither policy, nor clients, nor
// the database.
//
// Threads:  one, the daemon's.
// Failure:  a call that returns an error has left nothing half made.
// Restart:  kernel objects outlive the daemon. After a restart adopt() finds them again.
#pragma once

#include <kj/io.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "control-plane/model/vnic.h"

namespace arrakis::control {

// What goes to the application for one queue. Descriptors are moved out by the receiver.
struct XdpQueueGrant {
  kj::AutoCloseFd socket;
  kj::AutoCloseFd umem;
  std::uint32_t frame_bytes, frame_count, headroom_bytes;
  std::uint32_t fill_size, completion_size, receive_size, transmit_size;
};

struct WireQueueGrant {
  enum class Role : std::uint8_t { server, client };
  Role role;
  std::string socket_name;
  std::string secret;
  std::uint8_t ring_log2;
  std::uint16_t buffer_bytes;
  kj::AutoCloseFd doorbell_page, bell;
};

struct SriovQueueGrant {
  std::string function;  // PCI address
  std::uint16_t index;
  std::uint64_t locked_bytes;
};

using QueueGrant = std::variant<XdpQueueGrant, WireQueueGrant, SriovQueueGrant>;

// The process that attached.
struct Holder {
  std::int32_t pid;
  std::uint32_t uid;
};

// What happened to a VNIC outside of this program.
struct VnicNews {
  enum class Kind : std::uint8_t { link_down, link_up, removed, dma_fault };
  std::string vnic;
  Kind kind;
  std::string text = {};  // of a fault: what was tried
};

struct VnicCounters {
  std::uint64_t received_packets = 0, received_bytes = 0;
  std::uint64_t transmitted_packets = 0, transmitted_bytes = 0;
  std::uint64_t filtered_receive = 0;  // dropped: no receive filter covers it
  std::uint64_t forged_mac = 0;        // dropped on transmit
  std::uint64_t forged_address = 0;
  std::uint64_t filtered_transmit = 0;  // ports or peer outside every transmit filter
  std::uint64_t over_rate = 0;
  std::uint64_t ring_full = 0;
  std::uint64_t dma_faults = 0;  // that the IOMMU stopped and the kernel told of
};

struct Finding {  // of arrakisctl doctor
  enum class Verdict : std::uint8_t { pass, warn, fail, skip };
  Verdict verdict;
  std::string subject, message, remedy;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;

  // What this machine lacks for it, if anything. Changes nothing.
  virtual std::vector<Finding> diagnose() = 0;

  // Whether create() could work, and what stands outside the application's reach ("tx filter",
  // "rate", ...). A filter or rate that cannot be enforced is an error that says why.
  virtual Outcome<std::vector<std::string>> check(const VnicSpec& spec) = 0;

  // Makes what outlives attachments, before the assignment is written down. Harmless when it is
  // there already, and left standing when the assignment comes to nothing.
  virtual Outcome<void> reserve(const VnicSpec&) { return {}; }

  // Makes the kernel objects, scrubbed. May fill in spec.neighbors, spec.mac (shared netdev).
  virtual Outcome<void> create(VnicSpec& spec) = 0;

  // What create() made becomes the process's to use.
  virtual Outcome<void> admit(const VnicSpec&, const Holder&) { return {}; }

  // The descriptors of queue `index`, for the process that attached. Called once an attachment.
  virtual Outcome<QueueGrant> open(const VnicSpec& spec, std::uint16_t index) = 0;

  // The application is gone or has given the VNIC back: nothing of it may be left, no memory
  // either. Harmless when there is nothing.
  virtual void destroy(const VnicSpec& spec) noexcept = 0;

  // The same, and whether all of it is really gone. Where it is not, the VNIC is quarantined.
  virtual Outcome<void> scrub(const VnicSpec& spec) noexcept {
    destroy(spec);
    return {};
  }

  virtual Outcome<void> set_rate(const VnicSpec& spec, Rate rate) = 0;
  virtual Outcome<void> set_filters(const VnicSpec& spec, std::span<const Filter> filters) = 0;
  virtual Outcome<VnicCounters> counters(const VnicSpec& spec) = 0;
  // What the machine itself says of it now, for an administrator: "rate 100M", "vlan 5", ...
  virtual std::vector<std::string> read_back(const VnicSpec&) { return {}; }
  // The netdev, wire or PCI function that an administrator sees for it.
  virtual std::string device(const VnicSpec& spec) const = 0;

  // After a restart of the daemon: `live` are the VNICs whose application still runs. Takes their
  // kernel objects over again and removes every other object that bears this provider's mark.
  // Returns the names of those that could not be found: they are lost.
  virtual std::vector<std::string> adopt(std::span<const VnicSpec> live) = 0;

  // One of them is readable when there is news.
  virtual std::vector<int> news_fds() const { return {}; }
  // Of these VNICs. Takes what made news_fds() readable.
  virtual std::vector<VnicNews> take_news(std::span<const VnicSpec>) { return {}; }
};

}  // namespace arrakis::control
