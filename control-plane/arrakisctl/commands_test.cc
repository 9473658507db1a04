// What each command asks of the daemon, and what people and programs see of the answer.
#include <nlohmann/json.hpp>

#include "control-plane/arrakisctl/tool_fixture.h"

namespace arrakis::ctl {
namespace {

using Json = nlohmann::json;
using Calls = std::vector<std::string>;

class Commands : public ToolFixture {
 protected:
  Commands() { serve(); }

  // Two VFs: vf0 of udp_echo with limits, vf1 of memcached without.
  void assign_two() {
    ASSERT_EQ(run({"assign-vf", "--app", "udp_echo", "--rate", "100M", "--filter", "rx udp port 7",
                   "--filter", "tx udp port 7 peer 10.0.0.0/8"})
                  .status,
              0);
    ASSERT_EQ(run({"assign-vf", "--app", "memcached", "--address", "10.20.0.3/24", "--address",
                   "fd00::3/64", "--provider", "wire"})
                  .status,
              0);
    state_.calls.clear();
  }
};

TEST_F(Commands, AssignShowsWhatWasAssigned) {
  const Ran ran = run({"assign-vf", "--app", "udp_echo", "--rate", "2.5G", "--filter",
                       "rx udp port 7", "--mac", "02:00:00:00:00:09", "--mtu", "9000"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, R"(assigned vf0 to udp_echo
  vf          vf0
  app         udp_echo
  state       attached
  pid         4711
  provider    xdp
  device      ark-vf0
  mac         02:00:00:00:00:09
  mtu         9000
  queues      1
  address     10.20.0.2/24
  gateway     10.20.0.1
  rate        2.5G
  filter      rx udp port 7
  enforced    tx filter, rate
  unenforced  source mac, source address, rx filter
)");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(state_.calls, Calls{"assign udp_echo"});
}

TEST_F(Commands, DryRunsSayThePlanAndChangeNothing) {
  const Ran assigned = run({"assign-vf", "--app", "udp_echo", "--dry-run"});
  EXPECT_EQ(assigned.status, 0);
  EXPECT_EQ(assigned.out.substr(0, assigned.out.find('\n')), "plan (nothing changed)");
  EXPECT_TRUE(state_.vfs.empty());

  assign_two();
  const auto before = state_.vfs;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"release-vf", "vf0", "--dry-run"},
        {"set-rate", "vf0", "1G", "--dry-run"},
        {"add-filter", "vf0", "rx udp port 8", "--dry-run"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out.substr(0, ran.out.find('\n')), "plan (nothing changed)");
  }
  EXPECT_EQ(state_.vfs, before);
  EXPECT_EQ(state_.calls, (Calls{"release vf0 dry", "setRate vf0 dry", "addFilter vf0 dry"}));
  EXPECT_EQ(Json::parse(run({"--json", "release-vf", "vf0", "--dry-run"}).out)["dryRun"], true);
}

TEST_F(Commands, ListVfs) {
  EXPECT_EQ(run({"list-vfs"}).err, "no VF is assigned\n");
  assign_two();
  EXPECT_EQ(run({"list-vfs"}).out,
            "VF   APP        STATE     PROVIDER  DEVICE   ADDRESSES                "
            "MAC                RATE  FILTERS   PID\n"
            "vf0  udp_echo   attached  xdp       ark-vf0  10.20.0.2/24             "
            "02:00:00:00:00:00  100M        2  4711\n"
            "vf1  memcached  attached  wire      ark-vf1  10.20.0.3/24,fd00::3/64  "
            "02:00:00:00:00:01  none        0  4711\n");
}

TEST_F(Commands, ListVfsForPrograms) {
  EXPECT_EQ(run({"list-vfs", "--json"}).out,
            "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"VfList\",\n  \"items\": []\n}\n");
  assign_two();
  const Json list = Json::parse(run({"list-vfs", "--json"}).out);
  EXPECT_EQ(list["kind"], "VfList");
  ASSERT_EQ(list["items"].size(), 2u);
  EXPECT_EQ(list["items"][0], Json::parse(R"({
    "name": "vf0", "app": "udp_echo", "state": "attached", "pid": 4711, "provider": "xdp",
    "device": "ark-vf0", "mac": "02:00:00:00:00:00", "mtu": 1500, "queues": 1,
    "addresses": ["10.20.0.2/24"], "gateways": ["10.20.0.1"], "neighbors": [],
    "rate": {"bitsPerSecond": 100000000},
    "filters": [
      {"text": "rx udp port 7", "direction": "rx", "layer": "udp", "peer": null,
       "ports": {"first": 7, "last": 7}, "peerPorts": {"first": 0, "last": 65535}},
      {"text": "tx udp port 7 peer 10.0.0.0/8", "direction": "tx", "layer": "udp",
       "peer": "10.0.0.0/8", "ports": {"first": 7, "last": 7},
       "peerPorts": {"first": 0, "last": 65535}}],
    "enforced": ["tx filter", "rate"],
    "unenforced": ["source mac", "source address", "rx filter"], "readBack": [],
    "counters": {"receivedPackets": 10, "receivedBytes": 640, "transmittedPackets": 0,
      "transmittedBytes": 0, "filteredReceive": 0, "forgedMac": 3, "forgedAddress": 0,
      "filteredTransmit": 0, "overRate": 0, "ringFull": 0, "dmaFaults": 0}})"));
  EXPECT_EQ(list["items"][1]["rate"]["bitsPerSecond"], nullptr);
}

TEST_F(Commands, ShowVfByItsNameOrItsApplications) {
  assign_two();
  const Ran ran = run({"show-vf", "vf1"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, R"(  vf          vf1
  app         memcached
  state       attached
  pid         4711
  provider    wire
  device      ark-vf1
  mac         02:00:00:00:00:01
  mtu         1500
  queues      1
  address     10.20.0.3/24
              fd00::3/64
  gateway     10.20.0.1
  rate        none
  filter      -
  enforced    tx filter, rate
  unenforced  source mac, source address, rx filter

  COUNTER                         PACKETS  BYTES
  received                             10    640
  transmitted                           0      0
  dropped: no receive filter            0      -
  dropped: ring full                    0      -
  dropped: forged MAC                   3      -
  dropped: forged address               0      -
  dropped: no transmit filter           0      -
  dropped: over the rate                0      -
  stopped: DMA to foreign memory        0      -
)");
  EXPECT_EQ(run({"show-vf", "memcached"}).out, ran.out);
  const Json shown = Json::parse(run({"show-vf", "vf1", "--json"}).out);
  EXPECT_EQ(shown["kind"], "Vf");
  EXPECT_EQ(shown["name"], "vf1");
}

TEST_F(Commands, ReleaseVf) {
  assign_two();
  const Ran ran = run({"release-vf", "memcached"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out.substr(0, ran.out.find('\n')), "released vf1 of memcached");
  ASSERT_EQ(state_.vfs.size(), 1u);
  EXPECT_EQ(state_.vfs[0].name, "vf0");
}

TEST_F(Commands, SetRate) {
  assign_two();
  const Ran ran = run({"set-rate", "vf0", "none"});
  EXPECT_EQ(ran.out.substr(0, ran.out.find('\n')), "rate of vf0 is none");
  EXPECT_FALSE(state_.vfs[0].rate.limited());
}

TEST_F(Commands, AddFilterTakesOneWordOrMany) {
  assign_two();
  const Ran ran = run({"add-filter", "vf1", "rx udp port 9"});
  EXPECT_EQ(ran.out.substr(0, ran.out.find('\n')), "added \"rx udp port 9\" to vf1");
  EXPECT_EQ(run({"add-filter", "vf1", "rx", "udp", "port", "10"}).status, 0);
  ASSERT_EQ(state_.vfs[1].filters.size(), 2u);
  EXPECT_EQ(to_string(state_.vfs[1].filters[1]), "rx udp port 10");
}

TEST_F(Commands, ListFilters) {
  assign_two();
  const std::string table = R"(VF   APP       FILTER
vf0  udp_echo  rx udp port 7
vf0  udp_echo  tx udp port 7 peer 10.0.0.0/8
)";
  EXPECT_EQ(run({"list-filters"}).out, table);
  EXPECT_EQ(run({"list-filters", "vf0"}).out, table);
  const Ran none = run({"list-filters", "vf1"});
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_NE(none.err, "");
  const Json list = Json::parse(run({"list-filters", "--json"}).out);
  EXPECT_EQ(list["kind"], "FilterList");
  EXPECT_EQ(list["items"][1]["vf"], "vf0");
  EXPECT_EQ(list["items"][1]["peer"], "10.0.0.0/8");
}

TEST_F(Commands, ListApps) {
  EXPECT_EQ(run({"list-apps"}).out, R"(APP        USERS         VFS   PID
memcached  -             -       -
udp_echo   nobody,@echo  vf0  4711
)");
  const Json list = Json::parse(run({"list-apps", "--json"}).out);
  EXPECT_EQ(list["kind"], "AppList");
  EXPECT_EQ(list["items"][1]["users"], Json::parse(R"(["nobody", "@echo"])"));
}

TEST_F(Commands, Status) {
  EXPECT_EQ(run({"status"}).out, R"(  release    0.1.0
  pid        321
  started    2023-11-14T22:13:20Z
  policy     /etc/arrakis/arrakisd.toml
  providers  xdp, wire
  vfs        2, 1 attached
)");
  const Json status = Json::parse(run({"status", "--json"}).out);
  EXPECT_EQ(status["kind"], "Status");
  EXPECT_EQ(status["startedAt"], 1'700'000'000);
}

TEST_F(Commands, DoctorJoinsTheDaemonsFindingsToItsOwn) {
  const Ran ran = run({"doctor"});
  EXPECT_NE(ran.out.find("PASS  arrakisd: answers at "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("PASS  kernel: seen by the daemon\n"), std::string::npos);
  EXPECT_NE(ran.out.find("WARN  veth: checksum offload is on\n"
                         "      fix: ethtool -K ark-vf0 tx off\n"),
            std::string::npos);
  const Json list = Json::parse(run({"doctor", "--json"}).out);
  EXPECT_EQ(list["kind"], "FindingList");
  EXPECT_EQ(list["items"].back()["verdict"], "warn");
}

TEST_F(Commands, EveryCommandHasHelpWithAnExample) {
  for (const char* command :
       {"assign-vf", "release-vf", "list-vfs", "show-vf", "set-rate", "add-filter", "list-filters",
        "list-apps", "status", "doctor", "run", "completion", "version"}) {
    const Ran ran = run({command, "--help"});
    EXPECT_EQ(ran.status, 0) << command;
    EXPECT_NE(ran.out.find("Example:\n  "), std::string::npos) << command;
    EXPECT_NE(ran.out.find(std::string{"arrakisctl "} + command, ran.out.find("Example:")),
              std::string::npos)
        << ran.out;
  }
  EXPECT_TRUE(state_.calls.empty());
}

TEST_F(Commands, NoColourWithoutATerminal) {
  EXPECT_EQ(run({"doctor"}).out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace arrakis::ctl
