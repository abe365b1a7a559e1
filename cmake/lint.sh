#!/bin/bash
# lint.sh BUILD_DIR: clang-tidy 19 over every source of ours in the build's compile_commands.json.
#
# A file that was clean is not read again until it, any header of ours, .clang-tidy or clang-tidy itself changes;
# the memory of that is BUILD_DIR/lint. PODWIRE_JOBS: files at a time (default: all cores).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
stamps=$build/lint
mkdir -p "$stamps"
cd "$root"

common=$({ clang-tidy-19 --version; cat .clang-tidy; git ls-files -co --exclude-standard -- '*.h' | sort | xargs cat; } |
         sha256sum)

# Tests: clang's warnings and the rules of form. The other checks cost more there than they find, gtest's macros being
# most of what they would read.
tests_only='-*,clang-diagnostic-*,readability-function-size,readability-identifier-naming'

lint_one() {
  local file=$1 stamp checks=()
  [[ $file != *_test.cc ]] || checks=("--checks=$tests_only")
  stamp=$stamps/$({ echo "$common"; sha256sum "$file"; } | sha256sum | cut -c1-32)
  [[ -e $stamp ]] && return 0
  local findings
  if findings=$(clang-tidy-19 -p "$build" --quiet "${checks[@]}" "$file" 2>"$stamp.err"); then
    : >"$stamp"
    rm -f "$stamp.err"
  else
    # Only findings are worth reading; "N warnings generated" counts those in system headers.
    printf '%s\n' "$findings"
    grep -v 'warnings\? generated' "$stamp.err" || true
    rm -f "$stamp.err"
    return 1
  fi
}
export -f lint_one
export common stamps build tests_only

jq -r --arg root "$root/" '.[].file | select(startswith($root)) | select(test("/build/") | not)' \
   "$build/compile_commands.json" | sort -u |
  xargs -r -P "${PODWIRE_JOBS:-$(nproc)}" -n 1 bash -c 'lint_one "$0"'
