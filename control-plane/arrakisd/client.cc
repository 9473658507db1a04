#include "control-plane/arrakisd/client.h"

#include <fcntl.h>
#include <kj/debug.h>
#include <unistd.h>

namespace arrakis::control {

void DescriptorCell::blank() {
  if (is_blank_) return;
  const kj::AutoCloseFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  is_blank_ = null.get() >= 0 && ::dup3(null.get(), fd_.get(), O_CLOEXEC) >= 0;
}

void DescriptorCell::refill(kj::AutoCloseFd fd) {
  KJ_REQUIRE(::dup3(fd.get(), fd_.get(), O_CLOEXEC) >= 0, "no descriptor left");
  is_blank_ = false;
}

Client::Client(Services& services, Peer peer) : services_{services}, peer_{std::move(peer)} {
  services_.sessions.enter(*this);
}

Client::~Client() noexcept(false) {
  if (!is_orphan_) services_.sessions.leave(*this);
}

kj::Own<DescriptorCell> Client::keep(std::string vnic, std::string name, kj::AutoCloseFd fd) {
  cells_.push_back(kj::refcounted<DescriptorCell>(std::move(vnic), std::move(name), kj::mv(fd)));
  return kj::addRef(*cells_.back());
}

kj::Own<DescriptorCell> Client::keep_again(std::string name, kj::AutoCloseFd fd) {
  for (auto& cell : cells_) {
    if (cell->name() != name || !cell->is_blank()) continue;
    cell->refill(kj::mv(fd));
    return kj::addRef(*cell);
  }
  return keep("", std::move(name), kj::mv(fd));
}

kj::Maybe<kj::Own<DescriptorCell>> Client::find(std::string_view name) {
  for (auto& cell : cells_)
    if (cell->name() == name && !cell->is_blank()) return kj::addRef(*cell);
  return nullptr;
}

void Client::blank(std::string_view vnic) {
  for (auto& cell : cells_)
    if (cell->vnic() == vnic) cell->blank();
}

ClientRef::ClientRef(Client& client) : client_{kj::addRef(client)} {
  KJ_REQUIRE(client.capabilities_ < Client::capabilities_max,
             "this connection holds too many capabilities: release some");
  ++client.capabilities_;
}

ClientRef::~ClientRef() noexcept(false) { --client_->capabilities_; }

}  // namespace arrakis::control
