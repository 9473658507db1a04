#include "control-plane/providers/xdp/port.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "port.skel.h"

namespace arrakis::control::xdp {
namespace {

constexpr std::string_view program_name = "ark_port";

std::unexpected<Error> bpf_failure(int error, std::string_view what) {
  error = error < 0 ? -error : error;
  std::string remedy;
  if (error == EPERM || error == EACCES)
    remedy =
        "give arrakisd CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and, to find its programs after a "
        "restart, "
        "CAP_SYS_ADMIN (root has them)";
  else if (error == ENOSYS || error == EINVAL)
    remedy = "needs Linux 5.10 or newer with CONFIG_BPF_SYSCALL; see arrakisctl doctor";
  return fail(Error::Code::unavailable, fmt::format("{}: {}", what, std::strerror(error)), remedy);
}

struct SkeletonDeleter {
  void operator()(port_bpf* skeleton) const { port_bpf__destroy(skeleton); }
};

kj::AutoCloseFd duplicate(int fd) { return kj::AutoCloseFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

struct Attached {
  std::uint32_t id;
  Port::Mode mode;
};

Outcome<std::optional<Attached>> attached_program(unsigned netdev) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (const int error = bpf_xdp_query(static_cast<int>(netdev), 0, &query); error != 0)
    return bpf_failure(error, "cannot ask the netdev for its XDP program");
  if (query.attach_mode == XDP_ATTACHED_NONE) return std::nullopt;
  if (query.skb_prog_id != 0 && query.drv_prog_id == 0)
    return Attached{query.skb_prog_id, Port::Mode::generic};
  return Attached{query.prog_id, Port::Mode::native};
}

std::uint32_t flags_of(Port::Mode mode) {
  return mode == Port::Mode::native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
}

}  // namespace

Outcome<Port> Port::attach(unsigned netdev, bool exclusive) {
  const std::unique_ptr<port_bpf, SkeletonDeleter> skeleton{port_bpf__open()};
  if (!skeleton) return bpf_failure(errno, "cannot open the XDP program");
  if (const int error = port_bpf__load(skeleton.get()); error != 0)
    return bpf_failure(error, "the kernel refuses the XDP program");

  Port port;
  port.netdev_ = netdev;
  port.program_ = duplicate(bpf_program__fd(skeleton->progs.ark_port));
  port.state_map_ = duplicate(bpf_map__fd(skeleton->maps.ark_state));
  port.vnics_map_ = duplicate(bpf_map__fd(skeleton->maps.ark_vnics));
  port.counts_map_ = duplicate(bpf_map__fd(skeleton->maps.ark_counts));
  port.xsks_map_ = duplicate(bpf_map__fd(skeleton->maps.ark_xsks));

  const ark_port_state state{.layout = ARK_LAYOUT, .exclusive = exclusive, .slot = {0, 0}};
  const std::uint32_t zero = 0;
  if (const int error = bpf_map_update_elem(port.state_map_, &zero, &state, BPF_ANY); error != 0)
    return bpf_failure(error, "cannot write a map of the XDP program");

  for (const Mode mode : {Mode::native, Mode::generic}) {
    const int error = bpf_xdp_attach(static_cast<int>(netdev), port.program_,
                                     XDP_FLAGS_UPDATE_IF_NOEXIST | flags_of(mode), nullptr);
    if (error == 0) {
      port.mode_ = mode;
      return port;
    }
    if (error == -EBUSY || error == -EEXIST || mode == Mode::generic)
      return bpf_failure(error, "cannot attach the XDP program");
    port.generic_reason_ = std::strerror(-error);
  }
  return fail(Error::Code::internal, "no XDP mode left");
}

Outcome<void> Port::adopt_program(std::uint32_t id) {
  program_ = kj::AutoCloseFd(bpf_prog_get_fd_by_id(id));
  if (program_.get() < 0) return bpf_failure(errno, fmt::format("cannot open BPF program {}", id));
  std::array<std::uint32_t, 16> map_ids{};
  bpf_prog_info program{};
  program.nr_map_ids = map_ids.size();
  program.map_ids = reinterpret_cast<std::uintptr_t>(map_ids.data());
  std::uint32_t bytes = sizeof(program);
  if (bpf_obj_get_info_by_fd(program_, &program, &bytes) != 0)
    return bpf_failure(errno, fmt::format("cannot describe BPF program {}", id));
  if (program_name != program.name)
    return fail(Error::Code::conflict,
                fmt::format("another XDP program is attached: '{}', id {}", program.name, id),
                "take it off (ip link set dev NAME xdp off) or use another netdev");

  struct Wanted {
    std::string_view name;
    std::uint32_t value_bytes;
    kj::AutoCloseFd* to;
  };
  const Wanted wanted[] = {{"ark_state", sizeof(ark_port_state), &state_map_},
                           {"ark_vnics", sizeof(ark_vnic), &vnics_map_},
                           {"ark_counts", sizeof(ark_count), &counts_map_},
                           {"ark_xsks", sizeof(std::uint32_t), &xsks_map_}};
  for (std::size_t i = 0; i < program.nr_map_ids && i < map_ids.size(); ++i) {
    kj::AutoCloseFd map(bpf_map_get_fd_by_id(map_ids[i]));
    bpf_map_info info{};
    bytes = sizeof(info);
    if (map.get() < 0 || bpf_obj_get_info_by_fd(map, &info, &bytes) != 0) continue;
    for (const Wanted& one : wanted)
      if (one.name == info.name && one.value_bytes == info.value_size) *one.to = kj::mv(map);
  }
  const bool whole =
      std::ranges::all_of(wanted, [](const Wanted& one) { return one.to->get() >= 0; });
  const auto found = whole ? state() : Outcome<ark_port_state>{ark_port_state{}};
  if (!found || found->layout != ARK_LAYOUT)
    return fail(Error::Code::unavailable,
                fmt::format("BPF program {} is of another version of arrakisd", id),
                "release the VNIC and assign it again");
  return {};
}

Outcome<std::optional<Port>> Port::find(unsigned netdev) {
  const auto attached = attached_program(netdev);
  if (!attached) return std::unexpected(attached.error());
  if (!*attached) return std::nullopt;
  Port port;
  port.netdev_ = netdev;
  port.mode_ = (*attached)->mode;
  if (auto adopted = port.adopt_program((*attached)->id); !adopted)
    return std::unexpected(adopted.error());
  return std::optional<Port>{kj::mv(port)};
}

Outcome<ark_port_state> Port::state() const {
  ark_port_state state{};
  const std::uint32_t zero = 0;
  if (bpf_map_lookup_elem(state_map_, &zero, &state) != 0)
    return bpf_failure(errno, "cannot read a map of the XDP program");
  return state;
}

Outcome<void> Port::put(Place place, const ark_vnic& vnic) {
  auto state = this->state();
  if (!state) return std::unexpected(state.error());
  const auto index = static_cast<std::uint32_t>(place);
  std::uint32_t& slot = state->slot[index];
  if (slot == 0) {
    const std::vector<ark_count> none(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    if (bpf_map_update_elem(counts_map_, &index, none.data(), BPF_ANY) != 0)
      return bpf_failure(errno, "cannot clear the VNIC's counters");
  }
  slot = slot == 1 ? 2 : 1;  // the one that is not in force
  const std::uint32_t entry = 2 * index + slot - 1;
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(vnics_map_, &entry, &vnic, BPF_ANY) != 0 ||
      bpf_map_update_elem(state_map_, &zero, &*state, BPF_ANY) != 0)
    return bpf_failure(errno, "cannot write the VNIC's table");
  return {};
}

Outcome<void> Port::clear(Place place) {
  auto state = this->state();
  if (!state) return std::unexpected(state.error());
  state->slot[static_cast<std::uint32_t>(place)] = 0;
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(state_map_, &zero, &*state, BPF_ANY) != 0)
    return bpf_failure(errno, "cannot clear the VNIC's table");
  return {};
}

