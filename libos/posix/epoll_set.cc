#include "libos/posix/epoll_set.h"

#include <algorithm>

#include "libos/posix/kernel.h"

namespace arrakis::posix {
namespace {

constexpr std::uint32_t always = EPOLLERR | EPOLLHUP;
// What is said of how to tell, and not of what (EP_PRIVATE_BITS).
constexpr std::uint32_t manners = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
constexpr int nesting_max = 5;  // fs/eventpoll.c, EP_MAX_NESTS

}  // namespace

std::uint32_t EpollSet::Item::ready_now() const { return key.second->poll() & event.events; }

void EpollSet::hear(Item& item, std::uint32_t events) {
  if ((item.event.events & ~manners) == 0) return;  // one-shot, and it was told
  if (events != 0 && (events & item.event.events) == 0) return;
  make_ready(item);
}

void EpollSet::make_ready(Item& item) {
  if (!item.hook.is_linked()) ready_.push_back(item);
  tell(EPOLLIN | EPOLLRDNORM);
}

bool EpollSet::reaches(File& file, const EpollSet& set, int depth) {
  EpollSet* inner = file.as_epoll_set();
  if (inner == nullptr) return false;
  if (inner == &set || depth == nesting_max) return true;
  return std::ranges::any_of(
      inner->items_, [&](auto& entry) { return reaches(*entry.first.second, set, depth + 1); });
}

Result<void> EpollSet::add(int fd, File& file, const epoll_event& event) {
  if (&file == this) return fail(EINVAL);
  if (reaches(file, *this, 0)) return fail(ELOOP);
  const Key key{fd, &file};
  const auto [at, is_new] = items_.try_emplace(key, *this, key, event);
  if (!is_new) return fail(EEXIST);
  Item& item = at->second;
  item.event.events |= always;
  file.add(item);
  if (item.ready_now() != 0) make_ready(item);
  return {};
}

Result<void> EpollSet::modify(int fd, File& file, const epoll_event& event) {
  const auto at = items_.find({fd, &file});
  if (at == items_.end()) return fail(ENOENT);
  Item& item = at->second;
  if (((item.event.events | event.events) & EPOLLEXCLUSIVE) != 0) return fail(EINVAL);
  item.event = event;
  item.event.events |= always;
  if (item.ready_now() != 0) make_ready(item);
  return {};
}

Result<void> EpollSet::remove(int fd, File& file) {
  if (items_.erase({fd, &file}) == 0) return fail(ENOENT);
  return {};
}

Result<void> EpollSet::control_kernel(int operation, int fd, epoll_event* event) {
  const auto done = kernel::epoll_control(kernel_fd_, operation, fd, event);
  if (!done) return std::unexpected(done.error());
  if (operation == EPOLL_CTL_DEL)
    kernel_members_.erase(fd);
  else
    kernel_members_[fd] = *event;
  return {};
}

void EpollSet::adopt(int fd, File& file) {
  const auto at = kernel_members_.find(fd);
  if (at == kernel_members_.end()) return;
  const epoll_event event = at->second;
  (void)control_kernel(EPOLL_CTL_DEL, fd, nullptr);
  kernel_members_.erase(fd);
  (void)add(fd, file, event);
}

std::size_t EpollSet::collect(std::span<epoll_event> events) {
  std::size_t count = 0;
  ReadyList again;
  while (count < events.size() && !ready_.empty()) {
    Item& item = ready_.front();
    ready_.pop_front();
    const std::uint32_t now = item.ready_now();
    if (now == 0) continue;
    events[count++] = {.events = now, .data = item.event.data};
    if ((item.event.events & EPOLLONESHOT) != 0)
      item.event.events &= manners;
    else if ((item.event.events & EPOLLET) == 0)
      again.push_back(item);
  }
  ready_.splice(ready_.end(), again);
  if (count < events.size() && !kernel_members_.empty()) {
    const auto rest = events.subspan(count);
    const auto more = kernel::epoll_look(kernel_fd_, rest.data(), static_cast<int>(rest.size()));
    if (more) count += static_cast<std::size_t>(*more);
  }
  return count;
}

std::uint32_t EpollSet::poll() {
  const bool ours =
      std::ranges::any_of(ready_, [](const Item& item) { return item.ready_now() != 0; });
  if (ours) return EPOLLIN | EPOLLRDNORM;
  if (kernel_members_.empty()) return 0;
  pollfd look{.fd = kernel_fd_, .events = POLLIN, .revents = 0};
  const timespec at_once{};
  return kernel::poll(&look, 1, &at_once).value_or(0) > 0 ? EPOLLIN | EPOLLRDNORM : 0;
}

}  // namespace arrakis::posix
