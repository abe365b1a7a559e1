// kernel::flush_conntrack, and its way on older kernels, against the kernel: flows of an address go, those of
// others stay.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "libcni/kernel/conntrack.h"
#include "netns-test/node.h"

namespace podwire::netns {
namespace {

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}

enum class Way : std::uint8_t { kUsual, kDump };

class KernelConntrack : public testing::TestWithParam<Way> {
 protected:
  void flush(std::vector<Ip> addresses) const {
    const Inside inside(node_);
    auto netfilter = kernel::Netlink::open(NETLINK_NETFILTER).value();
    const auto flushed = GetParam() == Way::kUsual
                             ? kernel::flush_conntrack(netfilter, addresses)
                             : kernel::flush_conntrack_by_dump(netfilter, addresses, flows());
    EXPECT_TRUE(flushed) << flushed.error().msg;
  }
  void add_flow(const std::string& from, const std::string& to, const std::string& more = "") const {
    node_.sh(fmt::format("conntrack -I -p udp -t 300 -s {} -d {} --sport 1000 --dport 53 {} 2>&1", from, to,
                         more));
  }
  [[nodiscard]] std::uint32_t flows() const {
    return static_cast<std::uint32_t>(std::stoul(node_.sh("conntrack -C")));
  }

  Node node_;
};

TEST_P(KernelConntrack, NothingInAnUntouchedNamespace) {
  flush({ip("10.1.2.3"), ip("fd00::3")});
  flush({});
  EXPECT_EQ(flows(), 0U);
}

TEST_P(KernelConntrack, DeletesFlowsOfTheAddressInAnyPlace) {
  add_flow("10.1.2.3", "192.0.2.9");
  add_flow("192.0.2.9", "10.1.2.3");
  add_flow("192.0.2.9", "192.0.2.1", "-g 10.1.2.3");  // translated to the pod
  add_flow("10.1.2.3", "192.0.2.8", "--zone 7");
  add_flow("fd00::3", "2001:db8::9");
  add_flow("10.1.2.30", "192.0.2.9");
  add_flow("fd00::30", "2001:db8::9");
  EXPECT_EQ(flows(), 7U);
  flush({ip("10.1.2.3")});
  EXPECT_EQ(flows(), 3U);
  flush({ip("10.1.2.3")});
  EXPECT_EQ(flows(), 3U);
  flush({ip("10.9.9.9"), ip("fd00::3")});
  EXPECT_EQ(flows(), 2U);
  EXPECT_EQ(node_.sh("conntrack -L -f ipv4 2>/dev/null | wc -l"), "1\n");
}

/// More of them than the kernel is asked to filter for.
TEST_P(KernelConntrack, ManyAddressesAtOnce) {
  std::vector<Ip> addresses;
  for (int host = 1; host <= 250; ++host) addresses.push_back(ip(fmt::format("10.1.2.{}", host)));
  add_flow("10.1.2.7", "192.0.2.9");
  add_flow("192.0.2.9", "10.1.2.250");
  add_flow("10.1.2.251", "192.0.2.9");
  flush(addresses);
  EXPECT_EQ(node_.sh("conntrack -L 2>/dev/null | grep -c 10.1.2.251"), "1\n");
  EXPECT_EQ(flows(), 1U);
}

/// With more entries than are copied out, the kernel filters.
TEST_P(KernelConntrack, FindsTheFewAmongMany) {
  node_.sh(
      "python3 - <<'EOF'\n"
      "import socket, struct\n"
      "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)\n"
      "def attr(kind, data): return struct.pack('=HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)\n"
      "def tuple_(kind, src, dst):\n"
      "  ports = attr(1, b'\\x11') + attr(2, struct.pack('!H', 1000)) + attr(3, struct.pack('!H', 1000))\n"
      "  return attr(kind | 0x8000, attr(0x8001, attr(1, src) + attr(2, dst)) + attr(0x8002, ports))\n"
      "far = socket.inet_aton('192.0.2.9')\n"
      "for i in range(8300):\n"
      "  near = struct.pack('!I', 0x0a000000 + i)\n"
      "  body = struct.pack('=BBH', 2, 0, 0) + tuple_(1, near, far) + tuple_(2, far, near)\n"
      "  body += attr(7, struct.pack('!I', 300)) + attr(3, struct.pack('!I', 8))\n"
      "  s.send(struct.pack('=IHHII', 16 + len(body), 0x100, 0x601, i, 0) + body)\n"
      "EOF");
  add_flow("10.0.0.5", "192.0.2.8");
  add_flow("192.0.2.8", "10.0.0.5");
  add_flow("192.0.2.7", "192.0.2.1", "-g 10.0.0.5");
  add_flow("fd00::5", "2001:db8::9");
  add_flow("fd00::6", "2001:db8::9");
  EXPECT_EQ(flows(), 8305U);
  flush({ip("10.0.0.5"), ip("fd00::5")});
  EXPECT_EQ(flows(), 8300U);
}

INSTANTIATE_TEST_SUITE_P(, KernelConntrack, testing::Values(Way::kUsual, Way::kDump),
                         [](const auto& way) { return way.param == Way::kUsual ? "Usual" : "Dump"; });

}  // namespace
}  // namespace podwire::netns
