// What a hostile peer of a wire can write into shared memory and onto its control socket: counted,
// refused, never believed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/random.h"
#include "extaris/netdev/memif/channel.h"
#include "extaris/netdev/memif/memory.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"
#include "extaris/packet/pool.h"

namespace arrakis::extaris::memif {
namespace {

constexpr std::uint8_t log2 = 3;
constexpr std::uint16_t ring_size = 1u << log2;
constexpr std::uint32_t buffer_bytes = 1920;

class HostilePeer : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  // The server's side of the client's memory, as it is adopted.
  Memory adopted(const Memory& made) {
    return *Memory::adopt(Descriptor{dup(made.file())}, made.size(), made.layout());
  }
  // The client's view of a ring, to write nonsense through.
  struct View {
    Mapping mapping;
    Ring* ring;
    BufferDescriptor* descriptors;
  };
  static View look(const Memory& memory, const RingPlace& place) {
    Mapping mapping = Mapping::of(memory.file(), memory.size());
    auto* ring = reinterpret_cast<Ring*>(mapping.bytes().data() + place.offset);
    return {std::move(mapping), ring, descriptors_of(ring)};
  }
  int receive(Receiver& receiver) {
    Burst burst;
    const int count = receiver.receive(burst.slots(), Burst::capacity, pool_.mempool(), counters_);
    if (count > 0) burst.filled(static_cast<std::size_t>(count));
    return count;
  }
  int send(Sender& sender, std::size_t frame_bytes = 64) {
    Burst burst;
    burst.append(pool_.allocate());
    rte_mbuf* m = burst.peek(0);
    m->data_len = static_cast<std::uint16_t>(frame_bytes);
    m->pkt_len = m->data_len;
    const int taken = sender.send(burst.slots(), 1, counters_);
    if (taken > 0) burst.drop_front(static_cast<std::size_t>(taken));
    return taken;
  }

