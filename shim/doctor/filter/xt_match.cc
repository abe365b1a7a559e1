#include "shim/doctor/filter/xt_match.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace podwire::filter {
namespace {

using Info = std::span<const std::uint8_t>;

template <typename T>
bool read(Info info, T& value) {
  if (info.size() < sizeof value) return false;
  std::memcpy(&value, info.data(), sizeof value);
  return true;
}

Match as_match(bool matches) {
  return matches ? Match::kYes : Match::kNo;
}

unsigned state_bit(const Packet& packet) {
  return packet.established ? XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) : XT_CONNTRACK_STATE_BIT(IP_CT_NEW);
}

/// Neither translated nor untracked, so the other bits of a mask never match.
Match match_conntrack(const Packet& packet, std::uint32_t revision, Info info) {
  xt_conntrack_mtinfo3 conntrack{};
  if (revision != 3 || !read(info, conntrack)) return Match::kMaybe;
  const unsigned flags = conntrack.match_flags & ~unsigned{XT_CONNTRACK_STATE_ALIAS};
  if (flags != XT_CONNTRACK_STATE) return Match::kMaybe;
  const bool inverted = (conntrack.invert_flags & XT_CONNTRACK_STATE) != 0;
  return as_match(((conntrack.state_mask & state_bit(packet)) != 0) != inverted);
}

Match match_state(const Packet& packet, std::uint32_t /*revision*/, Info info) {
  xt_state_info state{};
  if (!read(info, state)) return Match::kMaybe;
  return as_match((state.statemask & state_bit(packet)) != 0);
}

Match match_mark(const Packet& /*packet*/, std::uint32_t revision, Info info) {
  xt_mark_mtinfo1 mark{};
  if (revision != 1 || !read(info, mark)) return Match::kMaybe;
  return as_match((mark.mark == 0) != (mark.invert != 0));  // the packet's mark is 0
}

/// What is forwarded is not for a local address, nor from one.
Match match_addrtype(const Packet& /*packet*/, std::uint32_t revision, Info info) {
  constexpr std::uint16_t kLocal = 1U << RTN_LOCAL;
  xt_addrtype_info_v1 types{};
  if (revision != 1 || !read(info, types)) return Match::kMaybe;
  if (types.source == 0 && types.dest == kLocal)
    return as_match((types.flags & XT_ADDRTYPE_INVERT_DEST) != 0);
  if (types.dest == 0 && types.source == kLocal)
    return as_match((types.flags & XT_ADDRTYPE_INVERT_SOURCE) != 0);
  return Match::kMaybe;
}

/// A port that is not known matches a range of all.
Match match_port(std::optional<std::uint16_t> port, const std::uint16_t (&range)[2], bool inverted) {
  constexpr std::uint16_t kLastPort = 65535;
  if (range[0] == 0 && range[1] == kLastPort) return as_match(!inverted);
  if (!port) return Match::kMaybe;
  return as_match((range[0] <= *port && *port <= range[1]) != inverted);
}

Match match_tcp(const Packet& packet, std::uint32_t /*revision*/, Info info) {
  xt_tcp tcp{};
  if (!read(info, tcp) || tcp.option != 0 || tcp.flg_mask != 0) return Match::kMaybe;
  const std::optional<std::uint16_t> known(Packet::kPort);
  const Match source =
      match_port(packet.established ? known : std::nullopt, tcp.spts, (tcp.invflags & XT_TCP_INV_SRCPT) != 0);
  const Match destination =
      match_port(packet.established ? std::nullopt : known, tcp.dpts, (tcp.invflags & XT_TCP_INV_DSTPT) != 0);
  return both(source, destination);
}

Match match_never(const Packet& /*packet*/, std::uint32_t /*revision*/, Info /*info*/) {
  return Match::kNo;
}

Match match_always(const Packet& /*packet*/, std::uint32_t /*revision*/, Info /*info*/) {
  return Match::kYes;
}

struct Extension {
  std::string_view name;
  Match (*match)(const Packet&, std::uint32_t, Info);
};
constexpr std::array kExtensions{
    Extension{"comment", match_always},      Extension{"limit", match_always},  // until the limit is reached
    Extension{"conntrack", match_conntrack}, Extension{"state", match_state},  Extension{"mark", match_mark},
    Extension{"addrtype", match_addrtype},   Extension{"tcp", match_tcp},      Extension{"udp", match_never}};

constexpr std::array<std::string_view, 12> kTransparent{"LOG",    "NFLOG",    "MARK",  "CONNMARK",
                                                        "TCPMSS", "TRACE",    "AUDIT", "DSCP",
                                                        "TOS",    "CLASSIFY", "SET",   "CHECKSUM"};

}  // namespace

Match xt_match(const Packet& packet, std::string_view name, std::uint32_t revision, Info info) {
  const auto extension = std::ranges::find(kExtensions, name, &Extension::name);
  return extension == kExtensions.end() ? Match::kMaybe : extension->match(packet, revision, info);
}

bool xt_target_is_transparent(std::string_view name) {
  return std::ranges::find(kTransparent, name) != kTransparent.end();
}

}  // namespace podwire::filter
