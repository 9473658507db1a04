// Each behaviour on Linux's sockets and on ours: the same results, errno and events, in that order.
#include <gtest/gtest.h>

#include <ostream>

#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

std::string transcript_of(const Behaviour& behaviour, const Pair& sockets) {
  std::string transcript;
  Party client{*sockets.client, transcript, 'c'};
  Party server{*sockets.server, transcript, 's'};
  behaviour.run(client, server);
  return transcript;
}

class Differential : public testing::TestWithParam<Behaviour> {};

TEST_P(Differential, OursAnswersAsLinux) {
  EXPECT_EQ(transcript_of(GetParam(), linux_sockets()), transcript_of(GetParam(), our_sockets()));
}

std::vector<Behaviour> all() {
  std::vector<Behaviour> all;
  for (const auto& some : {stream_behaviours(), closing_behaviours(), datagram_behaviours(),
                           option_behaviours(), epoll_behaviours()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(, Differential, testing::ValuesIn(all()),
                         [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace arrakis::differential
