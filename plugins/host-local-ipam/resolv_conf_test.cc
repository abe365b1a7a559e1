#include "plugins/host-local-ipam/resolv_conf.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using Strings = std::vector<std::string>;

TEST(ResolvConf, Nameservers) {
  const spec::Dns dns = parse_resolv_conf("\n\t\tnameserver 192.0.2.0\n\t\tnameserver 192.0.2.1\n\t\t");
  EXPECT_EQ(dns.nameservers, (Strings{"192.0.2.0", "192.0.2.1"}));
  EXPECT_TRUE(dns.domain.empty() && dns.search.empty() && dns.options.empty());
}

TEST(ResolvConf, IgnoresComments) {
  EXPECT_EQ(parse_resolv_conf("nameserver 192.0.2.0\n;nameserver 192.0.2.1\n").nameservers,
            Strings{"192.0.2.0"});
  EXPECT_EQ(parse_resolv_conf("# nameserver 192.0.2.0\nnameserver\nsortlist 1.2.3.4\n").nameservers,
            Strings{});
}

TEST(ResolvConf, AllFields) {
  const spec::Dns dns = parse_resolv_conf(
      "nameserver 192.0.2.0\nnameserver 192.0.2.2\ndomain example.org\ndomain example.com\n;nameserver "
      "comment\n"
      "#nameserver comment\nsearch example.net example.org\nsearch example.gov\noptions one two "
      "three\noptions four\r\n");
  EXPECT_EQ(dns.nameservers, (Strings{"192.0.2.0", "192.0.2.2"}));
  EXPECT_EQ(dns.domain, "example.com");
  EXPECT_EQ(dns.search, (Strings{"example.net", "example.org", "example.gov"}));
  EXPECT_EQ(dns.options, (Strings{"one", "two", "three", "four"}));
}

TEST(ResolvConf, ReadsFiles) {
  const test::TempDir dir;
  test::write_file(dir.path() / "full", "nameserver 192.0.2.9\n");
  test::write_file(dir.path() / "empty", "");
  EXPECT_EQ(test::must(read_resolv_conf(dir.path() / "full")).nameservers, Strings{"192.0.2.9"});
  EXPECT_TRUE(test::must(read_resolv_conf(dir.path() / "empty")).empty());
  const auto missing = read_resolv_conf("/nonexistent/resolv.conf");
  EXPECT_EQ(test::message(missing),
            "cannot read resolvConf /nonexistent/resolv.conf: No such file or directory");
  EXPECT_EQ(test::code(missing), Code::kIo);
}

}  // namespace
}  // namespace podwire::host_local
