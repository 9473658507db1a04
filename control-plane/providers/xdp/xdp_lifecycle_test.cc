// How an xdp VNIC comes, survives the daemon, and goes without a trace.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "control-plane/providers/xdp/test_namespace.h"

namespace arrakis::control::xdp {
namespace {

class XdpLifecycle : public NamespaceTest {};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Kernel objects by id: others on the machine may come and go meanwhile, so ours are followed.
struct BpfObjects {
  std::vector<std::uint32_t> programs, maps;

  void add_those_on(const std::string& netdev) {
    std::uint32_t id = 0;
    ASSERT_EQ(bpf_xdp_query_id(static_cast<int>(if_nametoindex(netdev.c_str())), 0, &id), 0);
    ASSERT_NE(id, 0u);
    programs.push_back(id);
    const kj::AutoCloseFd program(bpf_prog_get_fd_by_id(id));
    std::array<std::uint32_t, 16> ids{};
    bpf_prog_info info{};
    info.nr_map_ids = ids.size();
    info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    std::uint32_t bytes = sizeof(info);
    ASSERT_EQ(bpf_obj_get_info_by_fd(program, &info, &bytes), 0);
    ASSERT_GE(info.nr_map_ids, 5u);
    maps.insert(maps.end(), ids.begin(), ids.begin() + info.nr_map_ids);
  }

  std::size_t alive() const {
    const auto lives = [](auto open) {
      return [open](std::uint32_t id) { return kj::AutoCloseFd(open(id)).get() >= 0; };
    };
    return static_cast<std::size_t>(std::ranges::count_if(programs, lives(bpf_prog_get_fd_by_id)) +
                                    std::ranges::count_if(maps, lives(bpf_map_get_fd_by_id)));
  }

