#include "extaris/netdev/wire_doorbell.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace arrakis::extaris {

Outcome<WireDoorbell> WireDoorbell::attach(Options options) {
  if (options.end > 1) return fail(Error::Code::usage, "a wire has two ends, 0 and 1");
  struct stat about{};
  if (fstat(options.page.get(), &about) != 0 ||
      about.st_size < static_cast<off_t>(sizeof(DoorbellPage)))
    return fail(Error::Code::usage, "the doorbell page of the wire is too small");
  const int seals = fcntl(options.page.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0)
    return fail(Error::Code::usage,
                "the doorbell page of the wire is not sealed against shrinking");
  void* memory = mmap(nullptr, sizeof(DoorbellPage), PROT_READ | PROT_WRITE, MAP_SHARED,
                      options.page.get(), 0);
  if (memory == MAP_FAILED)
    return fail(Error::Code::unavailable, "the doorbell page of the wire cannot be mapped");
  return WireDoorbell{std::move(options), static_cast<DoorbellPage*>(memory)};
}

WireDoorbell::WireDoorbell(Options options, DoorbellPage* page) noexcept
    : page_{page},
      end_{options.end},
      own_event_{std::move(options.own_event)},
      peer_event_{std::move(options.peer_event)} {}

WireDoorbell::WireDoorbell(WireDoorbell&& other) noexcept
    : page_{std::exchange(other.page_, nullptr)},
      end_{other.end_},
      own_event_{std::move(other.own_event_)},
      peer_event_{std::move(other.peer_event_)} {}

WireDoorbell& WireDoorbell::operator=(WireDoorbell&& other) noexcept {
  std::swap(page_, other.page_);
  std::swap(end_, other.end_);
  std::swap(own_event_, other.own_event_);
  std::swap(peer_event_, other.peer_event_);
  return *this;
}

WireDoorbell::~WireDoorbell() {
  if (page_ == nullptr) return;
  page_->ends[end_].armed.exchange(0, std::memory_order_acq_rel);
  munmap(page_, sizeof(DoorbellPage));
}

void WireDoorbell::write_event() noexcept {
  // Fails when the counter is full: then it is readable already.
  constexpr std::uint64_t once = 1;
  [[maybe_unused]] const ssize_t written = write(peer_event_.get(), &once, sizeof(once));
}

void WireDoorbell::disarm() noexcept {
  page_->ends[end_].armed.exchange(0, std::memory_order_acq_rel);
  // Fails when nobody rang.
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t taken = read(own_event_.get(), &rings, sizeof(rings));
}

}  // namespace arrakis::extaris
