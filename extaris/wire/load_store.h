// load_store.h: a wire struct out of bytes and into them, where the caller knows that they are
// there: headers the stack has checked or is writing itself. From outside: base/byte_reader.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "base/byte_reader.h"

namespace arrakis::extaris {

template <WireFormat T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <WireFormat T>
void store(std::byte* at, const T& value) {
  std::memcpy(at, &value, sizeof(value));
}

// The headers in `bytes`, to be written field by field: a struct made elsewhere and copied would be
// read in wider pieces than it was written, and the processor waits for that.
// REQUIRES: there are that many.
template <WireFormat Headers>
Headers& headers_at(std::byte* bytes) {
  return *reinterpret_cast<Headers*>(bytes);
}

}  // namespace arrakis::extaris
