#include "arrakis/tcp_reader.h"

#include <vector>

#include "libos/runtime/two_queues.h"

namespace arrakis::runtime {
namespace {

class TcpReaderTest : public testing::TwoQueues {
 protected:
  void SetUp() override {
    theirs.start(accept_one());
    ours.start(connect_one());
    ASSERT_TRUE(until([this] { return client && served; }));
    client->connection().set_no_delay(true);
  }
  Task<> accept_one() { served = co_await acceptor.accept(); }
  Task<> connect_one() {
    auto stream = co_await ours.connect_tcp(server);
    if (stream) client.emplace(std::move(*stream));
  }
  // Each piece in a segment of its own.
  void say(std::string_view text, std::size_t piece) {
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
      ASSERT_TRUE(client->connection().send(std::as_bytes(std::span{text.substr(0, piece)})));
      turns(3);
    }
  }
  // Lines until the end or what is too long; "#3" asks for the next three bytes.
  Task<> read_all(std::size_t longest) {
    TcpReader reader{*served, longest};
    while (const auto line = co_await reader.until("\r\n")) {
      heard.emplace_back(*line);
      if (!line->starts_with('#')) continue;
      const auto bytes = co_await reader.exactly(static_cast<std::size_t>((*line)[1] - '0'));
      if (!bytes) break;
      heard.emplace_back(*bytes);
    }
    is_over = true;
  }

  TcpAcceptor acceptor = *theirs.listen_tcp(80);
  std::optional<TcpStream> client;
  std::optional<TcpStream> served;
  std::vector<std::string> heard;
  bool is_over = false;
};

TEST_F(TcpReaderTest, PiecesAreTheSameHoweverTheyArrive) {
  const std::string text = "one\r\n#3\r\na\rb\r\n\r\n#0\r\nlast\r\n";
  const std::vector<std::string> pieces{"one", "#3", "a\rb", "", "", "#0", "", "last"};
  theirs.start(read_all(100));
  for (const std::size_t piece : {1, 2, 3, 4, 5, 7, 100}) {
    heard.clear();
    say(text, piece);
    ASSERT_TRUE(until([&] { return heard.size() >= pieces.size(); })) << piece;
    EXPECT_EQ(heard, pieces) << piece;
  }
  client.reset();
  EXPECT_TRUE(until([this] { return is_over; }));
}

TEST_F(TcpReaderTest, WhatIsTooLongEndsIt) {
  for (const std::size_t piece : {1, 50, 200}) {
    is_over = false;
    heard.clear();
    theirs.start(read_all(60));
    say(std::string(50, 'x') + "\r\n" + std::string(100, 'y') + "\r\n", piece);
    ASSERT_TRUE(until([this] { return is_over; })) << piece;
    EXPECT_EQ(heard, std::vector{std::string(50, 'x')}) << piece;
    while (served->connection().receive()) turns(3);  // the rest of it
  }
}

TEST_F(TcpReaderTest, TheEndInTheMiddleOfAPieceIsTheEnd) {
  theirs.start(read_all(100));
  say("whole\r\n#5\r\nhal", 100);
  client.reset();
  ASSERT_TRUE(until([this] { return is_over; }));
  EXPECT_EQ(heard, (std::vector<std::string>{"whole", "#5"}));
}

TEST_F(TcpReaderTest, AReaderThatWaitsHoldsNoPacket) {
  const std::size_t before = pool.available();
  theirs.start(read_all(100));
  for (int i = 0; i < 500; ++i) say("line\r\nand the beginning of the next", 100), say("\r\n", 2);
  ASSERT_TRUE(until([this] { return heard.size() == 1000; }));
  EXPECT_TRUE(until([&] { return pool.available() == before; }));
}

}  // namespace
}  // namespace arrakis::runtime
