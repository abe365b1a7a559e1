#include "plugins/bridge/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcni/spec/validate.h"

namespace podwire::bridge {
namespace {

constexpr std::int64_t kMaxVlan = 4094;
/// RFC 791's minimum and the largest MTU of a veth (kernel ETH_MAX_MTU).
constexpr std::int64_t kMinMtu = 68;
constexpr std::int64_t kMaxMtu = 65535;
/// CNI_ARGS keys that bridge and the IPAM plugins it delegates to read; others need IgnoreUnknown.
constexpr std::array<std::string_view, 3> kKnownArgs{"MAC", "IP", "GATEWAY"};
constexpr std::int64_t kAnyInteger = std::int64_t{1} << 53;

std::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidNetworkConfig, std::move(message));
}

Result<void> read_mtu(const JsonView& conf, std::uint32_t& mtu) {
  const auto value = conf.find("mtu");
  if (!value) return {};
  const std::int64_t number = TRY(value->integer(-kAnyInteger, kAnyInteger));
  if (number != 0 && (number < kMinMtu || number > kMaxMtu)) {
    return invalid(fmt::format("invalid mtu {} (must be 0 for the kernel's default, or {} to {})", number,
                               kMinMtu, kMaxMtu));
  }
  mtu = static_cast<std::uint32_t>(number);
  return {};
}

Result<void> read_vlan(const JsonView& conf, std::uint16_t& vlan) {
  const auto value = conf.find("vlan");
  if (!value) return {};
  const std::int64_t number = TRY(value->integer(-kAnyInteger, kAnyInteger));
  if (number < 0 || number > kMaxVlan) {
    return invalid(fmt::format("invalid VLAN ID {} (must be between 0 and {})", number, kMaxVlan));
  }
  vlan = static_cast<std::uint16_t>(number);
  return {};
}

Result<void> read_masquerade_backend(const JsonView& conf, Config& config) {
  std::string backend;
  TRY(read(conf, "ipMasqBackend", backend));
  if (!backend.empty() && backend != "iptables" && backend != "nftables") {
    return invalid(fmt::format("unknown ipmasq backend {:?}", backend));
  }
  if (backend == "iptables" && config.ip_masq) {
    config.notices.emplace_back("ipMasqBackend \"iptables\" is served by nftables (table inet podwire)");
  }
  return {};
}

Result<void> check_combinations(const Config& config, bool has_ipam) {
  if (config.hairpin_mode && config.promisc_mode) {
    return invalid("cannot set hairpin mode and promiscuous mode at the same time");
  }
  if (config.disable_container_interface && has_ipam) {
    return invalid("cannot use IPAM when DisableContainerInterface flag is set");
  }
  if (config.vlan != 0 && config.is_gateway) {
    const auto valid = spec::validate_interface_name(config.vlan_gateway_name());
    if (!valid) {
      return invalid(fmt::format(
          "the gateway of VLAN {} would be the interface {:?}, which is too long: shorten \"bridge\"",
          config.vlan, config.vlan_gateway_name()));
    }
  }
  return {};
}

/// An id of a trunk entry: absent, or 1..4094.
Result<std::optional<std::uint16_t>> trunk_id(const JsonView& entry, std::string_view key,
                                              std::string_view word) {
  const auto value = entry.find(key);
  if (!value) return std::nullopt;
  const std::int64_t number = TRY(value->integer(-kAnyInteger, kAnyInteger));
  if (number <= 0 || number > kMaxVlan) return invalid(fmt::format("incorrect trunk {} parameter", word));
  return static_cast<std::uint16_t>(number);
}

Result<void> append_entry(const JsonView& entry, std::vector<plan::VlanRange>& ranges) {
  if (!entry.is_object()) return entry.type_error("an object");
  const auto minimum = TRY(trunk_id(entry, "minID", "minID"));
  const auto maximum = TRY(trunk_id(entry, "maxID", "maxID"));
  if (minimum && !maximum)
    return invalid("minID and maxID should be configured simultaneously, maxID is missing");
  if (!minimum && maximum)
    return invalid("minID and maxID should be configured simultaneously, minID is missing");
  if (minimum && *minimum > *maximum) return invalid("minID is greater than maxID in trunk parameter");
  if (minimum) ranges.push_back({.first = *minimum, .last = *maximum});
  if (const auto id = TRY(trunk_id(entry, "id", "id"))) ranges.push_back({.first = *id, .last = *id});
  return {};
}

}  // namespace

std::string Config::vlan_gateway_name() const {
  return fmt::format("{}.{}", bridge, vlan);
}

Result<std::vector<plan::VlanRange>> parse_vlan_trunk(const JsonView& trunk) {
  std::vector<plan::VlanRange> ranges;
  for (const JsonView& entry : TRY(trunk.elements())) TRY(append_entry(entry, ranges));
  std::sort(ranges.begin(), ranges.end());
  std::vector<plan::VlanRange> merged;
  for (const plan::VlanRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

Result<Config> parse_config(const spec::Invocation& invocation) {
  const JsonView conf = invocation.conf.view();
  Config config;
  std::string bridge;
  TRY(read(conf, "bridge", bridge));
  if (!bridge.empty()) config.bridge = bridge;
  if (const auto valid = spec::validate_interface_name(config.bridge); !valid) {
    return invalid(fmt::format("/bridge: {}: {:?}", valid.error().msg, config.bridge));
  }
  TRY(read(conf, "isGateway", config.is_gateway));
  TRY(read(conf, "isDefaultGateway", config.is_default_gateway));
  config.is_gateway = config.is_gateway || config.is_default_gateway;
  TRY(read(conf, "forceAddress", config.force_address));
  TRY(read(conf, "ipMasq", config.ip_masq));
  TRY(read_masquerade_backend(conf, config));
  TRY(read_mtu(conf, config.mtu));
  TRY(read(conf, "hairpinMode", config.hairpin_mode));
  TRY(read(conf, "promiscMode", config.promisc_mode));
  TRY(read_vlan(conf, config.vlan));
  if (const auto trunk = conf.find("vlanTrunk")) config.vlan_trunk = TRY(parse_vlan_trunk(*trunk));
  TRY(read(conf, "preserveDefaultVlan", config.preserve_default_vlan));
  TRY(read(conf, "macspoofchk", config.mac_spoof_check));
  TRY(read(conf, "enabledad", config.enable_dad));
  TRY(read(conf, "disableContainerInterface", config.disable_container_interface));
  TRY(read(conf, "portIsolation", config.port_isolation));
  config.mac = TRY(spec::requested_mac(invocation));
  TRY(TRY(spec::CniArgs::parse(invocation.env.args)).require_known(kKnownArgs));
  TRY(check_combinations(config, !invocation.conf.ipam_type.empty()));
  return config;
}

}  // namespace podwire::bridge
