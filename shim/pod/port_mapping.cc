#include "shim/pod/port_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "libcni/base/ip.h"

namespace podwire::pod {
namespace {

constexpr std::array<std::string_view, 3> kProtocols{"tcp", "udp", "sctp"};
constexpr int kMaxPort = 65535;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::unexpected<Error> malformed(std::string_view text, std::string_view what) {
  return fail(Code::kInvalidEnvironment,
              fmt::format("port \"{}\": {}; expected [HOSTIP:]HOSTPORT:PORT[/tcp|udp|sctp]", text, what));
}

/// Cuts off what stands after the last separator; "" and an unchanged text when there is none.
std::string_view cut_after_last(std::string_view& text, char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == std::string_view::npos) return {};
  const std::string_view tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

std::string_view without_brackets(std::string_view text) {
  return text.size() > 1 && text.front() == '[' && text.back() == ']' ? text.substr(1, text.size() - 2)
                                                                      : text;
}

}  // namespace

Result<PortMapping> parse_port_mapping(std::string_view whole) {
  PortMapping mapping;
  std::string_view rest = whole;
  if (rest.contains('/')) mapping.protocol = cut_after_last(rest, '/');
  if (std::ranges::find(kProtocols, mapping.protocol) == kProtocols.end()) {
    return malformed(whole, fmt::format("unknown protocol \"{}\"", mapping.protocol));
  }
  const auto container_port = parse_port(cut_after_last(rest, ':'));
  std::string_view host = rest;
  const auto host_port = parse_port(rest.contains(':') ? cut_after_last(host, ':') : rest);
  if (!container_port || !host_port) return malformed(whole, "a port is not a number from 1 to 65535");
  mapping.container_port = *container_port;
  mapping.host_port = *host_port;
  if (host.size() == rest.size()) return mapping;
  const auto ip = Ip::parse(without_brackets(host));
  if (!ip) return malformed(whole, fmt::format("\"{}\" is not an IP address", host));
  if (!ip->is_v4() && host.front() != '[') return malformed(whole, "an IPv6 address needs brackets");
  mapping.host_ip = ip->text();
  return mapping;
}

std::string text(const PortMapping& mapping) {
  const bool v6 = mapping.host_ip.contains(':');
  const std::string host = mapping.host_ip.empty() ? ""
                           : v6                    ? fmt::format("[{}]:", mapping.host_ip)
                                                   : mapping.host_ip + ":";
  return fmt::format("{}{}:{}/{}", host, mapping.host_port, mapping.container_port, mapping.protocol);
}

Json encode_port_mappings(std::span<const PortMapping> mappings) {
  Json array = Json::array();
  for (const PortMapping& mapping : mappings) {
    Json object = Json::object();
    object.set("hostPort", static_cast<int>(mapping.host_port));
    object.set("containerPort", static_cast<int>(mapping.container_port));
    object.set("protocol", mapping.protocol);
    if (!mapping.host_ip.empty()) object.set("hostIP", mapping.host_ip);
    array.push_back(std::move(object));
  }
  return array;
}

Result<std::vector<PortMapping>> decode_port_mappings(const JsonView& array) {
  std::vector<PortMapping> mappings;
  for (const JsonView& object : TRY(array.elements())) {
    PortMapping mapping;
    if (const auto port = object.find("hostPort")) {
      mapping.host_port = static_cast<std::uint16_t>(TRY(port->integer(0, kMaxPort)));
    }
    if (const auto port = object.find("containerPort")) {
      mapping.container_port = static_cast<std::uint16_t>(TRY(port->integer(0, kMaxPort)));
    }
    TRY(read(object, "protocol", mapping.protocol));
    TRY(read(object, "hostIP", mapping.host_ip));
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

}  // namespace podwire::pod
