#include "bench/limit/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>

#include <cerrno>
#include <cstring>

namespace podwire::limit {
namespace {

constexpr const char* kTable = "limit";
constexpr const char* kChain = "postrouting";

/// Everything that differs between the families. Offsets are those of iphdr and ipv6hdr.
struct Family {
  std::uint8_t address_family;
  std::uint8_t nfproto;
  const char* masquerade;     ///< set of pod addresses
  const char* no_masquerade;  ///< set of intervals of destinations
  std::uint32_t key_type;     ///< nftables' datatype number
  std::uint32_t key_length;
  std::uint32_t source_offset;
  std::uint32_t destination_offset;
  std::uint8_t multicast;  ///< first byte of the multicast prefix
  std::uint8_t multicast_length;
};
constexpr Family kFamilies[] = {
    {AF_INET, NFPROTO_IPV4, "masq4", "nomasq4", 7, 4, 12, 16, 224, 4},
    {AF_INET6, NFPROTO_IPV6, "masq6", "nomasq6", 8, 16, 8, 24, 0xff, 8},
};

nfgenmsg header(std::uint8_t family, std::uint16_t resource) {
  return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
}

void begin_transaction(Batch& batch) {
  batch.begin(NFNL_MSG_BATCH_BEGIN, 0, header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

/// The last message before the end is the one to be acknowledged: errors of others come first, unasked.
void end_transaction(Batch& batch) {
  batch.acknowledge_last();
  batch.begin(NFNL_MSG_BATCH_END, 0, header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

Batch& begin(Batch& batch, int type, int flags) {
  return batch.begin(NFNL_SUBSYS_NFTABLES << 8 | type, flags, header(NFPROTO_INET, 0));
}

void put_element(Batch& batch, const Address& key, std::uint32_t flags, const char* owner) {
  const std::size_t element = batch.nest(NFTA_LIST_ELEM);
  if (flags != 0) batch.put_be32(NFTA_SET_ELEM_FLAGS, flags);
  const std::size_t data = batch.nest(NFTA_SET_ELEM_KEY);
  batch.put(NFTA_DATA_VALUE, key.bytes, key.size);
  batch.end(data);
  if (owner != nullptr) {
    // A comment, as nftables writes it: {type 0, length with NUL, text}.
    char userdata[2 + 254] = {};
    const std::size_t length = ::strnlen(owner, sizeof userdata - 3) + 1;
    userdata[1] = static_cast<char>(length);
    std::memcpy(userdata + 2, owner, length - 1);
    batch.put(NFTA_SET_ELEM_USERDATA, userdata, 2 + length);
  }
  batch.end(element);
}

/// One message with the addresses of the family; none when the pod has none of it.
void put_pod_addresses(Batch& batch, int type, const Family& family, const Settings& settings) {
  for (std::size_t i = 0; i < settings.address_count; ++i) {
    const Address& address = settings.addresses[i];
    if (address.family != family.address_family) continue;
    begin(batch, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0)
        .put_text(NFTA_SET_ELEM_LIST_TABLE, kTable)
        .put_text(NFTA_SET_ELEM_LIST_SET, family.masquerade);
    const std::size_t list = batch.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    put_element(batch, address, 0, type == NFT_MSG_NEWSETELEM ? settings.container_id : nullptr);
    batch.end(list);
  }
}

void put_set(Batch& batch, const Family& family, const char* name, std::uint32_t flags, std::uint32_t id) {
  begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE)
      .put_text(NFTA_SET_TABLE, kTable)
      .put_text(NFTA_SET_NAME, name)
      .put_be32(NFTA_SET_FLAGS, flags)
      .put_be32(NFTA_SET_KEY_TYPE, family.key_type)
      .put_be32(NFTA_SET_KEY_LEN, family.key_length)
      .put_be32(NFTA_SET_ID, id);
}

/// Multicast, and the pod's own network when it is of this family.
void put_exemptions(Batch& batch, const Family& family, const Settings& settings) {
  begin(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE)
      .put_text(NFTA_SET_ELEM_LIST_TABLE, kTable)
      .put_text(NFTA_SET_ELEM_LIST_SET, family.no_masquerade);
  const std::size_t list = batch.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
  Address multicast{.family = family.address_family,
                    .prefix_length = family.multicast_length,
                    .size = static_cast<std::uint8_t>(family.key_length)};
  multicast.bytes[0] = family.multicast;
  put_element(batch, multicast, 0, nullptr);
  // ff00::/8 reaches the end of the address space: such an interval has no end element.
  if (family.address_family == AF_INET) {
    put_element(batch, multicast.behind_last(), NFT_SET_ELEM_INTERVAL_END, nullptr);
  }
  for (std::size_t i = 0; i < settings.address_count; ++i) {
    const Address& address = settings.addresses[i];
    if (address.family != family.address_family) continue;
    put_element(batch, address.network(), 0, nullptr);
    put_element(batch, address.behind_last(), NFT_SET_ELEM_INTERVAL_END, nullptr);
  }
  batch.end(list);
}

struct Expression {
  Batch& batch;
  std::size_t element;
  std::size_t data;

  Expression(Batch& into, const char* name) : batch(into), element(into.nest(NFTA_LIST_ELEM)) {
    batch.put_text(NFTA_EXPR_NAME, name);
    data = batch.nest(NFTA_EXPR_DATA);
  }
  ~Expression() {
    batch.end(data);
    batch.end(element);
  }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
};

void put_family_test(Batch& batch, const Family& family) {
  {
    const Expression meta(batch, "meta");
    batch.put_be32(NFTA_META_KEY, NFT_META_NFPROTO).put_be32(NFTA_META_DREG, NFT_REG_1);
  }
  const Expression compare(batch, "cmp");
  batch.put_be32(NFTA_CMP_SREG, NFT_REG_1).put_be32(NFTA_CMP_OP, NFT_CMP_EQ);
  const std::size_t data = batch.nest(NFTA_CMP_DATA);
  batch.put_u8(NFTA_DATA_VALUE, family.nfproto);
  batch.end(data);
}

void put_lookup(Batch& batch, const Family& family, std::uint32_t offset, const char* set) {
  {
    const Expression payload(batch, "payload");
    batch.put_be32(NFTA_PAYLOAD_DREG, NFT_REG_1)
        .put_be32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER)
        .put_be32(NFTA_PAYLOAD_OFFSET, offset)
        .put_be32(NFTA_PAYLOAD_LEN, family.key_length);
  }
  const Expression lookup(batch, "lookup");
  batch.put_text(NFTA_LOOKUP_SET, set)
      .put_be32(NFTA_LOOKUP_SREG, NFT_REG_1)
      .put_be32(NFTA_LOOKUP_FLAGS, set == family.no_masquerade ? NFT_LOOKUP_F_INV : 0);
}

/// ip saddr @masq ip daddr != @nomasq masquerade fully-random
void put_rule(Batch& batch, const Family& family) {
  begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)
      .put_text(NFTA_RULE_TABLE, kTable)
      .put_text(NFTA_RULE_CHAIN, kChain);
  const std::size_t list = batch.nest(NFTA_RULE_EXPRESSIONS);
  put_family_test(batch, family);
  put_lookup(batch, family, family.source_offset, family.masquerade);
  put_lookup(batch, family, family.destination_offset, family.no_masquerade);
  {
    const Expression masquerade(batch, "masq");
    batch.put_be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
  }
  batch.end(list);
}

void put_chain(Batch& batch) {
  begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE)
      .put_text(NFTA_CHAIN_TABLE, kTable)
      .put_text(NFTA_CHAIN_NAME, kChain);
  const std::size_t hook = batch.nest(NFTA_CHAIN_HOOK);
  batch.put_be32(NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING)
      .put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(NF_IP_PRI_NAT_SRC));
  batch.end(hook);
  batch.put_text(NFTA_CHAIN_TYPE, "nat");
}

void create_table(Socket& socket, const Settings& settings) {
  static Batch batch;
  begin_transaction(batch);
  // Exclusive: of two first pods one makes everything and the other finds it.
  begin(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL).put_text(NFTA_TABLE_NAME, kTable);
  std::uint32_t id = 0;
  for (const Family& family : kFamilies) {
    put_set(batch, family, family.masquerade, 0, ++id);
    put_set(batch, family, family.no_masquerade, NFT_SET_INTERVAL, ++id);
    put_exemptions(batch, family, settings);
  }
  put_chain(batch);
  for (const Family& family : kFamilies) put_rule(batch, family);
  end_transaction(batch);
  const int error = socket.commit(batch);
  if (error != 0 && error != EEXIST) die("nftables table", error);
}

int change_elements(Socket& socket, int type, const Settings& settings) {
  Batch batch;
  begin_transaction(batch);
  for (const Family& family : kFamilies) put_pod_addresses(batch, type, family, settings);
  end_transaction(batch);
  return socket.commit(batch);
}

}  // namespace

void add_masquerade(Socket& socket, const Settings& settings) {
  int error = change_elements(socket, NFT_MSG_NEWSETELEM, settings);
  if (error == ENOENT) {
    create_table(socket, settings);
    error = change_elements(socket, NFT_MSG_NEWSETELEM, settings);
  }
  if (error != 0) die("nftables elements", error);
}

void remove_masquerade(Socket& socket, const Settings& settings) {
  const int error = change_elements(socket, NFT_MSG_DELSETELEM, settings);
  if (error != 0 && error != ENOENT) die("nftables elements", error);
}

}  // namespace podwire::limit