std::string Port::occupant(Place place) const {
  const auto state = this->state();
  const auto index = static_cast<std::uint32_t>(place);
  if (!state || state->slot[index] == 0) return {};
  const std::uint32_t entry = 2 * index + state->slot[index] - 1;
  ark_vnic vnic{};
  if (bpf_map_lookup_elem(vnics_map_, &entry, &vnic) != 0) return {};
  return {vnic.name, strnlen(vnic.name, sizeof(vnic.name))};
}

Outcome<ark_count> Port::count(Place place) const {
  std::vector<ark_count> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const auto index = static_cast<std::uint32_t>(place);
  if (bpf_map_lookup_elem(counts_map_, &index, cpus.data()) != 0)
    return bpf_failure(errno, "cannot read the VNIC's counters");
  ark_count sum{};
  for (const ark_count& cpu : cpus) {
    sum.received_packets += cpu.received_packets;
    sum.received_bytes += cpu.received_bytes;
    sum.transmitted_packets += cpu.transmitted_packets;
    sum.transmitted_bytes += cpu.transmitted_bytes;
    sum.filtered_receive += cpu.filtered_receive;
    sum.forged_mac += cpu.forged_mac;
    sum.forged_address += cpu.forged_address;
    sum.filtered_transmit += cpu.filtered_transmit;
    sum.over_rate += cpu.over_rate;
    sum.no_socket += cpu.no_socket;
  }
  return sum;
}

Outcome<void> Port::add_socket(std::uint16_t queue, int socket) {
  const std::uint32_t key = queue;
  if (bpf_map_update_elem(xsks_map_, &key, &socket, BPF_ANY) != 0)
    return bpf_failure(errno, "cannot put the socket into the XSKMAP");
  return {};
}

void Port::remove_sockets() {
  for (std::uint32_t queue = 0; queue < ARK_QUEUES_MAX; ++queue)
    bpf_map_delete_elem(xsks_map_, &queue);
}

void Port::detach() {
  LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = program_.get());
  bpf_xdp_detach(static_cast<int>(netdev_), flags_of(mode_) | XDP_FLAGS_REPLACE, &options);
}

}  // namespace arrakis::control::xdp
