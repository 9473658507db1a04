// kj_for_clang.h: put in front of Cap'n Proto's headers, so that clang reads them as C++23.
//
// kj 0.9.2 leaves these two operators out where the compiler rewrites comparisons; clang, unlike
// gcc, then finds none to rewrite for `const char* == StringPtr`. Empty for gcc.
#pragma once

#if defined(__clang__) && defined(__cpp_impl_three_way_comparison)

#include <kj/string.h>

namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b == StringPtr(a); }
inline bool operator!=(const char* a, const StringPtr& b) { return !(b == StringPtr(a)); }
}  // namespace kj

#endif
