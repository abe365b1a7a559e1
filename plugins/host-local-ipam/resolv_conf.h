// resolv.conf(5) as the DNS part of a result.
#pragma once

#include <string>
#include <string_view>

#include "libcni/base/error.h"
#include "libcni/spec/result.h"

namespace podwire::host_local {

/// `nameserver`, `search` and `options` accumulate, the last `domain` wins; lines that begin with '#' or ';',
/// keywords without a value and unknown keywords are ignored.
[[nodiscard]] spec::Dns parse_resolv_conf(std::string_view text);

/// parse_resolv_conf() of a file. Error: kIo, `cannot read resolvConf PATH: REASON`.
[[nodiscard]] Result<spec::Dns> read_resolv_conf(const std::string& path);

}  // namespace podwire::host_local
