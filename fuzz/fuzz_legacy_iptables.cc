// Texts in the kernel's blob of a table of legacy iptables.
#include "fuzz/property.h"
#include "libcni/kernel/legacy_iptables.h"
#include "libcni/plan/reference.h"

namespace podwire::fuzz {

void run(std::string_view input) {
  constexpr std::string_view kPrefix = "name: \"";
  for (const std::string& comment : kernel::legacy_comments(input, kPrefix)) {
    require(comment.starts_with(kPrefix), "a comment begins as asked for");
    require(kernel::count_legacy_text(input, comment) > 0, "a comment that is listed is counted");
    const auto owner = plan::reference::parse_chain_comment(comment);
    require(!owner || plan::reference::chain_comment(*owner) == comment, "a comment is that of its owner");
  }
}

}  // namespace podwire::fuzz
