// What the kernel answers on nfnetlink: dumps of sets and rules of nf_tables, other programs' rules among
// them, and entries of ctnetlink. The input is a datagram of such messages.
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/property.h"
#include "libcni/kernel/conntrack_flow.h"
#include "libcni/kernel/nft_base.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_foreign_rule.h"
#include "libcni/kernel/nft_interval.h"
#include "libcni/kernel/nft_rule.h"
#include "libcni/kernel/nft_set.h"
#include "libcni/kernel/reference_masquerade.h"
#include "libcni/plan/reference.h"

namespace podwire::fuzz {
namespace {

using kernel::Interval;
using kernel::SetElement;

constexpr kernel::SetName kSet{.family = 1, .table = "t", .set = "s"};

/// Elements are read back from what they are written as.
void check_elements(const std::vector<SetElement>& elements) {
  std::vector<SetElement> written;
  for (const SetElement& element : elements) {
    if (element.key.size() <= NFT_DATA_VALUE_MAXLEN && element.owner.size() < 255) written.push_back(element);
  }
  std::size_t index = 0;
  for (kernel::Message& message : kernel::encode_elements(NFT_MSG_NEWSETELEM, 0, kSet, written)) {
    kernel::decode_elements(*message.nl_header(), [&](const SetElement& read) {
      const SetElement& expected = written.at(index++);
      require(read.key == expected.key && read.owner == expected.owner &&
                  read.interval_end == expected.interval_end,
              "an element is read back as written");
    });
  }
  require(index == written.size(), "every element is written");
}

/// Whatever the elements, intervals do not overlap, and writing them gives the same ones.
void check_intervals(Family family, const std::vector<SetElement>& elements) {
  const std::vector<Interval> intervals = kernel::pair_intervals(family, elements);
  std::vector<SetElement> written;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    require(intervals[i].first <= intervals[i].last, "an interval has an address");
    require(i == 0 || !intervals[i].overlaps(intervals[i - 1]), "intervals do not overlap");
    const auto prefixes = intervals[i].prefixes();
    require(prefixes.front().ip == intervals[i].first && prefixes.back().last() == intervals[i].last,
            "prefixes make up the interval");
    for (SetElement& element : intervals[i].elements()) written.push_back(std::move(element));
  }
  const std::vector<Interval> again = kernel::pair_intervals(family, written);
  require(again.size() == intervals.size(), "as many intervals are read back");
  for (std::size_t i = 0; i < again.size(); ++i) {
    require(again[i].first == intervals[i].first && again[i].last == intervals[i].last,
            "an interval is read back as written");
  }
  const auto change = kernel::plan_intervals(intervals, intervals);
  require(change && change->add.empty() && change->remove.empty(), "what is there needs no change");
}

/// Whatever the rules, only jumps from the base chain with the owner's comment are taken out, and the chain
/// only when none leads to it any more.
void check_removals(const std::vector<kernel::ForeignRule>& rules) {
  for (const kernel::ForeignRule& rule : rules) {
    const auto owner = plan::reference::parse_chain_comment(rule.comment);
    if (!owner) continue;
    require(plan::reference::chain_comment(*owner) == rule.comment, "a comment is that of its owner");
    const kernel::ChainRemoval removal = kernel::plan_chain_removal(rules, *owner, {});
    const std::string chain = plan::reference::chain_name(*owner);
    const auto jumps = std::ranges::count(rules, chain, &kernel::ForeignRule::target);
    require(!removal.whole_chain || jumps == std::ssize(removal.jumps),
            "no jump leads to a chain that is removed");
    for (const kernel::ForeignRule* jump : removal.jumps) {
      require(jump->target == chain && jump->comment == rule.comment && jump->chain == "POSTROUTING",
              "a jump that is removed is the owner's");
    }
  }
}

void check_foreign_rule(const kernel::ForeignRule& rule) {
  require(rule.comment.find('\0') == std::string::npos, "a comment ends at its first NUL");
  const std::string_view key = plan::reference::rule_key_in(rule.comment);
  require(rule.comment.starts_with(key), "a key is what a comment begins with");
}

void check_message(const nlmsghdr& message, std::vector<SetElement>& elements) {
  kernel::decode_elements(message, [&](SetElement element) { elements.push_back(std::move(element)); });
  for (const kernel::Rule& rule : kernel::masquerade_table().rules) {
    (void)kernel::same_expressions(rule, kernel::nft_attributes(message));
  }
  for (const kernel::Rule& rule : kernel::mac_guard_table().rules) {
    (void)kernel::same_expressions(rule, kernel::nft_attributes(message));
  }
  const auto flow = kernel::decode_flow(message);
  if (flow) require(flow->involves(std::span(&flow->reply_source, 1)), "a flow involves its own address");
}

}  // namespace

void run(std::string_view input) {
  std::vector<SetElement> elements;
  std::vector<kernel::ForeignRule> rules;
  while (input.size() >= sizeof(nlmsghdr)) {
    std::uint32_t length = 0;
    std::memcpy(&length, input.data(), sizeof length);
    if (length < sizeof(nlmsghdr) || length > input.size()) break;
    // Of its own size on the heap, so that reading beyond the message is seen.
    const std::vector<std::uint8_t> message(input.begin(), input.begin() + length);
    const auto& header = *reinterpret_cast<const nlmsghdr*>(message.data());
    check_message(header, elements);
    rules.push_back(kernel::decode_foreign_rule(kernel::nft_attributes(header)));
    check_foreign_rule(rules.back());
    input.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(length), input.size()));
  }
  check_removals(rules);
  check_elements(elements);
  check_intervals(Family::kV4, elements);
  check_intervals(Family::kV6, elements);
}

}  // namespace podwire::fuzz
