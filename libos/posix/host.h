// host.h: what the sockets of one stack have in common: the stack, its news, its ports, its lock.
//
// Threads:  everything under lock(); posix::Calls takes it.
// Lifetime: outlives its sockets. The stack is given once, before the first socket is bound.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "base/address.h"
#include "extaris/stack/stack.h"
#include "libos/posix/driver.h"
#include "libos/posix/result.h"

namespace arrakis::posix {

class StreamSocket;
class DatagramSocket;

// What a socket starts with; the kernel keeps these as sysctls.
struct Defaults {
  extaris::TcpSettings tcp;
  int receive_buffer = 131'072;      // net.ipv4.tcp_rmem, as getsockopt shows it
  int send_buffer = 87'040;          // net.ipv4.tcp_wmem
  int datagram_buffer = 212'992;     // net.core.rmem_default
  std::uint8_t quick_acks = 16;      // TCP_MAX_QUICKACKS
  std::uint32_t backlog_max = 4096;  // net.core.somaxconn
};

class Host {
 public:
  Host(Driver& driver, const Defaults& start_with) : defaults{start_with}, driver_{driver} {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Lock lock() { return Lock{mutex_}; }
  Driver& driver() { return driver_; }

  void start(extaris::Stack& stack, std::vector<IpAddress> addresses);
  bool is_started() const { return stack_ != nullptr; }
  extaris::Stack& stack() { return *stack_; }
  bool is_ours(const IpAddress& address) const;

  // After each poll of the stack: tells the sockets there is news for.
  void take_news();

  // Ports of TCP that were bound and neither listen nor are connected yet.
  Result<std::uint16_t> reserve_port(const Endpoint& local, bool may_share);
  void give_back_port(const Endpoint& local);

  // Who is told of a connection's or a listener's news.
  void set_connection(std::uint32_t id, StreamSocket* socket);
  void set_listener(std::uint32_t id, StreamSocket* socket);
  void add(DatagramSocket& socket) { datagram_sockets_.push_back(&socket); }
  void remove(DatagramSocket& socket) { std::erase(datagram_sockets_, &socket); }

  Defaults defaults;

 private:
  struct Reserved {
    Endpoint local;
    bool may_share;
  };

  std::mutex mutex_;
  Driver& driver_;
  extaris::Stack* stack_ = nullptr;
  std::vector<IpAddress> addresses_;
  std::vector<StreamSocket*> connections_;  // by id
  std::vector<StreamSocket*> listeners_;    // by id
  std::vector<DatagramSocket*> datagram_sockets_;
  std::vector<Reserved> reserved_;
  std::uint16_t next_port_ = 0;
};

}  // namespace arrakis::posix
