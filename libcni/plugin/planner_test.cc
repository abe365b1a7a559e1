// Which IPAM plugin is asked for a plan, and what stands in for one that cannot be.
#include "libcni/plugin/planner.h"

#include <gtest/gtest.h>

#include <array>

namespace podwire::plugin {
namespace {

Result<Planned> plan_ours(const PlanCall&) {
  Planned planned;
  planned.parts.push_back({.plugin = "ours"});
  planned.result.ips.push_back({.address = Cidr::parse("10.0.0.7/24").value()});
  return planned;
}

class PlanIpam : public ::testing::Test {
 protected:
  Result<Planned> plan(std::string_view ipam) {
    spec::Invocation invocation;
    invocation.conf =
        spec::parse_net_conf(R"({"cniVersion":"1.1.0","name":"n","type":"t",)" + std::string(ipam) + "}")
            .value();
    return plan_ipam({.invocation = invocation,
                      .planners = planners_,
                      .assumed_addresses = assumed_,
                      .notices = notices_});
  }

  static constexpr Planner kOurs{.plugin = "ours", .plan = plan_ours};
  const std::array<const Planner*, 1> planners_{&kOurs};
  std::vector<Cidr> assumed_;
  std::vector<std::string> notices_;
};

TEST_F(PlanIpam, AsksOurs) {
  const auto planned = plan(R"("ipam":{"type":"ours"})");
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->parts[0].plugin, "ours");
  EXPECT_EQ(planned->result.ips[0].address.text(), "10.0.0.7/24");
}

TEST_F(PlanIpam, WithoutIpamThereIsNothing) {
  const auto planned = plan(R"("ipam":{})");
  ASSERT_TRUE(planned);
  EXPECT_TRUE(planned->parts.empty());
  EXPECT_TRUE(planned->result.ips.empty());
}

TEST_F(PlanIpam, OthersNeedAnAssumption) {
  const auto refused = plan(R"("ipam":{"type":"dhcp"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDelegate);
  EXPECT_TRUE(refused.error().msg.contains("\"dhcp\"")) << refused.error().msg;
  assumed_ = {Cidr::parse("192.0.2.9/24").value(), Cidr::parse("fd00::9/64").value()};
  const auto planned = plan(R"("ipam":{"type":"dhcp"})");
  ASSERT_TRUE(planned);
  EXPECT_FALSE(planned->parts[0].known);
  ASSERT_EQ(planned->result.ips.size(), 2U);
  EXPECT_EQ(planned->result.ips[1].address.text(), "fd00::9/64");
}

TEST_F(PlanIpam, AssumptionsThatNobodyNeedsAreRefused) {
  assumed_ = {Cidr::parse("192.0.2.9/24").value()};
  for (const char* ipam : {R"("ipam":{"type":"ours"})", R"("ipam":{})"}) {
    const auto refused = plan(ipam);
    ASSERT_FALSE(refused) << ipam;
    EXPECT_EQ(refused.error().code, Code::kInvalidEnvironment);
  }
}

}  // namespace
}  // namespace podwire::plugin
