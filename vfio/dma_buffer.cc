#include "vfio/dma_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "vfio/sysfs.h"

namespace arrakis::vfio {
namespace {

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

Outcome<DmaBuffer> DmaBuffer::allocate(DmaSpace& space, std::size_t bytes, Iova at,
                                       DmaSpace::Access access) {
  const std::size_t length = whole_pages(bytes);
  const std::string what = "allocate " + std::to_string(length) + " bytes for a device";
  void* const memory = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return failed(errno, what);
  const std::span<std::byte> pages{static_cast<std::byte*>(memory), length};
  Outcome<void> mapped = ::madvise(memory, length, MADV_DONTFORK) == 0
                             ? space.map(pages, at, access)
                             : Outcome<void>{failed(errno, what)};
  if (!mapped) {
    ::munmap(memory, length);
    return std::unexpected{std::move(mapped).error()};
  }
  return DmaBuffer{space, pages, at};
}

DmaBuffer::DmaBuffer(DmaBuffer&& other) noexcept
    : space_{other.space_}, memory_{std::exchange(other.memory_, {})}, iova_{other.iova_} {}

DmaBuffer& DmaBuffer::operator=(DmaBuffer&& other) noexcept {
  std::swap(space_, other.space_);
  std::swap(memory_, other.memory_);
  std::swap(iova_, other.iova_);
  return *this;
}

DmaBuffer::~DmaBuffer() {
  if (memory_.empty()) return;
  space_->unmap(iova_, memory_.size());
  ::munmap(memory_.data(), memory_.size());
}

}  // namespace arrakis::vfio
