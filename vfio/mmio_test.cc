#include "vfio/mmio.h"

#include <gtest/gtest.h>

#include <array>

#include "vfio/fake/fake_registers.h"

namespace arrakis::vfio {
namespace {

struct Configuration {
  static constexpr Register<Configuration, std::uint32_t> reg{0x14};
  using entry_size_log2 = Field<std::uint32_t, 23, 20>;
  using enable = Field<std::uint32_t, 0>;
};

// As a driver is written: for any register file.
template <RegisterFile Registers>
void enable(Registers& registers) {
  auto value = registers.load(Configuration::reg);
  value = Configuration::entry_size_log2::set(value, 4);
  registers.store(Configuration::reg, Configuration::enable::set(value, 1));
}

TEST(Mmio, KeepsTheBitsThatAreNotNamed) {
  alignas(8) std::array<std::byte, 32> memory{};
  Mmio registers{memory};
  registers.store(Configuration::reg, 0x00f0'ff00U);
  enable(registers);
  EXPECT_EQ(registers.load(Configuration::reg), 0x0040'ff01U);
  EXPECT_EQ(memory[0x14], std::byte{0x01});
  EXPECT_EQ(memory[0x16], std::byte{0x40});
}

TEST(Mmio, HoldsWordsOfOtherWidths) {
  alignas(8) std::array<std::byte, 32> memory{};
  const Mmio registers{memory};
  constexpr Register<struct Queue, std::uint64_t> queue{0x8};
  registers.store(queue, std::uint64_t{0x1122'3344'5566'7788});
  EXPECT_EQ(registers.load(queue), 0x1122'3344'5566'7788U);
  EXPECT_EQ(memory[0xf], std::byte{0x11});
}

TEST(MmioDeathTest, EndsWhereTheBarDoes) {
  alignas(8) std::array<std::byte, 32> memory{};
  const Mmio registers{memory};
  constexpr Register<struct Behind, std::uint32_t> behind{32}, askew{2};
  EXPECT_DEATH((void)registers.load(behind), "check failed");
  EXPECT_DEATH((void)registers.load(askew), "check failed");
}

TEST(FakeRegisters, TellTheModelOfEachStore) {
  FakeRegisters registers;
  std::uint64_t seen = 0;
  registers.on_store(Configuration::reg, [&](std::uint64_t value) { seen = value; });
  registers.set(Configuration::reg, 0x8000'0000U);
  EXPECT_EQ(seen, 0U);
  enable(registers);
  EXPECT_EQ(seen, 0x8040'0001U);
  EXPECT_EQ(registers.load(Configuration::reg), 0x8040'0001U);
}

}  // namespace
}  // namespace arrakis::vfio
