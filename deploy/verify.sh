#!/usr/bin/env bash
# Reports everything that the tools would change: formatting, generated code,
# modules. It rewrites generated code and nothing else.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
say() {
	echo "verify: $1" >&2
	bad=1
}
sums() { find idl gateway/web/src/api/schema.d.ts pkg/reference/keys.json deploy/config/reference.yaml -type f -print0 | sort -z | xargs -0 sha256sum; }

unformatted=$(git ls-files '*.go' ':!idl/gen' | xargs -r gofmt -l)
[ -z "$unformatted" ] || say "not formatted (gofmt -w):"$'\n'"$unformatted"

before=$(sums)
go generate ./idl/... || say "generating the wire code failed"
go run ./deploy/reference || say "generating the reference of the configuration failed"
deploy/web.sh generate >/dev/null || say "generating the client's types failed"
[ "$before" = "$(sums)" ] || say "generated code was stale; it is fresh now, commit it"

deploy/web.sh check || say "gateway/web is not as prettier and tsc want it (deploy/web.sh format)"
go vet ./... || say "go vet has findings"
go mod tidy -diff >/dev/null || say "go.mod is not tidy (go mod tidy)"
go mod verify >/dev/null || say "a module differs from its checksum"

# Links between our pages lead to files that exist.
dead=$(git ls-files '*.md' | while read -r page; do
	grep -oE '\]\([^):]+\)' "$page" | sed 's/^](//; s/[#)].*//' | while read -r to; do
		[ -e "$(dirname "$page")/$to" ] || echo "$page: $to"
	done
done)
[ -z "$dead" ] || say "links to files that do not exist:"$'\n'"$dead"
exit "$bad"
