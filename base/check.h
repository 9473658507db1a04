// check.h: what must hold, in every build.
//
// ARK_CHECK stays in release builds: it guards set-up and the slow path against our own mistakes,
// never against bytes from outside (those are counted, see extaris/stack/counters.h).
// `assert` is for the inner loops of the data path. Neither has effects in its condition.
#pragma once

#include <cstdio>
#include <cstdlib>

// A macro because it prints the text of the condition.
#define ARK_CHECK(condition)                                                             \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
