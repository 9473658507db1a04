#include "control-plane/providers/sriov/link_news.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace arrakis::control::sriov {

LinkNews LinkNews::listen() {
  LinkNews news;
  vfio::Descriptor fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
  const sockaddr_nl links{
      .nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = RTMGRP_LINK};
  if (fd.get() >= 0 &&
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&links), sizeof(links)) == 0)
    news.fd_ = std::move(fd);
  return news;
}

void LinkNews::drain() {
  std::array<char, 8192> message;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), message.data(), message.size(), 0);
    if (got < 0 && errno != ENOBUFS && errno != EINTR) return;  // ENOBUFS: some were lost
  }
}

}  // namespace arrakis::control::sriov
