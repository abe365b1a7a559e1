#include "shim/doctor/fixes.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/plan/owner.h"

namespace podwire::doctor {
namespace {

constexpr std::string_view kScheme = "podwire:";

bool is_hash(std::string_view part) {
  return part.starts_with('#');
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'')
      out += R"('\'')";
    else
      out += c;
  }
  return out + "'";
}

std::optional<std::string> del_command(const Observation& seen, const spec::Attachment& attachment) {
  const ConfFile* file = seen.configuration.find(attachment.network);
  if (file == nullptr) return std::nullopt;
  return fmt::format("podwire cni del {} --id {} --ifname {}{}", shell_word(file->path.string()),
                     shell_word(attachment.container_id), shell_word(attachment.ifname), seen.cni_options);
}

std::optional<spec::Attachment> attachment_of(std::string_view owner_key) {
  if (!owner_key.starts_with(kScheme)) return std::nullopt;
  const std::string_view rest = owner_key.substr(kScheme.size());
  const auto first = rest.find('/');
  const auto last = rest.rfind('/');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string_view network = rest.substr(0, first);
  const std::string_view container = rest.substr(first + 1, last - first - 1);
  if (is_hash(network) || is_hash(container)) return std::nullopt;
  return spec::Attachment{.network = std::string(network),
                          .container_id = std::string(container),
                          .ifname = std::string(rest.substr(last + 1))};
}

std::vector<std::string> rebuild_commands(const Observation& seen) {
  constexpr std::string_view kPod = "podwire-doctor";
  for (const ConfFile* file : seen.configuration.networks()) {
    const bool masquerades = std::ranges::any_of(file->network->attachers, [](const Attacher& attacher) {
      return attacher.plugin.ours && attacher.bridge && attacher.bridge->ip_masq;
    });
    if (!masquerades) continue;
    return {
        fmt::format("podwire pod add {} --net {}{}", kPod, shell_word(file->path.string()), seen.pod_options),
        fmt::format("podwire pod rm {}{}", kPod, seen.pod_options)};
  }
  return {};
}

std::string masquerade_element(const Ip& address, std::string_view owner) {
  const std::string comment = owner.empty() ? "" : fmt::format(" comment \"{}\"", owner);
  return fmt::format("inet podwire {} '{{ {}{} }}'", address.is_v4() ? "masq4" : "masq6", address.text(),
                     comment);
}

}  // namespace podwire::doctor
