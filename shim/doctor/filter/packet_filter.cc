#include "shim/doctor/filter/packet_filter.h"

#include <fmt/format.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <map>
#include <set>

#include "libcni/kernel/nft_attribute.h"
#include "shim/doctor/filter/expression.h"

namespace podwire::filter {
namespace {

using kernel::NftChain;
using kernel::NftRule;
using Kind = RuleVerdict::Kind;

/// What may become of a packet in a chain: any of these.
struct Fates {
  bool accept = false;
  bool drop = false;
  bool through = false;  ///< leaves by the chain's end or by return
};

/// A rule as a whole: whether it applies, and then what.
struct RuleOutcome {
  Match match = Match::kYes;
  RuleVerdict verdict;
};

class Judge {
 public:
  Judge(const kernel::NftRuleset& ruleset, const Packet& packet) : ruleset_(ruleset), packet_(packet) {}

  Fates walk_base(const NftChain& chain) {
    Fates fates = walk(chain);
    if (!fates.through) return fates;
    fates.through = false;
    if (chain.hook->policy == NF_DROP) {
      fates.drop = true;
      note_drop(fmt::format("policy drop of chain {}", name_of(chain)));
    } else {
      fates.accept = true;
    }
    return fates;
  }

  /// Where a packet was dropped first.
  [[nodiscard]] const std::string& drop_place() const { return drop_place_; }
  [[nodiscard]] std::vector<std::string> unknown() const { return {unknown_.begin(), unknown_.end()}; }

 private:
  static std::string_view family_of(const NftChain& chain) {
    if (chain.family == NFPROTO_INET) return "inet";
    if (chain.family == NFPROTO_IPV4) return "ip";
    return chain.family == NFPROTO_IPV6 ? "ip6" : "bridge";
  }
  static std::string name_of(const NftChain& chain) {
    return fmt::format("{} {} {}", family_of(chain), chain.table, chain.name);
  }

  void note_drop(std::string place) {
    if (drop_place_.empty()) drop_place_ = std::move(place);
  }

  RuleOutcome apply(const NftChain& chain, const NftRule& rule) {
    Machine machine{.packet = packet_, .ruleset = ruleset_, .chain = chain, .registers = {}};
    RuleOutcome result;
    for (const kernel::NftExpression& expression : rule.expressions) {
      const Outcome outcome = evaluate(expression, machine);
      if (!outcome.understood) unknown_.insert(label_of(expression));
      result.match = both(result.match, outcome.match);
      if (result.match == Match::kNo) return result;
      if (!outcome.verdict) continue;
      result.verdict = *outcome.verdict;
      if (outcome.verdict->kind == Kind::kUnknown) unknown_.insert(label_of(expression));
      return result;
    }
    return result;
  }

  static std::string label_of(const kernel::NftExpression& expression) {
    // Extensions of iptables: the first attribute of "match" and "target" is their name.
    if (expression.name != "match" && expression.name != "target") return expression.name;
    return fmt::format("{} {}", expression.name, kernel::Attributes(expression.data).text(1));
  }

  /// A chain does the same with the packet wherever it is jumped to from, so it is walked once.
  Fates follow(const NftChain& from, const RuleVerdict& verdict) {
    constexpr Fates kAnything{.accept = true, .drop = true, .through = true};
    const NftChain* chain = ruleset_.find_chain(from, verdict.chain);
    if (chain == nullptr) return kAnything;
    // The kernel has no loops; in what is no ruleset of a kernel, one may lead anywhere.
    const auto [known, is_new] = walked_.try_emplace(chain, kAnything);
    if (is_new) walked_[chain] = walk(*chain);
    return walked_[chain];
  }

  Fates fates_of(const NftChain& chain, const NftRule& rule, const RuleVerdict& verdict) {
    constexpr Fates kAnything{.accept = true, .drop = true, .through = true};
    Fates fates{.through = true};
    if (verdict.kind == Kind::kAccept) fates = {.accept = true};
    if (verdict.kind == Kind::kDrop) fates = {.drop = true};
    if (verdict.kind == Kind::kUnknown) fates = kAnything;
    if (verdict.kind == Kind::kJump || verdict.kind == Kind::kGoto) fates = follow(chain, verdict);
    // A chain that was jumped to has told already where it drops.
    if (fates.drop) note_drop(fmt::format("rule {} of chain {}", rule.handle, name_of(chain)));
    return fates;
  }

  Fates walk(const NftChain& chain) {
    Fates all;
    for (const NftRule& rule : chain.rules) {
      const RuleOutcome outcome = apply(chain, rule);
      if (outcome.match == Match::kNo || outcome.verdict.kind == Kind::kContinue) continue;
      const Fates fates = fates_of(chain, rule, outcome.verdict);
      const bool leaves = outcome.verdict.kind == Kind::kReturn || outcome.verdict.kind == Kind::kGoto;
      all.accept = all.accept || fates.accept;
      all.drop = all.drop || fates.drop;
      if (leaves) all.through = all.through || fates.through;
      // What comes back from a jump goes on with the next rule, like what the rule did not apply to.
      const bool goes_on = outcome.match == Match::kMaybe || (fates.through && !leaves);
      if (!goes_on) return all;
    }
    all.through = true;
    return all;
  }

  const kernel::NftRuleset& ruleset_;
  const Packet& packet_;
  std::map<const NftChain*, Fates> walked_;
  std::string drop_place_;
  std::set<std::string> unknown_;
};

bool meets(const NftChain& chain, const Packet& packet, Way way) {
  if (!chain.hook || chain.hook->type == "nat") return false;
  const bool bridge = chain.family == NFPROTO_BRIDGE;
  const bool ip = chain.family == NFPROTO_INET ||
                  chain.family == (packet.family() == Family::kV4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
  if (way == Way::kRouted) return ip;
  return bridge || (way == Way::kBridgedFiltered && ip);
}

}  // namespace

Judgement judge(const kernel::NftRuleset& ruleset, const Packet& packet, Way way, const Ports& ports) {
  std::vector<const NftChain*> bases;
  for (const NftChain& chain : ruleset.chains) {
    if (meets(chain, packet, way)) bases.push_back(&chain);
  }
  // At one priority in the order of the dump, which is that of registration within a table.
  std::ranges::sort(bases, {}, [](const NftChain* chain) { return std::pair(chain->hook->priority, chain); });
  Packet framed = packet;
  framed.iif = ports.in;
  framed.oif = ports.out;
  framed.iif_index = framed.oif_index = 0;
  Judgement doubt;
  for (const NftChain* base : bases) {
    Judge judge(ruleset, base->family == NFPROTO_BRIDGE ? framed : packet);
    const Fates fates = judge.walk_base(*base);
    if (!fates.drop) continue;
    if (!fates.accept)
      return {.fate = Fate::kDropped, .base = base, .place = judge.drop_place(), .unknown = {}};
    if (doubt.fate == Fate::kPasses) {
      doubt = {.fate = Fate::kUnknown, .base = base, .place = judge.drop_place(), .unknown = judge.unknown()};
    }
  }
  return doubt;
}

}  // namespace podwire::filter
