#include "shim/doctor/filter/expression.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "libcni/kernel/nft_attribute.h"
#include "shim/doctor/filter/header.h"
#include "shim/doctor/filter/lookup.h"
#include "shim/doctor/filter/xt_match.h"

namespace podwire::filter {
namespace {

using kernel::Attributes;
using Kind = RuleVerdict::Kind;
using Bytes = std::span<const std::uint8_t>;

std::uint32_t number(const Attributes& data, int type) {
  return data.be32(type).value_or(0);
}

/// No expression handles more than the registers hold.
std::uint32_t length_of(const Attributes& data, int type) {
  return std::min<std::uint32_t>(number(data, type), 4 * NFT_REG_SIZE);
}

Bytes value_of(const Attributes& data, int type) {
  return data.nested(type).find(NFTA_DATA_VALUE).value_or(Bytes());
}

Outcome guess() {
  return {.match = Match::kMaybe, .understood = false};
}

/// -1, 0 or 1; nothing when a byte that decides is unknown.
std::optional<int> compare(const Value& value, Bytes with) {
  for (std::size_t i = 0; i < with.size() && i < value.bytes.size(); ++i) {
    if (!value.known[i]) return std::nullopt;
    if (value.bytes[i] != with[i]) return value.bytes[i] < with[i] ? -1 : 1;
  }
  return 0;
}

/// A known byte that differs settles equality, wherever it stands.
Match equal(const Value& value, Bytes with) {
  for (std::size_t i = 0; i < with.size() && i < value.bytes.size(); ++i) {
    if (value.known[i] && value.bytes[i] != with[i]) return Match::kNo;
  }
  return value.is_known() ? Match::kYes : Match::kMaybe;
}

Match when(std::optional<int> order, bool (*holds)(int)) {
  if (!order) return Match::kMaybe;
  return holds(*order) ? Match::kYes : Match::kNo;
}

Outcome compare_register(const Attributes& data, Machine& machine) {
  const Bytes with = value_of(data, NFTA_CMP_DATA);
  const Value held = machine.registers.load(number(data, NFTA_CMP_SREG), with.size());
  switch (number(data, NFTA_CMP_OP)) {
    case NFT_CMP_EQ:
      return {.match = equal(held, with)};
    case NFT_CMP_NEQ:
      return {.match = inverted(equal(held, with), true)};
    case NFT_CMP_LT:
      return {.match = when(compare(held, with), [](int order) { return order < 0; })};
    case NFT_CMP_LTE:
      return {.match = when(compare(held, with), [](int order) { return order <= 0; })};
    case NFT_CMP_GT:
      return {.match = when(compare(held, with), [](int order) { return order > 0; })};
    case NFT_CMP_GTE:
      return {.match = when(compare(held, with), [](int order) { return order >= 0; })};
    default:
      return guess();
  }
}

Outcome compare_range(const Attributes& data, Machine& machine) {
  const Bytes from = value_of(data, NFTA_RANGE_FROM_DATA);
  const Bytes to = value_of(data, NFTA_RANGE_TO_DATA);
  const Value held = machine.registers.load(number(data, NFTA_RANGE_SREG), from.size());
  const Match inside = both(when(compare(held, from), [](int order) { return order >= 0; }),
                            when(compare(held, to), [](int order) { return order <= 0; }));
  return {.match = inverted(inside, number(data, NFTA_RANGE_OP) == NFT_RANGE_NEQ)};
}

/// register = (register & mask) ^ xor; a bit that the mask clears needs not be known.
Outcome mask_register(const Attributes& data, Machine& machine) {
  const Bytes mask = value_of(data, NFTA_BITWISE_MASK);
  const Bytes flip = value_of(data, NFTA_BITWISE_XOR);
  const std::size_t length = length_of(data, NFTA_BITWISE_LEN);
  Value value = machine.registers.load(number(data, NFTA_BITWISE_SREG), length);
  if (number(data, NFTA_BITWISE_OP) != NFT_BITWISE_BOOL || mask.size() < value.bytes.size() ||
      flip.size() < value.bytes.size()) {
    machine.registers.store(number(data, NFTA_BITWISE_DREG), Value::unknown(length));
    return {.understood = false};
  }
  for (std::size_t i = 0; i < value.bytes.size(); ++i) {
    value.known[i] = value.known[i] || mask[i] == 0;
    value.bytes[i] = static_cast<std::uint8_t>((value.bytes[i] & mask[i]) ^ flip[i]);
  }
  machine.registers.store(number(data, NFTA_BITWISE_DREG), value);
  return {};
}

Outcome swap_bytes(const Attributes& data, Machine& machine) {
  const std::size_t length = length_of(data, NFTA_BYTEORDER_LEN);
  const std::size_t size = std::max<std::size_t>(number(data, NFTA_BYTEORDER_SIZE), 1);
  Value value = machine.registers.load(number(data, NFTA_BYTEORDER_SREG), length);
  for (std::size_t i = 0; i + size <= value.bytes.size(); i += size) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    const auto end = static_cast<std::ptrdiff_t>(i + size);
    std::reverse(value.bytes.begin() + at, value.bytes.begin() + end);
    std::reverse(value.known.begin() + at, value.known.begin() + end);
  }
  machine.registers.store(number(data, NFTA_BYTEORDER_DREG), value);
  return {};
}

Outcome load_payload(const Attributes& data, Machine& machine) {
  if (!data.find(NFTA_PAYLOAD_DREG)) return {};  // writes into the packet
  machine.registers.store(number(data, NFTA_PAYLOAD_DREG),
                          payload(machine.packet, number(data, NFTA_PAYLOAD_BASE),
                                  number(data, NFTA_PAYLOAD_OFFSET), length_of(data, NFTA_PAYLOAD_LEN)));
  return {};
}

Outcome load_meta(const Attributes& data, Machine& machine) {
  if (!data.find(NFTA_META_DREG)) return {};  // sets it
  machine.registers.store(number(data, NFTA_META_DREG), meta(machine.packet, number(data, NFTA_META_KEY)));
  return {};
}

Outcome load_conntrack(const Attributes& data, Machine& machine) {
  if (!data.find(NFTA_CT_DREG)) return {};
  machine.registers.store(number(data, NFTA_CT_DREG), conntrack(machine.packet, number(data, NFTA_CT_KEY)));
  return {};
}

RuleVerdict decode_verdict(std::int32_t code, std::string_view chain) {
  switch (code) {
    case NF_ACCEPT:
      return {.kind = Kind::kAccept};
    case NF_DROP:
      return {.kind = Kind::kDrop};
    case NFT_CONTINUE:
      return {.kind = Kind::kContinue};
    case NFT_RETURN:
      return {.kind = Kind::kReturn};
    case NFT_JUMP:
      return {.kind = Kind::kJump, .chain = std::string(chain)};
    case NFT_GOTO:
      return {.kind = Kind::kGoto, .chain = std::string(chain)};
    default:
      return {.kind = Kind::kUnknown};
  }
}

Outcome immediate(const Attributes& data, Machine& machine) {
  const Attributes operand = data.nested(NFTA_IMMEDIATE_DATA);
  const Attributes verdict = operand.nested(NFTA_DATA_VERDICT);
  if (const auto code = verdict.be32(NFTA_VERDICT_CODE)) {
    return {.verdict = decode_verdict(static_cast<std::int32_t>(*code), verdict.text(NFTA_VERDICT_CHAIN))};
  }
  machine.registers.store(number(data, NFTA_IMMEDIATE_DREG),
                          Value::of(operand.find(NFTA_DATA_VALUE).value_or(Bytes())));
  return {};
}

Outcome look_up_set(const Attributes& data, Machine& machine) {
  const kernel::NftSet* set = machine.ruleset.find_set(machine.chain, data.text(NFTA_LOOKUP_SET));
  if (set == nullptr) return guess();
  const Lookup found = look_up(*set, machine.registers, number(data, NFTA_LOOKUP_SREG));
  const auto destination = data.be32(NFTA_LOOKUP_DREG);
  if (!destination) {
    const bool invert = (number(data, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
    return {.match = inverted(found.match, invert)};
  }
  if (found.match != Match::kYes)
    return {.match = found.match, .verdict = RuleVerdict{.kind = Kind::kUnknown}};
  if (found.entry->verdict) return {.verdict = decode_verdict(*found.entry->verdict, found.entry->chain)};
  machine.registers.store(*destination, Value::unknown(NFT_REG_SIZE));
  return {.understood = false};
}

Outcome limit(const Attributes& data, Machine& /*machine*/) {
  // "over": only packets beyond the limit match; a single one is not.
  return {.match = (number(data, NFTA_LIMIT_FLAGS) & NFT_LIMIT_F_INV) != 0 ? Match::kNo : Match::kYes};
}

Outcome extension_match(const Attributes& data, Machine& machine) {
  const Match match = xt_match(machine.packet, data.text(NFTA_MATCH_NAME), number(data, NFTA_MATCH_REV),
                               data.find(NFTA_MATCH_INFO).value_or(Bytes()));
  return {.match = match, .understood = match != Match::kMaybe};
}

Outcome extension_target(const Attributes& data, Machine& /*machine*/) {
  const std::string_view name = data.text(NFTA_TARGET_NAME);
  if (xt_target_is_transparent(name)) return {};
  return {.verdict = RuleVerdict{.kind = name == "REJECT" ? Kind::kDrop : Kind::kUnknown}};
}

Outcome reject(const Attributes& /*data*/, Machine& /*machine*/) {
  return {.verdict = RuleVerdict{.kind = Kind::kDrop}};
}

Outcome queue(const Attributes& /*data*/, Machine& /*machine*/) {
  return {.verdict = RuleVerdict{.kind = Kind::kUnknown}};
}

Outcome nothing(const Attributes& /*data*/, Machine& /*machine*/) {
  return {};
}

struct Handler {
  std::string_view name;
  Outcome (*handle)(const Attributes&, Machine&);
};
constexpr std::array kHandlers{
    Handler{"cmp", compare_register}, Handler{"range", compare_range},   Handler{"bitwise", mask_register},
    Handler{"byteorder", swap_bytes}, Handler{"payload", load_payload},  Handler{"meta", load_meta},
    Handler{"ct", load_conntrack},    Handler{"immediate", immediate},   Handler{"lookup", look_up_set},
    Handler{"limit", limit},          Handler{"match", extension_match}, Handler{"target", extension_target},
    Handler{"reject", reject},        Handler{"queue", queue},           Handler{"counter", nothing},
    Handler{"log", nothing},          Handler{"last", nothing},          Handler{"quota", nothing},
    Handler{"objref", nothing},       Handler{"dynset", nothing},        Handler{"notrack", nothing},
    Handler{"flow_offload", nothing}};

}  // namespace

Outcome evaluate(const kernel::NftExpression& expression, Machine& machine) {
  const auto handler = std::ranges::find(kHandlers, expression.name, &Handler::name);
  if (handler != kHandlers.end()) return handler->handle(Attributes(expression.data), machine);
  // It may have loaded something into some register.
  machine.registers.forget_all();
  return {.understood = false};
}

}  // namespace podwire::filter
