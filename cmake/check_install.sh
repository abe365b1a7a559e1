#!/bin/bash
# check_install.sh BUILD_DIR: `cmake --install` puts everything in its place, and what is installed works from there.
set -euo pipefail

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$1" --prefix "$prefix" >/dev/null

failed=0
check() { # check TEXT COMMAND...
  local text=$1
  shift
  if ! "$@"; then
    echo "not so: $text" >&2
    failed=1
  fi
}

for plugin in bridge host-local; do
  check "the plugin $plugin is in lib/cni" test -x "$prefix/lib/cni/$plugin"
done
check 'bash finds its script' bash -n "$prefix/share/bash-completion/completions/podwire"
check 'zsh finds its script' zsh -n "$prefix/share/zsh/site-functions/_podwire"
check 'the manual pages have no fault' test -z "$(mandoc -T lint "$prefix"/share/man/man1/*.1 2>&1)"
check 'every command has a page' test -e "$prefix/share/man/man1/podwire-pod-add.1"
check 'the configurations are the tree'\''s' diff -r "$(dirname "$0")/../conf" "$prefix/share/doc/podwire/conf"
check 'podwire finds the plugins it was installed with' \
      grep -q "$prefix/lib/cni/bridge" <("$prefix/bin/podwire" cni version "$prefix/share/doc/podwire/conf/10-bridge.conflist")

# On a terminal podwire hands its page to man(1); this one tells how it was called and what it got.
mkdir "$prefix/fake"
# shellcheck disable=SC2016 # it is that script which expands them
printf '#!/bin/sh\necho "man $*: $(head -n 1)"\n' >"$prefix/fake/man"
chmod 755 "$prefix/fake/man"
on_a_terminal() { PATH=$prefix/fake:$PATH script -qec "$prefix/bin/podwire man pod add" /dev/null </dev/null; }
check 'man(1) shows pages on a terminal' grep -q '^man -l -: .TH PODWIRE' <(on_a_terminal)
check 'the source of a page is printed elsewhere' grep -q '^.TH PODWIRE' <("$prefix/bin/podwire" man pod add)
exit "$failed"
