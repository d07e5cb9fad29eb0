#!/usr/bin/env bash
# Runs a script of gateway/web/package.json. It first installs the packages that
# the lock file names, where they are missing.
set -euo pipefail
cd "$(dirname "$0")/../gateway/web"

if ! command -v npm >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get install -y -qq nodejs npm >/dev/null || { apt-get update -qq && apt-get install -y -qq nodejs npm; } >/dev/null
	else
		echo "the browser client needs Node (20.19 or later) and npm: apt-get install nodejs npm" >&2
		exit 1
	fi
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)'; then
	echo "the browser client needs Node 20.19 or later, this is $(node --version)" >&2
	exit 1
fi
(
	! command -v flock >/dev/null || flock 9 # two tests may build the client at once
	if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
		npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	fi
) 9<package-lock.json
exec npm run --silent "$1" -- "${@:2}"
