// Capabilities: what a plugin declares it understands, and the arguments a runtime has for it
// (CONVENTIONS.md, "Dynamic Plugin specific fields"; checklist REQ-2, R-2).
#pragma once

#include <set>
#include <string>

#include "libcni/base/json.h"
#include "libcni/spec/conflist.h"

namespace podwire::runtime {

/// Names that the plugin's "capabilities" object maps to true.
/// Error: kDecode when it is not an object of booleans.
[[nodiscard]] Result<std::set<std::string>> declared_capabilities(const spec::PluginConf& plugin);

/// The union over the list.
[[nodiscard]] Result<std::set<std::string>> declared_capabilities(const spec::NetworkList& list);

/// The members of `capability_args` that the plugin declares: its runtimeConfig. Empty object when none.
[[nodiscard]] Result<Json> runtime_config(const spec::PluginConf& plugin, const Json& capability_args);

}  // namespace podwire::runtime
