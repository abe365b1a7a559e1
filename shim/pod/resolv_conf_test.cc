#include "shim/pod/resolv_conf.h"

#include <gtest/gtest.h>

namespace podwire::pod {
namespace {

TEST(ResolvConf, MergesTheNetworks) {
  const std::vector<spec::Dns> networks{
      {.nameservers = {"10.0.0.53"}, .domain = "", .search = {"a.test"}, .options = {"ndots:5"}},
      {.nameservers = {"10.0.0.53", "10.1.0.53"},
       .domain = "b.test",
       .search = {"a.test", "b.test"},
       .options = {}}};
  EXPECT_EQ(
      resolv_conf_text(networks),
      "nameserver 10.0.0.53\nnameserver 10.1.0.53\ndomain b.test\nsearch a.test b.test\noptions ndots:5\n");
}

TEST(ResolvConf, NoDnsIsNoText) {
  EXPECT_EQ(resolv_conf_text({}), "");
  const std::vector<spec::Dns> networks(2);
  EXPECT_EQ(resolv_conf_text(networks), "");
}

}  // namespace
}  // namespace podwire::pod
