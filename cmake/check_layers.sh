#!/bin/bash
# check_layers.sh ROOT: an include may only point down the layers (docs/architecture.md).
#
#   base < spec < plan < kernel < plugin < runtime     inside libcni/
#   plugins/<name>/{config,plan}.{cc,h}                see libcni up to plan: pure, testable without root
#   plugins/<name>/*                                   see libcni up to plugin, never runtime or shim
#   tests (*_test.cc)                                  stand beside what they test and may look one layer up: exempt
#
# Also: nlohmann/json.hpp (seconds per file) in libcni/base/json.cc alone; no system() or popen() in libcni and plugins;
# spdlog in libcni/plugin alone, because libraries do not log. Prints each violation as file:line and fails.
set -euo pipefail
cd "$1"

layers=(base spec plan kernel plugin runtime)
rank_of() {
  local i
  for i in "${!layers[@]}"; do
    if [[ ${layers[i]} == "$1" ]]; then echo "$i"; return; fi
  done
  echo "unknown layer libcni/$1" >&2
  return 1
}

violations=0
violation() { echo "$1: $2"; violations=$((violations + 1)); }

sources_of() { find "$@" \( -name '*.cc' -o -name '*.h' \) ! -name '*_test.cc' | sort; }

# check_includes FILE MAX_RANK: no libcni include above MAX_RANK, none of the folders outside libcni and plugins.
check_includes() {
  local file=$1 max=$2 line path layer
  while IFS=: read -r line path; do
    case $path in
      libcni/*/*)
        layer=${path#libcni/}; layer=${layer%%/*}
        if (($(rank_of "$layer") > max)); then
          violation "$file:$line" "includes $path: libcni/${layers[max]} is the highest layer it may see"
        fi ;;
      plugins/*)
        if [[ $file == libcni/* ]]; then violation "$file:$line" "libcni includes a plugin: $path"; fi ;;
      shim/* | agent/* | cluster/*)
        violation "$file:$line" "includes $path from above" ;;
    esac
  done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/;T;=;p' "$file" | paste -d: - - )
}

for file in $(sources_of libcni); do
  layer=${file#libcni/}
  check_includes "$file" "$(rank_of "${layer%%/*}")"
done

plan=$(rank_of plan)
plugin=$(rank_of plugin)
for file in $(sources_of plugins); do
  case ${file##*/} in
    config.cc | config.h | plan.cc | plan.h) check_includes "$file" "$plan" ;;
    *) check_includes "$file" "$plugin" ;;
  esac
done

# forbid PATTERN REASON ALLOWED_PATH_PREFIX: no line of code (comments do not count) matches.
forbid() {
  local hit
  while IFS= read -r hit; do
    [[ $hit == "$3"* ]] || violation "$hit" "$2"
  done < <(sources_of libcni plugins |
           xargs awk -v pattern="$1" '{ sub("//.*", "") } $0 ~ pattern { print FILENAME ":" FNR }')
}
forbid '#[[:space:]]*include[[:space:]]*<nlohmann/json[.]hpp>' 'nlohmann/json.hpp belongs in libcni/base/json.cc' libcni/base/json.cc
forbid '(^|[^A-Za-z0-9_.>:])(::|std::)?(system|popen)[[:space:]]*\(' 'nothing here may run a shell' none
forbid '#[[:space:]]*include[[:space:]]*<spdlog/' 'libraries do not log: spdlog belongs in libcni/plugin' libcni/plugin/

if ((violations > 0)); then
  echo "$violations violation(s) of the layers" >&2
  exit 1
fi
