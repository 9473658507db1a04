// memory.h: the shared memory of a memif link: one region with two rings and their buffers.
//
// Ownership: move-only; unmapped when dropped. Rings and buffers point into it.
// Errors:    what a peer offers and cannot be used safely is refused: no value.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/mapping.h"
#include "extaris/netdev/memif/rings.h"

namespace arrakis::extaris::memif {

struct RingPlace {
  std::uint32_t offset = 0;  // in the region
  std::uint8_t log2 = 0;     // of its descriptors
};

struct Layout {
  RingPlace to_server, to_client;
};

class Memory {
 public:
  // The client's: made here, both rings empty, buffers after them. The descriptor is to be passed.
  static std::optional<Memory> make(std::uint8_t ring_log2, std::uint32_t buffer_bytes);
  // The server's: what the client passed. The file must be as large as said and sealed against
  // shrinking: a page that is not there would be fatal to look at.
  static std::optional<Memory> adopt(Descriptor file, std::uint64_t size, const Layout& layout);

  Sender sender(End own_end) const;
  Receiver receiver(End own_end) const;

  const Layout& layout() const noexcept { return layout_; }
  std::uint64_t size() const noexcept { return mapping_.bytes().size(); }
  int file() const noexcept { return file_.get(); }

 private:
  Memory(Descriptor file, Mapping mapping, const Layout& layout, std::uint32_t buffer_bytes)
      : file_{std::move(file)},
        mapping_{std::move(mapping)},
        layout_{layout},
        buffer_bytes_{buffer_bytes} {}
  Ring* ring(const RingPlace& place) const;
  Buffers buffers(bool to_server) const;
  void describe(bool to_server);

  Descriptor file_;
  Mapping mapping_;
  Layout layout_;
  std::uint32_t buffer_bytes_;  // 0: adopted
};

}  // namespace arrakis::extaris::memif
