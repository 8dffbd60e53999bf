#!/bin/sh
# The embedded name server against Knot: one UDP worker each on the first core, dnsperf on the second, 100,000 names.
# The two are measured in turns, and the median of the ratios counts.
#   nameserver.sh BUILD_FOLDER [SECONDS_A_RUN [TURNS]]
set -eu
build=$1 seconds=${2:-5} turns=${3:-3} names=100000
work=$(mktemp -d)
port=18153
pids=

finish()
{
	exec 9>&-
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$work"
}
trap finish EXIT

mkdir "$work/run" "$work/db"
{
	printf '$ORIGIN bench.example.\n$TTL 5\n@ SOA ns1 hostmaster 1 3600 600 604800 5\n@ NS ns1\nns1 A 127.0.0.1\n'
	awk -v n=$names 'BEGIN { for (i = 0; i < n; i++)
		printf "_acme-challenge.n%06d TXT \"gfj9Xq-Rg85nM_cheRnpAbzOpfGGQDK3xNVSGTeTLkw\"\n", i }'
} >"$work/bench.example.zone"
awk -v n=$names 'BEGIN { srand(1); for (i = 0; i < n; i++)
	printf "_acme-challenge.n%06d.bench.example TXT\n", int(rand() * n) }' >"$work/queries"
cat >"$work/knot.conf" <<CONF
server:
    rundir: $work/run
    listen: 127.0.0.1@$port
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: $work/db
zone:
  - domain: bench.example
    storage: $work
    file: bench.example.zone
    zonefile-sync: -1
CONF
taskset -c 0 knotd -c "$work/knot.conf" >"$work/knot.log" 2>&1 &
pids="$pids $!"
mkfifo "$work/stop"
taskset -c 0 "$build/tests/bench/bench_serve_answers" dns $names 1 <"$work/stop" >"$work/ours" 2>"$work/memory" &
exec 9>"$work/stop"
while [ ! -s "$work/ours" ]; do sleep 0.1; done
our_port=$(sed 's/.*://' "$work/ours")

wait_for() # PORT
{
	for try in $(seq 100); do
		if dig +short +time=1 +tries=1 @127.0.0.1 -p "$1" _acme-challenge.n000001.bench.example TXT 2>/dev/null | grep -q gfj9Xq; then
			return
		fi
		sleep 0.1
	done
	echo "no answer on port $1" >&2
	cat "$work/knot.log" >&2
	exit 1
}
wait_for $port
wait_for "$our_port"

rate() # PORT: answered queries per second
{
	taskset -c 1 dnsperf -s 127.0.0.1 -p "$1" -d "$work/queries" -l "$seconds" -c 4 -q 500 -T 1 >"$work/dnsperf" 2>&1
	if ! grep -q 'NOERROR.*(100.00%)' "$work/dnsperf"; then cat "$work/dnsperf" >&2; exit 1; fi
	awk '/Queries per second/ { print int($4) }' "$work/dnsperf"
}

: >"$work/ratios"
for turn in $(seq "$turns"); do
	a=$(rate "$our_port") b=$(rate $port)
	echo "$a $b" | awk '{ print $1 / $2, $1, $2 }' >>"$work/ratios"
done
sort -n "$work/ratios" | sed -n "$(((turns + 1) / 2))p" | awk \
	'{ printf "| DNS, 100,000 names, one UDP worker | %d/s | Knot %d/s | %.2f | at least 0.8 |\n", $2, $3, $1 }'
