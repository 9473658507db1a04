// What a hostile application writes for who looks into it: pages, and a ring of captured frames.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"
#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/sight_reader.h"

namespace arrakis::sight {
namespace {

void read_page(std::span<const std::byte> page) {
  (void)read_counters(page);
  const auto sockets = read_sockets(page);
  if (!sockets) return;
  for (const SocketRecord& record : sockets->records)
    ARK_CHECK(to_string(record.state) != "?" && !to_string(record.timer).empty());
}

class Ring {
 public:
  // The first eight bytes say how much was written, modulo twice the ring.
  void read(std::span<const std::byte> bytes) {
    std::uint64_t written = 0;
    if (bytes.size() < sizeof(written)) return;
    std::memcpy(&written, bytes.data(), sizeof(written));
    const auto content = bytes.subspan(sizeof(written));
    const std::size_t length = std::min(content.size(), ring_bytes);
    std::copy_n(content.begin(), length, memory_.get() + ring_offset);
    CaptureHeader& header = header_of({memory_.get(), capture_bytes});
    header = {};
    header.written = written % (2 * ring_bytes);
    CaptureReader reader{{memory_.get(), capture_bytes}};
    for (std::size_t frames = 0;; ++frames) {
      ARK_CHECK(frames <= ring_bytes / sizeof(FrameHeader));
      const auto frame = reader.next();
      if (!frame || !*frame) break;
      ARK_CHECK((*frame)->bytes.size() <= (*frame)->original_bytes);
      ARK_CHECK((*frame)->original_bytes <= snap_bytes_max);
    }
    std::fill_n(memory_.get() + ring_offset, length, std::byte{0});
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_{static_cast<std::byte*>(
      std::memset(std::aligned_alloc(4096, capture_bytes), 0, capture_bytes))};
};

}  // namespace
}  // namespace arrakis::sight

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static arrakis::sight::Ring ring;  // eight MiB, taken once
  const auto bytes = std::as_bytes(std::span{data, size});
  arrakis::sight::read_page(bytes);
  ring.read(bytes);
  return 0;
}
