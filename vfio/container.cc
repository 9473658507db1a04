#include "vfio/container.h"

#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace arrakis::vfio {
namespace {

constexpr const char* map_remedy =
    "raise the limit of locked memory (ulimit -l, LimitMEMLOCK=) above all that devices reach";

Outcome<void> check_container(int fd) {
  if (::ioctl(fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
    return fail(Error::Code::unavailable, "the kernel speaks another version of VFIO");
  if (::ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
    return fail(Error::Code::unavailable, "VFIO has no IOMMU of type 1, version 2",
                "load it: modprobe vfio_iommu_type1; and see that the IOMMU is on");
  return {};
}

Outcome<void> check_group(int fd, unsigned id) {
  vfio_group_status status{.argsz = sizeof(status), .flags = 0};
  if (::ioctl(fd, VFIO_GROUP_GET_STATUS, &status) != 0)
    return failed(errno, "ask for the state of group " + std::to_string(id));
  if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) != 0) return {};
  return fail(Error::Code::conflict, "IOMMU group " + std::to_string(id) + " is not viable",
              "unbind every one of its functions from the kernel's drivers");
}

std::uint32_t access_flags(DmaSpace::Access access) {
  switch (access) {
    case DmaSpace::Access::read: return VFIO_DMA_MAP_FLAG_READ;
    case DmaSpace::Access::write: return VFIO_DMA_MAP_FLAG_WRITE;
    case DmaSpace::Access::read_write: break;
  }
  return VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
}

// What VFIO_IOMMU_GET_INFO answers: a header, and a chain of capabilities behind it.
std::vector<std::byte> iommu_info(int container) {
  vfio_iommu_type1_info head{};
  head.argsz = sizeof(head);
  if (::ioctl(container, VFIO_IOMMU_GET_INFO, &head) != 0) return {};
  std::vector<std::byte> answer(head.argsz);
  std::memcpy(answer.data(), &head, sizeof(head));
  if (::ioctl(container, VFIO_IOMMU_GET_INFO, answer.data()) != 0) return {};
  return answer;
}

// Whether the bytes at `offset` hold a T. (Some of these end in an array of unknown length, which
// no std::optional takes.)
template <class T>
bool read_at(std::span<const std::byte> bytes, std::size_t offset, T& value) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return true;
}

std::vector<IovaRange> ranges_at(std::span<const std::byte> info, std::size_t offset) {
  vfio_iommu_type1_info_cap_iova_range list{};
  std::vector<IovaRange> found;
  if (!read_at(info, offset, list)) return found;
  vfio_iova_range range{};
  for (std::size_t i = 0; i < list.nr_iovas; ++i) {
    if (!read_at(info, offset + sizeof(list) + i * sizeof(range), range)) break;
    found.push_back({Iova{range.start}, Iova{range.end}});
  }
  return found;
}

}  // namespace

Outcome<Container> Container::open(const Sysfs& sysfs) {
  const std::string node = sysfs.vfio_container();
  Descriptor container{::open(node.c_str(), O_RDWR | O_CLOEXEC)};
  if (!container) return failed(errno, "open " + node, "load VFIO: modprobe vfio-pci");
  if (const auto usable = check_container(container.get()); !usable)
    return std::unexpected{usable.error()};
  return Container{std::move(container)};
}

Outcome<Group> Container::add_group(const Sysfs& sysfs, unsigned id) {
  const std::string node = sysfs.vfio_group(id);
  Descriptor group{::open(node.c_str(), O_RDWR | O_CLOEXEC)};
  if (!group && errno == EBUSY)
    return failed(EBUSY, "open " + node, "one process at a time has a group; end the other one");
  if (!group && errno == ENOENT)
    return failed(ENOENT, "open " + node, "bind its functions to vfio-pci first");
  if (!group) return failed(errno, "open " + node, "its owner must be this process's user");
  if (const auto viable = check_group(group.get(), id); !viable)
    return std::unexpected{viable.error()};
  const int container = container_.get();
  if (::ioctl(group.get(), VFIO_GROUP_SET_CONTAINER, &container) != 0)
    return failed(errno, "put group " + std::to_string(id) + " into a container");
  if (!has_iommu_ && ::ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0)
    return failed(errno, "set the IOMMU of a container",
                  "without interrupt remapping VFIO refuses: the kernel's log (dmesg) tells");
  has_iommu_ = true;
  return Group{std::move(group), id};
}

Outcome<void> Container::map(std::span<std::byte> memory, Iova at, Access access) {
  vfio_iommu_type1_dma_map request{.argsz = sizeof(request),
                                   .flags = access_flags(access),
                                   .vaddr = reinterpret_cast<std::uint64_t>(memory.data()),
                                   .iova = bits(at),
                                   .size = memory.size()};
  if (::ioctl(container_.get(), VFIO_IOMMU_MAP_DMA, &request) == 0) return {};
  const std::string what = "map " + std::to_string(memory.size()) + " bytes for a device";
  if (errno == EEXIST) return failed(EBUSY, what, "something is mapped at that address");
  return failed(errno, what, map_remedy);
}

void Container::unmap(Iova at, std::size_t bytes) noexcept {
  vfio_iommu_type1_dma_unmap request{
      .argsz = sizeof(request), .flags = 0, .iova = bits(at), .size = bytes};
  // It fails for what was never mapped only; there is nothing a caller could do about that.
  (void)::ioctl(container_.get(), VFIO_IOMMU_UNMAP_DMA, &request);
}

std::vector<IovaRange> Container::ranges() const {
  const std::vector<std::byte> info = iommu_info(container_.get());
  vfio_iommu_type1_info head{};
  if (!read_at(info, 0, head) || (head.flags & VFIO_IOMMU_INFO_CAPS) == 0) return {};
  std::size_t offset = head.cap_offset;
  while (offset != 0) {
    vfio_info_cap_header capability{};
    if (!read_at(info, offset, capability)) return {};
    if (capability.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) return ranges_at(info, offset);
    if (capability.next <= offset) return {};
    offset = capability.next;
  }
  return {};
}

}  // namespace arrakis::vfio
