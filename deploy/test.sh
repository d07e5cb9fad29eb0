#!/usr/bin/env bash
# Runs every test and ends with one plain line, "N passed, N failed"; the exit
# code agrees with it. A package that does not build or crashes counts as failed.
# Arguments are packages; without any, all are tested, and the browser client.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin

# Some tests drive a real browser.
if grep -rqs --include='*_test.go' 'chromedp/chromedp"' . &&
	! command -v chromium chromium-browser google-chrome headless-shell >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get install -y -qq chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null
	else
		echo "the browser tests need the package chromium: apt-get install chromium" >&2
	fi
fi

# Real clients of resumable uploads run in Node; the test installs them itself.
if [ -e deploy/e2e/clients/package.json ] && ! command -v npm >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get install -y -qq nodejs npm >/dev/null || { apt-get update -qq && apt-get install -y -qq nodejs npm; } >/dev/null
	else
		echo "the tests of upload clients need Node and npm: apt-get install nodejs npm" >&2
	fi
fi

# Two tests of pictures are skipped without these packages: native HEIC, and
# the metadata that exiftool finds in stored pictures.
missing=()
ldconfig -p 2>/dev/null | grep -q 'libheif\.so\.1' || missing+=(libheif1)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
			{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null
	else
		echo "some tests of pictures need packages: apt-get install ${missing[*]}" >&2
	fi
fi

go tool gotestsum --format pkgname --hide-summary=skipped --jsonfile bin/test.json -- -timeout 15m "${@:-./...}"
code=$?

# Tests that judge times come last, when the machine has nothing else to do.
rm -f bin/alone.json
if [[ " ${*:-./...} " =~ \ (\./\.\.\.|\./deploy/\.\.\.|\./deploy/e2e)\  ]]; then
	TEST_ALONE=1 go tool gotestsum --format testname --hide-summary=skipped --jsonfile bin/alone.json -- \
		-timeout 15m -parallel 2 -run '^TestTimed' ./deploy/e2e || code=$?
fi

# A test that failed is counted by its own line; a package that failed without
# one (it did not build, panicked or timed out) is counted once.
read -r passed failed < <(awk '
	/"Action":"(pass|fail)"/ {
		match($0, /"Package":"[^"]*"/); pkg = substr($0, RSTART, RLENGTH)
		ok = /"Action":"pass"/
		if (/"Test":"/) { if (ok) passed++; else { failed++; blamed[pkg] = 1 } }
		else if (!ok) dead[pkg] = 1
	}
	END { for (p in dead) if (!blamed[p]) failed++; print passed + 0, failed + 0 }' bin/test.json $(ls bin/alone.json 2>/dev/null))

[ "$code" -ne 0 ] && [ "${failed:-0}" -eq 0 ] && failed=1
[ "${passed:-0}" -eq 0 ] && [ "${failed:-0}" -eq 0 ] && failed=1 # nothing ran

# The browser client's tests are added.
if [ $# -eq 0 ]; then
	rm -f bin/web.json
	deploy/web.sh test --reporter=default --reporter=json --outputFile.json=../../bin/web.json
	code=$?
	count() { grep -o "\"$1\":[0-9]*" bin/web.json 2>/dev/null | head -1 | grep -o '[0-9]*$' || echo 0; }
	good=$(count numPassedTests) bad=$(count numFailedTests)
	[ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$good" -eq 0 ]; } && bad=1
	passed=$((${passed:-0} + good)) failed=$((${failed:-0} + bad))
fi
echo "${passed:-0} passed, $failed failed" | tee bin/test.summary
[ "$failed" -eq 0 ]
