#include "libcni/runtime/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "libcni/runtime/file.h"
#include "libcni/runtime/temporary_directory.h"

namespace podwire::runtime {
namespace {

const spec::Attachment kKey{"net", "id-1", "eth0"};

CachedAttachment entry() {
  CachedAttachment entry;
  entry.network = "net";
  entry.config = "{}\n";
  entry.conf = {
      .container_id = "id-1", .netns = "/run/netns/a", .ifname = "eth0", .args = {{"A", "1"}, {"B", "2"}}};
  entry.conf.capability_args.set("mac", "02:00:00:00:00:01");
  entry.result = Json::parse(R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]})").value();
  return entry;
}

TEST(Cache, WritesTheFormatOfLibcni) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(Cache(directory.path()).write(entry()).has_value());
  const auto file = directory.path() / "results" / "net-id-1-eth0";
  EXPECT_EQ(
      read_file(file).value(),
      R"({"kind":"cniCacheV1","containerId":"id-1","config":"e30K","ifName":"eth0","networkName":"net",)"
      R"("netns":"/run/netns/a","cniArgs":[["A","1"],["B","2"]],"capabilityArgs":{"mac":"02:00:00:00:00:01"},)"
      R"("result":{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]}})");
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat(file.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

TEST(Cache, LeavesOutWhatIsEmpty) {
  const TemporaryDirectory directory;
  CachedAttachment bare;
  bare.network = "net";
  bare.conf.container_id = "id-1";
  bare.conf.ifname = "eth0";
  ASSERT_TRUE(Cache(directory.path()).write(bare).has_value());
  EXPECT_EQ(read_file(directory.path() / "results" / "net-id-1-eth0").value(),
            R"({"kind":"cniCacheV1","containerId":"id-1","config":"","ifName":"eth0","networkName":"net"})");
}

TEST(Cache, ReadsBackWhatItWrote) {
  const TemporaryDirectory directory;
  const Cache cache(directory.path());
  ASSERT_TRUE(cache.write(entry()).has_value());
  const auto found = cache.find(kKey).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->config, "{}\n");
  EXPECT_EQ(found->conf.args, entry().conf.args);
  EXPECT_EQ(found->conf.capability_args.dump(), entry().conf.capability_args.dump());
  EXPECT_EQ(found->conf.netns, "/run/netns/a");
  EXPECT_EQ(cache.result(kKey, spec::kCurrentVersion).value()->result.ips.at(0).address.text(),
            "10.0.0.2/24");
  ASSERT_TRUE(cache.remove(kKey).has_value());
  EXPECT_TRUE(cache.remove(kKey).has_value());
  EXPECT_FALSE(cache.find(kKey).value().has_value());
  EXPECT_FALSE(cache.result(kKey, spec::kCurrentVersion).value().has_value());
}

TEST(Cache, AFileOfAnotherKindIsABareResult) {
  const TemporaryDirectory directory;
  const Cache cache(directory.path());
  directory.write("results/net-id-1-eth0",
                  R"({"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.0.0.3/24"}]})");
  const auto result = cache.result(kKey, spec::kCurrentVersion).value();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->version, spec::Version::v0_3_1);
  EXPECT_EQ(result->result.ips.at(0).address.text(), "10.0.0.3/24");
  EXPECT_FALSE(cache.find(kKey).has_value());
}

TEST(Cache, GarbageIsAnError) {
  const TemporaryDirectory directory;
  directory.write("results/net-id-1-eth0", "garbage");
  EXPECT_FALSE(Cache(directory.path()).result(kKey, spec::kCurrentVersion).has_value());
}

TEST(Cache, NeedsAllPartsOfTheName) {
  const auto file = Cache("/nowhere").file({"net", "", "eth0"});
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(
      file.error().msg,
      "cache file path requires network name (\"net\"), container ID (\"\"), and interface name (\"eth0\")");
}

TEST(Cache, ListsInOrderAndPassesOverWhatIsForeign) {
  const TemporaryDirectory directory;
  const Cache cache(directory.path());
  EXPECT_TRUE(cache.list().value().empty());
  CachedAttachment second = entry();
  second.network = "another";
  ASSERT_TRUE(cache.write(entry()).has_value());
  ASSERT_TRUE(cache.write(second).has_value());
  directory.write("results/garbage", "{");
  directory.write("results/legacy", R"({"cniVersion":"0.3.1"})");
  directory.write("results/nameless",
                  R"({"kind":"cniCacheV1","containerId":"x","config":"","ifName":"eth0"})");
  directory.write("results/podman",
                  R"({"kind":"cniCacheV1","containerID":"up","ifName":"e","networkName":"p","config":""})");
  const auto entries = cache.list().value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].network, "another");
  EXPECT_EQ(entries[1].network, "net");
  EXPECT_EQ(entries[2].conf.container_id, "up");  // keys are matched as Go matches them
}

TEST(Cache, SharedLocksGoTogether) {
  const TemporaryDirectory directory;
  const Cache cache(directory.path());
  auto first = cache.lock_shared();
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(cache.lock_shared().has_value());
  first->reset();
  EXPECT_TRUE(cache.lock_exclusive().has_value());
}

}  // namespace
}  // namespace podwire::runtime
