// Everybody's nf_tables rulesets, as the kernel dumps them, and what podwire makes of them: the input is a
// datagram of NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE (of the chain before) and NFT_MSG_NEWSETELEM messages.
#include <linux/netfilter/nf_tables.h>

#include <cstring>
#include <vector>

#include "fuzz/property.h"
#include "libcni/kernel/nft_ruleset.h"
#include "shim/doctor/filter/packet_filter.h"

namespace podwire::fuzz {
namespace {

void read_message(const nlmsghdr& message, kernel::NftRuleset& ruleset) {
  switch (message.nlmsg_type & 0xff) {
    case NFT_MSG_NEWCHAIN:
      if (auto chain = kernel::decode_chain(message)) ruleset.chains.push_back(std::move(*chain));
      break;
    case NFT_MSG_NEWRULE:
      if (!ruleset.chains.empty()) ruleset.chains.back().rules.push_back(kernel::decode_rule(message));
      break;
    default:
      // As the set of that name which the first rule looks up.
      if (ruleset.chains.empty()) break;
      for (const kernel::NftRule& rule : ruleset.chains.front().rules) {
        for (const std::string& name : kernel::references_of(rule).sets) {
          kernel::NftSet set{
              .family = ruleset.chains.front().family, .table = ruleset.chains.front().table, .name = name};
          kernel::decode_entries(message, set.entries);
          ruleset.sets.push_back(std::move(set));
        }
      }
  }
}

void judge(const kernel::NftRuleset& ruleset, const filter::Packet& packet) {
  for (const filter::Way way : {filter::Way::kRouted, filter::Way::kBridged, filter::Way::kBridgedFiltered}) {
    const filter::Judgement judgement = filter::judge(ruleset, packet, way, {.in = "veth0", .out = "veth1"});
    const bool passes = judgement.fate == filter::Fate::kPasses;
    require(passes == (judgement.base == nullptr), "what does not pass is stopped by a chain");
    require(passes == judgement.place.empty(), "which is named");
  }
}

}  // namespace

void run(std::string_view input) {
  kernel::NftRuleset ruleset;
  while (input.size() >= sizeof(nlmsghdr)) {
    std::uint32_t length = 0;
    std::memcpy(&length, input.data(), sizeof length);
    if (length < sizeof(nlmsghdr) || length > input.size()) break;
    // Of its own size on the heap, so that reading beyond the message is seen.
    const std::vector<std::uint8_t> message(input.begin(), input.begin() + length);
    read_message(*reinterpret_cast<const nlmsghdr*>(message.data()), ruleset);
    input.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(length), input.size()));
  }
  const auto ip = [](const char* text) { return *Ip::parse(text); };
  judge(ruleset, {.iif = "a", .oif = "b", .source = ip("10.0.0.1"), .destination = ip("192.0.2.1")});
  judge(ruleset, {.iif = "b",
                  .oif = "a",
                  .source = ip("fd00::1"),
                  .destination = ip("2001:db8::1"),
                  .established = true});
}

}  // namespace podwire::fuzz
