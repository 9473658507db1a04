// client.h: one connection: who it is, what it may use up, and the descriptors it was handed.
//
// Lifetime: every capability that the connection holds keeps its Client. The Client goes last.
#pragma once

#include <kj/refcount.h>
#include <kj/timer.h>

#include <string>
#include <vector>

#include "control-plane/arrakisd/sessions.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

struct Services {
  Registry& registry;
  Sessions& sessions;
  std::string boot_id;
  std::int64_t started_at;  // seconds since the epoch
  kj::Timer& timer;
};

// A descriptor that was, or will be, sent. Cap'n Proto keeps its number in messages that are still
// to be written, so the number must stay ours as long as the connection: blanking puts /dev/null in
// its place, which frees the kernel object but not the number.
class DescriptorCell : public kj::Refcounted {
 public:
  DescriptorCell(std::string vnic, std::string name, kj::AutoCloseFd fd)
      : vnic_{std::move(vnic)}, name_{std::move(name)}, fd_{kj::mv(fd)} {}
  int fd() const { return fd_.get(); }
  const std::string& vnic() const { return vnic_; }
  const std::string& name() const { return name_; }
  bool is_blank() const { return is_blank_; }
  void blank();
  void refill(kj::AutoCloseFd fd);  // the same number, another object

 private:
  std::string vnic_, name_;
  kj::AutoCloseFd fd_;
  bool is_blank_ = false;
};

class Client : public kj::Refcounted {
 public:
  Client(Services& services, Peer peer);
  ~Client() noexcept(false) override;
  KJ_DISALLOW_COPY(Client);

  Registry& registry() { return services_.registry; }
  Sessions& sessions() { return services_.sessions; }
  // The daemon ends. A call that waits for an application outlives even that, until the event loop
  // goes, and holds what it was called on.
  void orphan() { is_orphan_ = true; }
  bool is_orphan() const { return is_orphan_; }
  const Services& services() const { return services_; }
  const Peer& peer() const { return peer_; }

  static constexpr std::size_t descriptors_max = 256;
  static constexpr std::size_t capabilities_max = 4096;

  bool has_room(std::size_t descriptors) const {
    return cells_.size() + descriptors <= descriptors_max;
  }
  kj::Own<DescriptorCell> keep(std::string vnic, std::string name, kj::AutoCloseFd fd);
  // The same, in the place of a blank one of that name where there is one.
  kj::Own<DescriptorCell> keep_again(std::string name, kj::AutoCloseFd fd);
  kj::Maybe<kj::Own<DescriptorCell>> find(std::string_view name);  // that is not blank
  void blank(std::string_view vnic);

  // Filters of this connection alone can be assigned over it.
  capnp::CapabilityServerSet<protocol::Filter>& filters() { return filters_; }

 private:
  friend class ClientRef;
  Services& services_;
  Peer peer_;
  std::vector<kj::Own<DescriptorCell>> cells_;
  std::size_t capabilities_ = 0;
  bool is_orphan_ = false;
  capnp::CapabilityServerSet<protocol::Filter> filters_;
};

// What a capability holds of its connection. Throws when the connection has too many of them.
class ClientRef {
 public:
  explicit ClientRef(Client& client);
  ~ClientRef() noexcept(false);
  KJ_DISALLOW_COPY(ClientRef);
  Client& operator*() const { return *const_cast<Client*>(client_.get()); }
  Client* operator->() const { return const_cast<Client*>(client_.get()); }

 private:
  kj::Own<Client> client_;
};

}  // namespace arrakis::control
