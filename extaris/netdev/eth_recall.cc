// DPDK 22.11 calls its device events experimental; they have not changed since 18.02.
#define ALLOW_EXPERIMENTAL_API

#include "extaris/netdev/eth_recall.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sys/eventfd.h>

#include <utility>

namespace arrakis::extaris {
namespace {

// On DPDK's interrupt thread.
void on_event(const char*, rte_dev_event_type event, void* recall) {
  if (event == RTE_DEV_EVENT_REMOVE) static_cast<EthRecall*>(recall)->ask();
}

}  // namespace

EthRecall::EthRecall(std::uint16_t port, std::string function, std::uint16_t queues,
                     std::vector<int> bells)
    : port_{port}, function_{std::move(function)}, bells_{std::move(bells)}, staying_{queues} {
  is_watched_ =
      !function_.empty() && rte_dev_event_callback_register(function_.c_str(), on_event, this) == 0;
}

EthRecall::~EthRecall() {
  if (is_watched_) rte_dev_event_callback_unregister(function_.c_str(), on_event, this);
}

void EthRecall::ask() noexcept {
  asked_.store(true, std::memory_order_relaxed);
  for (const int bell : bells_) eventfd_write(bell, 1);
}

void EthRecall::leave() noexcept {
  // What each queue did last is done before the last of them closes the port.
  if (staying_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  rte_eth_dev_stop(port_);
  rte_eth_dev_close(port_);
  if (!function_.empty()) rte_eal_hotplug_remove("pci", function_.c_str());
}

}  // namespace arrakis::extaris
