#include "libos/posix/descriptors.h"

#include <utility>

#include "libos/posix/kernel.h"

namespace arrakis::posix {

Result<int> Descriptors::reserve(bool close_on_exec) {
  return kernel::event_fd(close_on_exec ? EFD_CLOEXEC : 0);
}

void Descriptors::put(int fd, FilePtr file) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= files_.size()) files_.resize(index + 1);
  mark(index, file != nullptr);
  files_[index] = std::move(file);
}

void Descriptors::clear() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    mark(i, false);
    files_[i].reset();
  }
}

FilePtr Descriptors::take(int fd) {
  if (find(fd) == nullptr) return {};
  mark(static_cast<std::size_t>(fd), false);
  return std::exchange(files_[static_cast<std::size_t>(fd)], {});
}

bool Descriptors::has_another(const File& file, int fd) const {
  for (std::size_t i = 0; i < files_.size(); ++i)
    if (files_[i].get() == &file && static_cast<int>(i) != fd) return true;
  return false;
}

}  // namespace arrakis::posix
