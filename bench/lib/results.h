// results.h: the rows that a figure consists of, as the JSON list that bench/report reads.
//
// Errors: write() says which file and why.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/lib/statistics.h"

namespace arrakis::bench {

struct Row {
  std::string bench;      // the figure: "udp_echo", "micro"
  std::string system;     // "linux", "arrakis-n", "driver", "lwip"
  std::string wire;       // "veth", "memif", "none"
  std::string case_name;  // in words: "64 B, 8 outstanding, our client"
  std::string metric;  // "throughput", "p50", "p99", "p999", "cpu", "added", "ns", "instructions"
  std::string unit;    // "req/s", "us", "us/request", "ns"
  Summary summary;
};

std::string to_json(std::span<const Row> rows);
Outcome<void> write_json(std::span<const Row> rows, const std::string& path);

}  // namespace arrakis::bench
