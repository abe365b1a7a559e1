#include "plugins/host-local-ipam/file_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <sstream>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using std::chrono::milliseconds;

/// Until the process is listed as blocked in flock(2); false after a while.
bool waits_for_lock(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    std::istringstream locks(test::read_file("/proc/locks"));
    for (std::string line; std::getline(locks, line);) {
      if (line.contains("-> FLOCK") && line.contains(fmt::format(" {} ", pid))) return true;
    }
    ::sched_yield();
  }
  return false;
}

class FileLock : public ::testing::Test {
 protected:
  [[nodiscard]] Result<Fd> acquire(milliseconds timeout = kLockTimeout) const {
    return acquire_lock(fd_.get(), dir_.path(), timeout);
  }
  test::TempDir dir_;
  Fd fd_{::open(dir_.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
};

TEST_F(FileLock, IsTheFlockOfTheReference) {
  const Fd lock = test::must(acquire());
  struct stat status{};
  ASSERT_EQ(::stat((dir_.path() / "lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0700U, 0700U);
  const Fd other(::open((dir_.path() / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(FileLock, GivesUpAfterTheTimeoutAndRestoresTheSignal) {
  struct sigaction mine{};
  mine.sa_handler = SIG_IGN;
  struct sigaction before{};
  ASSERT_EQ(::sigaction(SIGALRM, &mine, &before), 0);
  const Fd held = test::must(acquire());
  const auto start = std::chrono::steady_clock::now();
  const auto refused = acquire(milliseconds(120));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(120));
  EXPECT_EQ(test::code(refused), Code::kTryAgainLater);
  EXPECT_EQ(test::message(refused).find("try again later: lock " + dir_.path().string() + "/lock is held"),
            0U)
      << test::message(refused);
  struct sigaction after{};
  ASSERT_EQ(::sigaction(SIGALRM, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
}

TEST_F(FileLock, WaitsForItsTurn) {
  // The child holds the lock until it reads a byte; we write it only when the child has said that it holds
  // it.
  int to_child[2], to_parent[2];
  ASSERT_EQ(::pipe(to_child), 0);
  ASSERT_EQ(::pipe(to_parent), 0);
  const pid_t child = ::fork();
  char byte = 'x';
  if (child == 0) {
    const auto lock = acquire();
    if (::write(to_parent[1], &byte, 1) != 1 || ::read(to_child[0], &byte, 1) != 1) ::_exit(2);
    ::_exit(lock && waits_for_lock(::getppid()) ? 0 : 1);
  }
  ASSERT_EQ(::read(to_parent[0], &byte, 1), 1);
  EXPECT_FALSE(try_lock(fd_.get()));
  ASSERT_EQ(::write(to_child[1], &byte, 1), 1);
  EXPECT_TRUE(acquire());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(FileLock, TryCreatesNothing) {
  EXPECT_FALSE(try_lock(fd_.get()));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "lock"));
  test::write_file(dir_.path() / "lock", "");
  EXPECT_TRUE(try_lock(fd_.get()));
}

}  // namespace
}  // namespace podwire::host_local
