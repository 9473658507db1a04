// ss, stats and capture: what people and programs see, and what a hostile application can do.
#include <array>
#include <cstring>
#include <random>

#include <nlohmann/json.hpp>

#include "base/address.h"
#include "control-plane/arrakisctl/tool_fixture.h"
#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/counter_table.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::ctl {
namespace {

using Json = nlohmann::json;
using sight::PageHeader;
using sight::SocketRecord;

template <class T>
std::string bytes_of(const T& value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  return {bytes.data(), bytes.size()};
}

PageHeader header(sight::PageKind kind, std::uint32_t records, std::uint32_t record_bytes) {
  return {sight::page_magic, sight::format_version, kind, 1, records, record_bytes, 0, 0};
}

SocketRecord connection() {
  SocketRecord r{};
  r.protocol = sight::Protocol::tcp;
  r.state = sight::SocketState::established;
  r.congestion = sight::Congestion::cubic;
  r.timer = sight::Timer::retransmit;
  r.local_port = 7;
  r.remote_port = 40'000;
  r.local_address = IpAddress::parse("10.20.0.2")->v6().bytes;
  r.remote_address = IpAddress::parse("fd00::1")->v6().bytes;
  r.receive_queue = 5;
  r.send_queue = 6;
  r.options = sight::option::timestamps | sight::option::sack;
  r.send_scale = 7;
  r.receive_scale = 8;
  r.timer_ms = 150;
  r.rtt_us = 1'234;
  r.rttvar_us = 50;
  r.rto_ms = 201;
  r.cwnd_bytes = 14'480;
  r.ssthresh_bytes = UINT32_MAX;
  r.mss_bytes = 1'448;
  r.retransmitted_segments = 3;
  r.acknowledged_bytes = 5'000'000'000;
  r.received_bytes = 9;
  return r;
}

SocketRecord listener() {
  SocketRecord r{};
  r.protocol = sight::Protocol::tcp;
  r.state = sight::SocketState::listen;
  r.local_port = 7;
  r.send_queue = 128;
  return r;
}

std::string page_of(const std::vector<SocketRecord>& records,
                    std::optional<std::uint64_t> next = std::nullopt) {
  PageHeader head = header(sight::PageKind::sockets, static_cast<std::uint32_t>(records.size()),
                           sizeof(SocketRecord));
  head.is_last = next ? 0 : 1;
  head.next_cursor = next.value_or(0);
  std::string page = bytes_of(head);
  for (const SocketRecord& record : records) page += bytes_of(record);
  return page;
}

class Looking : public ToolFixture {
 protected:
  Looking() { serve(); }

  void expect_nonsense(const std::vector<std::string>& arguments) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, 1) << ran.out;
    EXPECT_NE(ran.err.find(" wrote nonsense: "), std::string::npos) << ran.err;
  }
};

TEST_F(Looking, SocketsForPeople) {
  state_.pages = {page_of({listener(), connection()})};
  const Ran ran = run({"ss", "--info"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            R"(NETID  STATE   RECV-Q  SEND-Q  LOCAL        PEER             APP        PID  QUEUE
tcp    LISTEN       0     128  *:7          *:*              udp_echo  4711  vf0/0
tcp    ESTAB        5       6  10.20.0.2:7  [fd00::1]:40000  udp_echo  4711  vf0/0
     ts sack cubic wscale:7,8 rto:201 rtt:1.234/0.050 mss:1448 cwnd:10 )"
            R"(bytes_acked:5000000000 bytes_received:9 retrans:3 snd_wnd:0 rcv_wnd:0 )"
            R"(timer:(retransmit,150ms)
)");
}

