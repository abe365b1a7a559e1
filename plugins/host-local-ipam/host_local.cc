#include "plugins/host-local-ipam/host_local.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/config.h"
#include "plugins/host-local-ipam/lease_store.h"
#include "plugins/host-local-ipam/pool_status.h"
#include "plugins/host-local-ipam/resolv_conf.h"

namespace podwire::host_local {
namespace {

Owner owner_of(const plugin::Call& call) {
  return {.container_id = call.invocation.env.container_id, .ifname = call.invocation.env.ifname};
}

Result<spec::AddResult> add(const plugin::Call& call) {
  Config config = TRY(parse_config(call.invocation));
  spec::AddResult result{.routes = std::move(config.routes)};
  if (!config.resolv_conf.empty()) result.dns = TRY(read_resolv_conf(config.resolv_conf));
  const auto store = TRY(LeaseStore::open_or_create(config.directory, {.notices = &call.notices}));
  result.ips = TRY(allocate(*store, config.range_sets, config.requested, owner_of(call)));
  return result;
}

Result<void> del(const plugin::Call& call) {
  const auto store =
      TRY(LeaseStore::open(TRY(parse_directory(call.invocation.conf)), {.notices = &call.notices}));
  if (!store) return {};
  return release(*store, owner_of(call));
}

Result<void> check(const plugin::Call& call) {
  const auto store =
      TRY(LeaseStore::open(TRY(parse_directory(call.invocation.conf)), {.notices = &call.notices}));
  const Owner owner = owner_of(call);
  if (store && TRY(holds_lease(*store, owner))) return {};
  return fail(Code::kMissing,
              fmt::format("host-local: Failed to find address added by container {}", owner.container_id));
}

Result<void> gc(const plugin::Call& call) {
  const spec::NetConf& conf = call.invocation.conf;
  const std::filesystem::path directory = TRY(parse_directory(conf));
  if (!conf.valid_attachments) {
    return fail(Code::kInvalidNetworkConfig,
                "cni.dev/valid-attachments is missing: to release every lease, pass an empty list");
  }
  std::unordered_set<std::string> valid;
  for (const spec::Attachment& attachment : *conf.valid_attachments) {
    const Owner owner{.container_id = attachment.container_id, .ifname = attachment.ifname};
    valid.insert(owner.record());
    valid.insert(owner.legacy_record());
  }
  const auto store = TRY(LeaseStore::open(directory, {.notices = &call.notices}));
  if (!store) return {};
  return report(
      TRY(store->retain([&](std::string_view record) { return valid.contains(std::string(record)); })));
}

Result<void> status(const plugin::Call& call) {
  const Config config = TRY(parse_config(call.invocation));
  if (!config.resolv_conf.empty()) {
    auto dns = read_resolv_conf(config.resolv_conf);
    if (!dns) return fail(Code::kNotAvailable, dns.error().msg);
  }
  return check_pool(config.directory, config.range_sets);
}

}  // namespace

const plugin::Plugin kPlugin{
    .name = "host-local",
    .about = "podwire host-local: addresses from ranges of this host, one lease file per address",
    .add = add,
    .del = del,
    .check = check,
    .gc = gc,
    .status = status,
};

}  // namespace podwire::host_local
