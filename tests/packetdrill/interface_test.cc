// What scripts of the tool rest on: handshakes, bytes, closing, waiting, polling, in virtual time.
#include <linux/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "base/big_endian.h"
#include "tests/packetdrill/tool.h"

namespace arrakis::packetdrill {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST_F(Tool, EveryPointerIsThere) {
  const auto pointers = std::bit_cast<std::array<void*, 33>>(i);
  for (std::size_t n = 0; n < pointers.size(); ++n) EXPECT_NE(pointers[n], nullptr) << n;
}

TEST_F(Tool, PassiveOpenDataAndClose) {
  const int fd = listener();
  shake_hands();
  sockaddr_in peer{};
  socklen_t length = sizeof(peer);
  const int connection = i.accept(i.userdata, fd, reinterpret_cast<sockaddr*>(&peer), &length);
  ASSERT_GE(connection, 0);
  EXPECT_EQ(be16_t::from_raw(peer.sin_port).host(), 40'000);
  give({.flags = tcp::psh | tcp::ack, .seq = 1, .ack = iss + 1, .payload = "hello"});
  EXPECT_EQ(read(connection), "hello");
  const Packet quick = expect_sent();
  EXPECT_EQ(quick.flags, tcp::ack);
  EXPECT_EQ(quick.ack, 6u);
  EXPECT_EQ(write(connection, "answer"), 6);
  const Packet data = expect_sent();
  EXPECT_EQ(data.payload, "answer");
  EXPECT_EQ(data.flags, tcp::psh | tcp::ack);
  EXPECT_EQ(data.seq, iss + 1);
  EXPECT_EQ(data.ack, 6u);
  give({.flags = tcp::ack, .seq = 6, .ack = iss + 7});
  EXPECT_EQ(close(connection), 0);
  EXPECT_EQ(expect_sent().flags, tcp::fin | tcp::ack);
  give({.flags = tcp::fin | tcp::ack, .seq = 6, .ack = iss + 8});
  EXPECT_EQ(expect_sent().ack, 7u);
  EXPECT_FALSE(take());
}

// Order and padding of Linux's SYN: MSS, SACK permitted and timestamps, NOP, window scale.
TEST_F(Tool, SynLooksLikeLinux) {
  const int fd = make_socket();
  set_non_blocking(fd);
  EXPECT_EQ(connect(fd, remote(80)), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  const Packet syn = expect_sent();
  EXPECT_EQ(syn.flags, tcp::syn);
  ASSERT_EQ(syn.options.size(), 20u);
  EXPECT_EQ(Bytes(syn.options.begin(), syn.options.begin() + 8),
            (Bytes{2, 4, 5, 180, 4, 2, 8, 10}));
  EXPECT_EQ(Bytes(syn.options.begin() + 16, syn.options.end()), (Bytes{1, 3, 3, 7}));
}

TEST_F(Tool, ActiveOpenNonBlocking) {
  const int fd = make_socket();
  set_non_blocking(fd);
  EXPECT_EQ(connect(fd, remote(80)), -1);
  EXPECT_EQ(connect(fd, remote(80)), -1);
  EXPECT_EQ(errno, EALREADY);
  const Packet syn = expect_sent();
  pollfd look{.fd = fd, .events = POLLOUT, .revents = 0};
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 0), 0);
  give({.flags = tcp::syn | tcp::ack,
        .ack = syn.seq + 1,
        .options = mss_1460,
        .remote_port = 80,
        .local_port = syn.local_port});
  EXPECT_EQ(expect_sent().flags, tcp::ack);
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 0), 1);
  EXPECT_EQ(look.revents, POLLOUT);
  EXPECT_EQ(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
  EXPECT_EQ(connect(fd, remote(80)), 0);
  EXPECT_EQ(connect(fd, remote(80)), -1);
  EXPECT_EQ(errno, EISCONN);
}

