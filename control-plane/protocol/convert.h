// convert.h: messages <-> the model. A hostile client controls every byte of a message, so the way
// in checks every value; what comes out of here is a value that the model allows.
//
// Not checked here: what policy, provider and machine allow.
// Errors:   Error{usage} for nonsense, {exhausted} for too much of it, {not_yet} for what is named
//           only. Cap'n Proto itself throws kj::Exception for a malformed message; inside a method
//           of a server that is the answer to the caller, elsewhere the caller catches it.
#pragma once

#include "base/error.h"
#include "control-plane/model/request.h"
#include "control-plane/model/vnic.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

// A value that this version does not know becomes Code::internal. Texts are made one line.
Error from_protocol(protocol::Error::Reader error);
Outcome<Rate> from_protocol(protocol::Rate::Reader rate);
Outcome<Filter> from_protocol(protocol::FilterSpec::Reader filter);
Outcome<std::vector<Filter>> from_protocol(capnp::List<protocol::FilterSpec>::Reader filters);
Outcome<AssignRequest> from_protocol(protocol::AssignRequest::Reader request);
// Leaves app, device and wire empty: VnicInfo has none.
Outcome<VnicSpec> from_protocol(protocol::VnicInfo::Reader vnic);

void to_protocol(const Error& error, protocol::Error::Builder out);
void to_protocol(Rate rate, protocol::Rate::Builder out);
void to_protocol(const Filter& filter, protocol::FilterSpec::Builder out);
void to_protocol(const AssignRequest& request, protocol::AssignRequest::Builder out);
void to_protocol(const VnicSpec& vnic, protocol::VnicInfo::Builder out);

// The value of an answer, or its error. The reader borrows from the message.
template <class OutcomeReader>
auto unwrap(OutcomeReader outcome) -> Outcome<decltype(outcome.getValue())> {
  if (outcome.isValue()) return outcome.getValue();
  if (outcome.isError()) return std::unexpected(from_protocol(outcome.getError()));
  return fail(Error::Code::internal, "an answer that is neither value nor error",
              "use arrakisctl and arrakisd of one release");
}

// An error as the answer of a method: `return refuse(context.getResults().initOutcome(), error);`
template <class OutcomeBuilder>
void refuse(OutcomeBuilder outcome, const Error& error) {
  to_protocol(error, outcome.initError());
}

}  // namespace arrakis::control
