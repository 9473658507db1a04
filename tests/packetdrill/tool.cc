#include "tests/packetdrill/tool.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>

#include <bit>
#include <cstring>

#include "extaris/wire/checksum.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/tcp.h"
#include "extaris/wire/udp.h"

namespace arrakis::packetdrill {
namespace {

using extaris::load;
using extaris::store;
namespace protocol = extaris::protocol;

const Ipv4Address local_ip{{192, 168, 0, 1}};
const Ipv4Address remote_ip{{192, 0, 2, 1}};

std::string library_path;

using Init = void (*)(const char*, packetdrill_interface*);

Init load_library() {
  // As the tool does it.
  void* handle = ::dlopen(library_path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    ADD_FAILURE() << ::dlerror();
    return nullptr;
  }
  return std::bit_cast<Init>(::dlsym(handle, "packetdrill_interface_init"));
}

std::vector<std::byte> transport_bytes(const Packet& p) {
  std::vector<std::byte> bytes;
  if (p.is_udp) {
    bytes.resize(sizeof(extaris::UdpHeader));
    store(bytes.data(),
          extaris::UdpHeader{be16_t{p.remote_port}, be16_t{p.local_port},
                             be16_t{static_cast<std::uint16_t>(bytes.size() + p.payload.size())},
                             be16_t{0}});
  } else {
    bytes.resize(sizeof(extaris::TcpHeader));
    const auto words = static_cast<std::uint8_t>((bytes.size() + p.options.size()) / 4 << 4);
    store(bytes.data(), extaris::TcpHeader{.source_port = be16_t{p.remote_port},
                                           .target_port = be16_t{p.local_port},
                                           .sequence = be32_t{p.seq},
                                           .acknowledgment = be32_t{p.ack},
                                           .words_and_reserved = words,
                                           .flags = p.flags,
                                           .window = be16_t{p.window},
                                           .checksum = be16_t{0},
                                           .urgent = be16_t{0}});
    for (const std::uint8_t byte : p.options) bytes.push_back(std::byte{byte});
  }
  for (const char c : p.payload) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

}  // namespace

Tool::Tool(const std::string& flags) { begin(flags); }

void Tool::begin(const std::string& flags) {
  static const Init init = load_library();
  close_world();
  if (init != nullptr) init(flags.c_str(), &i);
}

void Tool::close_world() {
  if (i.userdata != nullptr) i.free(i.userdata);
  i = {};
}

sockaddr_in Tool::address(const char* text, std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = be16_t{port}.raw();
  ::inet_pton(AF_INET, text, &in.sin_addr);
  return in;
}

int Tool::get_option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(i.getsockopt(i.userdata, fd, level, name, &value, &length), 0);
  return value;
}

void Tool::set_non_blocking(int fd) {
  ASSERT_EQ(i.fcntl(i.userdata, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
}

std::string Tool::read(int fd, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t count = i.read(i.userdata, fd, text.data(), text.size());
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

long long Tool::now_us() {
  timeval now{};
  EXPECT_EQ(i.gettimeofday(i.userdata, &now, nullptr), 0);
  return now.tv_sec * 1'000'000LL + now.tv_usec;
}

void Tool::give(const Packet& packet) {
  const std::uint8_t kind = packet.is_udp ? protocol::udp : protocol::tcp;
  std::vector<std::byte> transport = transport_bytes(packet);
  const be16_t checksum =
      extaris::pseudo_header(remote_ip, local_ip, kind, transport.size()).add(transport).checksum();
  store(transport.data() + (packet.is_udp ? 6 : 16), checksum);
  std::vector<std::byte> whole(sizeof(extaris::Ipv4Header));
  store(whole.data(), extaris::emit_ipv4({.source = remote_ip,
                                          .target = local_ip,
                                          .protocol = kind,
                                          .payload_bytes = transport.size()}));
  whole.insert(whole.end(), transport.begin(), transport.end());
  EXPECT_EQ(i.netdev_send(i.userdata, whole.data(), whole.size()), 0);
}

std::optional<Packet> Tool::take() {
  std::vector<std::byte> bytes(4096);
  std::size_t count = bytes.size();
  Packet packet;
  EXPECT_EQ(i.netdev_receive(i.userdata, bytes.data(), &count, &packet.at_us), 0);
  if (count == 0) return std::nullopt;
  bytes.resize(count);
  const auto ip = load<extaris::Ipv4Header>(bytes.data());
  const auto rest = std::span<const std::byte>{bytes}.subspan(sizeof(ip));
  EXPECT_TRUE(
      extaris::pseudo_header(local_ip, remote_ip, ip.protocol, rest.size()).add(rest).intact());
  packet.is_udp = ip.protocol == protocol::udp;
  std::span<const std::byte> payload;
  if (packet.is_udp) {
    const auto header = load<extaris::UdpHeader>(rest.data());
    packet.local_port = header.source_port.host();
    packet.remote_port = header.target_port.host();
    payload = rest.subspan(sizeof(header));
  } else {
    const auto segment = extaris::parse_tcp(rest);
    if (!segment) return std::nullopt;
    packet.flags = segment->flags;
    packet.seq = segment->sequence.raw();
    packet.ack = segment->acknowledgment.raw();
    packet.window = segment->window;
    packet.local_port = segment->source_port;
    packet.remote_port = segment->target_port;
    for (const std::byte b : segment->options)
      packet.options.push_back(std::to_integer<std::uint8_t>(b));
    payload = segment->payload;
  }
  for (const std::byte b : payload) packet.payload.push_back(std::to_integer<char>(b));
  return packet;
}

Packet Tool::expect_sent() {
  auto packet = take();
  EXPECT_TRUE(packet) << "nothing was sent";
  return packet.value_or(Packet{});
}

int Tool::listener() {
  const int fd = make_socket();
  EXPECT_EQ(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  EXPECT_EQ(bind(fd, local()), 0);
  EXPECT_EQ(i.listen(i.userdata, fd, 1), 0);
  return fd;
}

void Tool::shake_hands(const std::vector<std::uint8_t>& options) {
  give({.flags = tcp::syn, .options = options});
  const Packet answer = expect_sent();
  EXPECT_EQ(answer.flags, tcp::syn | tcp::ack);
  EXPECT_EQ(answer.ack, 1u);
  iss = answer.seq;
  give({.flags = tcp::ack, .seq = 1, .ack = iss + 1});
}

int Tool::established() {
  const int fd = listener();
  shake_hands();
  const int connection = i.accept(i.userdata, fd, nullptr, nullptr);
  EXPECT_GE(connection, 0);
  EXPECT_EQ(close(fd), 0);
  return connection;
}

}  // namespace arrakis::packetdrill

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  arrakis::packetdrill::library_path = argv[1];
  return RUN_ALL_TESTS();
}
