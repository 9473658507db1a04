// mmio.h: registers of a device, by name.
//
// A register says its offset and its width, a field its bits, as the data sheet does:
//
//   struct Control {  // CTRL, 82576 data sheet, 8.2.1
//     static constexpr Register<Control, std::uint32_t> reg{0x0};
//     using reset = Field<std::uint32_t, 26>;
//   };
//   bar.store(Control::reg, Control::reset::set(bar.load(Control::reg), 1));
//
// A driver takes its BAR as a template argument (the concept RegisterFile): Mmio is the real one,
// FakeRegisters the one of tests.
//
// Order: x86 keeps loads and stores to a BAR in the order of the program, as the compiler does for
//        volatile ones. What a device reads from memory is written before the store that tells it;
//        store() says so to the compiler, which may otherwise move plain writes past it.
#pragma once

#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"

namespace arrakis::vfio {

static_assert(std::endian::native == std::endian::little, "PCI is little-endian");

template <class Name, std::unsigned_integral Word>
struct Register {
  std::uint32_t offset;
};

// The bits of a register from `high` down to `low`.
template <std::unsigned_integral Word, unsigned high, unsigned low = high>
struct Field {
  static_assert(low <= high && high < 8 * sizeof(Word));
  static constexpr Word ones = static_cast<Word>(~Word{0});
  static constexpr Word mask =
      static_cast<Word>((ones >> (8 * sizeof(Word) - 1 - (high - low))) << low);

  static constexpr Word get(Word word) { return static_cast<Word>((word & mask) >> low); }
  // Other bits are kept; bits of `value` that do not fit are lost.
  static constexpr Word set(Word word, Word value) {
    return static_cast<Word>((word & ~mask) | ((value << low) & mask));
  }
};
static_assert(Field<std::uint16_t, 5, 3>::mask == 0x38);
static_assert(Field<std::uint32_t, 31, 0>::mask == 0xffff'ffff);
static_assert(Field<std::uint32_t, 7, 4>::set(0xff0f, 0x12) == 0xff2f);

template <class R>
concept RegisterFile = requires(R& registers, Register<struct Any, std::uint32_t> word) {
  { registers.load(word) } -> std::same_as<std::uint32_t>;
  registers.store(word, std::uint32_t{});
};

// A mapped BAR. Borrows the mapping.
class Mmio {
 public:
  explicit Mmio(std::span<std::byte> bytes) : bytes_{bytes} {}

  template <class Name, class Word>
  Word load(Register<Name, Word> reg) const {
    const Word value = *at<Word>(reg.offset);
    std::atomic_signal_fence(std::memory_order_acquire);
    return value;
  }

  template <class Name, class Word>
  void store(Register<Name, Word> reg, Word value) const {
    std::atomic_signal_fence(std::memory_order_release);
    *at<Word>(reg.offset) = value;
  }

  std::size_t size() const { return bytes_.size(); }

 private:
  template <class Word>
  volatile Word* at(std::uint32_t offset) const {
    ARK_CHECK(offset % sizeof(Word) == 0 && offset + sizeof(Word) <= bytes_.size());
    return reinterpret_cast<volatile Word*>(bytes_.data() + offset);
  }

  std::span<std::byte> bytes_;
};
static_assert(RegisterFile<Mmio>);

}  // namespace arrakis::vfio
