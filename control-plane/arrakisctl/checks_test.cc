#include "control-plane/arrakisctl/checks.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace arrakis::ctl {
namespace {

using Verdict = Finding::Verdict;

Facts good() {
  return {.kernel_release = "6.1.0-18-amd64", .has_xdp_sockets = true, .euid = 65534};
}

Finding finding(const Facts& facts, std::string_view subject) {
  for (const Finding& found : judge(facts))
    if (found.subject == subject) return found;
  ADD_FAILURE() << "nothing about " << subject;
  return {};
}

TEST(Checks, AGoodMachinePassesWithoutRootHugepagesOrBpffs) {
  for (const Finding& found : judge(good()))
    EXPECT_EQ(found.verdict, Verdict::pass) << found.subject << ": " << found.message;
}

TEST(Checks, KernelVersionIsCompared) {
  const auto verdict = [](const char* release) {
    Facts facts = good();
    facts.kernel_release = release;
    return finding(facts, "kernel").verdict;
  };
  EXPECT_EQ(verdict("5.10.0"), Verdict::pass);
  EXPECT_EQ(verdict("5.9.16-generic"), Verdict::fail);
  EXPECT_EQ(verdict("4.19.0-26-amd64"), Verdict::fail);
  EXPECT_EQ(verdict("10.0"), Verdict::pass);
  EXPECT_EQ(verdict(""), Verdict::warn);
  EXPECT_EQ(verdict("6"), Verdict::warn);
  EXPECT_EQ(verdict("x.y"), Verdict::warn);
}

TEST(Checks, AKernelWithoutXdpSocketsFailsWithARemedy) {
  Facts facts = good();
  facts.has_xdp_sockets = false;
  EXPECT_EQ(finding(facts, "AF_XDP").verdict, Verdict::fail);
  EXPECT_FALSE(finding(facts, "AF_XDP").remedy.empty());
}

TEST(Checks, WhatDoesNotPassSaysHowToMendIt) {
  Facts facts;  // nothing is there
  for (const Finding& found : judge(facts))
    EXPECT_TRUE(found.verdict == Verdict::pass || !found.remedy.empty()) << found.subject;
}

TEST(Checks, LookingAtThisMachineFindsAKernel) { EXPECT_FALSE(look().kernel_release.empty()); }

TEST(Checks, TheDaemonsFindingWins) {
  const Finding ours{Verdict::pass, "kernel", "ours", ""};
  const Finding theirs{Verdict::fail, "kernel", "theirs", "mend"};
  const Finding other{Verdict::pass, "user", "ours", ""};
  EXPECT_EQ(merged({ours, other}, {theirs}), (std::vector{other, theirs}));
}

}  // namespace
}  // namespace arrakis::ctl
