#!/bin/bash
# smoke_test.sh DIR: runs every bench of the build folder DIR with tiny counts and checks what comes out: every row is
# there, every call succeeded, a failing plugin is reported. No time is judged.
set -euo pipefail

bench=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# check FILE WHAT FILTER: the jq filter holds.
check() {
  if jq -e "$3" "$1" >/dev/null; then return; fi
  echo "$1: not so: $2" >&2
  jq -c '.rows[]' "$1" >&2
  exit 1
}

# expect_status N COMMAND...
expect_status() {
  local expected=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  if ((status == expected)); then return; fi
  echo "expected exit status $expected, found $status: $*" >&2
  cat out err >&2
  exit 1
}

# Files are named relative to where the bench was started.
expect_status 0 "$bench/add_del" --rounds 2 --pods 20 --parallel 2 --burst 4 --json add_del.json
check add_del.json 'nothing failed' 'all(.rows[]; .failures == 0 and .count > 0)'
check add_del.json 'times are in order' \
  'all(.rows[]; 0 < .min_ns and .min_ns <= .p50_ns and .p50_ns <= .p99_ns and .p99_ns <= .max_ns)'
check add_del.json 'exec: one row per peer' \
  '[.rows[] | select(.scenario == "exec alone") | .peer] == ["podwire", "reference", "limit"]'
check add_del.json 'serial and parallel: four networks, two verbs, three peers' \
  '[.rows[] | select(.scenario | startswith("serial, ") or startswith("4 pods, 2 at a time, "))]
   | length == 48 and (map(.scenario + .verb + .peer) | unique | length) == 48'
check add_del.json 'parallel: all pods of two bursts, and a rate' \
  '[.rows[] | select(.scenario | startswith("4 pods"))] | all(.[]; .count == 8 and .per_second > 0)'
check add_del.json 'deletion of a link: with and without element' \
  '[.rows[] | select(.scenario == "the kernel'\''s own deletion of a link") | .verb] == ["link", "and element"]'
check add_del.json 'growth: ten tenths and DEL, three peers' \
  '[.rows[] | select(.scenario == "growth to 20 pods, IPv4, ipMasq")]
   | length == 33 and ([.[] | select(.peer == "podwire") | .pods] == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 20])'
check add_del.json 'nothing else' '.rows | length == 3 + 48 + 2 + 33'
check add_del.json 'the command and the machine are named' '(.command | contains("--rounds 2")) and .machine.cpus > 0'

expect_status 0 "$bench/ipam" --leases 0,20 --prefix 24 --rounds 2 --json ipam.json
check ipam.json 'nothing failed' 'all(.rows[]; .failures == 0 and .count > 0)'
check ipam.json 'three pools, three verbs, two peers' \
  '[.rows[] | [.leases, .verb, .peer]] | sort == ([[0, 20, 248], ["ADD", "DEL", "first ADD"], ["podwire", "reference"]]
    | [combinations] | sort)'
expect_status 0 "$bench/ipam" --leases 3 --prefix 24 --rounds 2 --holes 0 --dir "$work" --json disk.json
check disk.json 'one pool' '.rows | length == 6'
if compgen -G "$work/podwire-bench-*" >/dev/null; then echo "ipam --dir left its files" >&2; exit 1; fi

expect_status 0 "$bench/memory" --rounds 1 --json memory.json
check memory.json 'memory of every peer, with and without ipMasq' \
  '[.rows[] | select(.median_kib > 0) | [.scenario, .peer]] | unique | length == 6'
check memory.json 'podwire executes nothing' \
  'all(.rows[] | select(.peer == "podwire" and .median_kib != null); .program == "bridge" and .processes == 1)'
check memory.json 'the reference executes its IPAM plugin' \
  '[.rows[] | select(.peer == "reference" and .median_kib != null) | .program] | contains(["bridge", "host-local"])'
check memory.json 'five executables have a size' '[.rows[] | select(.bytes > 0)] | length == 5'

mkdir broken
for plugin in bridge host-local; do
  printf '#!/bin/sh\necho "{\\"code\\":999,\\"msg\\":\\"no luck\\"}"\nexit 1\n' >broken/$plugin
  chmod 755 broken/$plugin
done
expect_status 1 "$bench/add_del" --rounds 1 --filter 'serial, IPv4, no ipMasq' --peer broken=broken --json failed.json
check failed.json 'failures are counted' '[.rows[] | select(.peer == "broken") | .failures] == [1, 1]'
grep -q 'no luck' err || { echo "the words of the failed plugin are missing" >&2; exit 1; }
expect_status 1 "$bench/ipam" --leases 0 --holes 0 --rounds 1 --peer broken=broken
expect_status 1 "$bench/add_del" --filter 'no such scenario'
expect_status 2 "$bench/add_del" --peer absent=/nonexistent
echo "add_del, ipam and memory run, and report what fails"
