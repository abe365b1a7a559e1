#include "libcni/kernel/nft_foreign_rule.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "libcni/kernel/nft_comment.h"

namespace podwire::kernel {
namespace {

/// What an expression left in a register for the comparison that follows it.
enum class Loaded : std::uint8_t { kOther, kSource4, kSource6, kInLink, kSourceMac };

/// Where a payload expression reads, and how many bytes.
struct Place {
  std::uint32_t base;
  std::uint32_t offset;
  std::uint32_t length;
  Loaded meaning;
};
/// Source addresses in iphdr, ipv6hdr and ethhdr.
constexpr std::array kPlaces{
    Place{.base = NFT_PAYLOAD_NETWORK_HEADER, .offset = 12, .length = 4, .meaning = Loaded::kSource4},
    Place{.base = NFT_PAYLOAD_NETWORK_HEADER, .offset = 8, .length = 16, .meaning = Loaded::kSource6},
    Place{.base = NFT_PAYLOAD_LL_HEADER, .offset = 6, .length = 6, .meaning = Loaded::kSourceMac}};

Loaded loaded_by(std::string_view expression, const Attributes& data) {
  if (expression == "meta") {
    return data.be32(NFTA_META_KEY) == NFT_META_IIFNAME ? Loaded::kInLink : Loaded::kOther;
  }
  if (expression != "payload") return Loaded::kOther;
  const auto* place = std::ranges::find_if(kPlaces, [&](const Place& candidate) {
    return data.be32(NFTA_PAYLOAD_BASE) == candidate.base &&
           data.be32(NFTA_PAYLOAD_OFFSET) == candidate.offset &&
           data.be32(NFTA_PAYLOAD_LEN) == candidate.length;
  });
  return place == kPlaces.end() ? Loaded::kOther : place->meaning;
}

std::string text_until_nul(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), std::ranges::find(bytes, 0)};
}

void read_comparison(Loaded loaded, const Attributes& data, ForeignRule& rule) {
  const auto value = data.nested(NFTA_CMP_DATA).find(NFTA_DATA_VALUE);
  if (!value || data.be32(NFTA_CMP_OP) != NFT_CMP_EQ) return;
  if (loaded == Loaded::kSource4 && value->size() == 4) rule.source = Ip::from_bytes(*value);
  if (loaded == Loaded::kSource6 && value->size() == 16) rule.source = Ip::from_bytes(*value);
  if (loaded == Loaded::kInLink && value->size() == IFNAMSIZ) rule.in_link = text_until_nul(*value);
  if (loaded == Loaded::kSourceMac && value->size() == 6) {
    std::array<std::uint8_t, 6> bytes{};
    std::ranges::copy(*value, bytes.begin());
    rule.source_mac = Mac(bytes);
  }
}

void read_verdict(const Attributes& data, ForeignRule& rule) {
  const Attributes verdict = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT);
  const auto code = verdict.be32(NFTA_VERDICT_CODE);
  if (!code) return;
  const auto number = static_cast<std::int32_t>(*code);
  if (number == NFT_JUMP || number == NFT_GOTO) rule.target = verdict.text(NFTA_VERDICT_CHAIN);
  rule.drops = rule.drops || number == NF_DROP;
}

/// A comment of iptables is the text of struct xt_comment_info, padded with NULs.
void read_expression(std::string_view name, const Attributes& data, ForeignRule& rule) {
  if (name == "immediate") read_verdict(data, rule);
  if (name == "masq") rule.masquerades = true;
  if (name == "target" && data.text(NFTA_TARGET_NAME) == "MASQUERADE") rule.masquerades = true;
  if (name == "match" && data.text(NFTA_MATCH_NAME) == "comment") rule.comment = data.text(NFTA_MATCH_INFO);
}

std::uint64_t be64(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  if (bytes.size() == sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
  return be64toh(number);
}

}  // namespace

ForeignRule decode_foreign_rule(const Attributes& rule) {
  ForeignRule result;
  result.chain = rule.text(NFTA_RULE_CHAIN);
  if (const auto handle = rule.find(NFTA_RULE_HANDLE)) result.handle = be64(*handle);
  if (const auto userdata = rule.find(NFTA_RULE_USERDATA)) result.comment = decode_comment(*userdata);
  Loaded loaded = Loaded::kOther;
  for (const Attribute& element : rule.nested(NFTA_RULE_EXPRESSIONS)) {
    const Attributes expression(element.value);
    const std::string_view name = expression.text(NFTA_EXPR_NAME);
    const Attributes data = expression.nested(NFTA_EXPR_DATA);
    if (name == "cmp") read_comparison(loaded, data, result);
    read_expression(name, data, result);
    loaded = loaded_by(name, data);
  }
  return result;
}

}  // namespace podwire::kernel
