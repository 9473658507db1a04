#include "bench/lib/results.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace arrakis::bench {

std::string to_json(std::span<const Row> rows) {
  auto list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    list.push_back({{"bench", row.bench},
                    {"system", row.system},
                    {"wire", row.wire},
                    {"case", row.case_name},
                    {"metric", row.metric},
                    {"unit", row.unit},
                    {"median", row.summary.median},
                    {"min", row.summary.min},
                    {"max", row.summary.max},
                    {"runs", row.summary.runs}});
  }
  return list.dump(1) + "\n";
}

Outcome<void> write_json(std::span<const Row> rows, const std::string& path) {
  std::ofstream file{path};
  file << to_json(rows);
  file.close();
  if (file.fail())
    return fail(Error::Code::unavailable, "cannot write " + path + ": " + std::strerror(errno),
                "choose another place with --json FILE");
  return {};
}

}  // namespace arrakis::bench
