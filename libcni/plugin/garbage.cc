#include "libcni/plugin/garbage.h"

#include <fmt/format.h>

#include <cerrno>
#include <set>

#include "libcni/base/text.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/masquerade.h"
#include "libcni/kernel/reference.h"
#include "libcni/plan/owner.h"

namespace podwire::plugin {
namespace {

/// Tells the owners of a network's dead attachments.
class Dead {
 public:
  Dead(const std::string& network, const std::vector<spec::Attachment>& valid)
      : prefix_(plan::owner_prefix(network)) {
    for (const spec::Attachment& attachment : valid) valid_.insert(plan::owner_key(attachment));
  }
  bool operator()(std::string_view owner) const {
    return owner.starts_with(prefix_) && owner != prefix_ && !valid_.contains(owner);
  }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

 private:
  std::string prefix_;
  std::set<std::string, std::less<>> valid_;
};

void keep(std::vector<std::string>& failures, const Result<void>& outcome) {
  if (!outcome) failures.push_back(outcome.error().msg);
}

void delete_dead_links(kernel::Kernel& kernel, const Dead& dead, std::vector<std::string>& failures) {
  const auto links = kernel::list_links(kernel.host());
  if (!links) {
    failures.push_back(links.error().as_error("cannot list links").msg);
    return;
  }
  for (const kernel::Link& link : *links) {
    const auto tag = plan::OwnerTag::parse(link.alias);
    if (!tag || !dead(tag->key)) continue;
    const auto deleted = kernel::delete_link(kernel.host(), link.index);
    if (!deleted && deleted.error().number != ENODEV) {
      failures.push_back(deleted.error().as_error(fmt::format("cannot delete link {}", link.name)).msg);
    }
  }
}

}  // namespace

Result<std::vector<spec::Attachment>> require_valid_attachments(const spec::NetConf& conf) {
  if (conf.valid_attachments) return *conf.valid_attachments;
  return fail(Code::kInvalidNetworkConfig, "GC needs the key \"cni.dev/valid-attachments\"",
              "an empty list removes everything of the network");
}

Result<void> collect_garbage(kernel::Kernel& kernel, const std::string& network,
                             const std::vector<spec::Attachment>& valid) {
  const Dead dead(network, valid);
  std::vector<std::string> failures;
  delete_dead_links(kernel, dead, failures);
  kernel::Nft* nft = TRY(kernel.nft());
  const auto released = kernel::end_masquerade(*nft, dead);
  keep(failures, released ? kernel::flush_connections(*released) : std::unexpected(released.error()));
  keep(failures, nft->remove_mac_guard(dead));
  if (valid.empty()) {
    keep(failures, nft->remove_no_masquerade([&](std::string_view owner) { return owner == dead.prefix(); }));
  }
  keep(failures, kernel::collect_reference_garbage(kernel, network, valid));
  if (failures.empty()) return {};
  return fail(Code::kKernel, join(failures, "; "));
}

}  // namespace podwire::plugin
