// What a successful ADD prints (SPEC section 5, "Success"), independent of the version it is printed in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/base/json.h"
#include "libcni/spec/version.h"

namespace podwire::spec {

struct Interface {
  std::string name;
  std::string mac;       ///< "" when unknown
  std::int64_t mtu = 0;  ///< bytes; 0 is not printed
  std::string sandbox;   ///< CNI_NETNS verbatim; "" on the host side
  std::string socket_path;
  std::string pci_id;
};

struct IpConfig {
  std::optional<std::size_t> interface;  ///< index into AddResult::interfaces
  Cidr address;
  std::optional<Ip> gateway;
};

struct Route {
  Cidr dst;
  std::optional<Ip> gw;
  std::uint32_t mtu = 0;       ///< bytes; 0: not set
  std::uint32_t advmss = 0;    ///< bytes; 0: not set
  std::uint32_t priority = 0;  ///< metric; 0: not set
  std::optional<std::uint32_t> table;
  std::optional<std::uint8_t> scope;
};

struct Dns {
  std::vector<std::string> nameservers;
  std::string domain;
  std::vector<std::string> search;
  std::vector<std::string> options;

  [[nodiscard]] bool empty() const {
    return nameservers.empty() && domain.empty() && search.empty() && options.empty();
  }
};

struct AddResult {
  std::vector<Interface> interfaces;
  std::vector<IpConfig> ips;
  std::vector<Route> routes;
  Dns dns;
};

/// Whether encode_result() will succeed, for asking before anything is touched.
/// Error (0.1.0, 0.2.0 only): kIncompatibleVersion, `cannot convert: no valid IP addresses`.
[[nodiscard]] Result<void> require_expressible(const AddResult& result, Version version);

/// The JSON object of this version, cniVersion first. Conversion losses are RES-5 and RES-6.
/// Error: require_expressible()'s.
[[nodiscard]] Result<Json> encode_result(const AddResult& result, Version version);

/// Reads a result that labels itself with any supported version; `fallback` is used when it carries no
/// cniVersion (ERR-5, RES-10). null is the empty result; unknown keys are ignored. An ips[].interface beyond
/// the interfaces is an error. Error: kDecode with the JSON pointer.
[[nodiscard]] Result<AddResult> decode_result(const JsonView& object, Version fallback);

/// The pieces, shared with configuration (ipam.routes, dns) and with the cache.
[[nodiscard]] Json encode_route(const Route& route);
[[nodiscard]] Result<Route> decode_route(const JsonView& object);
[[nodiscard]] Json encode_dns(const Dns& dns);
[[nodiscard]] Result<Dns> decode_dns(const JsonView& object);

/// The error object of SPEC section 5 on one line without line end: cniVersion, code, msg, details (D2:
/// cniVersion is printed). An empty cni_version, the version not being known yet, prints the current one.
[[nodiscard]] std::string encode_error(const Error& error, std::string_view cni_version);
/// The version object and a line end: {"cniVersion":..., "supportedVersions":[...]} (VER-1). Empty: as above.
[[nodiscard]] std::string encode_version_info(std::string_view cni_version);

}  // namespace podwire::spec
