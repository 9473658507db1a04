#include "extaris/netdev/ethdev.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace arrakis::extaris {
namespace {

constexpr std::uint64_t receive_checksums =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
constexpr std::uint64_t transmit_checksums =
    RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;

// Long enough to cost no more than a few wake-ups a millisecond, short enough for a first packet.
constexpr long timer_ns = 500'000;

void set_timer(int fd, long ns) {
  const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = ns}};
  timerfd_settime(fd, 0, &once, nullptr);
}

// All or none: the stack has one word for a direction.
std::uint64_t all_or_none(std::uint64_t wanted, std::uint64_t offered) {
  return (offered & wanted) == wanted ? wanted : 0;
}

std::unexpected<Error> refusal(std::uint16_t port, const char* what, int code) {
  return fail(Error::Code::unavailable,
              "DPDK port " + std::to_string(port) + ": " + what + ": " + rte_strerror(-code));
}

}  // namespace

void EthQueue::leave() noexcept {
  if (std::exchange(has_left_, true)) return;
  recall_->leave();
}

void EthQueue::receive(Burst& burst) noexcept {
  if (recall_->asked()) [[unlikely]]
    return leave();
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
  if (recall_->asked()) [[unlikely]] {
    counters_.refused += burst.size();
    burst.clear();
    return leave();
  }
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
  if (has_interrupt())
    rte_eth_dev_rx_intr_enable(port_, queue_);
  else if (doorbell_.timer >= 0 && !recall_->asked())
    set_timer(doorbell_.timer, timer_ns);
}

void EthQueue::disarm_doorbell() noexcept {
  if (has_interrupt()) {
    rte_eth_dev_rx_intr_disable(port_, queue_);
    std::uint64_t interrupts = 0;  // VFIO interrupts are eventfds; fails when there was none
    [[maybe_unused]] const ssize_t taken =
        read(doorbell_.interrupt, &interrupts, sizeof(interrupts));
  } else if (doorbell_.timer >= 0) {
    set_timer(doorbell_.timer, 0);  // and not readable any more
  }
}

NetDevice::Arrives EthQueue::arrives(const Endpoint& remote, const Endpoint& local) const noexcept {
  if (rss_ == nullptr) return NetDevice::arrives(remote, local);
  return rss_->queue_of(remote, local) == queue_ ? Arrives::here : Arrives::elsewhere;
}

bool EthQueue::link_up() const noexcept {
  rte_eth_link link{};
  return !recall_->asked() && rte_eth_link_get_nowait(port_, &link) == 0 &&
         link.link_status == RTE_ETH_LINK_UP;
}

Outcome<std::unique_ptr<EthPort>> EthPort::open(std::uint16_t port, const Options& options) {
  if (options.queues == 0 || (!options.pools.empty() && options.pools.size() != options.queues))
    return fail(Error::Code::usage, "a port needs a queue, and each queue one pool or none");
  std::unique_ptr<EthPort> result{new EthPort{port}};
  result->function_ = options.function;
  DeviceInfo info;
  if (auto done = result->configure(options, info); !done) return std::unexpected(done.error());
  if (auto done = result->make_pools(options); !done) return std::unexpected(done.error());
  if (auto done = result->start(options); !done) return std::unexpected(done.error());
  // A driver may take the configuration and still enable no interrupt. Then it starts without, for
  // an interrupt that nobody can silence would come with every packet.
  if (result->interrupts_ && !result->has_interrupts()) {
    rte_eth_dev_stop(port);
    result->started_ = false;
    Options without = options;
    without.doorbell = false;
    if (auto done = result->configure(without, info); !done) return std::unexpected(done.error());
    if (auto done = result->start(without); !done) return std::unexpected(done.error());
  }
  if (auto done = result->make_queues(options, info); !done) return std::unexpected(done.error());
  return result;
}

