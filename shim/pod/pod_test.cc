#include "shim/pod/pod.h"

#include <gtest/gtest.h>

namespace podwire::pod {
namespace {

Pod sample() {
  Pod pod{.name = "web",
          .container_id = "web-0123456789ab",
          .created = "2026-01-02T03:04:05Z",
          .holder = ProcessId{.pid = 4711, .start_time = 12345},
          .plugin_path = {"/opt/cni/bin", "/usr/lib/cni"},
          .cache_directory = "/var/lib/cni",
          .args = {{"IgnoreUnknown", "1"}},
          .networks = {}};
  PodNetwork network;
  network.ifname = "eth0";
  network.list =
      spec::parse_network_list(
          R"({"cniVersion":"1.0.0","name":"n","disableCheck":true,"plugins":[{"type":"p","k":1}]})")
          .value();
  network.capability_args.set("mac", "02:00:00:00:00:01");
  const Json result = Json::parse(R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]})").value();
  network.result = runtime::decode_versioned(result.view(), spec::kCurrentVersion).value();
  pod.networks.push_back(std::move(network));
  return pod;
}

TEST(Pod, StateSurvivesTheFile) {
  const Json encoded = encode_pod(sample()).value();
  const Json reread = Json::parse(encoded.dump()).value();
  const auto pod = decode_pod(reread.view());
  ASSERT_TRUE(pod.has_value()) << pod.error().msg;
  EXPECT_EQ(encode_pod(*pod).value().dump(), encoded.dump());
  EXPECT_EQ(pod->holder->start_time, 12345U);
  EXPECT_TRUE(pod->networks[0].list.disable_check);
  EXPECT_EQ(pod->networks[0].list.plugins[0].document.dump(), R"({"type":"p","k":1})");
  EXPECT_EQ(pod->networks[0].result->version, spec::Version::v1_0_0);
}

TEST(Pod, AHalfMadePodHasNeitherHolderNorResult) {
  Pod half = sample();
  half.holder.reset();
  half.networks[0].result.reset();
  const Json encoded = encode_pod(half).value();
  const auto pod = decode_pod(encoded.view());
  ASSERT_TRUE(pod.has_value());
  EXPECT_FALSE(pod->holder.has_value());
  EXPECT_FALSE(pod->networks[0].result.has_value());
}

TEST(Pod, ForeignStateIsRefused) {
  for (const char* bad :
       {"[]", R"({"holder":{}})", R"({"networks":[{}]})", R"({"holder":{"pid":-1,"startTime":1}})"}) {
    const Json document = Json::parse(bad).value();
    EXPECT_FALSE(decode_pod(document.view()).has_value()) << bad;
  }
}

TEST(Pod, NamesAreHostNames) {
  EXPECT_TRUE(validate_pod_name("web-1.a").has_value());
  for (const std::string& bad :
       {std::string(), std::string("../x"), std::string("-a"), std::string(64, 'a')}) {
    EXPECT_FALSE(validate_pod_name(bad).has_value()) << bad;
  }
}

TEST(Pod, ContainerIdsDiffer) {
  const std::string first = make_container_id("web").value();
  EXPECT_TRUE(first.starts_with("web-"));
  EXPECT_EQ(first.size(), std::string("web-").size() + 12);
  EXPECT_NE(first, make_container_id("web").value());
}

}  // namespace
}  // namespace podwire::pod