  PacketPool pool_ = *PacketPool::create({.packets = 255, .buffer_bytes = 2048});
  Counters counters_;
  Memory client_ = *Memory::make(log2, buffer_bytes);
};

TEST_F(HostilePeer, IndicesOutOfTheRingAreRefused) {
  const Memory server = adopted(client_);
  Receiver receiver = server.receiver(End::server);
  const View to_server = look(client_, client_.layout().to_server);
  to_server.ring->head = ring_size + 1;
  EXPECT_EQ(receive(receiver), -1);

  Sender sender = server.sender(End::server);
  look(client_, client_.layout().to_client).ring->head = ring_size + 1;
  EXPECT_EQ(send(sender), -1);

  Sender client_sender = client_.sender(End::client);
  to_server.ring->tail = 5;
  EXPECT_EQ(send(client_sender), -1);
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(HostilePeer, BuffersOutsideTheRegionAreNotRead) {
  const Memory server = adopted(client_);
  Receiver receiver = server.receiver(End::server);
  const View view = look(client_, client_.layout().to_server);
  const auto size = static_cast<std::uint32_t>(server.size());
  const std::array<BufferDescriptor, 6> bad{{{0, 1, 64, 0, 0},
                                             {0, 0, 64, size - 63, 0},
                                             {0, 0, 0xffff'ffff, 0, 0},
                                             {0, 0, 64, 0xffff'ffff, 0},
                                             {0, 0, 1921, 0, 0},
                                             {0, 0xffff, 0, 0, 0}}};
  for (const BufferDescriptor& descriptor : bad) {
    view.descriptors[view.ring->head & (ring_size - 1)] = descriptor;
    ++view.ring->head;
    EXPECT_EQ(receive(receiver), 0);
  }
  EXPECT_EQ(counters_.bad_descriptor, bad.size());
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(HostilePeer, BuffersOutsideTheRegionAreNotWritten) {
  const Memory server = adopted(client_);
  Sender sender = server.sender(End::server);
  const View view = look(client_, client_.layout().to_client);
  const auto size = static_cast<std::uint32_t>(server.size());
  view.descriptors[0] = {0, 0, buffer_bytes, size - 63, 0};
  view.ring->head = 1;
  EXPECT_EQ(send(sender), 1);
  view.descriptors[0] = {0, 0, 63, 0, 0};  // too small by its own word
  EXPECT_EQ(send(sender), 1);
  EXPECT_EQ(counters_.oversized, 2u);
  EXPECT_EQ(view.ring->tail, 0);
}

TEST_F(HostilePeer, ChainsAreDroppedWhole) {
  const Memory server = adopted(client_);
  Receiver receiver = server.receiver(End::server);
  const View view = look(client_, client_.layout().to_server);
  for (std::uint16_t i = 0; i < 4; ++i) {
    view.descriptors[i].length = 60;
    view.descriptors[i].flags = i < 2 ? descriptor_chained : 0;  // three pieces, then a frame
  }
  view.ring->head = 4;
  EXPECT_EQ(receive(receiver), 1);
  EXPECT_EQ(counters_.chained, 1u);
}

TEST_F(HostilePeer, NothingAnybodyWritesIsBelieved) {
  const Memory server = adopted(client_);
  Mapping memory = Mapping::of(client_.file(), client_.size());
  const std::size_t rings = ring_bytes(log2) * 2;
  const View views[] = {look(client_, client_.layout().to_server),
                        look(client_, client_.layout().to_client)};
  Random random{7};
  std::uint64_t received = 0;
  for (int round = 0; round < 20'000; ++round) {
    Receiver receivers[] = {server.receiver(End::server), client_.receiver(End::client)};
    Sender senders[] = {server.sender(End::server), client_.sender(End::client)};
    for (int i = 0; i < 16; ++i)
      memory.bytes()[random.below(rings)] = static_cast<std::byte>(random.below(256));
    for (const View& view : views) {  // mostly within the ring, or all would end here
      view.ring->head = static_cast<std::uint16_t>(random.below(ring_size + 2));
      view.ring->tail = static_cast<std::uint16_t>(random.below(ring_size + 2));
    }
    for (Receiver& receiver : receivers)
      received += static_cast<std::uint64_t>(std::max(receive(receiver), 0));
    for (Sender& sender : senders) send(sender, 1 + random.below(1900));
  }
  EXPECT_GT(received, 0u);
  EXPECT_GT(counters_.bad_descriptor, 0u);
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(HostilePeer, MemoryThatMayVanishIsNotMapped) {
  const auto file = [](off_t size, int seals) {
    Descriptor fd{memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    EXPECT_EQ(ftruncate(fd.get(), size), 0);
    EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    return fd;
  };
  const Layout& layout = client_.layout();
  const auto size = static_cast<off_t>(client_.size());
  EXPECT_FALSE(Memory::adopt(file(size, 0), client_.size(), layout));
  EXPECT_FALSE(Memory::adopt(file(size - 1, F_SEAL_SHRINK), client_.size(), layout));
  EXPECT_FALSE(Memory::adopt(file(size, F_SEAL_SHRINK), client_.size(), layout));  // no cookie
  EXPECT_FALSE(Memory::adopt(Descriptor{}, client_.size(), layout));
  EXPECT_FALSE(Memory::adopt(Descriptor{open("/dev/zero", O_RDWR)}, client_.size(), layout));
  EXPECT_FALSE(Memory::adopt(Descriptor{dup(client_.file())}, ~std::uint64_t{0}, layout));
  for (const Layout& bad : {Layout{{1, log2}, {0, log2}}, Layout{{0, 15}, {0, log2}},
                            Layout{{0, 0}, {0, log2}}, Layout{{0xffff'ffc0, log2}, {0, log2}}})
    EXPECT_FALSE(Memory::adopt(Descriptor{dup(client_.file())}, client_.size(), bad));
}

class HostileCaller : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.listen()); }
  Descriptor call() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    Descriptor fd{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0)};
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  const std::string name_ = "arrakis-hostile-" + std::to_string(getpid());
  const ChannelOptions options_{End::server, name_, "secret", 3, 1920};
  Channel server_{options_};
};

TEST_F(HostileCaller, WhoHangsUpAtOnceIsForgotten) {
  for (int i = 0; i < 100; ++i) {
    call();
    server_.step();
    server_.step();
  }
  EXPECT_FALSE(server_.connected());
}

TEST_F(HostileCaller, WhoTalksNonsenseIsHungUpOn) {
  Random random{11};
  for (int i = 0; i < 2'000; ++i) {
    const Descriptor caller = call();
    server_.step();
    for (int j = 0; j < 4; ++j) {
      std::array<std::byte, 200> noise;
      for (std::byte& b : noise) b = static_cast<std::byte>(random.below(256));
      noise[0] = static_cast<std::byte>(random.below(10));
      noise[1] = std::byte{0};
      const std::size_t length = random.once_in(4) ? random.below(200) : sizeof(Message);
      if (send(caller.get(), noise.data(), length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
      server_.step();
    }
    ASSERT_FALSE(server_.connected());
  }
}

TEST_F(HostileCaller, ThenAnHonestOneGetsThrough) {
  const Descriptor silent = call();
  server_.step();
  ChannelOptions honest = options_;
  honest.end = End::client;
  Channel client{honest};
  for (int i = 0; i < 10 && !(client.connected() && server_.connected()); ++i) {
    client.step();
    server_.step();
  }
  EXPECT_TRUE(client.connected());
  EXPECT_TRUE(server_.connected());
  const Descriptor late = call();  // waits; the link stands
  server_.step();
  EXPECT_TRUE(server_.connected());
  client.hang_up();
  server_.step();
  EXPECT_FALSE(server_.connected());
}

}  // namespace
}  // namespace arrakis::extaris::memif
