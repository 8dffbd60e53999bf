#!/usr/bin/env bash
# Installs what the tests need and runs all of them with sanitizers. Ends in "N passed, N failed".
#   tests/run.sh [--no-install] [--build DIR]
set -uo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

build=$PWD/build-test install=true
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=false ;;
    --build) build=$2; shift ;;
    *) sed -n '2,3s/^# *//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

passed=0 failed=0
count() { # the closing line "N passed, N failed" of a suite
  local line; line=$(grep -Eo '[0-9]+ passed, [0-9]+ failed' <<<"$1" | tail -n 1)
  [ -n "$line" ] || { failed=$((failed + 1)); return; }
  passed=$((passed + ${line%% *})); line=${line#*, }; failed=$((failed + ${line%% *}))
}

if $install; then
  # shellcheck disable=SC2086
  install_packages $BUILD_PACKAGES $SHOW_PACKAGES $TEST_PACKAGES || exit 1
fi

echo "== build with AddressSanitizer and UndefinedBehaviorSanitizer"
mkdir -p "$build"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DDCVD_TESTS=ON -DDCVD_WERROR=ON -DDCVD_SANITIZE=address,undefined >"$build/configure.log" 2>&1 &&
  cmake --build "$build" -j"$(nproc)" >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log"; echo "0 passed, 1 failed"; exit 1; }

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# The sum of the tests of the last ctest run in a folder. Programs of many tests say how many; others are one each.
count_programs() { # folder, output of ctest
  local log=$1/Testing/Temporary/LastTest.log programs many cases bad
  grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ +Start ' <<<"$2"
  programs=$(grep -c '^Test Passed' "$log"); many=$(grep -c '\[  PASSED  \]' "$log")
  cases=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | paste -sd+ | bc)
  bad=$(sed -n 's/.* \([0-9]*\) tests failed out of .*/\1/p' <<<"$2")
  count "$(((programs > many ? programs - many : 0) + ${cases:-0})) passed, ${bad:-1} failed"
}

echo "== unit, contract, scenario, fuzz corpora"
output=$(cd "$build" && ctest -j"$(nproc)" --output-on-failure --timeout 300 2>&1)
count_programs "$build" "$output"

echo "== what runs in threads, with ThreadSanitizer"
threaded='(answers|nameserver|store|webroot|net_work|net_loop)'
targets=$(cd tests/unit && ls -d answers/test_*.c nameserver/test_*.c store/test_*.c webroot/test_*.c net/test_work.c net/test_loop.c | sed -E 's,(.*)/test_(.*)\.c,test_unit_\1_\2,')
# shellcheck disable=SC2086
cmake -S . -B "$build/threads" -DCMAKE_BUILD_TYPE=Debug -DDCVD_TESTS=ON -DDCVD_SANITIZE=thread >"$build/threads.log" 2>&1 &&
  cmake --build "$build/threads" -j"$(nproc)" --target $targets >>"$build/threads.log" 2>&1 || { tail -n 40 "$build/threads.log"; count "0 passed, 1 failed"; }
output=$(cd "$build/threads" && ctest -j"$(nproc)" -R "unit_${threaded}" --output-on-failure --timeout 300 2>&1)
count_programs "$build/threads" "$output"

echo "== lint"
output=$(/usr/bin/python3 -B tests/lint/lint.py 2>&1); echo "$output" | tail -n 15
count "$output"

# Integration tests have a network of their own, so that ports 53 and 80 are free and nothing leaves.
for test in tests/integration/test_*.py; do
  [ -e "$test" ] || continue
  echo "== $test"
  run=(env DCVD="$build/dcvd" DCVD_BUILD="$build" timeout 600 /usr/bin/python3 -B "$test")
  if unshare --net true 2>/dev/null; then
    run=(unshare --net sh -c 'ip link set lo up; exec "$@"' sh "${run[@]}")
  fi
  output=$("${run[@]}" 2>&1); status=$?
  ran=$(sed -n 's/^Ran \([0-9]*\) test.*/\1/p' <<<"$output" | tail -n 1)
  wrong=$(grep -Eo '(failures|errors)=[0-9]+' <<<"$output" | tail -n 2 | grep -Eo '[0-9]+' | paste -sd+ | bc 2>/dev/null)
  [ "$status" -eq 0 ] && wrong=0 || wrong=${wrong:-1}
  [ "$status" -ne 0 ] && [ "$wrong" = 0 ] && wrong=1
  [ "$status" -eq 0 ] && tail -n 3 <<<"$output" || tail -n 60 <<<"$output"
  count "$((${ran:-0} > wrong ? ${ran:-0} - wrong : 0)) passed, $wrong failed"
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
