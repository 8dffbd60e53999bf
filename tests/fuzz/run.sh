#!/usr/bin/env bash
# run.sh MINUTES [TARGET…]       runs each fuzz target (all of them) so many minutes, one after another, at the lowest priority
# run.sh --merge [TARGET…]       takes inputs that reach new code into the corpora of the repository
#
# For each target it prints how often it ran, the CPU seconds it took, how much code was reached, and how much more than at the start, and
# how many inputs are at fault; at the end the sum. It fails when there was one. FUZZ_BUILD (default: build-fuzz) holds the programs, which it
# builds with clang, the growing corpora (corpus/TARGET), the inputs at fault (crash/TARGET) and the logs.
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${FUZZ_BUILD:-$source/build-fuzz}
own=$source/tests/fuzz/corpus

usage() { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }

build_all() {
	CC=${CC:-clang} cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDCVD_TESTS=ON -DDCVD_FUZZ=ON \
		-DDCVD_SANITIZE=address,undefined >"$build/cmake.log" || exit 1
	for name in $targets; do set -- "$@" --target "fuzz_$name"; done
	cmake --build "$build" -j"$(nproc)" "$@" >"$build/make.log" || { tail "$build/make.log"; exit 1; }
}

# libfyaml 0.7.12 loses memory of some quoted texts.
leaks_of() { case $1 in config) echo 0 ;; *) echo 1 ;; esac; }

# A network of its own, where the system lets us have one: some targets listen.
alone() {
	if unshare -rn true 2>/dev/null; then unshare -rn sh -c 'ip link set lo up; exec "$@"' sh "$@"; else "$@"; fi
}

number() { sed -n "s/^stat::$1: *//p" "$2" | tail -1; }

fuzz() {
	work=$build/corpus/$1 crash=$build/crash/$1 log=$build/log/$1 leaks=$(leaks_of "$1")
	mkdir -p "$work" "$crash" "$build/log"
	ASAN_OPTIONS=detect_leaks=$leaks alone nice -n 19 chrt -i 0 bash -c 'time -p "$@"' bash "$build/tests/fuzz/fuzz_$1" "$work" "$own/$1" \
		-max_total_time=$((minutes * 60)) -max_len=4096 -timeout=120 -rss_limit_mb=2048 -detect_leaks="$leaks" \
		-print_final_stats=1 -report_slow_units=600 -artifact_prefix="$crash/" >"$log" 2>&1
	cpu=$(awk '/^(user|sys) /{ s += $2 } END { print int(s + 0.5) }' "$log")
	first=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$log") last=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
	faults=$(find "$crash" -type f | wc -l)
	printf '%-16s %12s %8s %8s %+6d %6d\n' "$1" "$(number number_of_executed_units "$log")" "$cpu" "${last:-0}" $((${last:-0} - ${first:-0})) "$faults"
	total_cpu=$((total_cpu + cpu)) total_faults=$((total_faults + faults))
}

# Edges only: a corpus that counts repetitions too is many times as large.
merge() {
	mkdir -p "$build/corpus/$1"
	ASAN_OPTIONS=detect_leaks=$(leaks_of "$1") alone "$build/tests/fuzz/fuzz_$1" -merge=1 -use_counters=0 -max_len=4096 "$own/$1" "$build/corpus/$1" \
		>"$build/log/$1.merge" 2>&1 || { tail -3 "$build/log/$1.merge"; exit 1; }
	printf '%-16s %4d inputs, %7d bytes\n' "$1" "$(ls "$own/$1" | wc -l)" "$(cat "$own/$1"/* | wc -c)"
}

[ $# -ge 1 ] || usage
what=$1
shift
targets=${*:-$(cd "$source/tests/fuzz" && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')}
mkdir -p "$build"
case $what in
--merge)
	build_all
	mkdir -p "$build/log"
	for name in $targets; do merge "$name"; done ;;
*[!0-9]* | '') usage ;;
*)
	minutes=$what total_cpu=0 total_faults=0
	build_all
	printf '%-16s %12s %8s %8s %6s %6s\n' target executions 'CPU s' covered more faults
	for name in $targets; do fuzz "$name"; done
	printf '%d CPU seconds (%s hours), %d inputs at fault\n' "$total_cpu" "$(awk "BEGIN { printf \"%.2f\", $total_cpu / 3600 }")" "$total_faults"
	[ "$total_faults" -eq 0 ] ;;
esac
