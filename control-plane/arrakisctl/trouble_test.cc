// What goes wrong, and that each time it is one line, one remedy and its own exit status.
#include <algorithm>
#include <fstream>

#include "control-plane/arrakisctl/tool_fixture.h"

namespace arrakis::ctl {
namespace {

class Trouble : public ToolFixture {
 protected:
  // "error: ..." and "  fix: ...", short, and nothing on stdout.
  static void expect_error(const Ran& ran, int status, std::string_view words) {
    EXPECT_EQ(ran.status, status) << ran.out << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(ran.err.starts_with("error: ")) << ran.err;
    EXPECT_NE(ran.err.find(words), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("\n  fix: "), std::string::npos) << ran.err;
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 2) << ran.err;
    EXPECT_LT(ran.err.size(), 600u);
  }
};

struct BadInput {
  std::vector<std::string> arguments;
  std::string words;
};

TEST_F(Trouble, BadInputNeverReachesTheDaemon) {
  serve();
  const std::string long_name(10'000, 'a');
  const BadInput inputs[] = {
      {{}, "required"},
      {{"bogus"}, "no command \"bogus\""},
      {{std::string(10'000, 'x')}, "no command"},
      {{"assign-vf"}, "--app"},
      {{"assign-vf", "--app", long_name}, "not a name for an application"},
      {{"assign-vf", "--app", "a\nb\x1b[31m"}, "not a name for an application"},
      {{"assign-vf", "--app", ""}, "not a name for an application"},
      {{"assign-vf", "--app", "a", "--provider", "../x"}, "provider"},
      {{"assign-vf", "--app", "a", "--rate", "fast"}, "not a rate: \"fast\""},
      {{"assign-vf", "--app", "a", "--rate", "0"}, "carry nothing"},
      {{"assign-vf", "--app", "a", "--filter", "udp 7"}, "not a filter: \"udp 7\""},
      {{"assign-vf", "--app", "a", "--filter", "rx ip", "--filter", "rx udp"}, "overlap"},
      {{"assign-vf", "--app", "a", "--address", "10.0.0"}, "not an address"},
      {{"assign-vf", "--app", "a", "--address", "ff02::1/64"}, "unicast"},
      {{"assign-vf", "--app", "a", "--mac", "02:00"}, "not a MAC"},
      {{"assign-vf", "--app", "a", "--mtu", "70000"}, "--mtu"},
      {{"assign-vf", "--app", "a", "--mtu", "-1"}, "--mtu"},
      {{"assign-vf", "--app", "a", "--device", "a/b"}, "netdev"},
      {{"assign-vf", "--app", "a", "--wire", "w", "--device", "eth0"}, "not both"},
      {{"assign-vf", "--app", "a", "--nonsense"}, "--nonsense"},
      {{"release-vf"}, "vf"},
      {{"release-vf", long_name}, "not a name for a VF"},
      {{"show-vf", long_name}, "not a name for a VF"},
      {{"list-filters", long_name}, "not a name for a VF"},
      {{"set-rate", "vf0"}, "rate"},
      {{"set-rate", "vf0", "1.5"}, "not a rate"},
      {{"set-rate", long_name, "1G"}, "not a name for a VF"},
      {{"add-filter", "vf0", "rx udp port 99999"}, "not a filter"},
      {{"list-vfs", "too", "much"}, "too"},
      {{"list-vfs", "--", "program"}, "nothing after --"},
      {{"run", "--app", "udp_echo"}, "no program"},
      {{"run", "--", "true"}, "--app"},
      {{"completion", "tcsh"}, "tcsh"},
      {{"list-vfs", "--timeout", "0"}, "timeout"},
      {{"list-vfs", "--timeout", "nan"}, "timeout"},
      {{"list-vfs", "--timeout", "1e9"}, "timeout"},
      {{"list-vfs", "--socket", std::string(200, 'a')}, "not a path for a unix socket"},
  };
  for (const BadInput& input : inputs) {
    const Ran ran = run(input.arguments);
    const bool overlap = input.words == "overlap";
    expect_error(ran, overlap ? 5 : 2, input.words);
  }
  EXPECT_TRUE(state_.calls.empty());
}

TEST_F(Trouble, TheDaemonsRefusalsKeepTheirKind) {
  serve();
  expect_error(run({"assign-vf", "--app", "stranger"}), 3, "no application \"stranger\"");
  expect_error(run({"release-vf", "vf9"}), 3, "no VF \"vf9\"");
  expect_error(run({"show-vf", "vf9"}), 3, "\"vf9\"");
  expect_error(run({"list-filters", "vf9"}), 3, "\"vf9\"");
  run({"assign-vf", "--app", "udp_echo", "--filter", "rx udp"});
  expect_error(run({"add-filter", "vf0", "rx udp port 7"}), 5, "overlap");
  run({"assign-vf", "--app", "udp_echo"});
  expect_error(run({"show-vf", "udp_echo"}), 5, "several VFs: vf0 vf1");
  state_.denial = {Error::Code::denied, "uid 65534 may not administer", "use sudo"};
  expect_error(run({"list-vfs"}), 4, "may not administer");
}

TEST_F(Trouble, DoctorSaysThatAdministrationIsDenied) {
  serve();
  state_.denial = {Error::Code::denied, "uid 65534 may not administer", "use sudo"};
  EXPECT_NE(run({"doctor"})
                .out.find("WARN  arrakisd: uid 65534 may not administer\n"
                          "      fix: use sudo\n"),
            std::string::npos);
}

TEST_F(Trouble, NoSocket) {
  expect_error(run({"list-vfs"}), 7, "arrakisd is not running at " + socket());
  const Ran doctor = run({"doctor"});
  EXPECT_EQ(doctor.status, 6);
  EXPECT_NE(doctor.out.find("FAIL  arrakisd: arrakisd is not running at "), std::string::npos);
}

TEST_F(Trouble, AFileThatIsNoSocket) {
  std::ofstream{socket()} << "text";
  expect_error(run({"list-vfs"}), 7, "nobody listens at");
}

TEST_F(Trouble, ASocketWithoutADaemon) {
  serve();
  stop_serving();
  expect_error(run({"list-vfs"}), 7, "nobody listens at");
}

TEST_F(Trouble, ASocketThatSpeaksGarbage) {
  for (const std::string& garbage :
       {std::string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, std::string(4096, '\xff'),
        std::string(64, '\0'), std::string(1 << 16, 'a')}) {
    serve_bytes(garbage, Then::close);
    expect_error(run({"list-vfs"}), 7, "is not arrakisd");
    stop_serving();
  }
}

TEST_F(Trouble, GarbageThatNeverEndsIsATimeoutAtWorst) {
  serve_bytes(std::string(64, 'a'), Then::stay);
  const Ran ran = run({"list-vfs", "--timeout", "0.2"});
  EXPECT_TRUE(ran.status == 7 || ran.status == 8) << ran.err;
  expect_error(ran, ran.status, "arrakisd");
}

TEST_F(Trouble, AServerThatCloses) {
  serve_bytes("", Then::close);
  expect_error(run({"list-vfs"}), 7, "is not arrakisd");
}

TEST_F(Trouble, AServerThatNeverAnswers) {
  serve_bytes("", Then::stay);
  expect_error(run({"list-vfs", "--timeout", "0.2"}), 8, "did not answer in time");
}

TEST_F(Trouble, ADaemonThatHangsOrBreaksInTheMiddle) {
  serve();
  state_.silent = "status";
  expect_error(run({"status", "--timeout", "0.2"}), 8, "did not answer in time");
  state_.breaks = "listApps";
  expect_error(run({"list-apps"}), 1, "arrakisd failed");
}

TEST_F(Trouble, ADaemonOfAnotherVersion) {
  serve();
  state_.version = 2;
  expect_error(run({"list-vfs"}), 1, "speaks version 2");
}

TEST_F(Trouble, StdoutThatIsFullIsAnError) {
  const std::string command =
      std::string{ARRAKISCTL} + " version > /dev/full 2> " + (directory() / "err").string();
  EXPECT_NE(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace arrakis::ctl
