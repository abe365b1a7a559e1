// Bad input to bridge and host-local: the code, the message, and that nothing changed. (Environment, JSON and
// versions: protocol_test.cc.)

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

const std::string kIpam = ipam({"10.1.2.0/24"});

class BadInput : public testing::Test {
 protected:
  /// Shared objects (bridge, gateway, nft table) exist already: what a refused ADD may not even begin to
  /// make.
  void SetUp() override {
    const Pod other(node_, "other");
    const std::string conf = bridge_conf("1.1.0", R"("isGateway":true,"ipMasq":true,)" + kIpam);
    ASSERT_TRUE(succeeds(exec(node_, {.conf = conf, .id = "other", .netns = other.netns()})));
    ASSERT_TRUE(succeeds(exec(node_, {.verb = "DEL", .conf = conf, .id = "other", .netns = other.netns()})));
    node_.remove_netns(other);
  }

  /// ADD fails like this, and node and pod look as before. `prepare` runs before the snapshot.
  void expect_refused(const std::string& members, Code code, std::string_view text, Call call = {}) {
    call.conf = bridge_conf("1.1.0", members);
    if (!call.netns) call.netns = pod_.netns();
    const Snapshot before = snapshot(node_, pod_);
    EXPECT_TRUE(fails_with(exec(node_, call), code, text)) << members;
    EXPECT_TRUE(unchanged(before, snapshot(node_, pod_))) << members;
  }

  Node node_;
  Pod pod_{node_, "pod1"};
};

TEST_F(BadInput, WrongTypesAreNamedByPointer) {
  struct Case {
    std::string members;
    const char* pointer;
  };
  const Case cases[] = {
      {R"("isGateway":"yes",)" + kIpam, "/isGateway: expected true or false"},
      {R"("mtu":"1500",)" + kIpam, "/mtu: expected"},
      {R"("hairpinMode":1,)" + kIpam, "/hairpinMode: expected true or false"},
      {R"("vlan":"100",)" + kIpam, "/vlan: expected"},
      {R"("vlanTrunk":{"id":1},)" + kIpam, "/vlanTrunk: expected"},
      {R"("ipam":{"type":7})", "/ipam/type: expected a string"},
      {R"("ipam":[])", "/ipam: expected an object"},
      {R"("dns":{"nameservers":"192.0.2.1"},)" + kIpam, "/dns/nameservers: expected"},
      {R"("runtimeConfig":{"mac":5},)" + kIpam, "mac"},
      {R"("ipam":{"type":"host-local","ranges":[[{"subnet":10}]]})",
       "/ipam/ranges/0/0/subnet: expected a string"},
      {R"("ipam":{"type":"host-local","ranges":{"subnet":"10.1.2.0/24"}})", "/ipam/ranges: expected"},
      {R"("ipam":{"type":"host-local","subnet":"10.1.2.0/24","routes":[{"dst":true}]})",
       "/ipam/routes/0/dst: expected"},
  };
  for (const Case& c : cases) expect_refused(c.members, Code::kDecode, c.pointer);
}

TEST_F(BadInput, ContradictionsAndBounds) {
  struct Case {
    std::string members;
    const char* text;
  };
  const Case cases[] = {
      {R"("hairpinMode":true,"promiscMode":true,)" + kIpam,
       "cannot set hairpin mode and promiscuous mode at the same time"},
      {R"("disableContainerInterface":true,)" + kIpam,
       "cannot use IPAM when DisableContainerInterface flag is set"},
      {R"("ipMasqBackend":"pf","ipMasq":true,)" + kIpam, "unknown ipmasq backend \"pf\""},
      {R"("mtu":-1,)" + kIpam, "mtu"},
      {R"("mtu":67,)" + kIpam, "mtu"},
      {R"("mtu":65536,)" + kIpam, "mtu"},
      {R"("vlan":-100,)" + kIpam, "invalid VLAN ID -100 (must be between 0 and 4094)"},
      {R"("vlan":5000,)" + kIpam, "invalid VLAN ID 5000 (must be between 0 and 4094)"},
      {R"("vlanTrunk":[{"minID":10,"maxID":5}],)" + kIpam, "minID is greater than maxID in trunk parameter"},
      {R"("vlanTrunk":[{"minID":10}],)" + kIpam,
       "minID and maxID should be configured simultaneously, maxID is missing"},
      {R"("vlanTrunk":[{"id":4095}],)" + kIpam, "incorrect trunk id parameter"},
      {R"("bridge":"a-name-too-long-for-linux",)" + kIpam, "bridge"},
      {R"("runtimeConfig":{"mac":"not-a-mac"},)" + kIpam, "mac"},
      {ipam({"10.1.2.1/24"}),
       "Network has host bits set. For a subnet mask of length 24 the network address is 10.1.2.0"},
      {ipam({"10.1.2.0/31"}), "Network 10.1.2.0/31 too small to allocate from"},
      {ipam({"10.1.2.0/24", "10.1.0.0/16"}), "overlaps"},
      {R"("ipam":{"type":"host-local"})", "no IP ranges specified"},
      {R"("ipam":{"type":"host-local","ranges":[[]]})", "empty range set"},
  };
  for (const Case& c : cases) expect_refused(c.members, Code::kInvalidNetworkConfig, c.text);
}

