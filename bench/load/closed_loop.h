// closed_loop.h: a fixed number of requests on their way; an answer is the licence to send the
// next.
//
// Each of the `outstanding` places has one request in flight. Sequence numbers of place i are i,
// i + n, i + 2n, ...: the number alone says whose answer it is, and an old one cannot be taken for
// a new one. A request without an answer is sent again under the next number of its place, and its
// latency goes on counting from when it was first sent.
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
class ClosedLoop {
 public:
  ClosedLoop(T& transport, const Case& what, const Timing& timing)
      : transport_{transport}, case_{what}, timing_{timing}, places_(what.outstanding) {}

  // `tick(fraction)` is called some times a second, for a progress bar.
  template <class Tick>
  Measurement run(Tick&& tick) {
    const Instant start = transport_.now();
    record_from_ = start + timing_.warm_up;
    end_ = record_from_ + timing_.measured;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Instant now = transport_.now();
      places_[i] = {.sequence = i, .first_sent = now, .last_sent = now, .waiting = true};
      transmit(i);
      if (i % 32 == 31) poll();  // what is under way already needs room to move
    }
    Instant next_look = start;
    for (Instant now = start; now < end_; now = transport_.now()) {
      poll();
      if (now < next_look) continue;
      next_look = now + Duration{timing_.loss_timeout.ns / 4};
      resend_lost(now);
      tick(static_cast<double>((now - start).ns) / static_cast<double>((end_ - start).ns));
    }
    drain();
    result_.measured = timing_.measured;
    return std::move(result_);
  }

 private:
  struct Place {
    std::uint64_t sequence = 0;
    Instant first_sent, last_sent;
    bool waiting = false;
  };

  void poll() {
    transport_.poll(
        [this](Instant now, std::span<std::byte> payload) { return on_answer(now, payload); });
    transport_.flush();
  }

  // True: the payload has become the next request.
  bool on_answer(Instant now, std::span<std::byte> payload) {
    const auto answer = load<Request>(payload);
    // A question for counters was asked twice, and this is the second answer.
    if (answer && answer->is_of_counters()) return false;
    if (!answer || answer->kind != Request::Kind::echo || payload.size() != case_.bytes) {
      ++result_.unasked;
      return false;
    }
    Place& place = places_[answer->sequence % places_.size()];
    if (answer->sequence != place.sequence || !place.waiting) {
      ++result_.unasked;
      return false;
    }
    if (now >= record_from_ && now < end_)
      result_.latency_ns->record(static_cast<std::uint64_t>((now.ns - answer->sent_ns)));
    place.waiting = now < end_;
    if (!place.waiting) return false;
    place.sequence += places_.size();
    place.first_sent = place.last_sent = now;
    write(place, payload);
    return true;
  }

  void write(const Place& place, std::span<std::byte> payload) {
    ++result_.sent;
    store(payload,
          Request{Request::Kind::echo, case_.work_us * 1000, place.sequence, place.first_sent.ns});
  }

  // What finds no room is found by resend_lost() later.
  void transmit(std::size_t index) {
    transport_.send(case_.bytes,
                    [&](std::span<std::byte> payload) { write(places_[index], payload); });
  }

  void resend_lost(Instant now) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Place& place = places_[i];
      if (now - place.last_sent < timing_.loss_timeout) continue;
      ++result_.lost;
      place.sequence += places_.size();
      place.last_sent = now;
      transmit(i);
    }
  }

  // Waits for the last answers, so that they do not disturb the next case.
  void drain() {
    const Instant give_up = end_ + timing_.loss_timeout;
    const auto waiting = [this] {
      for (const Place& place : places_)
        if (place.waiting) return true;
      return false;
    };
    while (waiting() && transport_.now() < give_up) poll();
    for (const Place& place : places_)
      if (place.waiting) ++result_.lost;
  }

  T& transport_;
  Case case_;
  Timing timing_;
  std::vector<Place> places_;
  Instant record_from_, end_;
  Measurement result_;
};

}  // namespace arrakis::bench
