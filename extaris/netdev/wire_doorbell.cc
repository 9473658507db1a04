#include "extaris/netdev/wire_doorbell.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <utility>

namespace arrakis::extaris {
namespace {

// Taken off at once; a peer that rings without end keeps nobody longer. Linux queues 11 datagrams
// (net.unix.max_dgram_qlen).
constexpr int rings_max = 16;

}  // namespace

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
    : page_{page}, end_{options.end}, bell_{std::move(options.bell)} {}

WireDoorbell::WireDoorbell(WireDoorbell&& other) noexcept
    : page_{std::exchange(other.page_, nullptr)}, end_{other.end_}, bell_{std::move(other.bell_)} {}

WireDoorbell& WireDoorbell::operator=(WireDoorbell&& other) noexcept {
  std::swap(page_, other.page_);
  std::swap(end_, other.end_);
  std::swap(bell_, other.bell_);
  return *this;
}

WireDoorbell::~WireDoorbell() {
  if (page_ == nullptr) return;
  page_->ends[end_].armed.exchange(0, std::memory_order_acq_rel);
  munmap(page_, sizeof(DoorbellPage));
}

void WireDoorbell::send_ring() noexcept {
  // Fails when the peer has gone, or has rings enough waiting to be awake already.
  (void)send(bell_.get(), nullptr, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void WireDoorbell::disarm() noexcept {
  page_->ends[end_].armed.exchange(0, std::memory_order_acq_rel);
  for (int i = 0; i < rings_max && recv(bell_.get(), nullptr, 0, MSG_DONTWAIT) == 0; ++i) {
  }
}

}  // namespace arrakis::extaris
