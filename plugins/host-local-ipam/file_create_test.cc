#include "plugins/host-local-ipam/file_create.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "libcni/base/fd.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using Outcome = Creation::Outcome;
using Create = Result<Creation> (*)(int, const std::string&, std::string_view);

class FileCreate : public ::testing::TestWithParam<Create> {
 protected:
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir_.path()),
                                                  std::filesystem::directory_iterator()));
  }
  test::TempDir dir_;
  Fd fd_{::open(dir_.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
};

TEST_P(FileCreate, AppearsWholeAndOnce) {
  const Creation created = test::must(GetParam()(fd_.get(), "10.0.0.2", "id\r\neth0"));
  ASSERT_EQ(created.outcome, Outcome::kCreated);
  EXPECT_EQ(test::read_file(dir_.path() / "10.0.0.2"), "id\r\neth0");
  struct stat status{};
  ASSERT_EQ(::stat((dir_.path() / "10.0.0.2").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(file_id(status), created.id);
  EXPECT_EQ(test::must(GetParam()(fd_.get(), "10.0.0.2", "other")).outcome, Outcome::kTaken);
  EXPECT_EQ(test::read_file(dir_.path() / "10.0.0.2"), "id\r\neth0");
  EXPECT_EQ(entries(), 1U) << "no temporary file stays";
}

TEST_P(FileCreate, ReportsAVanishedDirectory) {
  std::filesystem::remove_all(dir_.path());
  const auto created = GetParam()(fd_.get(), "10.0.0.2", "id");
  EXPECT_TRUE(!created || created->outcome == Outcome::kUnsupported);
  EXPECT_EQ(test::code(create_complete(fd_.get(), "10.0.0.2", "id")), Code::kIo);
}

INSTANTIATE_TEST_SUITE_P(BothWays, FileCreate, ::testing::Values(&create_by_tmpfile, &create_by_link));

TEST(FileCreateByLink, OverwritesTheLeftOverOfADeadWriter) {
  const test::TempDir dir;
  const Fd fd(::open(dir.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  test::write_file(dir.path() / ".podwire-lease.new", "half");
  EXPECT_EQ(test::must(create_by_link(fd.get(), "10.0.0.2", "whole")).outcome, Outcome::kCreated);
  EXPECT_EQ(test::read_file(dir.path() / "10.0.0.2"), "whole");
  EXPECT_FALSE(std::filesystem::exists(dir.path() / ".podwire-lease.new"));
}

TEST(FileCreateByTmpfile, SaysWhenTheFileSystemCannot) {
  const Fd proc(::open("/proc", O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (::geteuid() != 0) GTEST_SKIP() << "only root gets past the permissions of /proc";
  EXPECT_EQ(test::must(create_by_tmpfile(proc.get(), "x", "y")).outcome, Outcome::kUnsupported);
}

}  // namespace
}  // namespace podwire::host_local
