#include "bench/plugin_call.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

class PluginCallTest : public testing::Test {
 protected:
  PluginCallTest() {
    std::string pattern = (fs::temp_directory_path() / "podwire-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
    // As bench_main() does.
    previous_ = ::signal(SIGPIPE, SIG_IGN);
  }
  ~PluginCallTest() override {
    ::signal(SIGPIPE, previous_);
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  Outcome call(const std::string& script, const std::string& input = "") {
    const fs::path path = directory_ / "plugin";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0755);
    return call_plugin({.path = path, .environment = {"CNI_COMMAND=ADD"}, .input = input});
  }

  fs::path directory_;
  sighandler_t previous_;
};

TEST_F(PluginCallTest, PassesEnvironmentAndInputAndReadsBothStreams) {
  const Outcome outcome = call("echo $CNI_COMMAND; cat; echo problem >&2; exit 3", "conf");
  EXPECT_EQ(outcome.out, "ADD\nconf");
  EXPECT_EQ(outcome.err, "problem\n");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_FALSE(outcome.ok());
}

TEST_F(PluginCallTest, ReadsMoreThanAPipeHolds) {
  const Outcome outcome = call("head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2");
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.out.size(), 200000U);
  EXPECT_EQ(outcome.err.size(), 200000U);
}

TEST_F(PluginCallTest, TimesTheWholeLifeOfTheProcess) {
  // What it does after it closed its stdout counts as well.
  const Outcome outcome = call("exec >&-; sleep 0.05");
  EXPECT_TRUE(outcome.ok());
  EXPECT_GE(outcome.duration, std::chrono::milliseconds(50));
}

TEST_F(PluginCallTest, APluginThatDoesNotReadItsInputIsJustAPlugin) {
  const Outcome outcome = call("exec <&-; exit 0", std::string(kMaxInput, ' '));
  EXPECT_TRUE(outcome.ok());
}

TEST_F(PluginCallTest, SignalsIgnoredByTheBenchAreNotIgnoredByThePlugin) {
  EXPECT_EQ(call("kill -PIPE $$").status, 128 + SIGPIPE);
}

TEST_F(PluginCallTest, ASignalIsAFailure) {
  EXPECT_EQ(call("kill -9 $$").status, 128 + 9);
}

TEST_F(PluginCallTest, WhatCannotBeRunOrFedIsAnException) {
  EXPECT_THROW((void)call_plugin({.path = directory_ / "absent"}), std::system_error);
  EXPECT_THROW((void)call("cat", std::string(kMaxInput + 1, ' ')), std::system_error);
}

}  // namespace
}  // namespace podwire::bench
