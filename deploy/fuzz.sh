#!/usr/bin/env bash
# Runs every fuzz test of the tree for the given time, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
while IFS=: read -r file name; do
	echo "== ${file%/*} $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./${file%/*}"
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' gateway worker ctl pkg idl deploy 2>/dev/null | sed 's/func //' | sort)
