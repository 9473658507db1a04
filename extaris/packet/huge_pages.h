// huge_pages.h: memory of which much is touched at random: a connection here, a packet there. In
// pages of 2 MiB such a touch seldom waits for an address to be translated.
//
// Pages are taken when they are touched, huge ones where the kernel has any to give (transparent
// huge pages, which need no privilege), so what is never used costs address space alone.
#pragma once

#include <cstddef>

namespace arrakis::extaris {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

// Zeroed, aligned to a huge page; nullptr: there is no memory. `bytes` are rounded up to whole
// pages, of both calls alike.
void* map_huge_pages(std::size_t bytes) noexcept;
void unmap_huge_pages(void* memory, std::size_t bytes) noexcept;

// The same as an owner.
struct UnmapHugePages {
  std::size_t bytes = 0;
  void operator()(void* memory) const noexcept { unmap_huge_pages(memory, bytes); }
};

}  // namespace arrakis::extaris
