// One lease directory, two implementations and many processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <map>
#include <random>
#include <set>

#include "libcni/base/fd.h"
#include "libcni/base/json.h"
#include "libcni/spec/result.h"
#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::must;

constexpr const char* kReference = "/usr/lib/cni/host-local";

class Sharing : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kReference, X_OK) != 0)
      FAIL() << kReference << " (containernetworking-plugins) is not installed: run scripts/setup";
  }

  /// Runs the reference; its standard output, or "" when it failed.
  [[nodiscard]] std::string reference(const std::string& verb, const std::string& id,
                                      const std::string& args = "") const {
    test::write_file(dir_.path() / "conf", conf_);
    const Fd in(::open((dir_.path() / "conf").c_str(), O_RDONLY | O_CLOEXEC));
    const Fd out(::open((dir_.path() / "out").c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    std::vector<std::string> env{"CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + id, "CNI_NETNS=/some/where",
                                 "CNI_IFNAME=eth0",     "CNI_PATH=/usr/lib/cni", "CNI_ARGS=" + args};
    std::vector<char*> envp;
    envp.reserve(env.size() + 1);
    for (std::string& variable : env) envp.push_back(variable.data());
    envp.push_back(nullptr);
    std::string name = kReference;
    char* argv[] = {name.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
    pid_t child = -1;
    EXPECT_EQ(::posix_spawn(&child, kReference, &actions, nullptr, argv, envp.data()), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    const std::string text = test::read_file(dir_.path() / "out");
    return status == 0 ? (text.empty() ? "ok" : text) : "";
  }
  [[nodiscard]] std::string reference_add(const std::string& id, const std::string& args = "") const {
    const std::string out = reference("ADD", id, args);
    if (out.empty()) return "";
    return ips(must(spec::decode_result(must(Json::parse(out)).view(), spec::Version::v1_0_0)).ips);
  }
  [[nodiscard]] std::string our_add(const std::string& id, const std::vector<Ip>& requested = {}) const {
    const auto store = must(LeaseStore::open_or_create(network_));
    const auto got = allocate(*store, sets_, requested, {id, "eth0"});
    return got ? ips(*got) : "";
  }
  [[nodiscard]] bool our_del(const std::string& id) const {
    return release(*must(LeaseStore::open(network_)), {id, "eth0"}).has_value();
  }
  [[nodiscard]] bool we_hold(const std::string& id) const {
    return must(holds_lease(*must(LeaseStore::open(network_)), {id, "eth0"}));
  }
  [[nodiscard]] static std::string ips(const std::vector<spec::IpConfig>& configs) {
    std::string out;
    for (const auto& config : configs) out += config.address.text() + " via " + config.gateway->text() + " ";
    return out;
  }

  test::TempDir dir_;
  std::filesystem::path network_ = dir_.path() / "net";
  std::string conf_ = fmt::format(
      R"({{"cniVersion":"1.0.0","name":"net","type":"bridge","ipam":{{"type":"host-local","dataDir":"{}",
         "ranges":[[{{"subnet":"10.0.0.0/28","gateway":"10.0.0.5"}},{{"subnet":"10.0.1.0/28"}}],[{{"subnet":"2001:db8::/64"}}]]}}}})",
      dir_.path().string());
  std::vector<RangeSet> sets_{test::range_set({test::range_request("10.0.0.0/28", "", "", "10.0.0.5"),
                                               test::range_request("10.0.1.0/28")}),
                              test::range_set({test::range_request("2001:db8::/64")})};
};

TEST_F(Sharing, EachReleasesWhatTheOtherAllocated) {
  EXPECT_EQ(our_add("ours"), "10.0.0.1/28 via 10.0.0.5 2001:db8::2/64 via 2001:db8::1 ");
  EXPECT_EQ(reference_add("theirs"), "10.0.0.2/28 via 10.0.0.5 2001:db8::3/64 via 2001:db8::1 ");
  EXPECT_EQ(reference("CHECK", "ours"), "ok");
  EXPECT_TRUE(we_hold("theirs"));
  EXPECT_EQ(reference_add("ours"), "") << "it sees our lease";
  EXPECT_EQ(our_add("theirs"), "") << "we see its lease";
  EXPECT_EQ(reference("DEL", "ours"), "ok");
  EXPECT_FALSE(we_hold("ours"));
  EXPECT_TRUE(our_del("theirs"));
  EXPECT_EQ(reference("CHECK", "theirs"), "");
  EXPECT_TRUE(test::lease_names(network_).empty());
}

