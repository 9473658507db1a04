// fake_registers.h: a BAR without a device: what was stored is loaded again, and a test's model of
// the device sees each store.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>

#include "vfio/mmio.h"

namespace arrakis::vfio {

class FakeRegisters {
 public:
  template <class Name, std::unsigned_integral Word>
  Word load(Register<Name, Word> reg) const {
    const auto found = words_.find(reg.offset);
    return found == words_.end() ? Word{0} : static_cast<Word>(found->second);
  }

  template <class Name, std::unsigned_integral Word>
  void store(Register<Name, Word> reg, Word value) {
    words_[reg.offset] = value;
    if (const auto model = on_store_.find(reg.offset); model != on_store_.end())
      model->second(value);
  }

  // The device's own: no model hears of it.
  template <class Name, std::unsigned_integral Word>
  void set(Register<Name, Word> reg, Word value) {
    words_[reg.offset] = value;
  }

  template <class Name, std::unsigned_integral Word>
  void on_store(Register<Name, Word> reg, std::function<void(std::uint64_t)> model) {
    on_store_[reg.offset] = std::move(model);
  }

 private:
  std::map<std::uint32_t, std::uint64_t> words_;
  std::map<std::uint32_t, std::function<void(std::uint64_t)>> on_store_;
};
static_assert(RegisterFile<FakeRegisters>);

}  // namespace arrakis::vfio
