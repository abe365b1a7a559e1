#include <array>

#include "plugins/bridge/bridge.h"
#include "plugins/host-local-ipam/host_local.h"

int main() {
  static constexpr std::array kBuiltin{&podwire::host_local::kPlugin};
  return podwire::plugin::plugin_main(podwire::bridge::kPlugin, kBuiltin);
}
