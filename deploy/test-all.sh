#!/usr/bin/env bash
# Runs every test and then every long run, and ends with one plain line,
# "N passed, N failed", that adds all up; the exit code agrees with it. Each
# long run counts as one test.
#
# To try the script itself, make the runs short:
#
#   TEST_PACKAGES="./pkg/fault" TORTURE_TASKS=60 FLEET_TASKS=60 deploy/test-all.sh
#
# TEST_PACKAGES   packages for deploy/test.sh; empty for all, and the browser client
# TORTURE_TASKS   tasks of each torture run (2000)
# FLEET_TASKS     tasks of the simulated fleet (2000); another fifth for each arm that it is compared with
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0
wrong=() # what failed, by name

# step NAME COMMAND... runs a command and counts it as one test.
step() {
	echo "== $1"
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		wrong+=("$1")
	fi
}

# The tests have a count of their own.
echo "== tests"
rm -f bin/test.summary
# shellcheck disable=SC2086 # several packages are several words
deploy/test.sh ${TEST_PACKAGES:-} || wrong+=("tests")
if read -r good _ bad _ 2>/dev/null <bin/test.summary; then
	passed=$((passed + good)) failed=$((failed + bad))
else
	failed=$((failed + 1))
fi

# A new long run is one more line here.
torture=${TORTURE_TASKS:-2000} fleet=${FLEET_TASKS:-2000}
step "torture" go run ./deploy/torture -tasks "$torture"
step "torture with vendors and budgets" go run ./deploy/torture -tasks "$torture" -vendors -budgets
step "torture with three engine nodes" go run ./deploy/torture -engines 3
step "parts away for longer" env TEST_ALONE=1 TRIALS_LONG=1 go test -count=1 -run '^TestTimed(UnderLoad|NoPicture|AnOperator)' ./deploy/e2e
step "fleet-sim" go run ./deploy/fleetsim -tasks "$fleet" -contrast "$((fleet / 5))"

[ ${#wrong[@]} -eq 0 ] || printf 'failed: %s\n' "${wrong[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
