// A pod's /etc/resolv.conf from the DNS of its networks (resolv.conf(5)).
#pragma once

#include <span>
#include <string>

#include "libcni/spec/result.h"

namespace podwire::pod {

/// Networks in order: name servers, search domains and options of all, without repetitions; the domain of the
/// first that has one. "" when no network has DNS.
[[nodiscard]] std::string resolv_conf_text(std::span<const spec::Dns> networks);

}  // namespace podwire::pod