TEST_F(BadInput, NetnsThatDoesNotExist) {
  expect_refused(R"("isGateway":true,)" + kIpam, Code::kInvalidNetns, "/run/netns/nowhere",
                 {.netns = "/run/netns/nowhere"});
}

TEST_F(BadInput, NetnsThatIsARegularFile) {
  node_.write("/run/netns/file", "not a namespace");
  expect_refused(R"("isGateway":true,)" + kIpam, Code::kInvalidNetns, "/run/netns/file",
                 {.netns = "/run/netns/file"});
}

TEST_F(BadInput, NetnsOfAnotherKind) {
  expect_refused(kIpam, Code::kInvalidNetns, "/proc/self/ns/uts", {.netns = "/proc/self/ns/uts"});
}

TEST_F(BadInput, NetnsThatIsOurOwn) {
  expect_refused(R"("isGateway":true,)" + kIpam, Code::kInvalidNetns, "", {.netns = "/proc/self/ns/net"});
}

TEST_F(BadInput, InterfaceNameTakenInThePod) {
  pod_.sh(
      "ip link add eth0 type veth peer name peer0; ip addr add 10.77.0.1/24 dev eth0; ip link set eth0 up");
  expect_refused(R"("isGateway":true,"ipMasq":true,)" + kIpam, Code::kInterfaceExists, "eth0");
}

TEST_F(BadInput, BridgeNameTakenByAnotherKindOfLink) {
  node_.sh("ip link del br0; ip link add br0 type veth peer name br0-peer");
  expect_refused(R"("isGateway":true,)" + kIpam, Code::kLinkConflict,
                 "\"br0\" already exists but is not a bridge");
}

TEST_F(BadInput, AddressConflictWithoutForceAddress) {
  expect_refused(R"("isGateway":true,)" + ipam({"10.99.0.0/24"}), Code::kAddressConflict,
                 "\"br0\" already has an IP address different from 10.99.0.1/24");
}

TEST_F(BadInput, ExhaustedPool) {
  const std::string small =
      R"("ipam":{"type":"host-local","subnet":"10.1.2.0/24","rangeStart":"10.1.2.5","rangeEnd":"10.1.2.5"})";
  const Pod first(node_, "first");
  ASSERT_TRUE(
      succeeds(exec(node_, {.conf = bridge_conf("1.1.0", small), .id = "first", .netns = first.netns()})));
  expect_refused(small, Code::kPoolExhausted, "no IP addresses available in range set: 10.1.2.5-10.1.2.5");
}

TEST_F(BadInput, RequestedAddressOutsideOrTakenOrTheGateway) {
  const Pod first(node_, "first");
  ASSERT_TRUE(succeeds(exec(
      node_,
      {.conf = bridge_conf("1.1.0", kIpam), .id = "first", .netns = first.netns(), .args = "IP=10.1.2.7"})));
  const auto ask = [](std::string_view ip) {
    return fmt::format(R"("runtimeConfig":{{"ips":["{}"]}},)", ip) + kIpam;
  };
  expect_refused(ask("10.1.3.7"), Code::kAddressNotAvailable,
                 "failed to allocate all requested IPs: 10.1.3.7");
  expect_refused(ask("10.1.2.7"), Code::kAddressNotAvailable,
                 "requested IP address 10.1.2.7 is not available in range set 10.1.2.1-10.1.2.254");
  expect_refused(ask("10.1.2.1"), Code::kAddressNotAvailable, "requested ip 10.1.2.1 is subnet's gateway");
  expect_refused(ask("10.1.2"), Code::kInvalidNetworkConfig, "10.1.2");
}

