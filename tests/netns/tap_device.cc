#include "tests/netns/tap_device.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"

namespace arrakis::test {

bool TapDevice::enter_namespace() { return unshare(CLONE_NEWNET) == 0; }

TapDevice::TapDevice(extaris::PacketPool& pool, std::uint16_t mtu_bytes)
    : pool_{pool},
      info_{.mac = *MacAddress::parse("02:00:00:00:00:01"), .mtu_bytes = mtu_bytes},
      fd_{open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)} {
  ifreq request{};
  std::strcpy(request.ifr_name, "tap0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (fd_ >= 0 && ioctl(fd_, TUNSETIFF, &request) < 0) {
    close(fd_);
    fd_ = -1;
  }
}

TapDevice::~TapDevice() {
  if (fd_ >= 0) close(fd_);
}

void TapDevice::receive(extaris::Burst& burst) noexcept {
  while (!burst.full()) {
    extaris::Packet packet = pool_.allocate();
    if (!packet) return;
    const ssize_t count = read(fd_, extaris::bytes(packet).data(), extaris::tailroom(packet));
    if (count <= 0) return;
    resize(packet, static_cast<std::size_t>(count));
    burst.append(std::move(packet));
  }
}

void TapDevice::transmit(extaris::Burst& burst) noexcept {
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const extaris::Packet packet = burst.take(i);
    const auto frame = extaris::bytes(packet);
    if (write(fd_, frame.data(), frame.size()) < 0) continue;  // lost, as on any wire
  }
  burst.clear();
}

}  // namespace arrakis::test
