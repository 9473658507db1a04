#include "control-plane/arrakisd/listener.h"

#include <sys/stat.h>

#include "control-plane/arrakisd/harness.h"

namespace arrakis::control {
namespace {

class ListenerTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "sub" / "a.sock";
};

TEST_F(ListenerTest, IsOpenToAllAndItsDirectoryIsNot) {
  auto listener = Listener::open(path_);
  ASSERT_TRUE(listener);
  struct stat status;
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666u);
  ASSERT_EQ(::stat((directory_.path() / "sub").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
  listener->remove();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, RefusesASecondOne) {
  auto first = Listener::open(path_);
  const auto second = Listener::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Error::Code::conflict);
  EXPECT_TRUE(std::filesystem::exists(path_));
  // Even when somebody removed the lock file: the socket answers.
  std::filesystem::remove(path_ + ".lock");
  EXPECT_FALSE(Listener::open(path_));
}

TEST_F(ListenerTest, ReplacesASocketThatNobodyServes) {
  {
    EXPECT_TRUE(Listener::open(path_));
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_TRUE(Listener::open(path_));
}

TEST_F(ListenerTest, LeavesWhatIsNoSocketAlone) {
  std::filesystem::create_directories(directory_.path() / "sub");
  std::ofstream{path_} << "mine";
  EXPECT_FALSE(Listener::open(path_));
  EXPECT_EQ(std::filesystem::file_size(path_), 4u);
}

TEST_F(ListenerTest, RefusesAPathThatIsTooLong) {
  const auto listener = Listener::open("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, Error::Code::usage);
}

}  // namespace
}  // namespace arrakis::control
