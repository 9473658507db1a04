// Where libFuzzer comes in for targets whose input is a script.
#include <cstdlib>

#include "extaris/packet/eal.h"
#include "tests/fuzz/script.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (!arrakis::extaris::start_eal()) std::abort();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  arrakis::fuzz::run_script(std::as_bytes(std::span{data, size}));
  return 0;
}
