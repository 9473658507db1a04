// sockets.h: sockets of applications for people and for programs. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/sights.h"

namespace arrakis::ctl {

struct SeenSocket {
  std::string app;
  std::int32_t pid = 0;
  QueueName queue;
  sight::SocketRecord record;
};

struct SocketFilter {
  bool tcp = true, udp = true;
  std::vector<sight::SocketState> states;  // empty: every one

  bool takes(const sight::SocketRecord& record) const;
};

// The words of --state, of `ss` and of RFC 9293: "established", "estab", "listening", "all", ...
Result<std::vector<sight::SocketState>> parse_state(const std::string& word);

enum class Details : bool { no, yes };
// A line each; of connections a second one with details, in the words of `ss -ti`.
std::string text_of(std::span<const SeenSocket> sockets, Details details);
Json to_json(const SeenSocket& socket);

}  // namespace arrakis::ctl