Outcome<std::unique_ptr<EthPort>> EthPort::plug_in_and_open(const std::string& function,
                                                            Options options) {
  if (const int code = rte_eal_hotplug_add("pci", function.c_str(), ""); code != 0)
    return fail(
        Error::Code::unavailable,
        "DPDK has no driver for " + function + ", or may not open it: " + rte_strerror(-code),
        "arrakisctl doctor; the function's node in /dev/vfio must be this user's");
  std::uint16_t port = 0;
  if (const int code = rte_eth_dev_get_port_by_name(function.c_str(), &port); code != 0) {
    rte_eal_hotplug_remove("pci", function.c_str());
    return fail(Error::Code::unavailable, "DPDK makes no port of " + function,
                "its driver must make one port a function");
  }
  options.function = function;
  auto opened = open(port, options);
  if (!opened && rte_eth_dev_is_valid_port(port) != 0)
    rte_eal_hotplug_remove("pci", function.c_str());
  return opened;
}

EthPort::~EthPort() {
  if (recall_ != nullptr && recall_->given_back()) return;
  recall_.reset();
  if (started_) rte_eth_dev_stop(port_);
  if (rte_eth_dev_is_valid_port(port_) != 0) rte_eth_dev_close(port_);
  // Closed, it still belongs to this process: only who is unplugged lets its VFIO group go.
  if (!function_.empty()) rte_eal_hotplug_remove("pci", function_.c_str());
}

Outcome<void> EthPort::start(const Options& options) {
  if (auto done = set_up_queues(options); !done) return done;
  if (const int code = rte_eth_dev_start(port_); code != 0)
    return refusal(port_, "cannot be started", code);
  started_ = true;
  return {};
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
  info.queues = options.queues;
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

void EthPort::join(std::span<const MacAddress> groups) {
  std::vector<rte_ether_addr> list(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i)
    std::memcpy(list[i].addr_bytes, groups[i].bytes.data(), groups[i].bytes.size());
  const auto count = static_cast<std::uint32_t>(list.size());
  if (rte_eth_dev_set_mc_addr_list(port_, list.data(), count) != 0)
    rte_eth_allmulticast_enable(port_);
}

bool EthPort::has_interrupts() const {
  if (rte_eth_dev_rx_intr_enable(port_, 0) != 0) return false;
  rte_eth_dev_rx_intr_disable(port_, 0);
  return rte_eth_dev_rx_intr_ctl_q_get_fd(port_, 0) >= 0;
}

Outcome<EthDoorbell> EthPort::doorbell_of(std::uint16_t queue) {
  Descriptor timer{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!timer)
    return fail(Error::Code::exhausted, std::string{"cannot make a timer: "} + std::strerror(errno),
                "raise the limit of open files: ulimit -n");
  timers_.push_back(std::move(timer));
  return EthDoorbell{.interrupt = interrupts_ ? rte_eth_dev_rx_intr_ctl_q_get_fd(port_, queue) : -1,
                     .timer = timers_.back().get()};
}

Outcome<void> EthPort::make_queues(const Options& options, const DeviceInfo& info) {
  std::vector<EthDoorbell> doorbells(options.queues);
  std::vector<int> bells;
  for (std::uint16_t i = 0; i < options.queues && options.doorbell; ++i) {
    const auto doorbell = doorbell_of(i);
    if (!doorbell) return std::unexpected(doorbell.error());
    doorbells[i] = *doorbell;
    if (doorbell->interrupt >= 0) bells.push_back(doorbell->interrupt);
  }
  recall_ = std::make_unique<EthRecall>(port_, function_, options.queues, std::move(bells));
  if (options.queues > 1)
    if (auto rss = Rss::of_port(port_)) rss_ = std::make_unique<const Rss>(std::move(*rss));
  queues_.reserve(options.queues);
  for (std::uint16_t i = 0; i < options.queues; ++i)
    queues_.emplace_back(port_, i, info, *pools_[i], doorbells[i], *recall_, rss_.get());
  return {};
}

}  // namespace arrakis::extaris
