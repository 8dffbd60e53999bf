#!/usr/bin/env bash
# Measures dcvd against its peers in one run and prints a table with ratios.
#   tests/bench/run.sh [--no-install] [--full] [DIR]
# DIR is the folder of the Release build (build-bench). --full adds what takes minutes: lego at 50 names, and ten minutes of waiting.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/packages.sh

build=$PWD/build-bench install=true full=
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=false ;;
    --full) full=--full ;;
    -*) sed -n '2,4s/^# *//p' "$0" >&2; exit 2 ;;
    *) build=$(realpath -m "$1") ;;
  esac
  shift
done

if $install; then
  # shellcheck disable=SC2086
  install_packages $BUILD_PACKAGES $SHOW_PACKAGES $BENCH_PACKAGES
fi
echo "Building in $build" >&2
mkdir -p "$build"
{ cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DDCVD_TESTS=ON -DDCVD_CRASH_POINTS=OFF &&
  cmake --build "$build" -j"$(nproc)" --target dcvd bench_serve_answers bench_late_server bench_poll_window bench_fill_journal scenario_world; } >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log"; exit 1; }
export DCVD=$build/dcvd DCVD_BUILD=$build LATE_SERVER=$build/tests/bench/bench_late_server FILL_JOURNAL=$build/tests/bench/bench_fill_journal

failed=0
measure() { # COMMAND…: in a network of its own, so that ports are free and nothing leaves
  local run=("$@")
  if unshare --net true 2>/dev/null; then
    run=(unshare --net sh -c 'ip link set lo up; exec "$@"' sh "$@")
  fi
  "${run[@]}" || { echo "| $(basename "${2:-$1}") | did not finish |  |  |  |"; failed=$((failed + 1)); }
}

echo "| what | dcvd | peer | ratio | target |"
echo "|---|---|---|---|---|"
measure tests/bench/responder.sh "$build"
measure tests/bench/nameserver.sh "$build"
# shellcheck disable=SC2086
measure /usr/bin/python3 -B tests/bench/names.py $full
# shellcheck disable=SC2086
measure /usr/bin/python3 -B tests/bench/detection.py $full
measure "$build/tests/bench/bench_poll_window"
measure /usr/bin/python3 -B tests/bench/bulk.py
measure /usr/bin/python3 -B tests/bench/clients.py
measure /usr/bin/python3 -B tests/bench/throughput.py
measure /usr/bin/python3 -B tests/bench/memory.py
measure /usr/bin/python3 -B tests/bench/reload.py
measure /usr/bin/python3 -B tests/bench/single.py
measure /usr/bin/python3 -B tests/bench/restart.py
measure /usr/bin/python3 -B tests/bench/load.py
measure /usr/bin/python3 -B tests/bench/floods.py
measure /usr/bin/python3 -B tests/bench/cps_cost.py
[ "$failed" -eq 0 ]
