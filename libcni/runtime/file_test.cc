#include "libcni/runtime/file.h"

#include <gtest/gtest.h>

#include "libcni/runtime/temporary_directory.h"

namespace podwire::runtime {
namespace {

namespace fs = std::filesystem;

TEST(File, ReadsWhatWasWrittenAndLeavesNothingElse) {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "a";
  EXPECT_FALSE(read_file(file).value().has_value());
  ASSERT_TRUE(write_file_atomic(file, "one", 0600).has_value());
  ASSERT_TRUE(write_file_atomic(file, "two", 0600).has_value());
  EXPECT_EQ(read_file(file).value(), "two");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()), 1);
}

TEST(File, AFailedWriteLeavesTheOldFileAndNoTemporaryOne) {
  const TemporaryDirectory directory;
  const fs::path target = directory.path() / "a";
  fs::create_directory(target);
  fs::create_directory(target / "not-empty");  // rename() cannot replace it
  const auto written = write_file_atomic(target, "x", 0600);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Code::kIo);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()), 1);
}

TEST(File, RemovingWhatIsGoneIsFine) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(remove_file(directory.path() / "none").has_value());
  EXPECT_TRUE(remove_file(directory.path() / "none" / "deeper").has_value());
  EXPECT_FALSE(remove_file(directory.path()).has_value());
}

TEST(File, MakesParentsOnce) {
  const TemporaryDirectory directory;
  const fs::path deep = directory.path() / "a" / "b" / "c";
  ASSERT_TRUE(ensure_directory(deep, 0700).has_value());
  EXPECT_TRUE(ensure_directory(deep, 0700).has_value());
  EXPECT_TRUE(fs::is_directory(deep));
  ASSERT_TRUE(write_file_atomic(directory.path() / "plain", "", 0600).has_value());
  EXPECT_FALSE(ensure_directory(directory.path() / "plain" / "x", 0700).has_value());
}

}  // namespace
}  // namespace podwire::runtime
