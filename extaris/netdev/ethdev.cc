#include "extaris/netdev/ethdev.h"

#include <rte_ethdev.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace arrakis::extaris {
namespace {

constexpr std::uint64_t receive_checksums =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
constexpr std::uint64_t transmit_checksums =
    RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;

// All or none: the stack has one word for a direction.
std::uint64_t all_or_none(std::uint64_t wanted, std::uint64_t offered) {
  return (offered & wanted) == wanted ? wanted : 0;
}

std::unexpected<Error> refusal(std::uint16_t port, const char* what, int code) {
  return fail(Error::Code::unavailable,
              "DPDK port " + std::to_string(port) + ": " + what + ": " + rte_strerror(-code));
}

}  // namespace

void EthQueue::receive(Burst& burst) noexcept {
  rte_mbuf** slots = burst.slots();
  const std::size_t count = rte_eth_rx_burst(port_, queue_, slots, Burst::capacity);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (slots[i]->nb_segs == 1) [[likely]] {
      slots[kept++] = slots[i];
    } else {
      give_back(slots[i]);
      ++counters_.several_segments;
    }
  }
  burst.filled(kept);
}

void EthQueue::transmit(Burst& burst) noexcept {
  auto count = static_cast<std::uint16_t>(burst.size());
  rte_mbuf** packets = burst.slots();
  if (info_.transmit_checksum == Checksum::device) {
    const std::uint16_t prepared = rte_eth_tx_prepare(port_, queue_, packets, count);
    if (prepared < count) [[unlikely]] {  // the one after them would block all others for ever
      const Packet refused = burst.take(prepared);
      std::move(packets + prepared + 1, packets + count, packets + prepared);
      burst.filled(burst.size() - 1);
      ++counters_.refused;
      count = prepared;
    }
  }
  burst.drop_front(rte_eth_tx_burst(port_, queue_, packets, count));
}

void EthQueue::arm_doorbell() noexcept {
  if (doorbell_ >= 0) rte_eth_dev_rx_intr_enable(port_, queue_);
}

void EthQueue::disarm_doorbell() noexcept {
  if (doorbell_ < 0) return;
  rte_eth_dev_rx_intr_disable(port_, queue_);
  std::uint64_t interrupts = 0;  // VFIO interrupts are eventfds; fails when there was none
  [[maybe_unused]] const ssize_t taken = read(doorbell_, &interrupts, sizeof(interrupts));
}

bool EthQueue::link_up() const noexcept {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

Outcome<std::unique_ptr<EthPort>> EthPort::open(std::uint16_t port, const Options& options) {
  if (options.queues == 0 || (!options.pools.empty() && options.pools.size() != options.queues))
    return fail(Error::Code::usage, "a port needs a queue, and each queue one pool or none");
  std::unique_ptr<EthPort> result{new EthPort{port}};
  DeviceInfo info;
  if (auto done = result->configure(options, info); !done) return std::unexpected(done.error());
  if (auto done = result->make_pools(options); !done) return std::unexpected(done.error());
  if (auto done = result->set_up_queues(options); !done) return std::unexpected(done.error());
  if (const int code = rte_eth_dev_start(port); code != 0)
    return refusal(port, "cannot be started", code);
  result->started_ = true;
  result->queues_.reserve(options.queues);
  for (std::uint16_t i = 0; i < options.queues; ++i)
    result->queues_.emplace_back(port, i, info, *result->pools_[i], result->interrupt_of(i));
  return result;
}

EthPort::~EthPort() {
  if (started_) rte_eth_dev_stop(port_);
  if (rte_eth_dev_is_valid_port(port_) != 0) rte_eth_dev_close(port_);
}

Outcome<void> EthPort::configure(const Options& options, DeviceInfo& info) {
  rte_eth_dev_info about{};
  if (const int code = rte_eth_dev_info_get(port_, &about); code != 0)
    return refusal(port_, "is not there", code);
  if (options.queues > std::min(about.max_rx_queues, about.max_tx_queues))
    return fail(Error::Code::unavailable,
                "DPDK port " + std::to_string(port_) + " has too few queues");

  rte_eth_conf conf{};
  conf.rxmode.offloads = all_or_none(receive_checksums, about.rx_offload_capa);
  conf.txmode.offloads = all_or_none(transmit_checksums, about.tx_offload_capa);
  if (options.queues > 1 && about.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        about.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
  }
  conf.intr_conf.rxq = options.doorbell ? 1 : 0;
  int code = rte_eth_dev_configure(port_, options.queues, options.queues, &conf);
  if (code != 0 && options.doorbell) {
    conf.intr_conf.rxq = 0;
    code = rte_eth_dev_configure(port_, options.queues, options.queues, &conf);
  }
  if (code != 0) return refusal(port_, "cannot be configured", code);
  interrupts_ = conf.intr_conf.rxq != 0;

  // Drivers without an MTU of their own (-ENOTSUP) carry what fits a buffer.
  if (code = rte_eth_dev_set_mtu(port_, options.mtu_bytes); code != 0 && code != -ENOTSUP)
    return refusal(port_, "does not take this MTU", code);
  rte_ether_addr mac{};
  if (rte_eth_macaddr_get(port_, &mac) == 0)
    std::memcpy(info.mac.bytes.data(), mac.addr_bytes, info.mac.bytes.size());
  info.mtu_bytes = options.mtu_bytes;
  if (conf.rxmode.offloads != 0) info.receive_checksum = Checksum::device;
  if (conf.txmode.offloads != 0) info.transmit_checksum = Checksum::device;
  return {};
}

Outcome<void> EthPort::make_pools(const Options& options) {
  pools_ = options.pools;
  if (!pools_.empty()) return {};
  own_pools_.reserve(options.queues);
  for (std::uint16_t i = 0; i < options.queues; ++i) {
    auto pool = PacketPool::create(options.pool);
    if (!pool)
      return fail(Error::Code::exhausted, "no memory for the packets of a queue",
                  "raise EalOptions::memory_mib or ask for fewer packets");
    own_pools_.push_back(std::move(*pool));
    pools_.push_back(&own_pools_.back());
  }
  return {};
}

Outcome<void> EthPort::set_up_queues(const Options& options) {
  std::uint16_t receive = options.ring_entries, transmit = options.ring_entries;
  if (const int code = rte_eth_dev_adjust_nb_rx_tx_desc(port_, &receive, &transmit); code != 0)
    return refusal(port_, "does not take rings of this size", code);
  const int socket = rte_eth_dev_socket_id(port_);
  for (std::uint16_t i = 0; i < options.queues; ++i) {
    const auto node = static_cast<unsigned>(socket);
    if (const int code =
            rte_eth_rx_queue_setup(port_, i, receive, node, nullptr, pools_[i]->mempool());
        code != 0)
      return refusal(port_, "refuses a receive queue", code);
    if (const int code = rte_eth_tx_queue_setup(port_, i, transmit, node, nullptr); code != 0)
      return refusal(port_, "refuses a transmit queue", code);
  }
  return {};
}

int EthPort::interrupt_of(std::uint16_t queue) const {
  // A driver may take the configuration and still have no interrupt: ask it to enable one.
  if (!interrupts_ || rte_eth_dev_rx_intr_enable(port_, queue) != 0) return -1;
  rte_eth_dev_rx_intr_disable(port_, queue);
  return rte_eth_dev_rx_intr_ctl_q_get_fd(port_, queue);
}

}  // namespace arrakis::extaris
