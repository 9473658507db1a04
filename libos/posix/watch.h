// watch.h: who wants to hear that a file may be ready for something it was not ready for.
//
// News is a hint: who hears it asks poll() what is so. It is given at each arrival, as the kernel's
// wait queues do, because edge-triggered epoll sets are built on that.
//
// Threads:  under the host's lock.
// Lifetime: a watch ends with the watch or with what it watches, whichever goes first.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>

namespace arrakis::posix {

class Watched;

class Watch : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 protected:
  virtual ~Watch() = default;

 private:
  friend class Watched;
  // `events`: bits of EPOLLIN and so on that may be so now.
  virtual void hear(std::uint32_t events) = 0;
  // What it watched is gone.
  virtual void lose() = 0;
};

class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void add(Watch& watch) { watches_.push_back(watch); }
  bool is_watched() const { return !watches_.empty(); }
  void tell(std::uint32_t events) {
    for (auto at = watches_.begin(); at != watches_.end();) (at++)->hear(events);
  }

 protected:
  ~Watched() {
    while (!watches_.empty()) {
      Watch& first = watches_.front();
      watches_.pop_front();
      first.lose();
    }
  }

 private:
  boost::intrusive::list<Watch, boost::intrusive::constant_time_size<false>> watches_;
};

}  // namespace arrakis::posix
