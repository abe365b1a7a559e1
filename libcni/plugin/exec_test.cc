#include "libcni/plugin/exec.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "libcni/base/fd.h"

namespace podwire::plugin {
namespace {

namespace fs = std::filesystem;

class ExecTest : public ::testing::Test {
 protected:
  ExecTest() {
    std::string pattern = (fs::temp_directory_path() / "podwire-exec-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ExecTest() override { fs::remove_all(directory_); }

  std::string script(const std::string& name, const std::string& body) const {
    const fs::path file = directory_ / name;
    std::ofstream(file) << "#!/bin/sh\n" << body << '\n';
    fs::permissions(file, fs::perms::owner_all);
    return file.string();
  }

  fs::path directory_;
};

TEST_F(ExecTest, FindsTheFirstRegularFileAndFollowsLinks) {
  fs::create_directories(directory_ / "a" / "bridge");  // a directory of that name does not count
  fs::create_directories(directory_ / "b");
  fs::create_directories(directory_ / "c");
  const std::string real = script("real", "");
  fs::create_symlink(real, directory_ / "b" / "bridge");
  std::ofstream(directory_ / "c" / "bridge") << "";
  const std::vector<std::string> path{(directory_ / "missing").string(), (directory_ / "a").string(),
                                      (directory_ / "b").string(), (directory_ / "c").string()};
  EXPECT_EQ(find_in_path("bridge", path).value(), (directory_ / "b" / "bridge").string());
}

TEST_F(ExecTest, FindExplainsWhatIsWrong) {
  EXPECT_EQ(find_in_path("", {"/a"}).error().msg, "no plugin name provided");
  EXPECT_EQ(find_in_path("../bridge", {"/a"}).error().msg, "invalid plugin name: ../bridge");
  EXPECT_EQ(find_in_path("..", {"/a"}).error().msg, "invalid plugin name: ..");
  EXPECT_EQ(find_in_path("bridge", {}).error().msg, "no paths provided");
  const Error error = find_in_path("bridge", {"/nowhere/a", "/nowhere/b"}).error();
  EXPECT_EQ(error.msg, "failed to find plugin \"bridge\" in path [/nowhere/a /nowhere/b]");
  EXPECT_EQ(error.code, Code::kDelegate);
}

TEST_F(ExecTest, NeverSearchesTheWorkingDirectory) {
  const fs::path before = fs::current_path();
  script("bridge", "");
  fs::current_path(directory_);
  const auto found = find_in_path("bridge", {""});
  fs::current_path(before);
  EXPECT_FALSE(found.has_value());
}

TEST_F(ExecTest, HandsOverEnvironmentAndInput) {
  ASSERT_EQ(::setenv("PODWIRE_EXEC_TEST", "inherited", 1), 0);
  ASSERT_EQ(::setenv("CNI_COMMAND", "stale", 1), 0);
  const std::string plugin = script("p", "echo \"$PODWIRE_EXEC_TEST $CNI_COMMAND $CNI_IFNAME\"; cat");
  const auto out = exec_plugin(plugin, {{"CNI_COMMAND", "ADD"}, {"CNI_IFNAME", "eth0"}}, "{\"a\":1}");
  ASSERT_EQ(::unsetenv("CNI_COMMAND"), 0);
  EXPECT_EQ(out.value(), "inherited ADD eth0\n{\"a\":1}");
}

TEST_F(ExecTest, BigInputAndOutputDoNotDeadlock) {
  const std::string big(4UL << 20, 'x');
  EXPECT_EQ(exec_plugin(script("p", "cat"), {}, big).value(), big);
}

TEST_F(ExecTest, APluginNeedNotReadItsInput) {
  const std::string big(4UL << 20, 'x');
  EXPECT_EQ(exec_plugin(script("p", "exec 0<&-; echo done"), {}, big).value(), "done\n");
}

TEST_F(ExecTest, SigpipeStaysDeliverableAfterwards) {
  static std::atomic<int> caught{0};
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) { ++caught; };
  ASSERT_EQ(::sigaction(SIGPIPE, &action, &before), 0);
  const std::string big(4UL << 20, 'x');
  EXPECT_TRUE(exec_plugin(script("p", "exec 0<&-; echo done"), {}, big).has_value());
  EXPECT_EQ(caught, 0);
  ASSERT_EQ(::raise(SIGPIPE), 0);
  EXPECT_EQ(caught, 1);
  ASSERT_EQ(::sigaction(SIGPIPE, &before, nullptr), 0);
}

TEST_F(ExecTest, PassesOnThePrintedErrorWithItsCode) {
  const std::string plugin = script(
      "p",
      R"(echo noise >&2; echo '{"cniVersion":"1.0.0","code":11,"msg":"later","details":"busy"}'; exit 1)");
  const Error error = exec_plugin(plugin, {}, "").error();
  EXPECT_EQ(error.code, Code::kTryAgainLater);
  EXPECT_EQ(error.msg, "later");
  EXPECT_EQ(error.details, "busy");
}

TEST_F(ExecTest, CodeZeroIsNotAnErrorCode) {
  EXPECT_EQ(exec_plugin(script("p", R"(echo '{"code":0,"msg":"x"}'; exit 1)"), {}, "").error().code,
            Code::kDelegate);
}

TEST_F(ExecTest, QuotesWhatIsNotAnErrorObject) {
  const std::string prefix = "netplugin failed but error parsing its diagnostic message ";
  EXPECT_TRUE(
      exec_plugin(script("p", "echo panic; exit 2"), {}, "").error().msg.starts_with(prefix + "\"panic\": "));
  EXPECT_TRUE(
      exec_plugin(script("q", "echo '{}'; exit 2"), {}, "").error().msg.starts_with(prefix + "\"{}\": "));
}

TEST_F(ExecTest, QuotesStderrWhenStdoutIsEmpty) {
  const std::string plugin = script("p", "echo cannot >&2; exit 3");
  EXPECT_EQ(exec_plugin(plugin, {}, "", Stderr::kQuoted).error().msg,
            "netplugin failed: \"cannot\": exit status 3");
  EXPECT_EQ(exec_plugin(script("q", "exit 3"), {}, "", Stderr::kQuoted).error().msg,
            "netplugin failed with no error message: exit status 3");
}

TEST_F(ExecTest, NamesTheSignalThatKilled) {
  const Error error = exec_plugin(script("p", "kill -9 $$"), {}, "").error();
  EXPECT_EQ(error.msg, "netplugin failed with no error message: killed by signal 9 (Killed)");
  EXPECT_EQ(error.code, Code::kDelegate);
}

TEST_F(ExecTest, ADaemonLeftBehindDoesNotHoldUsUp) {
  // The daemon keeps our pipes until it is released through the FIFO, which happens after exec_plugin
  // returns.
  const std::string fifo = (directory_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string plugin = script("p", "(read x <" + fifo + ") & echo up");
  EXPECT_EQ(exec_plugin(plugin, {}, "", Stderr::kQuoted).value(), "up\n");
  std::ofstream(fifo) << "go\n";
}

TEST_F(ExecTest, BoundsTheOutput) {
  const Error error = exec_plugin(script("p", "exec cat /dev/zero"), {}, "").error();
  EXPECT_EQ(error.msg, "netplugin printed more than 16 MiB");
}

TEST_F(ExecTest, SaysWhatCannotBeExecuted) {
  const std::string plain = (directory_ / "plain").string();
  std::ofstream(plain) << "";
  EXPECT_EQ(exec_plugin(plain, {}, "").error().msg, "cannot execute " + plain + ": Permission denied");
}

/// Waits until the thread sleeps between two attempts.
bool wait_until_sleeping(pid_t thread) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (std::chrono::steady_clock::now() < deadline) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/syscall");
    long number = -1;
    if (file >> number && number == SYS_clock_nanosleep) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST_F(ExecTest, RetriesAnExecutableThatIsBeingWritten) {
  const std::string plugin = script("p", "echo done");
  Fd writer(::open(plugin.c_str(), O_WRONLY | O_CLOEXEC));
  std::atomic<pid_t> thread{0};
  Result<std::string> out;
  std::thread runner([&] {
    thread = static_cast<pid_t>(::syscall(SYS_gettid));
    out = exec_plugin(plugin, {}, "");
  });
  while (thread == 0) std::this_thread::yield();
  EXPECT_TRUE(wait_until_sleeping(thread));
  writer.reset();
  runner.join();
  EXPECT_EQ(out.value_or("failed"), "done\n");
}

}  // namespace
}  // namespace podwire::plugin
