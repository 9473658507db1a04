// queue_server.h: the queue of a VNIC, a filter to assign to it, and the descriptors it gives.
#pragma once

#include "control-plane/arrakisd/client.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

// A capability whose descriptor travels with it (SCM_RIGHTS); it has no methods.
template <class Interface>
class DescriptorServer final : public Interface::Server {
 public:
  DescriptorServer(Client& client, kj::Own<DescriptorCell> cell)
      : client_{client}, cell_{kj::mv(cell)} {}
  kj::Maybe<int> getFd() override {
    if (cell_->is_blank()) return nullptr;
    return cell_->fd();
  }

 private:
  ClientRef client_;
  kj::Own<DescriptorCell> cell_;
};

class QueueServer final : public protocol::Queue::Server {
 public:
  QueueServer(Client& client, LeaseId lease, std::string vnic, std::uint16_t index)
      : client_{client}, lease_{lease}, vnic_{std::move(vnic)}, index_{index} {}

  kj::Promise<void> open(OpenContext context) override;
  kj::Promise<void> doorbell(DoorbellContext context) override;
  kj::Promise<void> setRate(SetRateContext context) override;
  kj::Promise<void> assign(AssignContext context) override;

 private:
  std::string bell_name() const;
  protocol::Descriptor::Client descriptor(const char* what, kj::AutoCloseFd fd);
  void grant(XdpQueueGrant grant, protocol::XdpQueue::Builder out);
  void grant(WireQueueGrant grant, protocol::WireQueue::Builder out);

  ClientRef client_;
  LeaseId lease_;
  std::string vnic_;
  std::uint16_t index_;
};

class FilterServer final : public protocol::Filter::Server {
 public:
  FilterServer(Client& client, Filter filter) : client_{client}, filter_{std::move(filter)} {}
  const Filter& filter() const { return filter_; }

  kj::Promise<void> describe(DescribeContext context) override;

 private:
  ClientRef client_;
  Filter filter_;
};

}  // namespace arrakis::control