TEST_F(Looking, SocketsForPrograms) {
  state_.pages = {page_of({connection()})};
  const Json list = Json::parse(run({"ss", "--json"}).out);
  EXPECT_EQ(list["kind"], "SocketList");
  const Json& item = list["items"][0];
  EXPECT_EQ(item["local"], Json::parse(R"({"address": "10.20.0.2", "port": 7})"));
  EXPECT_EQ(item["state"], "estab");
  EXPECT_EQ(item["tcp"]["acknowledgedBytes"], 5'000'000'000);
  EXPECT_EQ(item["tcp"]["timer"], "retransmit");
}

TEST_F(Looking, Filters) {
  state_.pages = {page_of({listener(), connection()})};
  const auto count = [this](const std::vector<std::string>& more) {
    std::vector<std::string> words{"ss", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return Json::parse(run(words).out)["items"].size();
  };
  EXPECT_EQ(count({}), 2u);
  EXPECT_EQ(count({"--state", "listening"}), 1u);
  EXPECT_EQ(count({"--state", "ESTAB"}), 1u);
  EXPECT_EQ(count({"--state", "all", "--tcp"}), 2u);
  EXPECT_EQ(count({"--udp"}), 0u);
  EXPECT_EQ(run({"ss", "--state", "asleep"}).status, 2);
}

TEST_F(Looking, PagesFollowEachOther) {
  state_.pages = {page_of({listener()}, 100), page_of({}, 200), page_of({connection()})};
  EXPECT_EQ(Json::parse(run({"ss", "--json"}).out)["items"].size(), 2u);
  EXPECT_EQ(state_.calls, (std::vector<std::string>{"take 0", "take 100", "take 200"}));
}

TEST_F(Looking, CountersHaveTheNamesOfLinuxBesideOurs) {
  std::string page =
      bytes_of(header(sight::PageKind::counters, sight::counter_table.size() + 1, 8));
  for (std::uint64_t i = 0; i <= sight::counter_table.size(); ++i)
    page += bytes_of(std::uint64_t{i % 2});
  state_.pages = {page};
  const Json item = Json::parse(run({"stats", "--json"}).out)["items"][0];
  for (std::size_t i = 0; i < sight::counter_table.size(); ++i) {
    const auto& [name, linux_name] = sight::counter_table[i];
    EXPECT_EQ(item["counters"][std::string{name}], i % 2) << name;
    if (!linux_name.empty()) {
      EXPECT_EQ(item["linux"][std::string{linux_name}], i % 2);
    }
  }
  const std::string shown = run({"stats"}).out;
  EXPECT_TRUE(shown.starts_with("udp_echo (pid 4711) vf0/0\n  received_bytes"));
  EXPECT_EQ(shown.find(" 0\n"), std::string::npos) << "zeros are hidden";
  EXPECT_NE(run({"stats", "--all"}).out.find("received_packets"), std::string::npos);
}

TEST_F(Looking, PagesThatCannotBe) {
  SocketRecord bad = connection();
  bad.state = sight::SocketState::count;
  PageHeader huge = header(sight::PageKind::sockets, UINT32_MAX, sizeof(SocketRecord));
  for (const std::string& page :
       {std::string(100, '\0'), std::string(sight::page_bytes, '\xff'), page_of({bad}),
        bytes_of(huge), page_of({connection()}, 0) /* round and round */,
        page_of({listener()}, 5) /* and again 5 */}) {
    state_.pages = {page};
    expect_nonsense({"ss"});
  }
  state_.pages = {page_of({connection()})};
  expect_nonsense({"stats"});
}

TEST_F(Looking, WhoDoesNotAnswerIsNamedAndThatIsTheStatus) {
  state_.unanswered = {Error::Code::unavailable, "the thread of vf0/0 did not poll", "wait"};
  const Ran ran = run({"ss"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "error: udp_echo: the thread of vf0/0 did not poll\n  fix: wait\n");
}

TEST_F(Looking, ACaptureThatCannotBeIsCutThereAndWhole) {
  std::mt19937 random{1};
  std::string ring(sight::ring_offset + 4096, '\0');
  for (std::size_t i = 0; i < ring.size(); ++i) ring[i] = static_cast<char>(random());
  state_.ring = ring;
  const std::string file = (directory() / "x.pcapng").string();
  expect_nonsense({"capture", "--app", "udp_echo", "--write", file});
  EXPECT_GT(std::filesystem::file_size(file), 100u) << "headers and statistics";
}

TEST_F(Looking, ACaptureOfSomebodyWhoHasGone) {
  const std::string file = (directory() / "x.pcapng").string();
  const Ran ran = run({"capture", "--app", "udp_echo", "--write", file});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("0 frames captured, 0 lost"), std::string::npos) << ran.err;
}

TEST_F(Looking, BadOptionsOfACapture) {
  for (const std::vector<std::string>& more : {std::vector<std::string>{},
                                               {"--app", ""},
                                               {"--app", "a", "--snaplen", "0"},
                                               {"--app", "a", "--snaplen", "99999999"},
                                               {"--app", "a", "--duration", "-1"},
                                               {"--app", "a", "--duration", "nan"},
                                               {"--app", "a", "--count", "-3"}}) {
    std::vector<std::string> words{"capture"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words).status, 2);
  }
  EXPECT_EQ(run({"capture", "--app", "udp_echo", "--write", "/nowhere/x"}).status, 1);
}

TEST_F(Looking, ADenialIsTheDaemons) {
  state_.denial = {Error::Code::denied, "you may not", "ask"};
  for (const char* command : {"ss", "stats"}) EXPECT_EQ(run({command}).status, 4);
  EXPECT_EQ(run({"capture", "--app", "udp_echo", "--write", "-"}).status, 4);
}

}  // namespace
}  // namespace arrakis::ctl
