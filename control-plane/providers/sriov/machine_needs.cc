#include "control-plane/providers/sriov/machine_needs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace arrakis::control::sriov {
namespace {

// proc_net(5): interface, destination, gateway, flags, counts, metric, mask; in hexadecimal.
std::set<std::string> with_default_route_v4(const std::string& root) {
  std::set<std::string> netdevs;
  std::ifstream in{root + "/proc/net/route"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string netdev, target, gateway, flags, use, count, metric, mask;
    words >> netdev >> target >> gateway >> flags >> count >> use >> metric >> mask;
    if (target == "00000000" && mask == "00000000") netdevs.insert(netdev);
  }
  return netdevs;
}

// Target, prefix length, source, its length, next hop, metric, counts, flags, interface.
std::set<std::string> with_default_route_v6(const std::string& root) {
  std::set<std::string> netdevs;
  std::ifstream in{root + "/proc/net/ipv6_route"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string target, length, word, netdev;
    words >> target >> length;
    while (words >> word) netdev = word;
    if (length == "00" && target == std::string(32, '0') && netdev != "lo") netdevs.insert(netdev);
  }
  return netdevs;
}

// mountinfo, proc(5): id, parent, major:minor, root, mount point, ...
std::string root_device(const std::string& root) {
  std::ifstream in{root + "/proc/self/mountinfo"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string id, parent, numbers, inside, place;
    if (words >> id >> parent >> numbers >> inside >> place && place == "/") return numbers;
  }
  return {};
}

}  // namespace

std::optional<std::string> carried_by(const std::string& root, const vfio::PciFunction& function) {
  for (const auto& routed : {with_default_route_v4(root), with_default_route_v6(root)})
    for (const std::string& netdev : function.netdevs)
      if (routed.contains(netdev)) return "the default route (" + netdev + ")";
  std::error_code error;
  const auto block =
      std::filesystem::canonical(root + "/sys/dev/block/" + root_device(root), error);
  if (!error && block.string().contains('/' + function.address.to_string() + '/'))
    return "the root file system (" + block.filename().string() + ")";
  return std::nullopt;
}

}  // namespace arrakis::control::sriov
