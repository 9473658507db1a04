// payloads.h: datagrams whose content says which one they are, and the record of what was sent, to
// which what arrives must be equal byte for byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/random.h"
#include "extaris/wire/checksum.h"

namespace arrakis::sim {

using Payload = std::vector<std::byte>;

class Payloads {
 public:
  // The next datagram: its number, then bytes that follow from it. One shorter than a number has
  // only the first bytes of it.
  const Payload& make(std::size_t bytes) {
    const std::uint64_t number = sent_.size();
    Payload payload(std::max(bytes, sizeof(number)));
    Random pattern{number ^ 0xa5a5};
    for (std::size_t i = 0; i + sizeof(number) <= payload.size(); i += sizeof(number)) {
      const std::uint64_t word = i == 0 ? number : pattern.next();
      std::memcpy(payload.data() + i, &word, sizeof(word));
    }
    payload.resize(bytes);
    sent_.push_back(std::move(payload));
    return sent_.back();
  }

  // Whether exactly these bytes were sent as one datagram.
  bool were_sent(std::span<const std::byte> bytes) const {
    std::uint64_t number = 0;
    if (bytes.size() < sizeof(number))
      return std::ranges::any_of(
          sent_, [&](const Payload& payload) { return std::ranges::equal(payload, bytes); });
    std::memcpy(&number, bytes.data(), sizeof(number));
    return number < sent_.size() && std::ranges::equal(sent_[number], bytes);
  }

  // Whether a checksum of 16 bits cannot tell these bytes from some that were sent: two flipped
  // bits in one datagram cancel out once in 32.
  bool sums_like_sent(std::span<const std::byte> bytes) const {
    const std::uint16_t sum = extaris::InternetSum{}.add(bytes).folded();
    return std::ranges::any_of(sent_, [&](const Payload& payload) {
      return payload.size() == bytes.size() && extaris::InternetSum{}.add(payload).folded() == sum;
    });
  }

  std::size_t count() const { return sent_.size(); }

 private:
  std::vector<Payload> sent_;
};

}  // namespace arrakis::sim
