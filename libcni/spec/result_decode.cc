// Results of every specification version, read from JSON.
#include <fmt/format.h>

#include <limits>

#include "libcni/spec/result.h"

namespace podwire::spec {
namespace {

constexpr std::int64_t kMaxUint32 = std::numeric_limits<std::uint32_t>::max();

std::unexpected<Error> at(const JsonView& view, std::string_view what) {
  return fail(Code::kDecode,
              fmt::format("{}: {}", view.pointer().empty() ? "the document" : view.pointer(), what));
}

/// A required member.
Result<JsonView> require(const JsonView& object, std::string_view key) {
  if (!object.is_object()) return object.type_error("an object");
  const auto member = object.find(key);
  if (!member) return at(object, fmt::format("missing {:?}", key));
  return *member;
}

Result<Cidr> read_cidr(const JsonView& object, std::string_view key) {
  const JsonView member = TRY(require(object, key));
  const auto cidr = Cidr::parse(TRY(member.string()));
  if (!cidr) return at(member, cidr.error().msg);
  return *cidr;
}

/// Absent, null and "" leave `out` empty, as Go's net.IP does.
Result<void> read_ip(const JsonView& object, std::string_view key, std::optional<Ip>& out) {
  const auto member = object.find(key);
  if (!member) return {};
  const std::string value = TRY(member->string());
  if (value.empty()) return {};
  const auto ip = Ip::parse(value);
  if (!ip) return at(*member, ip.error().msg);
  out = *ip;
  return {};
}

template <typename T>
Result<void> read_number(const JsonView& object, std::string_view key, std::int64_t max, T& out) {
  if (const auto member = object.find(key)) out = static_cast<T>(TRY(member->integer(0, max)));
  return {};
}

template <typename T>
Result<void> read_number(const JsonView& object, std::string_view key, std::int64_t max,
                         std::optional<T>& out) {
  if (object.find(key)) TRY(read_number(object, key, max, out.emplace()));
  return {};
}

/// The elements of an optional array, each decoded.
template <typename T, typename Decode>
Result<void> read_list(const JsonView& object, std::string_view key, std::vector<T>& out, Decode decode) {
  const auto member = object.find(key);
  if (!member) return {};
  for (const JsonView& element : TRY(member->elements())) out.push_back(TRY(decode(element)));
  return {};
}

Result<Interface> decode_interface(const JsonView& object) {
  if (!object.is_object()) return object.type_error("an object");
  Interface interface;
  TRY(read(object, "name", interface.name));
  TRY(read(object, "mac", interface.mac));
  TRY(read_number(object, "mtu", std::numeric_limits<std::int32_t>::max(), interface.mtu));
  TRY(read(object, "sandbox", interface.sandbox));
  TRY(read(object, "socketPath", interface.socket_path));
  TRY(read(object, "pciID", interface.pci_id));
  return interface;
}

Result<IpConfig> decode_ip(const JsonView& object, std::size_t interfaces) {
  IpConfig ip;
  ip.address = TRY(read_cidr(object, "address"));
  TRY(read_ip(object, "gateway", ip.gateway));
  TRY(read_number(object, "interface", std::numeric_limits<std::int32_t>::max(), ip.interface));
  if (ip.interface && *ip.interface >= interfaces) {
    return at(object, fmt::format("interface {} is out of range: the result has {} interfaces", *ip.interface,
                                  interfaces));
  }
  return ip;
}

Result<void> decode_lists(const JsonView& object, AddResult& result) {
  TRY(read_list(object, "interfaces", result.interfaces, decode_interface));
  TRY(read_list(object, "ips", result.ips,
                [&](const JsonView& element) { return decode_ip(element, result.interfaces.size()); }));
  return read_list(object, "routes", result.routes, decode_route);
}

/// "ip4" or "ip6" of 0.1.0 and 0.2.0.
Result<void> decode_family(const JsonView& object, std::string_view key, AddResult& result) {
  const auto member = object.find(key);
  if (!member) return {};
  IpConfig ip;
  ip.address = TRY(read_cidr(*member, "ip"));
  TRY(read_ip(*member, "gateway", ip.gateway));
  result.ips.push_back(ip);
  return read_list(*member, "routes", result.routes, decode_route);
}

Result<Version> decode_label(const JsonView& object, Version fallback) {
  const auto member = object.find("cniVersion");
  if (!member) return fallback;
  const std::string label = TRY(member->string());
  if (label.empty()) return fallback;
  const auto version = parse_version(label);
  if (!version) return at(*member, fmt::format("unsupported result version {:?}", label));
  return *version;
}

}  // namespace

Result<AddResult> decode_result(const JsonView& object, Version fallback) {
  AddResult result;
  if (object.is_null()) return result;
  if (!object.is_object()) return object.type_error("an object");
  if (result_group(TRY(decode_label(object, fallback))) == ResultGroup::k020) {
    TRY(decode_family(object, "ip4", result));
    TRY(decode_family(object, "ip6", result));
  } else {
    TRY(decode_lists(object, result));
  }
  if (const auto dns = object.find("dns")) result.dns = TRY(decode_dns(*dns));
  return result;
}

Result<Route> decode_route(const JsonView& object) {
  Route route;
  route.dst = TRY(read_cidr(object, "dst"));
  TRY(read_ip(object, "gw", route.gw));
  TRY(read_number(object, "mtu", kMaxUint32, route.mtu));
  TRY(read_number(object, "advmss", kMaxUint32, route.advmss));
  TRY(read_number(object, "priority", kMaxUint32, route.priority));
  TRY(read_number(object, "table", kMaxUint32, route.table));
  TRY(read_number(object, "scope", std::numeric_limits<std::uint8_t>::max(), route.scope));
  return route;
}

Result<Dns> decode_dns(const JsonView& object) {
  if (!object.is_object()) return object.type_error("an object");
  Dns dns;
  TRY(read(object, "nameservers", dns.nameservers));
  TRY(read(object, "domain", dns.domain));
  TRY(read(object, "search", dns.search));
  TRY(read(object, "options", dns.options));
  return dns;
}

}  // namespace podwire::spec
