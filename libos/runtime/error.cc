#include "arrakis/error.h"

#include <cstdio>
#include <utility>

namespace arrakis {

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  fix: %s\n", error.remedy.c_str());
  return 1;
}

int report(BindError error) {
  switch (error) {
    case BindError::address_in_use:
      return report(Error{Error::Code::conflict, "another socket of this queue has that port",
                          "bind another port, or port 0 for any"});
    case BindError::address_not_available:
      return report(Error{Error::Code::usage, "that is not an address of this VNIC",
                          "arrakisctl show-vf shows its addresses"});
    case BindError::no_ports:
      return report(Error{Error::Code::exhausted, "every ephemeral port is taken", ""});
    case BindError::too_many_sockets:
      return report(Error{Error::Code::exhausted, "this queue has as many sockets as it can", ""});
  }
  std::unreachable();
}

int report(ConnectError error) {
  switch (error) {
    case ConnectError::no_route:
      return report(Error{Error::Code::usage, "there is no way to that address",
                          "arrakisctl show-vf shows the networks of a VNIC"});
    case ConnectError::address_not_available:
      return report(Error{Error::Code::usage, "that is not an address of this VNIC",
                          "arrakisctl show-vf shows its addresses"});
    case ConnectError::address_in_use:
      return report(Error{Error::Code::conflict, "exactly this connection exists already",
                          "leave the local port to the stack"});
    case ConnectError::no_ports:
      return report(
          Error{Error::Code::exhausted, "every ephemeral port towards that peer is taken", ""});
    case ConnectError::too_many_connections:
      return report(
          Error{Error::Code::exhausted, "this queue has as many connections as it can", ""});
    case ConnectError::other_queue:
      return report(Error{Error::Code::usage,
                          "the answers would come in by another queue of this VNIC",
                          "leave the local port to the stack; over xdp connect with one queue"});
    case ConnectError::refused:
      return report(Error{Error::Code::unavailable, "nobody listens on that port", ""});
    case ConnectError::timed_out:
      return report(Error{Error::Code::unavailable, "the peer does not answer", ""});
    case ConnectError::unreachable:
      return report(Error{Error::Code::unavailable, "the peer cannot be reached", ""});
  }
  std::unreachable();
}

}  // namespace arrakis
