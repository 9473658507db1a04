#include "bench/lib/complain.h"

#include <cstdio>

namespace arrakis::bench {

int complain(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  fix: %s\n", error.remedy.c_str());
  return 1;
}

}  // namespace arrakis::bench