TEST_F(Tool, RefusedConnectSaysSoOnce) {
  const int fd = make_socket();
  set_non_blocking(fd);
  EXPECT_EQ(connect(fd, remote(80)), -1);
  const Packet syn = expect_sent();
  give({.flags = tcp::rst | tcp::ack,
        .ack = syn.seq + 1,
        .remote_port = 80,
        .local_port = syn.local_port});
  pollfd look{.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP, .revents = 0};
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 0), 1);
  EXPECT_EQ(look.revents, POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
  EXPECT_EQ(get_option(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
  EXPECT_EQ(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
}

// The tool goes on with the script once the thread that makes a blocking call sleeps.
void await_sleep(const std::atomic<pid_t>& thread) {
  char state = 0;
  while (state != 'S') {
    std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
    std::string line;
    std::getline(file, line);
    const std::size_t at = line.rfind(')');
    state = at == std::string::npos ? '\0' : line[at + 2];
    std::this_thread::yield();
  }
}

TEST_F(Tool, BlockingCallsReturnWhenTheirPacketsCome) {
  const int fd = listener();
  int connection = -1;
  std::string text;
  long long accepted_us = 0, read_us = 0;
  std::atomic<pid_t> id{0};
  const long long begun_us = now_us();
  const auto on_another_thread = [&](const auto& call, const auto& meanwhile) {
    std::thread other{[&] {
      id = ::gettid();
      call();
    }};
    while (id == 0) std::this_thread::yield();
    await_sleep(id);
    meanwhile();
    other.join();
    id = 0;
  };
  on_another_thread(
      [&] {
        connection = i.accept(i.userdata, fd, nullptr, nullptr);
        accepted_us = now_us();
      },
      [&] {
        sleep_ms(100);
        shake_hands();
        sleep_ms(200);
      });
  on_another_thread(
      [&] {
        text = read(connection);
        read_us = now_us();
      },
      [&] {
        give({.flags = tcp::psh | tcp::ack, .seq = 1, .ack = iss + 1, .payload = "late"});
        sleep_ms(300);
      });
  EXPECT_EQ(text, "late");
  EXPECT_NEAR(static_cast<double>(accepted_us - begun_us), 100'000, 1000);
  EXPECT_NEAR(static_cast<double>(read_us - begun_us), 300'000, 1000);
}

TEST_F(Tool, TimeoutsPassInVirtualTime) {
  const int fd = established();
  const timeval timeout{.tv_sec = 30, .tv_usec = 0};
  ASSERT_EQ(i.setsockopt(i.userdata, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
  const long long begun_us = now_us();
  char byte = 0;
  EXPECT_EQ(i.recv(i.userdata, fd, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 5000), 0);
  EXPECT_NEAR(static_cast<double>(now_us() - begun_us), 35e6, 1000);
}

TEST_F(Tool, LargeWriteIsOneBurstWithOnePush) {
  const int fd = established();
  EXPECT_EQ(write(fd, std::string(14'600, 'x')), 14'600);
  for (std::uint32_t n = 0; n < 10; ++n) {
    const Packet data = expect_sent();
    EXPECT_EQ(data.seq, iss + 1 + n * 1460);
    EXPECT_EQ(data.payload.size(), 1460u);
    EXPECT_EQ(data.flags, n == 9 ? tcp::psh | tcp::ack : tcp::ack);
  }
}

// As Linux: at once until the two sides talk in turns, then with the answer or after a while.
TEST_F(Tool, AcknowledgmentsAreQuickAtFirst) {
  const int fd = established();
  give({.flags = tcp::ack, .seq = 1, .ack = iss + 1, .payload = "ab"});
  const long long first_us = now_us();
  EXPECT_NEAR(static_cast<double>(expect_sent().at_us - first_us), 0, 100);
  EXPECT_EQ(write(fd, "answer"), 6);
  EXPECT_EQ(expect_sent().payload, "answer");
  give({.flags = tcp::ack, .seq = 3, .ack = iss + 7, .payload = "cd"});
  const long long second_us = now_us();
  const Packet late = expect_sent();
  EXPECT_EQ(late.ack, 5u);
  EXPECT_NEAR(static_cast<double>(late.at_us - second_us), 40'000, 1500);
  EXPECT_EQ(set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1), 0);
  give({.flags = tcp::ack, .seq = 5, .ack = iss + 7, .payload = "ef"});
  EXPECT_NEAR(static_cast<double>(expect_sent().at_us - now_us()), 0, 100);
}

TEST_F(Tool, WritevIsOneSegment) {
  const int fd = established();
  std::string head = "head", body = "body";
  const std::array parts{iovec{head.data(), head.size()}, iovec{body.data(), body.size()}};
  EXPECT_EQ(i.writev(i.userdata, fd, parts.data(), 2), 8);
  EXPECT_EQ(expect_sent().payload, "headbody");
}

TEST_F(Tool, PeekTruncAndWaitAll) {
  const int fd = established();
  give({.flags = tcp::ack, .seq = 1, .ack = iss + 1, .payload = "abc"});
  give({.flags = tcp::ack, .seq = 4, .ack = iss + 1, .payload = "def"});
  std::array<char, 6> text{};
  EXPECT_EQ(i.recv(i.userdata, fd, text.data(), 4, MSG_PEEK), 4);
  EXPECT_EQ(std::string(text.data(), 4), "abcd");
  EXPECT_EQ(i.recv(i.userdata, fd, nullptr, 2, MSG_TRUNC | MSG_DONTWAIT), -1);
  EXPECT_EQ(i.recv(i.userdata, fd, text.data(), 6, MSG_WAITALL), 6);
  EXPECT_EQ(std::string(text.data(), 6), "abcdef");
  EXPECT_EQ(i.recv(i.userdata, fd, text.data(), 6, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(Tool, ResetAndEndAreTold) {
  const int fd = established();
  give({.flags = tcp::fin | tcp::ack, .seq = 1, .ack = iss + 1});
  pollfd look{.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP, .revents = 0};
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 0), 1);
  EXPECT_EQ(look.revents, POLLIN | POLLOUT | POLLRDHUP);
  char byte = 0;
  EXPECT_EQ(i.read(i.userdata, fd, &byte, 1), 0);
  give({.flags = tcp::rst, .seq = 2});
  EXPECT_EQ(i.send(i.userdata, fd, "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_EQ(i.poll(i.userdata, &look, 1, 0), 1);
  EXPECT_EQ(look.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

TEST_F(Tool, CloseWithUnreadDataResets) {
  const int fd = established();
  give({.flags = tcp::psh | tcp::ack, .seq = 1, .ack = iss + 1, .payload = "unread"});
  EXPECT_EQ(expect_sent().flags, tcp::ack);
  EXPECT_EQ(close(fd), 0);
  EXPECT_EQ(expect_sent().flags, tcp::rst | tcp::ack);
}

class Epoll : public Tool {
 protected:
  Epoll() { set = i.epoll_create(i.userdata, 1); }
  void watch(int fd, std::uint32_t events, int operation = EPOLL_CTL_ADD) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    ASSERT_EQ(i.epoll_ctl(i.userdata, set, operation, fd, &event), 0);
  }
  // The events of the one file that is ready; 0: none is.
  std::uint32_t look() {
    epoll_event event{};
    return i.epoll_wait(i.userdata, set, &event, 1, 0) == 1 ? event.events : 0u;
  }
  void give_text(std::uint32_t seq) {
    give({.flags = tcp::psh | tcp::ack, .seq = seq, .ack = iss + 1, .payload = "x"});
  }
  int set;
};

TEST_F(Epoll, LevelTellsUntilItIsRead) {
  const int fd = established();
  watch(fd, EPOLLIN);
  EXPECT_EQ(look(), 0u);
  give_text(1);
  EXPECT_EQ(look(), EPOLLIN);
  EXPECT_EQ(look(), EPOLLIN);
  EXPECT_EQ(read(fd), "x");
  EXPECT_EQ(look(), 0u);
}

TEST_F(Epoll, EdgeTellsOfEachArrivalOnce) {
  const int fd = established();
  watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
  EXPECT_EQ(look(), EPOLLOUT);
  EXPECT_EQ(look(), 0u);
  give_text(1);
  EXPECT_EQ(look(), EPOLLIN | EPOLLOUT);
  EXPECT_EQ(look(), 0u);
  give_text(2);
  EXPECT_EQ(look(), EPOLLIN | EPOLLOUT);
}

TEST_F(Epoll, OneShotSleepsUntilItIsSetAgain) {
  const int fd = established();
  watch(fd, EPOLLIN | EPOLLONESHOT);
  give_text(1);
  EXPECT_EQ(look(), EPOLLIN);
  give_text(2);
  EXPECT_EQ(look(), 0u);
  watch(fd, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_MOD);
  EXPECT_EQ(look(), EPOLLIN);
}

TEST_F(Epoll, MixesWithFilesOfTheKernel) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(i.pipe(i.userdata, pipe.data()), 0);
  watch(pipe[0], EPOLLIN);
  watch(listener(), EPOLLIN);
  EXPECT_EQ(look(), 0u);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  EXPECT_EQ(look(), EPOLLIN);
  EXPECT_EQ(close(pipe[0]), 0);
  EXPECT_EQ(close(pipe[1]), 0);
  shake_hands();
  EXPECT_EQ(look(), EPOLLIN);
}

TEST_F(Epoll, ForgetsWhatIsClosed) {
  const int fd = established();
  watch(fd, EPOLLIN);
  give_text(1);
  EXPECT_EQ(close(fd), 0);
  EXPECT_EQ(look(), 0u);
  epoll_event event{};
  EXPECT_EQ(i.epoll_ctl(i.userdata, set, EPOLL_CTL_DEL, fd, &event), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(Tool, Datagrams) {
  const int fd = make_socket(SOCK_DGRAM);
  EXPECT_EQ(bind(fd, local()), 0);
  give({.is_udp = true, .payload = "question"});
  std::array<char, 4> text{};
  sockaddr_in source{};
  socklen_t length = sizeof(source);
  EXPECT_EQ(i.recvfrom(i.userdata, fd, text.data(), 4, MSG_TRUNC,
                       reinterpret_cast<sockaddr*>(&source), &length),
            8);
  EXPECT_EQ(std::string(text.data(), 4), "ques");
  EXPECT_EQ(i.sendto(i.userdata, fd, "answer", 6, 0, reinterpret_cast<sockaddr*>(&source), length),
            6);
  const Packet answer = expect_sent();
  EXPECT_TRUE(answer.is_udp);
  EXPECT_EQ(answer.payload, "answer");
  EXPECT_EQ(answer.remote_port, 40'000);
}

TEST_F(Tool, TcpInfoHasLinuxLayout) {
  const int fd = established();
  tcp_info info{};
  socklen_t length = sizeof(info);
  EXPECT_EQ(i.getsockopt(i.userdata, fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(length, sizeof(info));
  EXPECT_EQ(info.tcpi_state, 1);
  EXPECT_EQ(info.tcpi_snd_cwnd, 10u);
  EXPECT_EQ(info.tcpi_snd_mss, 1460u);
}

TEST_F(Tool, FlagsAndSysctlsSayWhatTheHostIsLike) {
  begin("mtu=1000,window_scale=3,timestamps=0");
  const int fd = listener();
  give({.flags = tcp::syn, .options = {2, 4, 5, 180, 1, 3, 3, 7}});
  EXPECT_EQ(expect_sent().options, (Bytes{2, 4, 3, 192, 1, 3, 3, 3}));
  close(fd);

  std::FILE* file = std::fopen(std::getenv("PACKETDRILL_SYSCTLS"), "a");
  ASSERT_NE(file, nullptr);
  std::fputs("net.ipv4.tcp_sack=0\n", file);
  std::fclose(file);
  begin("");
  listener();
  give({.flags = tcp::syn, .options = {2, 4, 5, 180, 1, 1, 4, 2}});
  EXPECT_EQ(expect_sent().options, (Bytes{2, 4, 5, 180}));
}

TEST_F(Tool, NothingComesAndTimeStandsStill) {
  const long long before_us = now_us();
  EXPECT_FALSE(take());
  listener();
  EXPECT_FALSE(take());
  EXPECT_LT(now_us() - before_us, 1000);
}

// Whoever closes it with libc leaves a number that somebody else gets.
TEST_F(Tool, NumbersAreTheKernels) {
  const int fd = make_socket();
  ASSERT_EQ(::close(fd), 0);
  EXPECT_EQ(make_socket(SOCK_DGRAM), fd);
  EXPECT_EQ(get_option(fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
}

}  // namespace
}  // namespace arrakis::packetdrill
