// nf_tables transactions: NFNL_MSG_BATCH_BEGIN, requests, NFNL_MSG_BATCH_END; the kernel applies all or none.
// With a ruleset generation (NFNL_BATCH_GENID) the batch is a compare-and-swap: refused with ERESTART when
// anything in the namespace's ruleset changed since that generation was read (nf_tables_valid_genid()).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {

/// A request of the nf_tables subsystem with its nfgenmsg header.
[[nodiscard]] Message nft_message(int type, std::uint16_t flags, std::uint8_t family);
/// The attributes of an nf_tables message.
[[nodiscard]] Attributes nft_attributes(const nlmsghdr& message);

class NftBatch {
 public:
  explicit NftBatch(std::optional<std::uint32_t> generation = std::nullopt);

  void add(Message message) { messages_.push_back(std::move(message)); }
  void add(std::vector<Message> messages);
  [[nodiscard]] bool empty() const { return messages_.size() == 1; }  ///< nothing but the begin

  /// Commits; an empty batch is a success that asks nobody.
  [[nodiscard]] KernelResult<void> commit(Netlink& netlink) &&;

 private:
  std::vector<Message> messages_;
};

/// Reads the generation, lets `plan` read the ruleset and fill the batch, commits it; again when somebody
/// else was faster, which always means that somebody made progress. Gives up with Code::kTryAgainLater after
/// 10 seconds. `what` begins the text of an error. `ready`, if given, is called when everything is read,
/// once, and the commit follows it at once.
[[nodiscard]] Result<void> compare_and_swap(Netlink& netlink, std::string_view what,
                                            const std::function<Result<void>(NftBatch& batch)>& plan,
                                            std::function<Result<void>()> ready = {});

}  // namespace podwire::kernel
