#include "libcni/kernel/nft_batch.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>

namespace podwire::kernel {
namespace {

/// Far beyond what 64 concurrent plugins need (milliseconds), and well within a runtime's patience.
constexpr std::chrono::seconds kPatience{10};

Message batch_message(std::uint16_t type) {
  Message message(type, 0);
  message.header(
      nfgenmsg{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)});
  return message;
}

KernelResult<std::uint32_t> read_generation(Netlink& netlink) {
  Message request = nft_message(NFT_MSG_GETGEN, 0, AF_UNSPEC);
  std::optional<std::uint32_t> generation;
  const auto status = netlink.get(
      request, [&](const nlmsghdr& reply) { generation = nft_attributes(reply).be32(NFTA_GEN_ID); });
  if (!status) return std::unexpected(status.error());
  if (!generation) return std::unexpected(KernelError{.number = EBADMSG, .text = "no ruleset generation"});
  return *generation;
}

/// Waits for a transaction that is being committed: nf_tables_commit() counts the generation up some steps
/// before its changes become visible, so that a reader could get the new number and the old elements. An
/// empty batch takes the mutex that a commit holds, and changes nothing; it has been carried out when
/// sendmsg() returns.
KernelResult<void> await_running_commit(Netlink& netlink) {
  std::array<Message, 2> empty{batch_message(NFNL_MSG_BATCH_BEGIN), batch_message(NFNL_MSG_BATCH_END)};
  return netlink.batch(empty);
}

}  // namespace

Message nft_message(int type, std::uint16_t flags, std::uint8_t family) {
  Message message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
  message.header(nfgenmsg{.nfgen_family = family, .version = NFNETLINK_V0, .res_id = 0});
  return message;
}

Attributes nft_attributes(const nlmsghdr& message) {
  return Attributes::of(message, sizeof(nfgenmsg));
}

NftBatch::NftBatch(std::optional<std::uint32_t> generation) {
  messages_.push_back(batch_message(NFNL_MSG_BATCH_BEGIN));
  if (generation) messages_.front().put_be32(NFNL_BATCH_GENID, *generation);
}

void NftBatch::add(std::vector<Message> messages) {
  messages_.insert(messages_.end(), std::make_move_iterator(messages.begin()),
                   std::make_move_iterator(messages.end()));
}

KernelResult<void> NftBatch::commit(Netlink& netlink) && {
  if (empty()) return {};
  // One acknowledgement tells that the whole batch went through, since errors precede it and are sent
  // unasked; one per message would overflow the receive buffer in large batches.
  messages_.back().nl_header()->nlmsg_flags |= NLM_F_ACK;
  messages_.push_back(batch_message(NFNL_MSG_BATCH_END));
  return netlink.batch(messages_);
}

Result<void> compare_and_swap(Netlink& netlink, std::string_view what,
                              const std::function<Result<void>(NftBatch& batch)>& plan,
                              std::function<Result<void>()> ready) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    const auto generation = read_generation(netlink);
    if (!generation) return std::unexpected(generation.error().as_error(what));
    if (const auto waited = await_running_commit(netlink); !waited) {
      return std::unexpected(waited.error().as_error(what));
    }
    NftBatch batch(*generation);
    TRY(in_context(plan(batch), what));
    if (ready) TRY(std::exchange(ready, {})());
    const auto status = std::move(batch).commit(netlink);
    if (status) return {};
    if (status.error().number != ERESTART) return std::unexpected(status.error().as_error(what));
    ::sched_yield();  // let the one who was faster finish
  } while (std::chrono::steady_clock::now() < deadline);
  return fail(Code::kTryAgainLater,
              fmt::format("{}: the nftables ruleset of this network namespace keeps changing", what));
}

}  // namespace podwire::kernel
