// outlook.h: a queue's side of its window (client/window.h): answers from the stack, and a tap that
// captures frames.
//
// Threads:  the one that polls the queue.
// Cost:     is_asked() a poll while nobody looks; a page of answers is some 100 us of the thread's
//           time, a captured frame a copy.
#pragma once

#include <optional>

#include "control-plane/protocol/capture_ring.h"
#include "extaris/stack/stack.h"
#include "extaris/stack/tap.h"
#include "libos/client/window.h"

namespace arrakis::runtime {

class Outlook final : private extaris::Tap {
 public:
  Outlook(extaris::Stack& stack, client::Window* window) noexcept : stack_{stack}, window_{window} {
    if (window_ != nullptr) window_->open();
  }
  Outlook(const Outlook&) = delete;
  Outlook& operator=(const Outlook&) = delete;
  ~Outlook() {
    stack_.set_tap(nullptr);
    if (window_ != nullptr) window_->close();
  }

  bool is_asked() const noexcept { return window_ != nullptr && window_->is_asked(); }
  void answer() noexcept;
  // Readable while somebody asks; -1: nobody ever does.
  int bell() const noexcept { return window_ == nullptr ? -1 : window_->bell(); }

 private:
  void answer(const client::Question& question) noexcept;
  void write_sockets(const client::Question& question) noexcept;
  void write_counters(const client::Question& question) noexcept;
  void see(const extaris::Burst& burst, std::size_t first,
           extaris::Direction direction) noexcept override;

  extaris::Stack& stack_;
  client::Window* window_;
  std::optional<sight::CaptureWriter> capture_;
};

}  // namespace arrakis::runtime
