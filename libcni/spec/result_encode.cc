// Results, errors and version lists as the JSON of every specification version.
#include "libcni/spec/result.h"

namespace podwire::spec {
namespace {

std::string_view family_digit(const Ip& ip) {
  return ip.is_v4() ? "4" : "6";
}

void set_unless_empty(Json& object, std::string_view key, const std::string& value) {
  if (!value.empty()) object.set(key, value);
}

void set_unless_empty(Json& object, std::string_view key, const std::vector<std::string>& values) {
  if (!values.empty()) object.set(key, values);
}

void set_unless_zero(Json& object, std::string_view key, std::uint32_t value) {
  if (value != 0) object.set(key, value);
}

Json encode_interface(const Interface& interface, ResultGroup group) {
  const bool current = group == ResultGroup::k100;
  Json object = Json::object();
  object.set("name", interface.name);
  set_unless_empty(object, "mac", interface.mac);
  if (current && interface.mtu != 0) object.set("mtu", interface.mtu);
  set_unless_empty(object, "sandbox", interface.sandbox);
  if (current) {
    set_unless_empty(object, "socketPath", interface.socket_path);
    set_unless_empty(object, "pciID", interface.pci_id);
  }
  return object;
}

Json encode_ip(const IpConfig& ip, ResultGroup group) {
  Json object = Json::object();
  if (group == ResultGroup::k040) object.set("version", family_digit(ip.address.ip));
  if (ip.interface) object.set("interface", std::uint64_t{*ip.interface});
  object.set("address", ip.address.text());
  if (ip.gateway) object.set("gateway", ip.gateway->text());
  return object;
}

template <typename T, typename Encode>
void set_list(Json& object, std::string_view key, const std::vector<T>& values, Encode encode) {
  if (values.empty()) return;
  Json list = Json::array();
  for (const T& value : values) list.push_back(encode(value));
  object.set(key, std::move(list));
}

void set_lists(Json& object, const AddResult& result, ResultGroup group) {
  set_list(object, "interfaces", result.interfaces,
           [group](const Interface& interface) { return encode_interface(interface, group); });
  set_list(object, "ips", result.ips, [group](const IpConfig& ip) { return encode_ip(ip, group); });
  set_list(object, "routes", result.routes, encode_route);
}

/// The first address of the family with the family's routes, which in 0.2.0 know a destination and a gateway
/// only; nothing when there is no such address (RES-6).
std::optional<Json> encode_family(const AddResult& result, Family family) {
  for (const IpConfig& ip : result.ips) {
    if (ip.address.ip.family() != family) continue;
    Json object = Json::object();
    object.set("ip", ip.address.text());
    if (ip.gateway) object.set("gateway", ip.gateway->text());
    std::vector<Route> routes;
    for (const Route& route : result.routes) {
      if (route.dst.ip.family() == family) routes.push_back({.dst = route.dst, .gw = route.gw});
    }
    set_list(object, "routes", routes, encode_route);
    return object;
  }
  return std::nullopt;
}

void set_families(Json& object, const AddResult& result) {
  auto ip4 = encode_family(result, Family::kV4);
  auto ip6 = encode_family(result, Family::kV6);
  if (ip4) object.set("ip4", std::move(*ip4));
  if (ip6) object.set("ip6", std::move(*ip6));
}

std::string_view or_current(std::string_view cni_version) {
  return cni_version.empty() ? text(kCurrentVersion) : cni_version;
}

}  // namespace

Result<void> require_expressible(const AddResult& result, Version version) {
  if (result_group(version) != ResultGroup::k020 || !result.ips.empty()) return {};
  return fail(Code::kIncompatibleVersion, "cannot convert: no valid IP addresses");
}

Result<Json> encode_result(const AddResult& result, Version version) {
  TRY(require_expressible(result, version));
  const ResultGroup group = result_group(version);
  Json object = Json::object();
  object.set("cniVersion", text(version));
  if (group == ResultGroup::k100) {
    if (!result.dns.empty()) object.set("dns", encode_dns(result.dns));
    set_lists(object, result, group);
    return object;
  }
  if (group == ResultGroup::k020) {
    set_families(object, result);
  } else {
    set_lists(object, result, group);
  }
  object.set("dns", encode_dns(result.dns));
  return object;
}

Json encode_route(const Route& route) {
  Json object = Json::object();
  object.set("dst", route.dst.text());
  if (route.gw) object.set("gw", route.gw->text());
  set_unless_zero(object, "mtu", route.mtu);
  set_unless_zero(object, "advmss", route.advmss);
  set_unless_zero(object, "priority", route.priority);
  if (route.table) object.set("table", *route.table);
  if (route.scope) object.set("scope", unsigned{*route.scope});
  return object;
}

Json encode_dns(const Dns& dns) {
  Json object = Json::object();
  set_unless_empty(object, "nameservers", dns.nameservers);
  set_unless_empty(object, "domain", dns.domain);
  set_unless_empty(object, "search", dns.search);
  set_unless_empty(object, "options", dns.options);
  return object;
}

std::string encode_error(const Error& error, std::string_view cni_version) {
  Json object = Json::object();
  object.set("cniVersion", or_current(cni_version));
  object.set("code", static_cast<std::uint32_t>(error.code));
  object.set("msg", error.msg);
  set_unless_empty(object, "details", error.details);
  return object.dump();
}

std::string encode_version_info(std::string_view cni_version) {
  Json versions = Json::array();
  for (const Version version : kAllVersions) versions.push_back(text(version));
  Json object = Json::object();
  object.set("cniVersion", or_current(cni_version));
  object.set("supportedVersions", std::move(versions));
  return object.dump() + "\n";
}

}  // namespace podwire::spec