/// Random verbs by either side. A twin directory, where the reference alone does everything, is the model:
/// after each step both hold the same leases with the same content, and the same cursors.
TEST_F(Sharing, TakingTurnsEqualsTheReferenceAlone) {
  test::TempDir twin_dir;
  const std::string shared_conf = conf_;
  std::string twin_conf = conf_;
  twin_conf.replace(twin_conf.find(dir_.path().string()), dir_.path().string().size(),
                    twin_dir.path().string());
  const auto on_twin = [&](auto action) {
    conf_ = twin_conf;
    auto result = action();
    conf_ = shared_conf;
    return result;
  };
  const auto content = [](const std::filesystem::path& network) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(network)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with('.')) files[name] = test::read_file(entry.path());
    }
    return files;
  };
  std::mt19937 random(20240614);
  int exhausted = 0;
  for (int step = 0; step < 250; ++step) {
    const std::string id = fmt::format("id{}", random() % 40);
    const bool ours = random() % 2 == 0;
    switch (random() % 8) {
      case 0: {
        // The reference does not check for duplicates here; on a failure it releases more than it allocated,
        // we do not.
        const std::string address = fmt::format("10.0.1.{}", random() % 14 + 1);
        if (reference("CHECK", id) == "ok") break;
        const std::string want = on_twin([&] { return reference_add(id, "IP=" + address); });
        EXPECT_EQ(ours ? our_add(id, {test::ip(address)}) : reference_add(id, "IP=" + address), want) << step;
        break;
      }
      case 1:
      case 2: {
        EXPECT_EQ(on_twin([&] { return reference("DEL", id); }), "ok");
        EXPECT_TRUE(ours ? our_del(id) : reference("DEL", id) == "ok") << step;
        break;
      }
      default: {
        const std::string want = on_twin([&] { return reference_add(id); });
        exhausted += want.empty() ? 1 : 0;
        EXPECT_EQ(ours ? our_add(id) : reference_add(id), want) << step;
      }
    }
    if (!std::filesystem::exists(network_)) continue;
    ASSERT_EQ(content(network_), content(twin_dir.path() / "net")) << "step " << step;
  }
  EXPECT_GT(exhausted, 20) << "full pools and duplicates must be part of it";
}

TEST_F(Sharing, ReclaimsWhatAKilledReferenceLeaves) {
  EXPECT_NE(reference_add("a"), "");
  test::write_file(network_ / "10.0.0.2", "");  // what is left when it dies between open and write
  EXPECT_EQ(our_add("b").find("10.0.0.2/28"), 0U);
}

/// Every process adds one lease and some delete it again; no address is given to two.
TEST(Concurrency, SixtyFourProcessesGetDifferentAddresses) {
  constexpr int kProcesses = 64;
  const test::TempDir dir;
  const auto network = dir.path() / "net";
  const std::vector<RangeSet> sets{test::range_set({test::range_request("10.0.0.0/24")}),
                                   test::range_set({test::range_request("2001:db8::/64")})};
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const Owner owner{fmt::format("id{}", i), "eth0"};
      const auto session = [&](auto action) {
        const auto store = LeaseStore::open_or_create(network);
        return store && action(**store).has_value();
      };
      bool ok = session([&](LeaseStore& store) { return allocate(store, sets, {}, owner); });
      if (i % 4 == 0) ok = ok && session([&](LeaseStore& store) { return release(store, owner); });
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::map<std::string, int> leases;
  for (const std::string& name : test::lease_names(network)) ++leases[test::read_file(network / name)];
  EXPECT_EQ(leases.size(), static_cast<std::size_t>(kProcesses * 3 / 4));
  for (const auto& [record, count] : leases) EXPECT_EQ(count, 2) << record;
  const auto store = must(LeaseStore::open(network));
  for (int i = 0; i < kProcesses; ++i) {
    EXPECT_EQ(must(holds_lease(*store, {fmt::format("id{}", i), "eth0"})), i % 4 != 0) << i;
  }
}

}  // namespace
}  // namespace podwire::host_local
