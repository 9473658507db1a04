// audit.h: one line of the log a decision: who, what, and what was answered.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

#include "control-plane/arrakisd/process.h"
#include "control-plane/model/quote.h"

namespace arrakis::control {

template <class T>
void audit(const Peer& peer, std::string_view what, std::string_view object,
           const Outcome<T>& answer) {
  spdlog::info("audit: {} {} uid={} pid={}: {}", what, quote(object), peer.subject.uid,
               peer.process.pid, answer ? "allowed" : answer.error().message);
}

}  // namespace arrakis::control
