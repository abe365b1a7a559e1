#include "libcni/plan/reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::plan::reference {
namespace {

constexpr std::string_view kChainPrefix = "CNI-";
constexpr std::size_t kChainLength = 28;
constexpr std::size_t kHashLength = 16;
constexpr std::size_t kRuleKeyLength = 2 * kHashLength + 1;
constexpr std::string_view kCommentName = "name: \"";
constexpr std::string_view kCommentId = "\" id: \"";

std::string short_hash(std::string_view text) {
  return sha512_hex(text).substr(0, kHashLength);
}

bool is_hash(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string guard_id(const spec::Attachment& attachment) {
  return fmt::format("{}-{}", attachment.container_id, attachment.ifname);
}

}  // namespace

std::string chain_name(const ChainOwner& owner) {
  return (std::string(kChainPrefix) + sha512_hex(owner.network + owner.container_id)).substr(0, kChainLength);
}

std::string chain_comment(const ChainOwner& owner) {
  return fmt::format("{}{}{}{}\"", kCommentName, owner.network, kCommentId, owner.container_id);
}

std::optional<ChainOwner> parse_chain_comment(std::string_view comment) {
  if (!comment.starts_with(kCommentName) || !comment.ends_with('"')) return std::nullopt;
  comment.remove_prefix(kCommentName.size());
  const auto middle = comment.find(kCommentId);
  if (middle == std::string_view::npos) return std::nullopt;
  const std::string_view network = comment.substr(0, middle);
  std::string_view id = comment.substr(middle + kCommentId.size());
  if (id.empty()) return std::nullopt;  // the quote at the end was the one before it
  id.remove_suffix(1);
  const bool nested = id.find('"') != std::string_view::npos || network.find('"') != std::string_view::npos;
  if (nested || network.empty() || id.empty()) return std::nullopt;
  return ChainOwner{.network = std::string(network), .container_id = std::string(id)};
}

std::string rule_key_prefix(std::string_view network) {
  return short_hash(network) + '-';
}

std::string rule_key(const spec::Attachment& attachment) {
  return rule_key_prefix(attachment.network) + short_hash(attachment.ifname + ":" + attachment.container_id);
}

std::string_view rule_key_in(std::string_view comment) {
  const std::string_view key = comment.substr(0, kRuleKeyLength);
  if (key.size() < kRuleKeyLength || key[kHashLength] != '-') return {};
  if (!is_hash(key.substr(0, kHashLength)) || !is_hash(key.substr(kHashLength + 1))) return {};
  if (comment.size() > kRuleKeyLength && comment[kRuleKeyLength] != ',') return {};
  return key;
}

std::string guard_chain(const spec::Attachment& attachment) {
  return "cni-br-iface-" + guard_id(attachment);
}

std::string guard_mac_chain(const spec::Attachment& attachment) {
  return guard_chain(attachment) + "-mac";
}

std::string guard_comment(const spec::Attachment& attachment) {
  return "macspoofchk-" + guard_id(attachment);
}

}  // namespace podwire::plan::reference
