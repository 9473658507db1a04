#include "extaris/netdev/memif/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <span>

namespace arrakis::extaris::memif {
namespace {

constexpr std::uint64_t size_max = std::uint64_t{1} << 30;

// Where the buffers of a made region begin; whole pages, so that none shares a line with a ring.
std::size_t buffers_offset(unsigned ring_log2) {
  constexpr std::size_t page = 4096;
  return (2 * ring_bytes(ring_log2) + page - 1) / page * page;
}

bool lies_within(const RingPlace& place, std::uint64_t size) {
  return place.log2 > 0 && place.log2 <= ring_log2_max && place.offset % alignof(Ring) == 0 &&
         std::uint64_t{place.offset} + ring_bytes(place.log2) <= size;
}

}  // namespace

std::optional<Memory> Memory::make(std::uint8_t ring_log2, std::uint32_t buffer_bytes) {
  const std::size_t buffers = (std::size_t{2} << ring_log2) * buffer_bytes;
  const std::size_t size = buffers_offset(ring_log2) + buffers;
  if (size > size_max) return std::nullopt;
  Descriptor file{memfd_create("arrakis-wire", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file || ftruncate(file.get(), static_cast<off_t>(size)) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return std::nullopt;
  Mapping mapping = Mapping::of(file.get(), size);
  if (!mapping) return std::nullopt;
  const Layout layout{.to_server = {0, ring_log2},
                      .to_client = {static_cast<std::uint32_t>(ring_bytes(ring_log2)), ring_log2}};
  Memory memory{std::move(file), std::move(mapping), layout, buffer_bytes};
  memory.describe(true);
  memory.describe(false);
  return memory;
}

std::optional<Memory> Memory::adopt(Descriptor file, std::uint64_t size, const Layout& layout) {
  struct stat about{};
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (size > size_max || fstat(file.get(), &about) != 0 || about.st_size < 0 ||
      static_cast<std::uint64_t>(about.st_size) < size || seals < 0 || (seals & F_SEAL_SHRINK) == 0)
    return std::nullopt;
  if (!lies_within(layout.to_server, size) || !lies_within(layout.to_client, size))
    return std::nullopt;
  Mapping mapping = Mapping::of(file.get(), size);
  if (!mapping) return std::nullopt;
  Memory memory{std::move(file), std::move(mapping), layout, 0};
  if (memory.ring(layout.to_server)->cookie != cookie ||
      memory.ring(layout.to_client)->cookie != cookie)
    return std::nullopt;
  return memory;
}

Ring* Memory::ring(const RingPlace& place) const {
  return reinterpret_cast<Ring*>(mapping_.bytes().data() + place.offset);
}

Buffers Memory::buffers(bool to_server) const {
  if (buffer_bytes_ == 0) return Buffers::described(mapping_.bytes());
  const std::size_t bytes = (std::size_t{1} << layout_.to_server.log2) * buffer_bytes_;
  const std::size_t start = buffers_offset(layout_.to_server.log2) + (to_server ? 0 : bytes);
  return Buffers::laid_out(mapping_.bytes().subspan(start, bytes), buffer_bytes_);
}

// Tells the server where the buffers are.
void Memory::describe(bool to_server) {
  Ring* ring_start = ring(to_server ? layout_.to_server : layout_.to_client);
  ring_start->cookie = cookie;
  const Buffers all = buffers(to_server);
  for (std::uint32_t slot = 0; slot < 1u << layout_.to_server.log2; ++slot) {
    const std::byte* buffer = all.locate(slot, {}, 0);
    descriptors_of(ring_start)[slot] = {
        .flags = 0,
        .region = 0,
        .length = buffer_bytes_,
        .offset = static_cast<std::uint32_t>(buffer - mapping_.bytes().data()),
        .metadata = 0};
  }
}

Sender Memory::sender(End own_end) const {
  const bool to_server = own_end == End::client;
  const RingPlace& place = to_server ? layout_.to_server : layout_.to_client;
  return {own_end, ring(place), place.log2, buffers(to_server)};
}

Receiver Memory::receiver(End own_end) const {
  const bool to_server = own_end == End::server;
  const RingPlace& place = to_server ? layout_.to_server : layout_.to_client;
  return {own_end, ring(place), place.log2, buffers(to_server)};
}

}  // namespace arrakis::extaris::memif
