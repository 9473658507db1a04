// queue_limits.h: what an application asked for of each of its queues (App::Options).
#pragma once

#include <cstddef>
#include <cstdint>

namespace arrakis::runtime {

struct QueueLimits {
  std::size_t connections;
  std::uint32_t packets;
};

}  // namespace arrakis::runtime