TEST_F(BadInput, DataDirThatCannotBeWritten) {
  node_.sh("mkdir -p /run/readonly; mount -t tmpfs -o ro none /run/readonly");
  expect_refused(ipam({"10.1.2.0/24"}, R"("dataDir":"/run/readonly")"), Code::kIo, "/run/readonly");
  node_.write("/run/a-file", "");
  expect_refused(ipam({"10.1.2.0/24"}, R"("dataDir":"/run/a-file")"), Code::kIo, "/run/a-file");
}

TEST_F(BadInput, DataDirThatIsFull) {
  // Room for the folder of the network and nothing else: neither lock nor lease can be made.
  node_.sh("mkdir -p /run/full; mount -t tmpfs -o nr_inodes=2 none /run/full; mkdir /run/full/testnet");
  expect_refused(ipam({"10.1.2.0/24"}, R"("dataDir":"/run/full")"), Code::kIo, "No space left on device");
  // Room for files, none for their content.
  node_.sh(
      "mkdir -p /run/full2; mount -t tmpfs -o size=4k none /run/full2; mkdir /run/full2/testnet; "
      "head -c 4096 /dev/zero > /run/full2/.filler");
  expect_refused(ipam({"10.1.2.0/24"}, R"("dataDir":"/run/full2")"), Code::kIo, "No space left on device");
}

TEST_F(BadInput, LockHeldBySomebodyElse) {
  const Fd lock = [&] {
    const Inside inside(node_);
    return Fd(open("/var/lib/cni/networks/testnet/lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0750));
  }();
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  expect_refused(kIpam, Code::kTryAgainLater, "lock");
}

TEST_F(BadInput, ResolvConfThatIsMissing) {
  expect_refused(ipam({"10.1.2.0/24"}, R"("resolvConf":"/run/no-such-resolv.conf")"), Code::kIo,
                 "/run/no-such-resolv.conf");
}

TEST_F(BadInput, IpamPluginThatIsMissing) {
  expect_refused(R"("ipam":{"type":"no-such-ipam"})", Code::kDelegate,
                 fmt::format("failed to find plugin \"no-such-ipam\" in path [{}]", our_plugins()));
  expect_refused(R"("ipam":{"type":"../host-local"})", Code::kInvalidNetworkConfig, "../host-local");
}

TEST_F(BadInput, IpamPluginThatMisbehaves) {
  struct Case {
    const char* name;
    const char* script;
    const char* text;
  };
  const Case cases[] = {
      {"prints-garbage", "echo 'segmentation fault (core dumped)'",
       "IPAM plugin \"prints-garbage\" did not print a CNI result: invalid JSON"},
      {"fails-with-garbage", "echo oops; exit 3",
       "netplugin failed but error parsing its diagnostic message \"oops"},
      {"fails-silently", "exit 3", "netplugin failed with no error message: exit status 3"},
      {"gives-no-address", R"(echo '{"cniVersion":"1.1.0"}')", "IPAM plugin returned missing IP config"},
      {"gives-a-broken-address", R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2"}]}')", "10.1.2"},
  };
  for (const Case& c : cases) {
    const std::string path = fmt::format("/run/ipam/{}", c.name);
    // Only ADD misbehaves: the DEL that follows a failed ADD must find somebody to talk to.
    node_.write(path, fmt::format("#!/bin/sh\n[ \"$CNI_COMMAND\" = ADD ] || exit 0\n{}\n", c.script));
    node_.sh("chmod +x " + path);
    expect_refused(fmt::format(R"("ipam":{{"type":"{}"}})", c.name), Code::kDelegate, c.text,
                   {.path = our_plugins() + ":/run/ipam"});
  }
}

TEST_F(BadInput, ErrorOfTheIpamPluginArrivesUnchanged) {
  node_.write("/run/ipam/refuses",
              "#!/bin/sh\necho '{\"code\":104,\"msg\":\"all gone\",\"details\":\"sorry\"}'; exit 1\n");
  node_.sh("chmod +x /run/ipam/refuses");
  expect_refused(R"("ipam":{"type":"refuses"})", Code::kPoolExhausted, "all gone\nsorry",
                 {.path = our_plugins() + ":/run/ipam"});
}

}  // namespace
}  // namespace podwire::netns
