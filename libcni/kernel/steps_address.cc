// Steps on addresses, routes, sysctls and their announcement.
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "libcni/kernel/address.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/steps.h"
#include "libcni/kernel/sysctl.h"

namespace podwire::kernel {
namespace {

std::uint32_t duplicate_detection(const Cidr& address, bool wanted) {
  return address.ip.is_v4() || wanted ? 0 : std::uint32_t{IFA_F_NODAD};
}

Result<void> verify_address(Kernel& kernel, plan::Side side, const std::string& name, const Cidr& address) {
  const int link = TRY(kernel.link_index(side, name, Code::kMissing));
  const auto present = list_addresses(side == plan::Side::kHost ? kernel.host() : *TRY(kernel.pod()), link);
  if (!present)
    return std::unexpected(present.error().as_error(fmt::format("cannot list addresses of {}", name)));
  // A tentative address counts: CHECK allows time to converge (SPEC, CHECK).
  const bool found = std::any_of(present->begin(), present->end(),
                                 [&](const LinkAddress& entry) { return entry.address == address; });
  if (!found) return missing(fmt::format("{} does not have address {}", name, address.text()));
  return {};
}

Result<void> ensure_address(const plan::EnsureAddress& step, Netlink& host, int link) {
  const auto added = add_address(host, link, step.address, duplicate_detection(step.address, false));
  if (added || added.error().number == EEXIST) return {};
  return std::unexpected(added.error().as_error(
      fmt::format("could not add IP address {} to {:?}", step.address.text(), step.link)));
}

}  // namespace

Result<void> apply_step(const plan::EnsureAddress& step, Kernel& kernel) {
  Netlink& host = kernel.host();
  const int link = TRY(kernel.link_index(plan::Side::kHost, step.link, Code::kKernel));
  TRY(ensure_address(step, host, link));
  for (const Cidr& old : step.replaces) {
    const auto deleted = delete_address(host, link, old);
    if (!deleted && deleted.error().number != EADDRNOTAVAIL) {
      return std::unexpected(deleted.error().as_error(
          fmt::format("could not remove IP address {} from {:?}", old.text(), step.link)));
    }
  }
  // Beside an old one of its subnet the new address was secondary, and went with it (__inet_del_ifa()).
  if (step.replaces.empty()) return {};
  return ensure_address(step, host, link);
}

Result<void> verify_step(const plan::EnsureAddress& step, Kernel& kernel) {
  return verify_address(kernel, plan::Side::kHost, step.link, step.address);
}

Result<void> apply_step(const plan::EnsureSysctl& step, Kernel&) {
  return ensure_sysctl(step.key, step.value, step.optional);
}

Result<void> verify_step(const plan::EnsureSysctl& step, Kernel&) {
  const auto value = TRY(read_sysctl(step.key));
  if (value == step.value || (!value && step.optional)) return {};
  return missing(fmt::format("sysctl {} is {}, expected {}", step.key, value.value_or("absent"), step.value));
}

namespace {

/// "net/ipv6/conf/eth0" and "accept_dad".
std::pair<std::string, std::string> split_key(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace

Result<void> apply_step(const plan::SetPodSysctl& step, Kernel& kernel) {
  const auto [folder, name] = split_key(step.key);
  return TRY(kernel.pod_sysctls(folder))->ensure(name, step.value, step.optional);
}

Result<void> verify_step(const plan::SetPodSysctl& step, Kernel& kernel) {
  const auto [folder, name] = split_key(step.key);
  const auto value = TRY(TRY(kernel.pod_sysctls(folder))->read(name));
  if (value == step.value || (!value && step.optional)) return {};
  return missing(fmt::format("sysctl {} in the netns is {}, expected {}", step.key, value.value_or("absent"),
                             step.value));
}

Result<void> defer_step(const plan::AddAddress& step, Kernel& kernel) {
  const int link = TRY(kernel.link_index(plan::Side::kPod, step.link, Code::kKernel));
  kernel.defer_in_pod(encode_address(RTM_NEWADDR, link, step.address,
                                     duplicate_detection(step.address, step.detect_duplicates)),
                      fmt::format("failed to add IP addr {} to {:?}", step.address.text(), step.link));
  return {};
}

Result<void> verify_step(const plan::AddAddress& step, Kernel& kernel) {
  return verify_address(kernel, plan::Side::kPod, step.link, step.address);
}

Result<void> defer_step(const plan::AddRoute& step, Kernel& kernel) {
  const int link = TRY(kernel.link_index(plan::Side::kPod, step.link, Code::kKernel));
  kernel.defer_in_pod(encode_route(link, step.route),
                      fmt::format("failed to add route '{} via {} dev {}'", step.route.dst.text(),
                                  step.route.gw ? step.route.gw->text() : "<none>", step.link));
  return {};
}

Result<void> verify_step(const plan::AddRoute& step, Kernel& kernel) {
  Netlink* pod = TRY(kernel.pod());
  const int link = TRY(kernel.link_index(plan::Side::kPod, step.link, Code::kMissing));
  const auto present = list_routes(*pod, link);
  if (!present) return std::unexpected(present.error().as_error("cannot list routes of the netns"));
  const spec::Route& wanted = step.route;
  const bool found = std::any_of(present->begin(), present->end(), [&](const spec::Route& route) {
    return route.dst == wanted.dst.network() && (!wanted.gw || route.gw == wanted.gw) &&
           (wanted.priority == 0 || route.priority == wanted.priority) &&
           route.table == wanted.table.value_or(RT_TABLE_MAIN);
  });
  if (found) return {};
  return missing(fmt::format("route {} via {} dev {} is missing in the netns", wanted.dst.text(),
                             wanted.gw ? wanted.gw->text() : "<none>", step.link));
}

Result<void> apply_step(const plan::Announce& step, Kernel& kernel) {
  return as_result(change_link(*TRY(kernel.pod()), step.link, {.mac = step.mac}),
                   fmt::format("cannot announce the addresses of {}", step.link));
}

}  // namespace podwire::kernel
