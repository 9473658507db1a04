// faulty_device.h: a device that loses and reorders what goes through it both ways, as a seed says.
#pragma once

#include <cstdint>
#include <utility>

#include "base/random.h"
#include "extaris/netdev/net_device.h"

namespace arrakis::test {

struct Faults {  // each strikes a frame once in so many on average; 0: never
  std::uint32_t loss = 0;
  std::uint32_t reorder = 0;  // it goes behind the next one
};

class FaultyDevice final : public extaris::NetDevice {
 public:
  FaultyDevice(extaris::NetDevice& device, const Faults& faults, std::uint64_t seed)
      : device_{device}, faults_{faults}, random_{seed} {}

  const extaris::DeviceInfo& info() const noexcept override { return device_.info(); }
  extaris::PacketPool& pool() noexcept override { return device_.pool(); }
  void receive(extaris::Burst& burst) noexcept override {
    extaris::Burst arrived;
    device_.receive(arrived);
    strike(arrived, burst);
  }
  void transmit(extaris::Burst& burst) noexcept override {
    extaris::Burst sent;
    strike(burst, sent);
    device_.transmit(sent);
  }

 private:
  void strike(extaris::Burst& from, extaris::Burst& to) noexcept {
    extaris::Packet late;
    for (std::size_t i = 0; i < from.size(); ++i) {
      extaris::Packet packet = from.take(i);
      if (random_.once_in(faults_.loss)) continue;
      if (!late && random_.once_in(faults_.reorder)) {
        late = std::move(packet);
        continue;
      }
      to.append(std::move(packet));
      if (late) to.append(std::exchange(late, extaris::Packet{}));
    }
    if (late) to.append(std::move(late));
    from.clear();
  }

  extaris::NetDevice& device_;
  Faults faults_;
  Random random_;
};

}  // namespace arrakis::test
