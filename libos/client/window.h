// window.h: where the control thread and the thread that polls a queue meet when somebody looks
// into the application: a question at a time, and memory to write the answer into.
//
// While nobody asks it costs the polling thread one relaxed load a poll. It is woken when it
// sleeps, and never waits for anybody.
// Threads:  ask(), withdraw() and what they return, the control thread; open() to close(), the one
//           that polls.
// Lifetime: outlives the queue. Owns the memory of a question until the queue is done with it.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/mapping.h"

namespace arrakis::client {

struct Question {
  enum class What : std::uint8_t { sockets, counters, begin_capture, end_capture };
  What what;
  std::uint64_t cursor = 0;
  std::uint32_t snap_bytes = 0;
  std::span<std::byte> memory{};
};

class Window {
 public:
  enum class Stage : std::uint8_t {
    closed,  // nobody polls this queue: not yet, or not any more
    idle,
    asked,
    serving,
    served,
  };
  Window(std::string vnic, std::uint16_t queue) : vnic_{std::move(vnic)}, queue_{queue} {}
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  const std::string& vnic() const noexcept { return vnic_; }
  std::uint16_t queue() const noexcept { return queue_; }

  // ---- the thread that polls
  void open() noexcept { stage_.store(Stage::idle, std::memory_order_release); }
  void close() noexcept { stage_.store(Stage::closed, std::memory_order_release); }
  bool is_asked() const noexcept { return stage_.load(std::memory_order_relaxed) == Stage::asked; }
  // nullptr: it was withdrawn. Otherwise answered() must follow.
  const Question* take() noexcept {
    if (!move(Stage::asked, Stage::serving)) return nullptr;
    silence();
    return &question_;
  }
  void answered() noexcept { stage_.store(Stage::served, std::memory_order_release); }
  // Readable while a question waits: for who sleeps.
  int bell() const noexcept { return bell_.get(); }

  // ---- the control thread
  Stage stage() const noexcept { return stage_.load(std::memory_order_acquire); }
  // False: nobody polls, or there is a question already. Otherwise the memory is ours until
  // settle() or withdraw().
  bool ask(const Question& question, extaris::Mapping& memory) noexcept {
    settle();  // who asked before may have gone without hearing the answer
    if (stage() != Stage::idle) return false;
    question_ = question;
    // First, so that whoever takes the question finds the bell rung, and silences it.
    eventfd_write(bell_.get(), 1);
    if (move(Stage::idle, Stage::asked)) {
      memory_ = std::move(memory);
      return true;
    }
    silence();
    return false;
  }
  // False: too late, it is being answered.
  bool withdraw() noexcept {
    if (!move(Stage::asked, Stage::idle)) return false;
    silence();
    return true;
  }
  // Whether the question was answered; ready for the next then.
  bool settle() noexcept { return move(Stage::served, Stage::idle); }
  // REQUIRES: no question waits.
  extaris::Mapping memory_back() noexcept { return std::move(memory_); }

  // The memory of a capture that runs.
  void keep_ring(extaris::Mapping memory) noexcept { ring_ = std::move(memory); }
  bool is_captured() const noexcept { return static_cast<bool>(ring_); }

 private:
  bool move(Stage from, Stage to) noexcept {
    return stage_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  void silence() noexcept {
    eventfd_t count = 0;
    eventfd_read(bell_.get(), &count);
  }

  const std::string vnic_;
  const std::uint16_t queue_;
  const extaris::Descriptor bell_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<Stage> stage_{Stage::closed};
  Question question_{};  // of the control thread while the stage is closed or idle
  extaris::Mapping memory_;
  extaris::Mapping ring_;
};

}  // namespace arrakis::client
