#include "plugins/host-local-ipam/host_local.h"

int main() {
  return podwire::plugin::plugin_main(podwire::host_local::kPlugin);
}
