#include "plugins/bridge/bridge.h"

#include <fmt/format.h>

#include "libcni/base/text.h"
#include "libcni/kernel/address.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/reference.h"
#include "libcni/kernel/sysctl.h"
#include "libcni/plan/owner.h"
#include "libcni/plugin/garbage.h"
#include "libcni/plugin/ipam.h"
#include "libcni/plugin/sandbox.h"
#include "plugins/bridge/config.h"
#include "plugins/bridge/host.h"
#include "plugins/bridge/plan.h"

namespace podwire::bridge {
namespace {

using kernel::Kernel;
using plugin::Call;

/// How often a plan is made anew because the bridge changed between looking and acting.
constexpr int kMaxPlans = 3;

Result<std::optional<kernel::Link>> look_up(Kernel& kernel, const std::string& name) {
  return kernel.look_up(plan::Side::kHost, name);
}

Result<std::vector<Cidr>> addresses_of(Kernel& kernel, const kernel::Link& link) {
  const auto entries = kernel::list_addresses(kernel.host(), link.index);
  if (!entries)
    return std::unexpected(entries.error().as_error(fmt::format("cannot list addresses of {}", link.name)));
  std::vector<Cidr> addresses;
  for (const kernel::LinkAddress& entry : *entries) addresses.push_back(entry.address);
  return addresses;
}

}  // namespace

Result<HostState> observe(Kernel& kernel, const Config& config) {
  HostState state;
  // Unique to this boot: two hosts cloned from one image must not derive the same MAC addresses.
  state.salt = TRY(kernel::read_sysctl("kernel/random/boot_id")).value_or("");
  const auto bridge = TRY(look_up(kernel, config.bridge));
  if (!bridge) return state;
  if (!bridge->mac.is_zero()) state.bridge_mac = bridge->mac;
  state.bridge_accept_ra = bridge->accept_ra;
  std::optional<kernel::Link> gateway = bridge;
  if (config.vlan != 0) {
    gateway = TRY(look_up(kernel, config.vlan_gateway_name()));
    if (gateway) state.vlan_gateway_mac = gateway->mac;
  }
  if (gateway && config.is_gateway) state.gateway_addresses = TRY(addresses_of(kernel, *gateway));
  return state;
}

Result<void> require_free_name(Kernel& kernel, const std::string& ifname) {
  const auto link = kernel::find_link(*TRY(kernel.pod()), ifname);
  if (!link) return std::unexpected(link.error().as_error("cannot look into the netns"));
  if (!*link) return {};
  return fail(Code::kInterfaceExists, fmt::format("interface {:?} already exists in the netns", ifname),
              "the attachment may have been added before; delete it first");
}

namespace {

/// Plans and applies; again when the bridge turned out to be another one than was looked at.
Result<spec::AddResult> wire(const Call& call, const Config& config, const spec::AddResult& ipam,
                             Kernel& kernel, const kernel::BeforeStep& before) {
  for (int attempt = 1;; ++attempt) {
    const HostState host = TRY(observe(kernel, config));
    AddPlan planned = TRY(plan_add(config, call.invocation, ipam, host));
    // A result that the requested version cannot express is refused before anything is touched.
    TRY(spec::require_expressible(planned.result, call.invocation.conf.version));
    const auto applied = kernel::apply(planned.steps, kernel, before);
    if (applied) return std::move(planned.result);
    if (applied.error().code != Code::kTryAgainLater || attempt == kMaxPlans)
      return std::unexpected(applied.error());
  }
}

Result<spec::AddResult> add(const Call& call) {
  return add_with(call, {});
}

/// The tag of the attachment's host link; nothing when there is none of this attachment.
Result<std::optional<plan::OwnerTag>> tag_of(Kernel& kernel, const spec::Attachment& attachment) {
  const auto link = TRY(look_up(kernel, plan::host_veth_name(attachment)));
  auto tag = link ? plan::OwnerTag::parse(link->alias) : std::nullopt;
  if (tag && tag->key != plan::owner_key(attachment)) tag.reset();
  return tag;
}

void pass_notices(Kernel& kernel, const Call& call) {
  for (std::string& notice : kernel.take_notices()) call.notices.push_back(std::move(notice));
}

Result<void> del(const Call& call) {
  const spec::Attachment attachment = call.invocation.attachment();
  Kernel kernel = TRY(plugin::open_sandbox_if_any(call.invocation.env));
  const auto tag = TRY(tag_of(kernel, attachment));
  const auto undone = kernel::undo(plan_del(attachment, tag), kernel);
  pass_notices(kernel, call);
  if (!undone) {
    // While the link lives its address is in use: the lease stays, and the runtime's next DEL tries again.
    const auto link = look_up(kernel, plan::host_veth_name(attachment));
    if (!link || *link) return undone;
  }
  const auto released = plugin::Ipam(call).del();
  if (!undone && !released)
    return fail(undone.error().code, fmt::format("{}; {}", undone.error().msg, released.error().msg));
  return undone ? released : undone;
}

Result<void> check(const Call& call) {
  const spec::NetConf& conf = call.invocation.conf;
  if (conf.prev_result_error) return std::unexpected(*conf.prev_result_error);
  if (!conf.prev_result) return fail(Code::kInvalidNetworkConfig, "Required prevResult missing");
  const Config config = TRY(parse_config(call.invocation));
  TRY(plugin::Ipam(call).check());
  Kernel kernel = TRY(plugin::open_sandbox(call.invocation.env));
  const CheckPlan plan = TRY(plan_check(config, call.invocation, *conf.prev_result));
  TRY(kernel::verify(plan.steps, kernel));
  if (!plan.reference) return {};
  const auto verified = kernel::verify_reference_rules(*plan.reference, kernel);
  pass_notices(kernel, call);
  return verified;
}

Result<void> gc(const Call& call) {
  const auto valid = TRY(plugin::require_valid_attachments(call.invocation.conf));
  Kernel kernel = TRY(plugin::open_host());
  const auto collected = plugin::collect_garbage(kernel, call.invocation.conf.name, valid);
  pass_notices(kernel, call);
  const auto released = plugin::Ipam(call).gc();
  if (!collected && !released) {
    return fail(collected.error().code, fmt::format("{}; {}", collected.error().msg, released.error().msg));
  }
  return collected ? released : collected;
}

Result<void> status(const Call& call) {
  const Config config = TRY(parse_config(call.invocation));
  Kernel kernel = TRY(plugin::open_host());
  if (const auto link = TRY(look_up(kernel, config.bridge)); link && link->kind != "bridge") {
    return fail(Code::kNotAvailable, fmt::format("{:?} already exists but is not a bridge", config.bridge));
  }
  return plugin::Ipam(call).status();
}

}  // namespace

Result<spec::AddResult> add_with(const Call& call, const kernel::BeforeStep& before) {
  const Config config = TRY(parse_config(call.invocation));
  call.notices.insert(call.notices.end(), config.notices.begin(), config.notices.end());
  Kernel kernel = TRY(plugin::open_sandbox(call.invocation.env));
  TRY(require_free_name(kernel, call.invocation.env.ifname));
  plugin::Ipam ipam(call);
  const spec::AddResult leased = TRY(ipam.add());
  auto result = wire(call, config, leased, kernel, before);
  if (result) return result;
  Error error = std::move(result).error();
  if (const auto released = ipam.del(); !released) {
    error.details += fmt::format("; the address is still leased: {}", released.error().msg);
  }
  return std::unexpected(std::move(error));
}

const plugin::Plugin kPlugin{
    .name = "bridge",
    .about = "podwire bridge: pods on a Linux bridge",
    .add = add,
    .del = del,
    .check = check,
    .gc = gc,
    .status = status,
};

}  // namespace podwire::bridge
