#include "shim/pod/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace podwire::pod {
namespace {

TEST(Process, StartTimeIsFoundBehindAnyCommandName) {
  constexpr std::string_view kTail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21";
  EXPECT_EQ(parse_start_time("1 (sh)" + std::string(kTail)), 987654U);
  EXPECT_EQ(parse_start_time("1 (a b) S 1 (x))" + std::string(kTail)), 987654U);
  EXPECT_FALSE(parse_start_time(""));
  EXPECT_FALSE(parse_start_time("1 (sh)"));
  EXPECT_FALSE(parse_start_time("1 (sh) S 1 2"));
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  ~ProcessTest() override {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid_;
};

TEST_F(ProcessTest, IsKilledAndThenDead) {
  const ProcessId process = identify(pid_).value();
  EXPECT_TRUE(is_alive(process));
  ASSERT_TRUE(kill_and_wait(process).has_value());
  EXPECT_FALSE(is_alive(process));  // a zombie of ours by now
  EXPECT_TRUE(kill_and_wait(process).has_value());
}

TEST_F(ProcessTest, AnotherProcessOfThatNumberIsLeftAlone) {
  ProcessId process = identify(pid_).value();
  ++process.start_time;
  EXPECT_FALSE(is_alive(process));
  ASSERT_TRUE(kill_and_wait(process).has_value());
  EXPECT_EQ(::waitpid(pid_, nullptr, WNOHANG), 0);
}

}  // namespace
}  // namespace podwire::pod
