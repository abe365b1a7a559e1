#include "libcni/kernel/nft_rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>

#include <algorithm>

namespace podwire::kernel {
namespace {

Expression look_up(nft_registers held, std::string_view set, std::uint32_t flags) {
  return {"lookup",
          {{NFTA_LOOKUP_SET, std::string(set)},
           {NFTA_LOOKUP_SREG, std::uint32_t{held}},
           {NFTA_LOOKUP_FLAGS, flags}}};
}

void encode_field(Message& message, const Field& field);

struct FieldEncoder {
  Message& message;
  int type;

  void operator()(std::uint32_t number) const { message.put_be32(type, number); }
  void operator()(const std::string& text) const { message.put(type, text); }
  void operator()(const std::vector<std::uint8_t>& bytes) const { message.put_bytes(type, bytes); }
  void operator()(const std::vector<Field>& fields) const {
    message.nest(type, [&](Message& inner) {
      for (const Field& field : fields) encode_field(inner, field);
    });
  }
};

void encode_field(Message& message, const Field& field) {
  std::visit(FieldEncoder{message, field.type}, field.value);
}

bool same_fields(const std::vector<Field>& fields, const Attributes& dumped);

struct FieldComparison {
  const Attributes& dumped;
  int type;

  bool operator()(std::uint32_t number) const { return dumped.be32(type) == number; }
  bool operator()(const std::string& text) const { return dumped.find(type) && dumped.text(type) == text; }
  bool operator()(const std::vector<std::uint8_t>& bytes) const {
    const auto value = dumped.find(type);
    return value && std::ranges::equal(*value, bytes);
  }
  bool operator()(const std::vector<Field>& fields) const { return same_fields(fields, dumped.nested(type)); }
};

bool same_fields(const std::vector<Field>& fields, const Attributes& dumped) {
  return std::ranges::all_of(fields, [&](const Field& field) {
    return std::visit(FieldComparison{dumped, field.type}, field.value);
  });
}

}  // namespace

Expression load_meta(nft_meta_keys key, nft_registers into) {
  return {"meta", {{NFTA_META_KEY, std::uint32_t{key}}, {NFTA_META_DREG, std::uint32_t{into}}}};
}

Expression load_payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t length,
                        nft_registers into) {
  return {"payload",
          {{NFTA_PAYLOAD_DREG, std::uint32_t{into}},
           {NFTA_PAYLOAD_BASE, std::uint32_t{base}},
           {NFTA_PAYLOAD_OFFSET, offset},
           {NFTA_PAYLOAD_LEN, length}}};
}

Expression require_equal(nft_registers held, std::vector<std::uint8_t> bytes) {
  return {"cmp",
          {{NFTA_CMP_SREG, std::uint32_t{held}},
           {NFTA_CMP_OP, std::uint32_t{NFT_CMP_EQ}},
           {NFTA_CMP_DATA, std::vector<Field>{{NFTA_DATA_VALUE, std::move(bytes)}}}}};
}

Expression require_in(nft_registers held, std::string_view set) {
  return look_up(held, set, 0);
}

Expression require_not_in(nft_registers held, std::string_view set) {
  return look_up(held, set, NFT_LOOKUP_F_INV);
}

Expression masquerade_fully_random() {
  return {"masq", {{NFTA_MASQ_FLAGS, std::uint32_t{NF_NAT_RANGE_PROTO_RANDOM_FULLY}}}};
}

Expression drop() {
  const std::vector<Field> verdict{{NFTA_VERDICT_CODE, std::uint32_t{NF_DROP}}};
  return {"immediate",
          {{NFTA_IMMEDIATE_DREG, std::uint32_t{NFT_REG_VERDICT}},
           {NFTA_IMMEDIATE_DATA, std::vector<Field>{{NFTA_DATA_VERDICT, verdict}}}}};
}

void encode_expressions(Message& message, const Rule& rule) {
  message.nest(NFTA_RULE_EXPRESSIONS, [&](Message& list) {
    for (const Expression& expression : rule) {
      list.nest(NFTA_LIST_ELEM, [&](Message& element) {
        element.put(NFTA_EXPR_NAME, expression.name);
        encode_field(element, {NFTA_EXPR_DATA, expression.fields});
      });
    }
  });
}

bool same_expressions(const Rule& rule, const Attributes& dumped) {
  auto expected = rule.begin();
  for (const Attribute& element : dumped.nested(NFTA_RULE_EXPRESSIONS)) {
    if (expected == rule.end()) return false;
    const Attributes expression(element.value);
    if (expression.text(NFTA_EXPR_NAME) != expected->name) return false;
    if (!same_fields(expected->fields, expression.nested(NFTA_EXPR_DATA))) return false;
    ++expected;
  }
  return expected == rule.end();
}

}  // namespace podwire::kernel
