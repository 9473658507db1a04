#include "extaris/packet/huge_pages.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace arrakis::extaris {
namespace {

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
}

}  // namespace

void* map_huge_pages(std::size_t bytes) noexcept {
  const std::size_t wanted = whole_pages(bytes);
  const std::size_t mapped = wanted + huge_page_bytes;  // an aligned piece is somewhere in it
  void* memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* first = static_cast<std::byte*>(memory);
  const std::size_t off = reinterpret_cast<std::uintptr_t>(first) % huge_page_bytes;
  const std::size_t before = off == 0 ? 0 : huge_page_bytes - off;
  if (before > 0) ::munmap(first, before);
  ::munmap(first + before + wanted, huge_page_bytes - before);
  // A small one would be more than it needs.
  if (bytes >= huge_page_bytes) ::madvise(first + before, wanted, MADV_HUGEPAGE);
  return first + before;
}

void unmap_huge_pages(void* memory, std::size_t bytes) noexcept {
  if (memory != nullptr) ::munmap(memory, whole_pages(bytes));
}

}  // namespace arrakis::extaris
