#include "shim/pod/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libcni/base/ip.h"
#include "libcni/base/text.h"
#include "libcni/runtime/capabilities.h"
#include "shim/pod/port_mapping.h"

namespace podwire::pod {
namespace {

struct Request {
  std::size_t network;
  std::string value;
};

/// Sends requests to networks by their interface or by what the lists declare.
class Router {
 public:
  static Result<Router> of(std::span<const spec::NetworkList> lists) {
    Router router;
    for (const spec::NetworkList& list : lists) {
      router.names_.push_back(list.name);
      router.declared_.push_back(TRY(in_context(runtime::declared_capabilities(list), list.name)));
    }
    return router;
  }

  [[nodiscard]] Result<Request> route(std::string_view typed, const std::string& capability) const {
    const std::size_t equals = typed.find('=');
    if (equals == std::string_view::npos) {
      const auto network =
          std::ranges::find_if(declared_, [&](const auto& names) { return names.contains(capability); });
      if (network == declared_.end()) return undeclared(join(names_, ", "), capability, typed);
      return Request{static_cast<std::size_t>(network - declared_.begin()), std::string(typed)};
    }
    const std::string_view ifname = typed.substr(0, equals);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (interface_name(i) != ifname) continue;
      if (!declared_[i].contains(capability)) return undeclared(names_[i], capability, typed);
      return Request{i, std::string(typed.substr(equals + 1))};
    }
    return fail(Code::kInvalidEnvironment,
                fmt::format("\"{}\": the pod has no interface \"{}\"; its networks are eth0 to {}", typed,
                            ifname, interface_name(names_.size() - 1)));
  }

 private:
  static std::unexpected<Error> undeclared(std::string_view networks, std::string_view capability,
                                           std::string_view typed) {
    return fail(Code::kUnsupportedField,
                fmt::format("no plugin of network \"{}\" declares the capability \"{}\" (wanted for {})",
                            networks, capability, typed),
                fmt::format("add \"capabilities\": {{\"{}\": true}} to the plugin of the list that serves it",
                            capability));
  }

  std::vector<std::string> names_;
  std::vector<std::set<std::string>> declared_;
};

Result<std::string> checked_address(const std::string& value) {
  if (value.contains('/') ? Cidr::parse(value).has_value() : Ip::parse(value).has_value()) return value;
  return fail(Code::kInvalidEnvironment, fmt::format("\"{}\" is not an IP address", value));
}

}  // namespace

std::string interface_name(std::size_t index) {
  return fmt::format("eth{}", index);
}

Result<std::vector<Json>> assign_requests(const Requests& requests,
                                          std::span<const spec::NetworkList> lists) {
  const Router router = TRY(Router::of(lists));
  std::vector<std::vector<PortMapping>> ports(lists.size());
  std::vector<std::vector<std::string>> ips(lists.size());
  std::vector<std::string> macs(lists.size());
  for (const std::string& typed : requests.ports) {
    const Request request = TRY(router.route(typed, "portMappings"));
    ports[request.network].push_back(TRY(parse_port_mapping(request.value)));
  }
  for (const std::string& typed : requests.ips) {
    const Request request = TRY(router.route(typed, "ips"));
    ips[request.network].push_back(TRY(checked_address(request.value)));
  }
  for (const std::string& typed : requests.macs) {
    const Request request = TRY(router.route(typed, "mac"));
    std::string& mac = macs[request.network];
    if (!mac.empty()) {
      return fail(Code::kInvalidEnvironment,
                  fmt::format("\"{}\": this interface has a MAC request already", typed));
    }
    mac = TRY(Mac::parse(request.value)).text();
  }
  std::vector<Json> args;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    Json& object = args.emplace_back(Json::object());
    if (!ports[i].empty()) object.set("portMappings", encode_port_mappings(ports[i]));
    if (!ips[i].empty()) object.set("ips", ips[i]);
    if (!macs[i].empty()) object.set("mac", macs[i]);
  }
  return args;
}

}  // namespace podwire::pod
