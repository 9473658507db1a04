// script.h: what a behaviour is written in: each call goes into a transcript with its result, and
// the transcripts of the two kinds of sockets are compared.
//
// What may take a moment on Linux is waited for with await(): a transcript never depends on time.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/sockets.h"

namespace arrakis::differential {

// One host's sockets, with a transcript.
class Party {
 public:
  Party(Sockets& sockets, std::string& transcript, char name)
      : sockets_{sockets}, transcript_{transcript}, name_{name} {}

  Sockets& raw() { return sockets_; }
  // An address of this host's, or of `text`.
  sockaddr_in at(std::uint16_t port, const char* text = nullptr) const;
  sockaddr_in name_of(int fd) const;

  int socket(int type, bool waits = false);  // AF_INET; not written down
  void bind(int fd, const sockaddr_in& to, socklen_t length = sizeof(sockaddr_in));
  void listen(int fd, int backlog = 8);
  int accept(int fd, int flags = 0);
  void connect(int fd, const sockaddr_in& to, socklen_t length = sizeof(sockaddr_in));
  void shutdown(int fd, int how);
  void close(int fd);
  void send(int fd, std::string_view text, int flags = MSG_NOSIGNAL);
  void send_to(int fd, std::string_view text, const sockaddr_in& to);
  void receive(int fd, std::size_t room, int flags = 0);
  void receive_parts(int fd, std::vector<std::size_t> rooms, int flags = 0);
  void poll(int fd);  // asks for everything
  void await(int fd, short events);
  void get(int fd, int level, int name, const char* text);
  void set(int fd, int level, int name, int value, const char* text,
           socklen_t length = sizeof(int));
  void readable(int fd);  // FIONREAD
  void has_peer(int fd);  // getpeername
  void watch(int set, int operation, int fd, std::uint32_t events);
  void epoll(int set);
  void note(std::string_view what, long result);

 private:
  void write(const std::string& line);

  Sockets& sockets_;
  std::string& transcript_;
  char name_;
};

struct Behaviour {
  const char* name;
  void (*run)(Party& client, Party& server);
};

// Connected to each other, neither waiting.
struct Connection {
  int client;
  int server;
};
Connection connected(Party& client, Party& server);
// A listener at a port of its own.
int listening(Party& server);

std::vector<Behaviour> stream_behaviours();
std::vector<Behaviour> closing_behaviours();
std::vector<Behaviour> datagram_behaviours();
std::vector<Behaviour> option_behaviours();
std::vector<Behaviour> epoll_behaviours();

}  // namespace arrakis::differential
