// The rules of legacy iptables (xtables), which nf_tables does not show. podwire only looks at them, to say
// what it leaves behind: they are one blob per table that can only be replaced whole, with the rules of every
// other program in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"

namespace podwire::kernel {

/// Table `nat` of a family as the kernel stores it (struct ipt_entry, ip6t_entry) in the calling thread's
/// network namespace; "" when the namespace has none. Looking does not make the table.
[[nodiscard]] Result<std::string> read_legacy_nat(Family family);

/// How often a name or comment of the reference plugins (plan/reference.h) is the value of a text field in
/// such a blob: one that begins where an earlier one ended, by NUL. Pure.
[[nodiscard]] std::size_t count_legacy_text(std::string_view blob, std::string_view text);
/// The comments in such a blob that begin with `prefix`, each once, in order of the alphabet. Pure.
[[nodiscard]] std::vector<std::string> legacy_comments(std::string_view blob, std::string_view prefix);

}  // namespace podwire::kernel
