// open_loop.h: requests at a fixed rate, whether answers come or not.
//
// Latency counts from the instant at which a request was due, not from when it was sent: a
// generator or a server that stalls is charged for every request that had to wait (no coordinated
// omission). A lost request is counted and not sent again, which would be another rate.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/instant.h"
#include "bench/lib/echo_protocol.h"
#include "bench/load/measurement.h"
#include "bench/load/transport.h"

namespace arrakis::bench {

template <Transport T>
class OpenLoop {
 public:
  OpenLoop(T& transport, const Case& what, const Timing& timing)
      : transport_{transport}, case_{what}, timing_{timing}, waiting_(remembered, false) {}

  template <class Tick>
  Measurement run(Tick&& tick) {
    start_ = transport_.now();
    record_from_ = start_ + timing_.warm_up;
    end_ = record_from_ + timing_.measured;
    Instant next_tick = start_;
    for (Instant now = start_; now < end_; now = transport_.now()) {
      send_due(now);
      poll();
      if (now < next_tick) continue;
      next_tick = now + Duration::milliseconds(25);
      tick(static_cast<double>((now - start_).ns) / static_cast<double>((end_ - start_).ns));
    }
    const Instant give_up = end_ + timing_.loss_timeout;
    while (answered_ < sequence_ && transport_.now() < give_up) poll();
    result_.sent = sequence_;
    result_.lost = sequence_ - answered_;
    result_.measured = timing_.measured;
    return std::move(result_);
  }

 private:
  // Answers that come after so many further requests count as unasked: their place is taken.
  static constexpr std::size_t remembered = 1 << 16;
  static constexpr unsigned batch_max = 64;  // before answers get a turn

  Instant due(std::uint64_t sequence) const {
    const auto seconds = static_cast<std::int64_t>(sequence / case_.rate);
    const std::uint64_t rest_ns = sequence % case_.rate * 1'000'000'000 / case_.rate;
    return start_ + Duration::seconds(seconds) + Duration{static_cast<std::int64_t>(rest_ns)};
  }

  void send_due(Instant now) {
    for (unsigned i = 0; i < batch_max && due(sequence_) <= now; ++i) {
      const Request request{Request::Kind::echo, case_.work_us * 1000, sequence_,
                            due(sequence_).ns};
      if (!transport_.send(case_.bytes,
                           [&](std::span<std::byte> payload) { store(payload, request); }))
        break;
      waiting_[sequence_ % remembered] = true;
      ++sequence_;
    }
  }

  void poll() {
    transport_.poll([this](Instant now, std::span<std::byte> payload) {
      on_answer(now, payload);
      return false;
    });
    transport_.flush();
  }

  void on_answer(Instant now, std::span<const std::byte> payload) {
    const auto answer = load<Request>(payload);
    // A question for counters was asked twice, and this is the second answer.
    if (answer && answer->is_of_counters()) return;
    const bool ours = answer && answer->kind == Request::Kind::echo &&
                      payload.size() == case_.bytes && answer->sequence < sequence_ &&
                      sequence_ - answer->sequence <= remembered &&
                      waiting_[answer->sequence % remembered];
    if (!ours) {
      ++result_.unasked;
      return;
    }
    waiting_[answer->sequence % remembered] = false;
    ++answered_;
    if (due(answer->sequence) >= record_from_)
      result_.latency_ns->record(static_cast<std::uint64_t>(now.ns - answer->sent_ns));
  }

  T& transport_;
  Case case_;
  Timing timing_;
  std::vector<bool> waiting_;
  Instant start_, record_from_, end_;
  std::uint64_t sequence_ = 0;  // of the next request
  std::uint64_t answered_ = 0;
  Measurement result_;
};

}  // namespace arrakis::bench
