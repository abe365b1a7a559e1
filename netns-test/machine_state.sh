#!/bin/bash
# machine_state.sh record FILE | compare FILE | print
#
# The state of this machine that tests and demo must never change: links, addresses, routes, rules, nftables, and
# the folders that plugins and runtimes write to. compare prints the difference and fails if there is one.
# Left out: address lifetimes, counters and link-local routes of the moment.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

state() {
  ip -o link show | sed -E 's/ qlen [0-9]+//; s/ state [A-Z]+//'
  ip -o address show | sed -E 's/ +valid_lft.*//'
  ip -4 route show table all
  ip -6 route show table all | sed -E 's/ expires [0-9]+sec//'
  ip rule show
  ip -6 rule show
  nft list ruleset | sed -E 's/counter packets [0-9]+ bytes [0-9]+/counter/'
  sysctl -en net.ipv4.ip_forward net.ipv6.conf.all.forwarding
  find /run -xdev -mindepth 1 -maxdepth 1 -printf '%p\n' | sort
  for folder in /var/lib/cni /etc/cni /run/netns /run/podwire /run/cni; do
    if [[ -e $folder ]]; then find "$folder" -xdev -printf '%p %s\n' | sort; fi
  done
}

case ${1:-} in
  print) state ;;
  record)
    # A run that was killed may have left an old record; this one replaces it.
    state > "$2"
    ;;
  compare)
    if ! diff -u --label before "$2" --label after <(state); then
      echo "this machine was changed" >&2
      exit 1
    fi
    echo "links, addresses, routes, rules, nftables, /var/lib/cni and /run are as they were"
    ;;
  *) echo "usage: $0 record FILE | compare FILE | print" >&2; exit 2 ;;
esac
