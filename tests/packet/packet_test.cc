// packet_test.cc: runs packet scripts, each on a stack of its own, in virtual time.
//
// usage: packet_test SCRIPT_OR_FOLDER...      The language: README.md
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "extaris/packet/eal.h"
#include "tests/packet/script.h"

namespace arrakis::packet {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scripts_in(const fs::path& where) {
  if (!fs::is_directory(where)) return {where};
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator{where})
    if (entry.path().extension() == ".pkt") all.push_back(entry.path());
  std::ranges::sort(all);
  return all;
}

std::string run(extaris::PacketPool& pool, const fs::path& path) {
  std::ifstream file{path};
  if (!file) return "cannot be read";
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  std::string complaint = Script{pool}.run(lines);
  if (complaint.empty() && pool.available() != pool.capacity()) complaint = "packets leaked";
  return complaint;
}

int run_all(int argc, char** argv) {
  if (!extaris::start_eal()) return EXIT_FAILURE;
  auto pool = extaris::PacketPool::create({.packets = 2048});
  if (!pool) return EXIT_FAILURE;
  int count = 0;
  int failed = 0;
  for (int i = 1; i < argc; ++i)
    for (const fs::path& path : scripts_in(argv[i])) {
      ++count;
      const std::string complaint = run(*pool, path);
      if (complaint.empty()) continue;
      ++failed;
      std::printf("%s:%s\n", path.c_str(), complaint.c_str());
    }
  std::printf("%d scripts, %d failed\n", count, failed);
  return count == 0 || failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace arrakis::packet

int main(int argc, char** argv) { return arrakis::packet::run_all(argc, argv); }
