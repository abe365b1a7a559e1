#include "libcni/plan/owner.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "libcni/base/text.h"

namespace podwire::plan {
namespace {

constexpr std::string_view kScheme = "podwire:";
/// Network names up to this long are spelled out. Fixed by the network alone, so that owner_prefix() needs no
/// container.
constexpr std::size_t kMaxNetwork = 32;
/// '#' and 16 hex digits.
constexpr std::size_t kHashed = 17;
constexpr std::size_t kMaxIfname = 15;
/// The highest first byte of a unicast address; among those, a locally administered one.
constexpr std::uint8_t kPortMacStart = 0xfe;
constexpr std::size_t kMaxContainerId = kMaxOwnerKey - kScheme.size() - kMaxNetwork - kMaxIfname - 2;
static_assert(kMaxContainerId >= 64,
              "container ids of the usual runtimes are 64 hex digits and stay readable");

std::string shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  static_assert(kMaxNetwork >= kHashed && kMaxContainerId >= kHashed);
  return fmt::format("#{:016x}", stable_hash({text}));
}

}  // namespace

std::string owner_prefix(std::string_view network) {
  return fmt::format("{}{}/", kScheme, shorten(network, kMaxNetwork));
}

std::string owner_key(const spec::Attachment& attachment) {
  return fmt::format("{}{}/{}", owner_prefix(attachment.network),
                     shorten(attachment.container_id, kMaxContainerId), attachment.ifname);
}

std::string OwnerTag::text() const {
  const std::string flags = masquerade ? ";masq" : "";
  std::string out = key + '=';
  const std::size_t limit = kMaxAlias - flags.size() - 1;  // 1: room for '+'
  for (std::size_t i = 0; i < ips.size(); ++i) {
    const std::string item = (i > 0 ? "," : "") + ips[i].text();
    if (out.size() + item.size() > limit) {
      out += '+';
      break;
    }
    out += item;
  }
  return out + flags;
}

std::optional<OwnerTag> OwnerTag::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  OwnerTag tag{.key = std::string(text.substr(0, equals)), .ips = {}, .masquerade = false};
  std::string_view rest = text.substr(equals + 1);
  constexpr std::string_view kMasq = ";masq";
  if (rest.ends_with(kMasq)) {
    tag.masquerade = true;
    rest.remove_suffix(kMasq.size());
  }
  if (rest.ends_with('+')) {
    tag.complete = false;
    rest.remove_suffix(1);
  }
  if (rest.empty()) return tag;
  for (const std::string& item : split(rest, ',')) {
    auto ip = Cidr::parse(item);
    if (!ip) return std::nullopt;
    tag.ips.push_back(*ip);
  }
  return tag;
}

std::string host_veth_name(const spec::Attachment& attachment) {
  const std::uint64_t hash = stable_hash({attachment.network, attachment.container_id, attachment.ifname});
  return fmt::format("veth{:011x}", hash & 0xfffffffffffULL);
}

Mac pod_mac(const spec::Attachment& attachment, std::string_view salt) {
  return Mac::from_seed(
      stable_hash({"pod", attachment.network, attachment.container_id, attachment.ifname, salt}));
}

Mac bridge_port_mac(std::uint64_t seed) {
  std::array<std::uint8_t, 6> bytes = Mac::from_seed(seed).bytes();
  bytes[0] = kPortMacStart;
  return Mac(bytes);
}

Mac host_mac(const spec::Attachment& attachment, std::string_view salt) {
  return bridge_port_mac(
      stable_hash({"host", attachment.network, attachment.container_id, attachment.ifname, salt}));
}

}  // namespace podwire::plan
