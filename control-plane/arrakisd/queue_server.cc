#include "control-plane/arrakisd/queue_server.h"

#include "control-plane/arrakisd/audit.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::control {

// The bell of this attachment: a later one of the same process has a lease of its own.
std::string QueueServer::bell_name() const {
  return std::to_string(lease_) + "/" + vnic_ + "/" + std::to_string(index_) + "/bell";
}

protocol::Descriptor::Client QueueServer::descriptor(const char* name, kj::AutoCloseFd fd) {
  return kj::heap<DescriptorServer<protocol::Descriptor>>(*client_,
                                                          client_->keep(vnic_, name, kj::mv(fd)));
}

void QueueServer::grant(XdpQueueGrant grant, protocol::XdpQueue::Builder out) {
  const std::string bell = bell_name();
  out.setSocket(descriptor(bell.c_str(), kj::mv(grant.socket)));  // readable when packets wait
  out.setUmem(descriptor("umem", kj::mv(grant.umem)));
  out.setFrameBytes(grant.frame_bytes);
  out.setFrameCount(grant.frame_count);
  out.setHeadroomBytes(grant.headroom_bytes);
  out.setFillSize(grant.fill_size);
  out.setCompletionSize(grant.completion_size);
  out.setReceiveSize(grant.receive_size);
  out.setTransmitSize(grant.transmit_size);
}

void QueueServer::grant(WireQueueGrant grant, protocol::WireQueue::Builder out) {
  const bool is_server = grant.role == WireQueueGrant::Role::server;
  out.setRole(is_server ? protocol::WireQueue::Role::SERVER : protocol::WireQueue::Role::CLIENT);
  out.setSocketName(grant.socket_name.c_str());
  out.setSecret(grant.secret.c_str());
  out.setRingLog2(grant.ring_log2);
  out.setBufferBytes(grant.buffer_bytes);
  const std::string bell = bell_name();
  out.setDoorbellPage(descriptor("page", kj::mv(grant.doorbell_page)));
  out.setBell(descriptor(bell.c_str(), kj::mv(grant.bell)));
}

kj::Promise<void> QueueServer::open(OpenContext context) {
  auto outcome = context.getResults().initOutcome();
  if (!client_->has_room(2)) {
    refuse(outcome, {Error::Code::exhausted, "this connection was handed too many descriptors",
                     "connect again"});
    return kj::READY_NOW;
  }
  Outcome<QueueGrant> granted = client_->registry().open_queue(lease_, vnic_, index_);
  if (!granted) {
    refuse(outcome, granted.error());
    return kj::READY_NOW;
  }
  auto value = outcome.initValue();
  if (auto* xdp = std::get_if<XdpQueueGrant>(&*granted)) grant(kj::mv(*xdp), value.initXdp());
  if (auto* wire = std::get_if<WireQueueGrant>(&*granted)) grant(kj::mv(*wire), value.initWire());
  if (auto* sriov = std::get_if<SriovQueueGrant>(&*granted)) {
    auto out = value.initSriov();
    out.setFunction(sriov->function.c_str());
    out.setIndex(sriov->index);
    out.setLockedBytes(sriov->locked_bytes);
  }
  return kj::READY_NOW;
}

kj::Promise<void> QueueServer::doorbell(DoorbellContext context) {
  auto outcome = context.getResults().initOutcome();
  KJ_IF_MAYBE (cell, client_->find(bell_name())) {
    outcome.setValue(kj::heap<DescriptorServer<protocol::Doorbell>>(*client_, kj::mv(*cell)));
  } else {
    refuse(outcome, {Error::Code::conflict, "the queue was not opened over this connection",
                     "open it first; what open gave is readable like its doorbell"});
  }
  return kj::READY_NOW;
}

kj::Promise<void> QueueServer::setRate(SetRateContext context) {
  const Outcome<Rate> rate = from_protocol(context.getParams().getRate());
  auto outcome = context.getResults().initOutcome();
  const Outcome<void> set = rate ? client_->registry().set_own_rate(lease_, vnic_, *rate)
                                 : Outcome<void>{std::unexpected(rate.error())};
  audit(client_->peer(), "own rate", vnic_, set);
  if (set) {
    outcome.initValue();
  } else {
    refuse(outcome, set.error());
  }
  return kj::READY_NOW;
}

kj::Promise<void> QueueServer::assign(AssignContext context) {
  auto filter = context.getParams().getFilter();
  return client_->filters().getLocalServer(filter).then(
      [this, context](kj::Maybe<protocol::Filter::Server&> found) mutable {
        auto outcome = context.getResults().initOutcome();
        Outcome<void> assigned = fail(Error::Code::usage, "that is no filter of this session",
                                      "make it with Session.createFilter");
        KJ_IF_MAYBE (server, found) {
          assigned = client_->registry().assign_own_filter(
              lease_, vnic_, kj::downcast<FilterServer>(*server).filter());
        }
        audit(client_->peer(), "own filter", vnic_, assigned);
        if (assigned) {
          outcome.initValue();
        } else {
          refuse(outcome, assigned.error());
        }
      });
}

kj::Promise<void> FilterServer::describe(DescribeContext context) {
  to_protocol(filter_, context.getResults().initSpec());
  return kj::READY_NOW;
}

}  // namespace arrakis::control
