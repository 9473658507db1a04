#include "extaris/netdev/rss.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace arrakis::extaris {
namespace {

constexpr std::size_t input_max = 36;  // two IPv6 addresses and two ports
constexpr std::size_t key_min = input_max + 4;

template <class Bytes>
std::size_t put(std::span<std::uint8_t> input, std::size_t at, const Bytes& bytes) {
  std::ranges::copy(bytes, input.subspan(at).begin());
  return at + bytes.size();
}

std::size_t put(std::span<std::uint8_t> input, std::size_t at, const IpAddress& address) {
  return address.is_v4() ? put(input, at, address.v4().bytes) : put(input, at, address.v6().bytes);
}

std::size_t put(std::span<std::uint8_t> input, std::size_t at, std::uint16_t port) {
  return put(input, at,
             std::array{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)});
}

}  // namespace

bool Rss::is_sound(const Settings& settings) noexcept {
  return settings.key.size() >= key_min && std::has_single_bit(settings.queues.size());
}

std::uint32_t Rss::hash(std::span<const std::uint8_t> key,
                        std::span<const std::uint8_t> input) noexcept {
  std::uint32_t result = 0;
  std::uint32_t window = 0;  // 32 bits of the key, moving by one a bit of input
  for (std::size_t i = 0; i < 4; ++i) window = window << 8 | key[i];
  for (std::size_t i = 0; i < input.size(); ++i) {
    for (unsigned bit = 8; bit-- > 0;) {
      if ((input[i] >> bit & 1) != 0) result ^= window;
      window = window << 1 | (key[i + 4] >> bit & 1);
    }
  }
  return result;
}

std::uint16_t Rss::queue_of(const Endpoint& source, const Endpoint& target) const noexcept {
  std::array<std::uint8_t, input_max> input;
  std::size_t bytes = put(input, 0, source.address);
  bytes = put(input, bytes, target.address);
  if (source.address.is_v4() ? settings_.hashes_ports_v4 : settings_.hashes_ports_v6) {
    bytes = put(input, bytes, source.port);
    bytes = put(input, bytes, target.port);
  }
  const std::uint32_t sum = hash(settings_.key, std::span{input}.first(bytes));
  return settings_.queues[sum & (settings_.queues.size() - 1)];
}

std::optional<Rss> Rss::of_port(std::uint16_t port) {
  rte_eth_dev_info about{};
  if (rte_eth_dev_info_get(port, &about) != 0 || about.reta_size == 0) return std::nullopt;
  Settings settings;
  settings.key.resize(std::max<std::size_t>(about.hash_key_size, key_min));
  rte_eth_rss_conf conf{};
  conf.rss_key = settings.key.data();
  conf.rss_key_len = static_cast<std::uint8_t>(settings.key.size());
  if (rte_eth_dev_rss_hash_conf_get(port, &conf) != 0) return std::nullopt;
  constexpr std::uint64_t v4 = RTE_ETH_RSS_NONFRAG_IPV4_TCP, v6 = RTE_ETH_RSS_NONFRAG_IPV6_TCP;
  if ((conf.rss_hf & (v4 | v6 | RTE_ETH_RSS_IP)) == 0) return std::nullopt;
  settings.hashes_ports_v4 = (conf.rss_hf & v4) != 0;
  settings.hashes_ports_v6 = (conf.rss_hf & v6) != 0;

  std::vector<rte_eth_rss_reta_entry64> table((about.reta_size + RTE_ETH_RETA_GROUP_SIZE - 1) /
                                              RTE_ETH_RETA_GROUP_SIZE);
  for (auto& group : table) group.mask = UINT64_MAX;
  if (rte_eth_dev_rss_reta_query(port, table.data(), about.reta_size) != 0) return std::nullopt;
  for (std::uint16_t i = 0; i < about.reta_size; ++i)
    settings.queues.push_back(table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE]);
  if (!is_sound(settings)) return std::nullopt;
  return Rss{std::move(settings)};
}

}  // namespace arrakis::extaris
