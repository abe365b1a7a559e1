// Published ports: "8080:80/udp" as a user types it, portMappings as plugins take it (CONVENTIONS.md,
// "port mappings").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libcni/base/json.h"

namespace podwire::pod {

struct PortMapping {
  std::string host_ip;  ///< "": every address of the host
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  ///< tcp, udp or sctp

  bool operator==(const PortMapping&) const = default;
};

/// `[HOSTIP:]HOSTPORT:PORT[/tcp|udp|sctp]`; an IPv6 HOSTIP stands in brackets. Error: kInvalidEnvironment.
[[nodiscard]] Result<PortMapping> parse_port_mapping(std::string_view text);

/// As the user typed it, in full.
[[nodiscard]] std::string text(const PortMapping& mapping);

[[nodiscard]] Json encode_port_mappings(std::span<const PortMapping> mappings);
[[nodiscard]] Result<std::vector<PortMapping>> decode_port_mappings(const JsonView& array);

}  // namespace podwire::pod
