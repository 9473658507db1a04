#include "vfio/deadline_write.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

#include "vfio/fake/fake_sysfs.h"

namespace arrakis::vfio {
namespace {

class DeadlineWrite : public testing::Test {
 protected:
  DeadlineWrite() {
    std::string pattern = (std::filesystem::temp_directory_path() / "write-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DeadlineWrite() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(DeadlineWrite, WritesAndTellsWhatTheKernelSaid) {
  EXPECT_EQ(write_within("/dev/null", "1", Duration::seconds(60)), 0);
  EXPECT_EQ(write_within("/dev/full", "1", Duration::seconds(60)), ENOSPC);
  EXPECT_EQ(write_within(folder_ / "none", "1", Duration::seconds(60)), ENOENT);
}

TEST_F(DeadlineWrite, DoesNotWaitForEver) {
  const std::string nobody_reads = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(nobody_reads.c_str(), 0600), 0);
  EXPECT_EQ(write_within(nobody_reads, "1", Duration::milliseconds(50)), ETIMEDOUT);
}

TEST_F(DeadlineWrite, LeavesNoChild) {
  ASSERT_EQ(write_within("/dev/null", "1", Duration::seconds(60)), 0);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Failures, AreSortedForTheCaller) {
  EXPECT_EQ(failed(EBUSY, "x").error().code, Error::Code::conflict);
  EXPECT_EQ(failed(ENODEV, "x").error().code, Error::Code::not_found);
  EXPECT_EQ(failed(EPERM, "x").error().code, Error::Code::denied);
  EXPECT_EQ(failed(ENOMEM, "x").error().code, Error::Code::exhausted);
  EXPECT_EQ(failed(EOPNOTSUPP, "x").error().code, Error::Code::unavailable);
}

}  // namespace
}  // namespace arrakis::vfio
