#include "control-plane/protocol/convert.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

namespace arrakis::control {
namespace {

template <class Message>
class Built {
 public:
  Built() : root_{message_.initRoot<Message>()} {}
  typename Message::Builder operator*() { return root_; }
  typename Message::Builder* operator->() { return &root_; }
  typename Message::Reader reader() { return root_.asReader(); }

 private:
  capnp::MallocMessageBuilder message_;
  typename Message::Builder root_;
};

template <class Message, class Value>
Value round_trip(const Value& value) {
  Built<Message> message;
  to_protocol(value, *message);
  const auto back = from_protocol(message.reader());
  EXPECT_TRUE(back) << back.error().message;
  return back.value_or(Value{});
}

AssignRequest full_request() {
  return {.app = "echo",
          .provider = "xdp",
          .addresses = {*IpPrefix::parse("10.20.0.2/24"), *IpPrefix::parse("fd00::2/64")},
          .rate = {100'000'000},
          .filters = {*parse_filter("rx udp port 7"), *parse_filter("tx tcp peer 10.0.0.0/8")},
          .device = "eth0",
          .mac = MacAddress::parse("02:00:00:00:00:01"),
          .mtu_bytes = 9000,
          .queues = 4};
}

VnicSpec full_vnic() {
  return {.name = "vf0",
          .provider = "xdp",
          .mac = *MacAddress::parse("02:00:00:00:00:01"),
          .mtu_bytes = 1500,
          .queues = 2,
          .addresses = {*IpPrefix::parse("10.20.0.2/24")},
          .gateways = {*IpAddress::parse("10.20.0.1")},
          .neighbors = {{*IpAddress::parse("10.20.0.1"), *MacAddress::parse("02:00:00:00:00:02")}},
          .rate = {64'000},
          .filters = {*parse_filter("rx udp port 7-9 peer fd00::/8 peer-port 1-2")}};
}

TEST(Convert, ValuesSurviveTheRoundTrip) {
  EXPECT_EQ((round_trip<protocol::AssignRequest>(full_request())), full_request());
  EXPECT_EQ((round_trip<protocol::VnicInfo>(full_vnic())), full_vnic());
  EXPECT_EQ((round_trip<protocol::AssignRequest>(AssignRequest{.app = "a"})),
            AssignRequest{.app = "a"});
}

TEST(Convert, EveryCodeOfAnErrorSurvives) {
  for (unsigned code = 0; code <= static_cast<unsigned>(Error::Code::not_yet); ++code) {
    Built<protocol::Error> message;
    to_protocol(Error{static_cast<Error::Code>(code), "what", "mend"}, *message);
    const Error back = from_protocol(message.reader());
    EXPECT_EQ(static_cast<unsigned>(back.code), code);
    EXPECT_EQ(back.message, "what");
    EXPECT_EQ(back.remedy, "mend");
  }
}

TEST(Convert, AnErrorIsOneLineAndOfAKnownCode) {
  Built<protocol::Error> message;
  message->setCode(static_cast<protocol::Error::Code>(99));
  message->setMessage("a\nb");
  const Error error = from_protocol(message.reader());
  EXPECT_EQ(error.code, Error::Code::internal);
  EXPECT_EQ(error.message, "a\\x0ab");
}

TEST(Convert, UnwrapGivesValueOrError) {
  Built<protocol::Outcome<protocol::VfRecord>> outcome;
  outcome->initValue().setApp("echo");
  EXPECT_EQ(unwrap(outcome.reader())->getApp(), "echo");
  refuse(*outcome, Error{Error::Code::denied, "no", "ask"});
  const auto refused = unwrap(outcome.reader());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Error::Code::denied);
}

// Each of these spoils one field of a good request.
struct Spoiled {
  const char* what;
  void (*spoil)(protocol::AssignRequest::Builder);
  Error::Code expected = Error::Code::usage;
};

const Spoiled spoiled[] = {
    {"no name", [](auto r) { r.setApp(""); }},
    {"long name", [](auto r) { r.setApp(std::string(10'000, 'a').c_str()); }},
    {"control character", [](auto r) { r.setApp("a\x1b"); }},
    {"NUL inside", [](auto r) { r.setApp(capnp::Text::Reader("a\0b", 3)); }},
    {"provider", [](auto r) { r.setProvider("../x"); }},
    {"address", [](auto r) { r.initAddresses(1).set(0, "10.0.0"); }},
    {"empty address", [](auto r) { r.initAddresses(1); }},
    {"multicast address", [](auto r) { r.initAddresses(1).set(0, "ff02::1/64"); }},
    {"addresses", [](auto r) { r.initAddresses(100'000); }, Error::Code::exhausted},
    {"requests", [](auto r) { r.initRate().setRequestsPerSecond(1); }, Error::Code::not_yet},
    {"filters", [](auto r) { r.initFilters(100'000); }, Error::Code::exhausted},
    {"equal filters", [](auto r) { r.initFilters(2); }, Error::Code::conflict},
    {"direction",
     [](auto r) {
       r.initFilters(1)[0].setDirection(static_cast<protocol::FilterSpec::Direction>(7));
     }},
    {"layer",
     [](auto r) { r.initFilters(1)[0].setLayer(static_cast<protocol::FilterSpec::Layer>(9)); }},
    {"peer", [](auto r) { r.initFilters(1)[0].setPeer("10.0.0.0/99"); }},
    {"backward ports",
     [](auto r) {
       auto filter = r.initFilters(1)[0];
       filter.setLayer(protocol::FilterSpec::Layer::UDP);
       filter.initPorts().setFirst(9);
       filter.getPorts().setLast(8);
     }},
    {"device", [](auto r) { r.setDevice("a/b"); }},
    {"wire", [](auto r) { r.setWire("a b"); }},
    {"wire and device",
     [](auto r) {
       r.setDevice("eth0");
       r.setWire("w");
     }},
    {"short MAC", [](auto r) { r.initMac(5); }},
    {"long MAC", [](auto r) { r.initMac(7); }},
    {"zero MAC", [](auto r) { r.initMac(6); }},
    {"MTU", [](auto r) { r.setMtu(67); }},
};

TEST(Convert, EveryFieldOfARequestIsChecked) {
  for (const Spoiled& s : spoiled) {
    Built<protocol::AssignRequest> message;
    to_protocol(AssignRequest{.app = "echo"}, *message);
    s.spoil(*message);
    const auto request = from_protocol(message.reader());
    ASSERT_FALSE(request) << s.what;
    EXPECT_EQ(request.error().code, s.expected) << s.what;
    EXPECT_LT(request.error().message.size(), 200u) << s.what;
    EXPECT_EQ(request.error().message.find_first_of(std::string_view{"\n\x1b\0", 3}),
              std::string::npos)
        << s.what;
  }
}

TEST(Convert, AVnicOfAStrangeDaemonIsChecked) {
  Built<protocol::VnicInfo> message;
  EXPECT_FALSE(from_protocol(message.reader()));  // nothing set
  to_protocol(full_vnic(), *message);
  message->initNeighbors(1)[0].setAddress("x");
  EXPECT_FALSE(from_protocol(message.reader()));
  message->initNeighbors(100'000);
  EXPECT_EQ(from_protocol(message.reader()).error().code, Error::Code::exhausted);
}

TEST(Convert, PeerOfAFilterIsHeldAsItsNetwork) {
  Built<protocol::FilterSpec> message;
  message->setPeer("10.1.2.3/8");
  EXPECT_EQ(from_protocol(message.reader())->peer, IpPrefix::parse("10.0.0.0/8"));
}

}  // namespace
}  // namespace arrakis::control
