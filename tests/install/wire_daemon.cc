// wire_daemon SOCKET COMMAND...: runs the command while a daemon for tests grants one end of a wire
// at SOCKET; its exit status is the command's.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "libos/client/fake_arrakisd.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: wire_daemon SOCKET COMMAND...\n");
    return 2;
  }
  arrakis::client::testing::Facts facts;
  facts.kind = arrakis::client::testing::Kind::wire;
  const pid_t child = ::fork();  // before there are threads
  if (child == 0) {
    for (int i = 0; i < 1000 && ::access(argv[1], F_OK) != 0; ++i) ::usleep(10'000);
    ::execvp(argv[2], argv + 2);
    ::_exit(127);
  }
  const arrakis::client::testing::FakeArrakisd daemon{argv[1], facts};
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
