// window.h: where the control thread and the thread that polls a queue meet when somebody looks
// into the application: a question at a time, and memory to write the answer into.
//
// While nobody asks it costs the polling thread one relaxed load a poll. It is woken when it
// sleeps, and never waits for anybody.
// Threads:  ask(), withdraw() and what they return, the control thread; open() to close(), the one
//           that polls.
// Lifetime: outlives the queue. The memory of a question is kept until the queue is done with it.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  using Memory = std::shared_ptr<const extaris::Mapping>;

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
  // False: nobody polls, or there is a question already.
  bool ask(const Question& question, Memory memory) noexcept {
    if (stage() != Stage::idle) return false;
    question_ = question;
    memory_ = std::move(memory);
    // First, so that whoever takes the question finds the bell rung, and silences it.
    eventfd_write(bell_.get(), 1);
    if (move(Stage::idle, Stage::asked)) return true;
    silence();
    return false;
  }
  // False: too late, it is being answered.
  bool withdraw() noexcept {
    if (!move(Stage::asked, Stage::idle)) return false;
    silence();
    return true;
  }
  // After `served`: ready for the next question.
  void settle() noexcept { move(Stage::served, Stage::idle); }

  // The memory of a capture that runs. Whether there is one is for the control thread to know.
  void keep_ring(Memory memory) noexcept { ring_ = std::move(memory); }
  bool is_captured() const noexcept { return ring_ != nullptr; }

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
  Memory memory_;
  Memory ring_;
};

}  // namespace arrakis::client
