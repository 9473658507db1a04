// connections.h: the control blocks, and how a segment finds its own.
//
// Memory: address space for all of them is taken at once, pages when they are first used.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/address.h"
#include "extaris/packet/huge_pages.h"
#include "extaris/tcp/connection.h"
#include "extaris/tcp/flow_table.h"

namespace arrakis::extaris::tcp {

// Both ends, as a connection is known by. Addresses of ours by their index.
struct Flow {
  IpAddress remote;
  std::uint16_t remote_port;
  std::uint16_t local_port;
  std::uint8_t local;
};

class Connections {
 public:
  // `addresses`: ours; borrowed.
  Connections(std::size_t most, const FlowHash& hash, const std::vector<IpAddress>& addresses);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  ControlBlock& at(Index id) noexcept { return blocks_[id]; }
  ControlBlock* blocks() noexcept { return blocks_.get(); }
  std::span<const ControlBlock> all() const noexcept { return {blocks_.get(), fresh_}; }
  std::size_t count() const noexcept { return count_; }
  // All that were ever in use lie below.
  Index used() const noexcept { return fresh_; }

  std::uint32_t hash(const IpAddress& local, const IpAddress& remote, std::uint16_t local_port,
                     std::uint16_t remote_port) const noexcept {
    return hash_(local, remote, std::uint32_t{local_port} << 16 | remote_port);
  }
  // The three stages of a batch: the table's line, the connection's, and what it holds.
  void prefetch_slot(std::uint32_t hash) const noexcept { table_.prefetch(hash); }
  void prefetch_block(std::uint32_t hash) const noexcept {
    const Index id = table_.candidate(hash);
    if (id == none) return;
    __builtin_prefetch(&blocks_[id], 1);
    __builtin_prefetch(&blocks_[id].sent, 1);
  }
  void prefetch_sent(std::uint32_t hash) const noexcept {
    const Index id = table_.candidate(hash);
    if (id != none && !blocks_[id].sent.empty()) prefetch_packet(blocks_[id].sent.last());
  }

  // The same for one that stands in line to send: itself, and what it sends next.
  void prefetch(Index id) const noexcept {
    __builtin_prefetch(&blocks_[id], 1);
    __builtin_prefetch(&blocks_[id].sent, 1);
  }
  void prefetch_unsent(Index id) const noexcept {
    if (blocks_[id].unsent != nullptr) prefetch_packet(blocks_[id].unsent);
  }

  ControlBlock* find(std::uint32_t hash, const IpAddress& local, const IpAddress& remote,
                     std::uint16_t local_port, std::uint16_t remote_port) noexcept {
    const Index id = table_.find(hash, [&](Index i) {
      const ControlBlock& c = blocks_[i];
      return c.remote_address == remote && c.remote_port == remote_port &&
             c.local_port == local_port && addresses_[c.local_address] == local;
    });
    return id == none ? nullptr : &blocks_[id];
  }
  ControlBlock* find(const Endpoint& local, const Endpoint& remote) noexcept {
    return find(hash(local.address, remote.address, local.port, remote.port), local.address,
                remote.address, local.port, remote.port);
  }

  // nullptr: all are in use. REQUIRES: no connection has this flow.
  ControlBlock* create(const Flow& flow) noexcept;
  // No segment finds it any more; the application still may.
  void hide(ControlBlock& c) noexcept;
  // Clears its queues; it must not be on the wheel.
  void destroy(ControlBlock& c) noexcept;

 private:
  std::uint32_t hash_of(const ControlBlock& c) const noexcept {
    return hash(addresses_[c.local_address], c.remote_address, c.local_port, c.remote_port);
  }

  const std::vector<IpAddress>& addresses_;
  FlowHash hash_;
  FlowTable table_;
  std::unique_ptr<ControlBlock[], UnmapHugePages> blocks_;
  std::size_t most_;
  std::size_t count_ = 0;
  Index fresh_ = 0;  // from here on none was ever used
  Index free_ = none;
};

}  // namespace arrakis::extaris::tcp
