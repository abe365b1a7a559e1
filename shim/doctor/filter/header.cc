#include "shim/doctor/filter/header.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace podwire::filter {
namespace {

/// A number in host order, as the kernel keeps meta and ct values.
template <typename T>
Value number(T value) {
  std::array<std::uint8_t, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  return Value::of(bytes);
}

Value index_or_unknown(int index) {
  return index == 0 ? Value::unknown(sizeof(std::uint32_t)) : number(static_cast<std::uint32_t>(index));
}

Value name_of(const std::string& link) {
  std::array<std::uint8_t, IFNAMSIZ> bytes{};
  std::memcpy(bytes.data(), link.data(), std::min(link.size(), bytes.size() - 1));
  return Value::of(bytes);
}

void put(Value& header, std::size_t offset, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    header.bytes[offset + i] = bytes[i];
    header.known[offset + i] = true;
  }
}

void put_byte(Value& header, std::size_t offset, std::uint8_t byte) {
  put(header, offset, std::span(&byte, 1));
}

constexpr std::array<std::uint8_t, 2> kIpv4EtherType{0x08, 0x00};
constexpr std::array<std::uint8_t, 2> kIpv6EtherType{0x86, 0xdd};
constexpr std::size_t kIpv4Size = 20;
constexpr std::size_t kIpv6Size = 40;
constexpr std::size_t kTcpSize = 20;

Value network_header(const Packet& packet) {
  if (packet.family() == Family::kV4) {
    Value header = Value::unknown(kIpv4Size);
    put_byte(header, 0, 0x45);                      // version 4, five words
    put(header, 6, std::array<std::uint8_t, 2>{});  // not a fragment
    put_byte(header, 9, IPPROTO_TCP);
    put(header, 12, packet.source.bytes());
    put(header, 16, packet.destination.bytes());
    return header;
  }
  Value header = Value::unknown(kIpv6Size);
  put_byte(header, 6, IPPROTO_TCP);
  put(header, 8, packet.source.bytes());
  put(header, 24, packet.destination.bytes());
  return header;
}

Value transport_header(const Packet& packet) {
  Value header = Value::unknown(kTcpSize);
  const std::array<std::uint8_t, 2> port{Packet::kPort >> 8, Packet::kPort & 0xff};
  put(header, packet.established ? 0 : 2, port);
  return header;
}

std::uint32_t state_of(const Packet& packet) {
  return NF_CT_STATE_BIT(packet.established ? IP_CT_ESTABLISHED : IP_CT_NEW);
}

}  // namespace

Value payload(const Packet& packet, std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  Value header;
  if (base == NFT_PAYLOAD_NETWORK_HEADER) header = network_header(packet);
  if (base == NFT_PAYLOAD_TRANSPORT_HEADER) header = transport_header(packet);
  Value part = Value::unknown(length);
  for (std::size_t i = 0; i < length && offset + i < header.bytes.size(); ++i) {
    part.bytes[i] = header.bytes[offset + i];
    part.known[i] = header.known[offset + i];
  }
  return part;
}

Value meta(const Packet& packet, std::uint32_t key) {
  const bool v4 = packet.family() == Family::kV4;
  switch (key) {
    case NFT_META_PROTOCOL:
      return Value::of(v4 ? kIpv4EtherType : kIpv6EtherType);
    case NFT_META_NFPROTO:
      return number(static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6));
    case NFT_META_L4PROTO:
      return number(static_cast<std::uint8_t>(IPPROTO_TCP));
    case NFT_META_MARK:
      return number(std::uint32_t{0});
    case NFT_META_IIF:
      return index_or_unknown(packet.iif_index);
    case NFT_META_OIF:
      return index_or_unknown(packet.oif_index);
    case NFT_META_IIFNAME:
      return name_of(packet.iif);
    case NFT_META_OIFNAME:
      return name_of(packet.oif);
    case NFT_META_IIFTYPE:
    case NFT_META_OIFTYPE:
      return number(std::uint16_t{ARPHRD_ETHER});
    default:
      return Value::unknown(NFT_REG_SIZE);
  }
}

Value conntrack(const Packet& packet, std::uint32_t key) {
  switch (key) {
    case NFT_CT_STATE:
      return number(state_of(packet));
    case NFT_CT_DIRECTION:
      return number(static_cast<std::uint8_t>(packet.established ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL));
    case NFT_CT_STATUS:
    case NFT_CT_MARK:
      return number(std::uint32_t{0});
    default:
      return Value::unknown(NFT_REG_SIZE);
  }
}

}  // namespace podwire::filter
