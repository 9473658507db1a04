// decode.h: the messages of arrakisd as grants. The daemon is trusted, but it may be of another
// release: a value that cannot be is an error that names it, never a crash.
//
// Needs exceptions (Cap'n Proto); client/ alone includes this.
#pragma once

#include "base/error.h"
#include "control-plane/protocol/arrakis.capnp.h"
#include "libos/client/grant.h"

namespace arrakis::client {

Outcome<VnicInfo> decode(protocol::VnicInfo::Reader message);
// All but the descriptors, which travel beside the message.
Outcome<XdpGrant> decode(protocol::XdpQueue::Reader message);
Outcome<WireGrant> decode(protocol::WireQueue::Reader message);
Outcome<SriovGrant> decode(protocol::SriovQueue::Reader message);
Error decode(protocol::Error::Reader message);

// Does the memory hold the frames? Asked once the descriptor is there.
Outcome<void> check_umem(const XdpGrant& grant);

}  // namespace arrakis::client
