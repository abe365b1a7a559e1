// The configuration that one plugin of a list gets on its standard input (SPEC section 3, "Deriving execution
// configuration"; checklist REQ-1 to REQ-5).
#pragma once

#include <optional>
#include <span>

#include "libcni/base/json.h"
#include "libcni/runtime/runtime_conf.h"
#include "libcni/runtime/versioned_result.h"
#include "libcni/spec/conflist.h"

namespace podwire::runtime {

/// For STATUS: the plugin's object with the list's name and cniVersion; without `capabilities`, which the
/// runtime consumes (D5), and without `cni.dev/` keys, which are the runtime's to set. Every other key is
/// handed on unaltered.
[[nodiscard]] Result<Json> status_request(const spec::NetworkList& list, const spec::PluginConf& plugin);

/// For ADD, CHECK, DEL: also runtimeConfig, when a declared capability has an argument (D6), and prevResult,
/// when there is one.
[[nodiscard]] Result<Json> attachment_request(const spec::NetworkList& list, const spec::PluginConf& plugin,
                                              const RuntimeConf& conf,
                                              const std::optional<VersionedResult>& previous);

/// For GC: also the valid attachments, under the specification's key and under the one that libcni used
/// before it (D14).
[[nodiscard]] Result<Json> gc_request(const spec::NetworkList& list, const spec::PluginConf& plugin,
                                      std::span<const spec::Attachment> valid);

}  // namespace podwire::runtime
