// link_news.h: a descriptor that becomes readable when some netdev of this machine changed.
//
// What changed is not read from it: a message may be lost, so whoever is woken looks for himself.
// Errors: without rtnetlink there is no descriptor, and never any news.
#pragma once

#include "vfio/descriptor.h"

namespace arrakis::control::sriov {

class LinkNews {
 public:
  static LinkNews listen();
  int fd() const { return fd_.get(); }
  void drain();

 private:
  vfio::Descriptor fd_;
};

}  // namespace arrakis::control::sriov
