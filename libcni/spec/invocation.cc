#include "libcni/spec/invocation.h"

#include <fmt/format.h>

#include "libcni/base/ip.h"
#include "libcni/spec/validate.h"

namespace podwire::spec {
namespace {

Result<void> read_identity(NetConf& conf) {
  const JsonView view = conf.view();
  TRY(read(view, "name", conf.name));
  TRY(validate_network_name(conf.name));
  std::string version;
  TRY(read(view, "cniVersion", version));
  conf.version = TRY(parse_version(version));
  TRY(read(view, "type", conf.type));
  if (!conf.type.empty()) TRY(in_context(validate_plugin_type(conf.type), "/type"));
  return {};
}

Result<void> read_ipam(NetConf& conf) {
  const auto ipam = conf.view().find("ipam");
  if (!ipam) return {};
  if (!ipam->is_object()) return ipam->type_error("an object");
  TRY(read(*ipam, "type", conf.ipam_type));
  if (!conf.ipam_type.empty()) TRY(in_context(validate_plugin_type(conf.ipam_type), "/ipam/type"));
  return {};
}

Result<void> read_dns(NetConf& conf) {
  const auto dns = conf.view().find("dns");
  if (!dns) return {};
  conf.dns = TRY(decode_dns(*dns));
  conf.has_dns = !TRY(dns->members()).empty();
  return {};
}

/// A member that names something: an attachment of which a part is missing must not pass for one that is not
/// valid any more, GC would remove it.
Result<std::string> read_part(const JsonView& object, std::string_view key) {
  if (!object.is_object()) return object.type_error("an object");
  std::string value;
  TRY(read(object, key, value));
  if (value.empty()) return fail(Code::kDecode, fmt::format("{}: missing {:?}", object.pointer(), key));
  return value;
}

Result<void> read_valid_attachments(NetConf& conf) {
  const JsonView view = conf.view();
  auto list = view.member("cni.dev/valid-attachments");
  if (!list) list = view.member("cni.dev/attachments");
  if (!list) return {};
  conf.valid_attachments.emplace();
  if (list->is_null()) return {};
  for (const JsonView& element : TRY(list->elements())) {
    std::string container_id = TRY(read_part(element, "containerID"));
    std::string ifname = TRY(read_part(element, "ifname"));
    conf.valid_attachments->push_back(
        {.network = conf.name, .container_id = std::move(container_id), .ifname = std::move(ifname)});
  }
  return {};
}

void read_prev_result(NetConf& conf) {
  const auto member = conf.view().find("prevResult");
  if (!member) return;
  if (auto result = decode_result(*member, conf.version)) {
    conf.prev_result = std::move(*result);
  } else {
    conf.prev_result_error = std::move(result).error();
  }
}

Result<Mac> parse_requested_mac(std::string_view value, std::string_view door) {
  const Mac mac = TRY(in_context(Mac::parse(value), door));
  if (mac.is_zero() || mac.is_multicast()) {
    return fail(Code::kInvalidNetworkConfig,
                fmt::format("{}: {} cannot be the address of an interface: {}", door, mac.text(),
                            mac.is_zero() ? "it is all zero" : "it is a multicast address"));
  }
  return mac;
}

}  // namespace

Result<NetConf> parse_net_conf(std::string text) {
  NetConf conf;
  conf.document = TRY(in_context(Json::parse(text), "cannot decode the network configuration"));
  conf.text = std::move(text);
  const JsonView view = conf.view();
  if (!view.is_object()) {
    return in_context(Result<NetConf>(view.type_error("an object")),
                      "cannot decode the network configuration");
  }
  TRY(read_identity(conf));
  TRY(read_dns(conf));
  TRY(read_ipam(conf));
  TRY(read_valid_attachments(conf));
  TRY(read(view, "logLevel", conf.log_level));
  TRY(read(view, "logFile", conf.log_file));
  read_prev_result(conf);
  return conf;
}

Result<void> check_verb_allowed(Verb verb, Version version) {
  const bool allowed = verb == Verb::kCheck                         ? has_check(version)
                       : verb == Verb::kGc || verb == Verb::kStatus ? has_gc_and_status(version)
                                                                    : true;
  if (allowed) return {};
  return fail(Code::kIncompatibleVersion, fmt::format("config version does not allow {}", text(verb)),
              fmt::format("cniVersion is {}", text(version)));
}

Result<std::optional<Mac>> requested_mac(const Invocation& invocation) {
  const JsonView view = invocation.conf.view();
  std::string value;
  if (const auto runtime_config = view.find("runtimeConfig")) {
    TRY(read(*runtime_config, "mac", value));
    if (!value.empty()) return TRY(parse_requested_mac(value, "runtimeConfig.mac"));
  }
  const auto args = view.find("args");
  if (const auto cni = args ? args->find("cni") : std::nullopt) {
    TRY(read(*cni, "mac", value));
    if (!value.empty()) return TRY(parse_requested_mac(value, "args.cni.mac"));
  }
  const CniArgs cni_args = TRY(CniArgs::parse(invocation.env.args));
  value = cni_args.find("MAC").value_or("");
  if (value.empty()) return std::nullopt;
  return TRY(parse_requested_mac(value, "CNI_ARGS MAC"));
}

}  // namespace podwire::spec
