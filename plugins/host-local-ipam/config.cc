#include "plugins/host-local-ipam/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace podwire::host_local {
namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidNetworkConfig, std::move(message));
}

Result<JsonView> find_ipam(const spec::NetConf& conf) {
  const auto ipam = conf.view().find("ipam");
  if (!ipam) return invalid("IPAM config missing 'ipam' key");
  if (!ipam->is_object()) return ipam->type_error("an object");
  return *ipam;
}

/// An absent, null or empty member is not set: Go's zero values arrive as "".
Result<std::optional<Ip>> read_ip(const JsonView& object, std::string_view key) {
  std::string value;
  TRY(read(object, key, value));
  if (value.empty()) return std::nullopt;
  return TRY(in_context(Ip::parse(value), fmt::format("{}/{}", object.pointer(), key)));
}

Result<std::optional<Cidr>> read_subnet(const JsonView& object) {
  std::string value;
  TRY(read(object, "subnet", value));
  if (value.empty()) return std::nullopt;
  return TRY(in_context(Cidr::parse(value), fmt::format("{}/subnet", object.pointer())));
}

Result<RangeRequest> parse_range(const JsonView& object) {
  if (!object.is_object()) return object.type_error("a range object");
  return RangeRequest{.subnet = TRY(read_subnet(object)),
                      .start = TRY(read_ip(object, "rangeStart")),
                      .end = TRY(read_ip(object, "rangeEnd")),
                      .gateway = TRY(read_ip(object, "gateway"))};
}

using RangeRequests = std::vector<std::vector<RangeRequest>>;

Result<std::vector<RangeRequest>> parse_set(const JsonView& list) {
  std::vector<RangeRequest> set;
  for (const JsonView& range : TRY(list.elements())) set.push_back(TRY(parse_range(range)));
  return set;
}

/// A list of lists. runtimeConfig.ipRanges may also hold range objects directly: go-cni sends a flat list.
Result<void> append_sets(const JsonView& parent, std::string_view key, bool allow_flat, RangeRequests& out) {
  const auto sets = parent.find(key);
  if (!sets) return {};
  for (const JsonView& set : TRY(sets->elements())) {
    if (allow_flat && set.is_object()) {
      out.push_back({TRY(parse_range(set))});
    } else {
      out.push_back(TRY(parse_set(set)));
    }
  }
  return {};
}

Result<RangeRequests> parse_ranges(const JsonView& conf, const JsonView& ipam) {
  RangeRequests requests;
  if (const auto runtime = conf.find("runtimeConfig")) TRY(append_sets(*runtime, "ipRanges", true, requests));
  const RangeRequest legacy = TRY(parse_range(ipam));
  if (legacy.subnet) requests.push_back({legacy});
  TRY(append_sets(ipam, "ranges", false, requests));
  return requests;
}

Result<void> check_family_limit(const std::vector<RangeSet>& sets, spec::Version version) {
  if (spec::has_many_ips_per_family(version)) return {};
  for (const Family family : {Family::kV4, Family::kV6}) {
    const auto of_family = [&](const RangeSet& set) { return set.front().first.family() == family; };
    if (std::ranges::count_if(sets, of_family) > 1) {
      return invalid(
          fmt::format("CNI version {} does not support more than 1 address per family", text(version)));
    }
  }
  return {};
}

Result<std::vector<RangeSet>> complete_sets(const RangeRequests& requests, spec::Version version) {
  if (requests.empty()) return invalid("no IP ranges specified");
  std::vector<RangeSet> sets;
  sets.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    sets.push_back(TRY(in_context(complete_range_set(requests[i]), fmt::format("invalid range set {}", i))));
  }
  TRY(check_family_limit(sets, version));
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (std::size_t j = i + 1; j < sets.size(); ++j) {
      if (overlaps(sets[i], sets[j])) return invalid(fmt::format("range set {} overlaps with {}", i, j));
    }
  }
  return sets;
}

/// A requested address may carry a prefix length, which is ignored: the range's subnet decides.
Result<void> append_requested(std::string_view value, std::vector<Ip>& out) {
  Result<Ip> ip = Ip::parse(value);
  if (value.contains('/')) {
    const auto cidr = Cidr::parse(value);
    ip = cidr ? Result<Ip>(cidr->ip) : std::unexpected(cidr.error());
  }
  const Ip parsed = TRY(in_context(std::move(ip), "cannot understand ip"));
  if (std::ranges::find(out, parsed) == out.end()) out.push_back(parsed);
  return {};
}

Result<void> append_env_request(const std::string& args, std::vector<Ip>& out) {
  static constexpr std::array<std::string_view, 2> kKnown{"IP", "IgnoreUnknown"};
  const auto parsed = TRY(spec::CniArgs::parse(args));
  TRY(parsed.require_known(kKnown));
  const auto value = parsed.find("IP");
  if (!value) return {};
  if (auto appended = append_requested(*value, out); !appended) {
    return fail(Code::kInvalidEnvironment, fmt::format("CNI_ARGS IP: {}", appended.error().msg));
  }
  return {};
}

Result<void> append_json_requests(const std::optional<JsonView>& parent, std::vector<Ip>& out) {
  const auto ips = parent ? parent->find("ips") : std::nullopt;
  if (!ips) return {};
  for (const std::string& value : TRY(ips->strings())) {
    TRY(in_context(append_requested(value, out), ips->pointer()));
  }
  return {};
}

Result<std::vector<Ip>> parse_requested(const spec::Invocation& invocation) {
  const JsonView conf = invocation.conf.view();
  const auto args = conf.find("args");
  std::vector<Ip> requested;
  TRY(append_env_request(invocation.env.args, requested));
  TRY(append_json_requests(args ? args->find("cni") : std::nullopt, requested));
  TRY(append_json_requests(conf.find("runtimeConfig"), requested));
  return requested;
}

Result<std::vector<spec::Route>> parse_routes(const JsonView& ipam) {
  std::vector<spec::Route> routes;
  const auto list = ipam.find("routes");
  if (!list) return routes;
  for (const JsonView& route : TRY(list->elements())) routes.push_back(TRY(spec::decode_route(route)));
  return routes;
}

}  // namespace

Result<Config> parse_config(const spec::Invocation& invocation) {
  const spec::NetConf& conf = invocation.conf;
  const JsonView ipam = TRY(find_ipam(conf));
  // One by one: g++ 12 leaks the members initialised so far when TRY() returns from inside a braced
  // initialiser.
  Config config;
  config.directory = TRY(parse_directory(conf));
  config.range_sets = TRY(complete_sets(TRY(parse_ranges(conf.view(), ipam)), conf.version));
  config.requested = TRY(parse_requested(invocation));
  config.routes = TRY(parse_routes(ipam));
  TRY(read(ipam, "resolvConf", config.resolv_conf));
  return config;
}

Result<std::filesystem::path> parse_directory(const spec::NetConf& conf) {
  const JsonView ipam = TRY(find_ipam(conf));
  std::string data_dir;
  TRY(read(ipam, "dataDir", data_dir));
  return std::filesystem::path(data_dir.empty() ? kDefaultDataDir : data_dir) / conf.name;
}

}  // namespace podwire::host_local
