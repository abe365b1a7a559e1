// A network configuration file of either kind.
#include "fuzz/property.h"
#include "libcni/spec/conflist.h"

namespace podwire::fuzz {
namespace {

/// The bytes of a list are what the cache stores: they must give the same list again.
void check(const Result<spec::NetworkList>& list) {
  if (!list) {
    require_printable(list.error());
    return;
  }
  const auto again = spec::parse_network_list(list->bytes);
  require(again.has_value(), "the bytes of a list are a list");
  require(again->name == list->name && again->cni_version == list->cni_version &&
              again->plugins.size() == list->plugins.size(),
          "the bytes of a list are the same list");
  for (const spec::PluginConf& plugin : list->plugins) {
    require(!plugin.type.empty() && plugin.document.view().is_object(), "a plugin has a type");
  }
}

}  // namespace

void run(std::string_view input) {
  const std::string bytes(input);
  check(spec::parse_network_list(bytes));
  check(spec::parse_single_plugin(bytes));
}

}  // namespace podwire::fuzz
