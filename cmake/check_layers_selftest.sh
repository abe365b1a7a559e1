#!/bin/bash
# check_layers_selftest.sh: check_layers.sh accepts a clean tree and finds every kind of violation seeded into it.
set -euo pipefail
check=$(cd "$(dirname "$0")" && pwd)/check_layers.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

clean_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/libcni/{base,spec,plan,kernel,plugin,runtime} "$tree/plugins/bridge" "$tree/shim"
  echo '#include <nlohmann/json.hpp>' >"$tree/libcni/base/json.cc"
  echo '#include <spdlog/spdlog.h>' >"$tree/libcni/plugin/log.cc"
  echo '#include "libcni/plugin/plugin.h"' >"$tree/libcni/runtime/runtime.cc"
  echo '#include "libcni/plan/step.h"' >"$tree/plugins/bridge/plan.cc"
  echo 'int file_system(int x); // a system (of sorts)' >"$tree/libcni/base/text.h"
  printf '#include "libcni/kernel/kernel.h"\n#include "plugins/host-local-ipam/host_local.h"\n' >"$tree/plugins/bridge/main.cc"
}

# expect FILE LINE WHAT: that line in that file must be refused, by name.
expect() {
  local output
  clean_tree
  printf '// first line\n%s\n' "$2" >"$tree/$1"
  if output=$("$check" "$tree" 2>&1); then
    echo "not found: $3 ($1: $2)"; failed=1
  elif [[ $output != *"$1:2: "* ]]; then
    echo "found, but not at $1:2: $3"; echo "$output"; failed=1
  fi
}

clean_tree
if ! "$check" "$tree"; then echo "a clean tree was refused"; failed=1; fi

expect libcni/base/x.cc '#include "libcni/spec/result.h"' 'base includes spec'
expect libcni/spec/x.h '#  include "libcni/kernel/netlink.h"' 'spec includes kernel'
expect libcni/plan/x.cc '#include "libcni/kernel/netlink.h"' 'plan includes kernel'
expect libcni/kernel/x.cc '#include "libcni/plugin/plugin.h"' 'kernel includes plugin'
expect libcni/plugin/x.cc '#include "libcni/runtime/runtime.h"' 'plugin includes runtime'
expect libcni/plan/x.h '#include "plugins/bridge/config.h"' 'libcni includes a plugin'
expect libcni/runtime/x.cc '#include "shim/podwire.h"' 'libcni includes the shim'
expect plugins/bridge/plan.cc '#include "libcni/kernel/netlink.h"' "a plugin's plan.cc includes kernel"
expect plugins/bridge/config.h '#include "libcni/plugin/plugin.h"' "a plugin's config.h includes plugin"
expect plugins/bridge/main.cc '#include "libcni/runtime/runtime.h"' 'a plugin includes runtime'
expect plugins/bridge/del.cc '#include "shim/pod.h"' 'a plugin includes the shim'
expect libcni/spec/x.cc '#include <nlohmann/json.hpp>' 'json.hpp outside json.cc'
expect libcni/kernel/x.cc '  return system("ip link");' 'system()'
expect plugins/bridge/x.cc '  auto f = ::popen("nft", "r");' 'popen()'
expect libcni/kernel/x.cc '#include <spdlog/spdlog.h>' 'spdlog outside libcni/plugin'
exit $failed
