#include "shim/pod_view.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "shim/pod/port_mapping.h"
#include "shim/pod/process.h"
#include "shim/pod/state.h"

namespace podwire::shim {
namespace {

pod::Pod sample() {
  pod::Pod pod{.name = "web",
               .container_id = "web-01",
               .created = "2026-01-02T03:04:05Z",
               .holder = {},
               .plugin_path = {},
               .cache_directory = {},
               .args = {},
               .networks = {}};
  pod.holder = pod::identify(::getpid()).value();
  pod::PodNetwork network;
  network.ifname = "eth0";
  network.list.name = "net";
  network.capability_args.set(
      "portMappings", pod::encode_port_mappings(std::vector<pod::PortMapping>{{"", 8080, 80, "tcp"}}));
  const Json result = Json::parse(R"({"cniVersion":"1.0.0",
      "interfaces":[{"name":"br0","mac":"02:00:00:00:00:0a"},{"name":"eth0","mac":"02:00:00:00:00:0b","sandbox":"/n"}],
      "ips":[{"interface":1,"address":"10.0.0.2/24"},{"interface":0,"address":"10.0.0.1/24"},{"address":"fd00::2/64"}]})")
                          .value();
  network.result = runtime::decode_versioned(result.view(), spec::kCurrentVersion).value();
  pod.networks.push_back(std::move(network));
  return pod;
}

TEST(PodView, ShowsThePodsSideOnly) {
  const pod::Pod pod = sample();
  EXPECT_EQ(pod_addresses(pod.networks[0]), (std::vector<std::string>{"10.0.0.2/24", "fd00::2/64"}));
  EXPECT_EQ(pod_mac(pod.networks[0]), "02:00:00:00:00:0b");
  EXPECT_EQ(pod_ports(pod.networks[0]), (std::vector<std::string>{"8080:80/tcp"}));
}

TEST(PodView, TellsTheState) {
  pod::Pod pod = sample();
  EXPECT_EQ(pod::state_of(pod), "running");
  ++pod.holder->start_time;
  EXPECT_EQ(pod::state_of(pod), "dead");
  pod.networks[0].result.reset();
  EXPECT_EQ(pod::state_of(pod), "incomplete");
  pod = sample();
  pod.holder.reset();
  EXPECT_EQ(pod::state_of(pod), "incomplete");
}

TEST(PodView, PrintsBothWays) {
  const pod::Pod pod = sample();
  const pod::PodDirectory directory("/run/podwire", "web");
  const Json json = pod_json(pod, directory).value();
  EXPECT_EQ(json.view().find("state")->string().value(), "running");
  EXPECT_EQ(json.view().find("netns")->string().value(), "/run/podwire/pods/web/ns/net");
  const JsonView networks = *json.view().find("networks");
  const auto elements = networks.elements().value();
  ASSERT_EQ(elements.size(), 1U);
  EXPECT_EQ(elements[0].find("ips")->dump(), R"(["10.0.0.2/24","fd00::2/64"])");
  const std::string text = pod_text(pod, directory);
  for (const char* expected :
       {"web\n", "running\n", "10.0.0.2/24\n", "8080:80/tcp\n", "02:00:00:00:00:0b\n"}) {
    EXPECT_TRUE(text.contains(expected)) << text;
  }
}

}  // namespace
}  // namespace podwire::shim
