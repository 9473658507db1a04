// arrakisctl run: whose rights the program has, what it sees, and that its VF goes when it goes.
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "control-plane/arrakisctl/tool_fixture.h"

namespace arrakis::ctl {
namespace {

using Calls = std::vector<std::string>;

class Run : public ToolFixture {
 protected:
  // Whoever runs the tests may ignore signals, as nohup does; a program would inherit that.
  Run() {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(number, SIG_DFL);
    serve();
  }

  static std::vector<std::string> shell(const std::string& script,
                                        std::vector<std::string> options = {}) {
    std::vector<std::string> arguments{"run", "--app", "udp_echo"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "sh", "-c", script});
    return arguments;
  }

  void expect_released() {
    EXPECT_TRUE(state_.vfs.empty());
    EXPECT_EQ(state_.calls, (Calls{"listVfs", "assign udp_echo", "release vf0"}));
  }
};

TEST_F(Run, AssignsRunsAndReleases) {
  const Ran ran = run(shell("echo $ARRAKIS_APP $ARRAKIS_SOCKET"));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "udp_echo " + socket() + '\n');
  expect_released();
}

TEST_F(Run, ExitStatusIsThePrograms) {
  EXPECT_EQ(run(shell("exit 42")).status, 42);
  expect_released();
}

TEST_F(Run, AProgramKilledBySignalIs128AndTheSignal) {
  EXPECT_EQ(run(shell("kill -KILL $$")).status, 128 + SIGKILL);
  expect_released();
}

TEST_F(Run, OptionsAfterTheMarkAreThePrograms) {
  const Ran ran = run({"run", "--app", "udp_echo", "--", "echo", "--json", "--help", "--"});
  EXPECT_EQ(ran.out, "--json --help --\n");
}

TEST_F(Run, TheProgramHasNoCapabilityAndCannotGainOne) {
  const Ran ran = run(shell("grep -E '^(Cap|NoNewPrivs)' /proc/self/status"));
  const std::string none = ":\t0000000000000000\n";
  EXPECT_NE(ran.out.find("CapInh" + none), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("CapPrm" + none), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("CapEff" + none), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("CapAmb" + none), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("NoNewPrivs:\t1\n"), std::string::npos) << ran.out;
}

TEST_F(Run, AsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  const Ran ran =
      run(shell("id -u; id -G; echo $USER; grep CapEff /proc/self/status", {"--user", "nobody"}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "65534\n65534\nnobody\nCapEff:\t0000000000000000\n");
  expect_released();
}

TEST_F(Run, AUserThatIsNot) {
  const Ran ran = run(shell("true", {"--user", "nobody-of-that-name"}));
  EXPECT_EQ(ran.status, 3);
  EXPECT_TRUE(state_.calls.empty());
}

TEST_F(Run, AProgramThatIsNot) {
  const Ran ran = run({"run", "--app", "udp_echo", "--", "/nonexistent/program"});
  EXPECT_EQ(ran.status, 127);
  EXPECT_NE(ran.err.find("error: cannot run \"/nonexistent/program\""), std::string::npos);
  expect_released();
}

TEST_F(Run, AProgramThatCannotBeExecuted) {
  EXPECT_EQ(run({"run", "--app", "udp_echo", "--", "/etc/passwd"}).status, 126);
  expect_released();
}

TEST_F(Run, SocketsAreOursUnlessTheProgramIsNative) {
  if (!std::filesystem::exists(LIBARRAKIS_POSIX)) GTEST_SKIP() << "was not built";
  EXPECT_NE(run(shell("echo $LD_PRELOAD")).out.find("libarrakis-posix.so"), std::string::npos);
  EXPECT_EQ(run(shell("echo $LD_PRELOAD", {"--native"})).out, "\n");
}

TEST_F(Run, AnAssignmentThatWasThereStays) {
  ASSERT_EQ(run({"assign-vf", "--app", "udp_echo"}).status, 0);
  EXPECT_EQ(run(shell("exit 3")).status, 3);
  EXPECT_EQ(state_.vfs.size(), 1u);
}

TEST_F(Run, OptionsAreNotSilentlyIgnored) {
  ASSERT_EQ(run({"assign-vf", "--app", "udp_echo"}).status, 0);
  const Ran ran = run(shell("echo ran", {"--rate", "1G"}));
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(ran.out, "");
}

TEST_F(Run, ARefusalRunsNothing) {
  const Ran ran = run({"run", "--app", "stranger", "--", "echo", "ran"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.out, "");
}

TEST_F(Run, AnUncertainAssignmentIsTakenBack) {
  state_.silent = "assign";
  auto arguments = shell("echo ran");
  arguments.insert(arguments.begin(), {"--timeout", "0.2"});
  const Ran ran = run(arguments);
  EXPECT_EQ(ran.status, 8);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(state_.vfs.empty());
}

TEST_F(Run, AReleaseThatFailsIsAnError) {
  state_.release_fails = {Error::Code::internal, "cannot release", "try again"};
  EXPECT_EQ(run(shell("true")).status, 1);
  state_.vfs.clear();
  const Ran ran = run(shell("exit 9"));
  EXPECT_EQ(ran.status, 9);
  EXPECT_NE(ran.err.find("cannot release"), std::string::npos);
}

// A program that says it is there and then waits for a signal.
class RunSignals : public Run, public testing::WithParamInterface<int> {};

TEST_P(RunSignals, GoOnToTheProgram) {
  auto running =
      start(shell("trap 'echo got it; exit 7' HUP INT QUIT TERM USR1 USR2\n"
                  "echo ready\nwhile :; do sleep 0.05; done"));
  ASSERT_EQ(read_line(running), "ready\n");
  ASSERT_EQ(::kill(running.pid, GetParam()), 0);
  const Ran ran = finish(std::move(running));
  EXPECT_EQ(ran.out, "got it\n");
  EXPECT_EQ(ran.status, 7);
  expect_released();
}

TEST_P(RunSignals, EndAProgramThatDoesNotCatchThem) {
  auto running = start(shell("echo ready; exec sleep 1000"));
  ASSERT_EQ(read_line(running), "ready\n");
  // The shell may not have become sleep yet; either ends of it.
  ASSERT_EQ(::kill(running.pid, GetParam()), 0);
  EXPECT_EQ(finish(std::move(running)).status, 128 + GetParam());
  expect_released();
}

INSTANTIATE_TEST_SUITE_P(Each, RunSignals,
                         testing::Values(SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2));

}  // namespace
}  // namespace arrakis::ctl