  // The kernel frees them from a work queue, after a grace period.
  std::size_t alive_in_the_end() const {
    for (int i = 0; i < 200 && alive() != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    return alive();
  }
};

// The suite "slow" asks for 1,000.
int cycles() {
  const char* text = std::getenv("ARRAKIS_CYCLES");
  return text == nullptr ? 100 : std::atoi(text);
}

TEST_F(XdpLifecycle, CyclesLeaveNothingBehind) {
  VnicSpec spec = test_vnic("vf0", 2);
  {
    TestApp warm_up = start(spec);
  }
  provider_.destroy(spec);
  const std::size_t descriptors = open_descriptors(), devices = netdevs();
  BpfObjects objects;
  for (int i = 0; i < cycles(); ++i) {
    VnicSpec fresh = spec;
    ASSERT_TRUE(provider_.create(fresh)) << i;
    ASSERT_TRUE(provider_.open(fresh, 0)) << i;
    ASSERT_NO_FATAL_FAILURE(objects.add_those_on("ark-vf0"));
    ASSERT_NO_FATAL_FAILURE(objects.add_those_on("ark-vf0a"));
    EXPECT_GT(objects.alive(), 0u);
    provider_.destroy(fresh);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(netdevs(), devices);
  EXPECT_EQ(objects.alive_in_the_end(), 0u);
}

TEST_F(XdpLifecycle, SharingCyclesLeaveTheNetdevAsItWas) {
  TestApp host = start(test_vnic("vf0", 2));
  VnicSpec spec = test_vnic("vf1", 3);
  spec.device = "ark-vf0";
  spec.trust_transmit = true;
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    VnicSpec fresh = spec;
    ASSERT_TRUE(provider_.create(fresh)) << i;
    auto grant = provider_.open(fresh, 0);
    ASSERT_TRUE(grant) << i << ": " << grant.error().message;
    provider_.destroy(fresh);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_TRUE(provider_.counters(host.spec()));
}

TEST_F(XdpLifecycle, ANewLeaseReadsZeroes) {
  const VnicSpec spec = test_vnic("vf0", 2);
  {
    TestApp app = start(spec);
    EXPECT_TRUE(app.socket().memory_is_zero());
    std::memset(app.socket().memory(), 0x5a, 4096 * 2048);
  }
  provider_.destroy(spec);
  TestApp next = start(spec);
  EXPECT_TRUE(next.socket().memory_is_zero());
}

TEST_F(XdpLifecycle, PacketMemoryCannotBeShrunk) {
  VnicSpec spec = test_vnic("vf0", 2);
  ASSERT_TRUE(provider_.create(spec));
  auto grant = provider_.open(spec, 0);
  ASSERT_TRUE(grant);
  EXPECT_EQ(ftruncate(std::get<XdpQueueGrant>(*grant).umem, 0), -1);
}

TEST_F(XdpLifecycle, DestroyTwiceIsHarmless) {
  const VnicSpec spec = test_vnic("vf0", 2);
  provider_.destroy(spec);
  TestApp app = start(spec);
  provider_.destroy(spec);
  provider_.destroy(spec);
  EXPECT_EQ(provider_.counters(spec).error().code, Error::Code::not_found);
  EXPECT_FALSE(provider_.open(spec, 0));
}

TEST_F(XdpLifecycle, ALaterDaemonTakesOverWhatLivesAndRemovesTheRest) {
  auto earlier = std::make_unique<XdpProvider>();
  TestApp live = start(*earlier, test_vnic("vf0", 2));
  VnicSpec sharing = test_vnic("vf1", 3);
  sharing.device = "ark-vf0";
  sharing.trust_transmit = true;
  TestApp dead_sharer = start(*earlier, sharing);
  TestApp dead = start(*earlier, test_vnic("vf2", 4));
  earlier.reset();

  const VnicSpec vanished = test_vnic("vf3", 5);
  const std::array specs{live.spec(), vanished};
  EXPECT_EQ(provider_.adopt(specs), std::vector<std::string>{"vf3"});
  EXPECT_EQ(if_nametoindex("ark-vf2"), 0u);
  EXPECT_EQ(if_nametoindex("ark-vf2a"), 0u);

  KernelUdp kernel{9};
  kernel.send(v4_of(live.spec()), 7, "still here");
  EXPECT_EQ(live.receive_udp(patience_ms), "still here");
  live.send_udp(mac_of("ark-vf0"), v4_of(sharing), {7, 8}, "to nobody");
  EXPECT_EQ(dead_sharer.receive_udp(silence_ms), std::nullopt);
  ASSERT_TRUE(provider_.set_filters(live.spec(), std::array{*parse_filter("tx udp port 1")}));
  live.send_udp(mac_of("ark-vf0"), gateway_v4, {7, 9}, "no more");
  EXPECT_EQ(kernel.receive(silence_ms), std::nullopt);
  EXPECT_EQ(counters(live).filtered_transmit, 1u);
  provider_.destroy(live.spec());
  EXPECT_EQ(if_nametoindex("ark-vf0"), 0u);
}

TEST_F(XdpLifecycle, HalfMadePairsAreRemoved) {
  auto links = Links::open();
  ASSERT_TRUE(links->make({.host = "ark-vf9",
                           .app = "ark-vf9a",
                           .alias = "arrakis vf9",
                           .app_mac = {{2, 0, 0, 0, 0, 9}},
                           .mtu_bytes = 1500,
                           .queues = 1}));
  ASSERT_TRUE(links->make({.host = "plain0",
                           .app = "plain1",
                           .alias = "somebody else's",
                           .app_mac = {{2, 0, 0, 0, 0, 8}},
                           .mtu_bytes = 1500,
                           .queues = 1}));
  EXPECT_TRUE(provider_.adopt({}).empty());
  EXPECT_EQ(if_nametoindex("ark-vf9"), 0u);
  EXPECT_NE(if_nametoindex("plain0"), 0u);
}

TEST_F(XdpLifecycle, AnotherXdpProgramIsRefusedByName) {
  auto links = Links::open();
  ASSERT_TRUE(links->make({.host = "plain0",
                           .app = "plain1",
                           .alias = "x",
                           .app_mac = {{2, 0, 0, 0, 0, 8}},
                           .mtu_bytes = 1500,
                           .queues = 1}));
  const bpf_insn pass[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = XDP_PASS},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const kj::AutoCloseFd program(
      bpf_prog_load(BPF_PROG_TYPE_XDP, "somebodys", "GPL", pass, 2, nullptr));
  ASSERT_GE(program.get(), 0);
  const int netdev = static_cast<int>(if_nametoindex("plain0"));
  ASSERT_EQ(bpf_xdp_attach(netdev, program, XDP_FLAGS_DRV_MODE, nullptr), 0);

  VnicSpec spec = test_vnic("vf1", 3);
  spec.device = "plain0";
  spec.trust_transmit = true;
  const auto created = provider_.create(spec);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Error::Code::conflict);
  EXPECT_NE(created.error().message.find("somebodys"), std::string::npos);
  provider_.destroy(spec);
  EXPECT_TRUE(provider_.adopt({}).empty());
  std::uint32_t id = 0;
  EXPECT_EQ(bpf_xdp_query_id(netdev, 0, &id), 0);
  EXPECT_NE(id, 0u) << "and is left alone";
}

TEST_F(XdpLifecycle, SharingAForeignNetdevTakesTheProgramOffAgain) {
  auto links = Links::open();
  ASSERT_TRUE(links->make({.host = "plain0",
                           .app = "plain1",
                           .alias = "x",
                           .app_mac = {{2, 0, 0, 0, 0, 8}},
                           .mtu_bytes = 1400,
                           .queues = 1}));
  VnicSpec spec = test_vnic("vf1", 3), other = test_vnic("vf2", 4);
  spec.device = other.device = "plain0";
  spec.trust_transmit = other.trust_transmit = true;
  ASSERT_TRUE(provider_.create(spec));
  EXPECT_EQ(spec.mtu_bytes, 1400);
  EXPECT_EQ(provider_.create(other).error().code, Error::Code::conflict);
  provider_.destroy(other);
  EXPECT_TRUE(provider_.counters(spec)) << "the refused one took nothing away";
  provider_.destroy(spec);
  std::uint32_t id = 1;
  EXPECT_EQ(bpf_xdp_query_id(static_cast<int>(if_nametoindex("plain0")), 0, &id), 0);
  EXPECT_EQ(id, 0u);
}

TEST_F(XdpLifecycle, RefusesWhatItCannotDoAndMakesNothing) {
  const std::size_t devices = netdevs();
  const auto code_of = [this](auto change) {
    VnicSpec spec = test_vnic("vf0", 2);
    change(spec);
    const auto created = provider_.create(spec);
    EXPECT_FALSE(created && "refused");
    return created ? Error::Code::internal : created.error().code;
  };
  using Code = Error::Code;
  EXPECT_EQ(code_of([](VnicSpec& spec) { spec.mtu_bytes = 9000; }), Code::unavailable);
  EXPECT_EQ(code_of([](VnicSpec& spec) { spec.name = std::string(10'000, 'x'); }), Code::usage);
  EXPECT_EQ(code_of([](VnicSpec& spec) { spec.mac = MacAddress::broadcast(); }), Code::usage);
  EXPECT_EQ(code_of([](VnicSpec& spec) { spec.queues = 1000; }), Code::usage);
  EXPECT_EQ(code_of([](VnicSpec& spec) { spec.device = "lo"; }), Code::denied);
  const auto shared = [](const char* device) {
    return [device](VnicSpec& spec) {
      spec.device = device;
      spec.trust_transmit = true;
    };
  };
  EXPECT_EQ(code_of(shared("none")), Code::not_found);
  EXPECT_EQ(code_of([&](VnicSpec& spec) {
              shared("lo")(spec);
              spec.rate = {1'000'000};
            }),
            Code::unavailable);
  EXPECT_EQ(code_of([&](VnicSpec& spec) {
              shared("lo")(spec);
              spec.filters = {*parse_filter("tx udp port 7")};
            }),
            Code::unavailable);
  EXPECT_EQ(netdevs(), devices);
}

TEST_F(XdpLifecycle, AnAddressInUseIsRefusedAndNothingIsLeft) {
  TestApp first = start(test_vnic("vf0", 2));
  const std::size_t devices = netdevs();
  VnicSpec second = test_vnic("vf1", 2);
  const auto created = provider_.create(second);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Error::Code::conflict);
  EXPECT_EQ(netdevs(), devices);
}

TEST_F(XdpLifecycle, ANameOfSomebodyElsesIsLeftAlone) {
  auto links = Links::open();
  ASSERT_TRUE(links->make({.host = "ark-vf0",
                           .app = "plain1",
                           .alias = "somebody else's",
                           .app_mac = {{2, 0, 0, 0, 0, 8}},
                           .mtu_bytes = 1500,
                           .queues = 1}));
  VnicSpec spec = test_vnic("vf0", 2);
  const auto created = provider_.create(spec);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Error::Code::conflict);
  EXPECT_NE(if_nametoindex("ark-vf0"), 0u);
}

TEST_F(XdpLifecycle, LongNamesGetNetdevsToo) {
  TestApp app = start(test_vnic("a-name-longer-than-a-netdevs", 2));
  EXPECT_LT(provider_.device(app.spec()).size(), 15u);
  EXPECT_TRUE(provider_.counters(app.spec()));
  EXPECT_TRUE(XdpProvider{}.adopt(std::array{app.spec()}).empty());
  provider_.destroy(app.spec());
  EXPECT_EQ(netdevs(), 1u) << "lo";
}

TEST_F(XdpLifecycle, WhereTheDriverHasNoXdpItIsGenericAndSaysSo) {
  VnicSpec spec = test_vnic("vf0", 2);
  spec.device = "lo";
  spec.trust_transmit = true;
  spec.queues = static_cast<std::uint16_t>(receive_queues("lo"));
  ASSERT_TRUE(provider_.create(spec));
  const auto findings = provider_.diagnose();
  const auto warning = std::ranges::find(findings, "lo", &Finding::subject);
  ASSERT_NE(warning, findings.end());
  EXPECT_EQ(warning->verdict, Finding::Verdict::warn);
  EXPECT_NE(warning->message.find("generic"), std::string::npos);
}

TEST_F(XdpLifecycle, SeveralQueuesAreOpenedOneByOne) {
  VnicSpec spec = test_vnic("vf0", 2);
  spec.queues = 3;
  ASSERT_TRUE(provider_.create(spec));
  std::vector<QueueGrant> grants;
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    auto grant = provider_.open(spec, queue);
    ASSERT_TRUE(grant) << grant.error().message;
    grants.push_back(std::move(*grant));
  }
  EXPECT_FALSE(provider_.open(spec, 3));
  EXPECT_EQ(provider_.open(spec, 1).error().code, Error::Code::conflict) << "held by somebody";
}

TEST_F(XdpLifecycle, DiagnosisTouchesNothingAndIsContentHere) {
  const std::size_t devices = netdevs();
  for (const Finding& finding : provider_.diagnose())
    EXPECT_NE(finding.verdict, Finding::Verdict::fail) << finding.subject << finding.message;
  EXPECT_EQ(netdevs(), devices);
}

}  // namespace
}  // namespace arrakis::control::xdp
