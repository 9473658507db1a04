#include "extaris/tcp/connections.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace arrakis::extaris::tcp {

Connections::Connections(std::size_t most, const FlowHash& hash,
                         const std::vector<IpAddress>& addresses)
    : addresses_{addresses}, hash_{hash}, table_{most}, most_{table_.capacity() < most ? 0 : most} {
  const std::size_t bytes = sizeof(ControlBlock) * std::max<std::size_t>(most_, 1);
  blocks_ = {static_cast<ControlBlock*>(map_huge_pages(bytes)), UnmapHugePages{bytes}};
  if (!blocks_) most_ = 0;
}

Connections::~Connections() {
  for (Index i = 0; i < fresh_; ++i) {
    blocks_[i].sent.clear();
    blocks_[i].received.clear();
    blocks_[i].out_of_order.clear();
  }
}

ControlBlock* Connections::create(const Flow& flow) noexcept {
  if (count_ == most_) return nullptr;
  const Index id = free_ != none ? free_ : fresh_;
  std::uint32_t generation = 0;
  std::uint16_t still_in_line = 0;
  if (id == fresh_) {
    ++fresh_;
  } else {
    free_ = blocks_[id].next_free;
    generation = blocks_[id].generation + 1;
    still_in_line = blocks_[id].flags;
  }
  ControlBlock* c = new (&blocks_[id]) ControlBlock{};
  c->id = id;
  c->generation = generation;
  c->flags = still_in_line;
  c->remote_address = flow.remote;
  c->remote_port = flow.remote_port;
  c->local_port = flow.local_port;
  c->local_address = flow.local;
  table_.insert(hash_of(*c), id);
  ++count_;
  return c;
}

void Connections::hide(ControlBlock& c) noexcept {
  if (std::exchange(c.is_hidden, true)) return;
  table_.remove(hash_of(c), c.id);
}

void Connections::destroy(ControlBlock& c) noexcept {
  hide(c);
  c.sent.clear();
  c.received.clear();
  c.out_of_order.clear();
  c.state = State::closed;  // not an edge: this one is no more
  // Its place in a line is not given away: who is next here stands there already, and a line has
  // room for each connection once.
  c.flags &= flag::in_todo | flag::in_ready;
  c.news = 0;
  c.next_free = free_;
  free_ = c.id;
  --count_;
}

}  // namespace arrakis::extaris::tcp
