// iova.h: addresses as a device sees them, through the IOMMU.
//
// Neither a pointer nor a number: the three cannot be swapped.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace arrakis::vfio {

enum class Iova : std::uint64_t {};

constexpr Iova operator+(Iova base, std::size_t bytes) {
  return Iova{static_cast<std::uint64_t>(base) + bytes};
}
constexpr std::uint64_t bits(Iova address) { return static_cast<std::uint64_t>(address); }

// What the IOMMU can translate, both ends included.
struct IovaRange {
  Iova first, last;

  friend constexpr bool operator==(IovaRange, IovaRange) = default;
};

// One object, seen from both sides.
template <class T>
struct DmaPointer {
  T* cpu;
  Iova device;
};

}  // namespace arrakis::vfio
