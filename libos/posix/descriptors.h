// descriptors.h: which descriptors are ours, and what they stand for. Numbers are the kernel's:
// each is open there too (an eventfd or an epoll instance holds its place), so that no other file
// gets it, and limits, exec and close_range are the kernel's matter.
//
// Threads: under the host's lock; may_be_ours() at any time.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "libos/posix/file.h"
#include "libos/posix/result.h"

namespace arrakis::posix {

class Descriptors {
 public:
  // A number for what is to come; EMFILE and so on.
  static Result<int> reserve(bool close_on_exec);

  // The kernel gave out that number: whoever had it before was closed behind our back.
  void put(int fd, FilePtr file);
  // nullptr: not ours.
  File* find(int fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return fd >= 0 && index < files_.size() ? files_[index].get() : nullptr;
  }
  // False: certainly not. Without the lock, because every read() of a program asks.
  bool may_be_ours(int fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return index >= marks_.size() ? fd >= 0 : marks_[index].load(std::memory_order_relaxed);
  }
  // Takes it out; the number stays open. Holds nothing: not ours.
  FilePtr take(int fd);
  // Whether another descriptor stands for the same file.
  bool has_another(const File& file, int fd) const;
  void clear();
  const std::vector<FilePtr>& all() const { return files_; }

 private:
  void mark(std::size_t index, bool on) {
    if (index < marks_.size()) marks_[index].store(on, std::memory_order_relaxed);
  }

  std::vector<FilePtr> files_;
  std::array<std::atomic<bool>, 16'384> marks_{};
};

}  // namespace arrakis::posix
