#!/bin/sh
# The HTTP-01 responder with 100,000 live tokens against nginx serving the same token from a file, with wrk and 64
# connections. The two are measured in turns, and the median of the ratios counts.
#   responder.sh BUILD_FOLDER [SECONDS_A_RUN [TURNS]]
set -eu
build=$1 seconds=${2:-4} turns=${3:-3}
work=$(mktemp -d)
token=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt9050000
path=/.well-known/acme-challenge/$token
port=18099
pids=

finish()
{
	exec 9>&-
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/root/.well-known/acme-challenge"
printf '%s' "$token.gfj9Xq-Rg85nM_cheRnpAbzOpfGGQDK3xNVSGTeTLkw" >"$work/root$path"
chmod -R a+rX "$work"
cat >"$work/nginx.conf" <<CONF
daemon off;
worker_processes auto;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 4096; }
http {
	access_log off;
	open_file_cache max=1000 inactive=60s;
	open_file_cache_valid 60s;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	types { }
	default_type text/plain;
	client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
	uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
	server { listen 127.0.0.1:$port backlog=4096; server_name www.example.com; root $work/root; }
}
CONF
nginx -c "$work/nginx.conf" -p "$work" 2>"$work/nginx.log" &
pids="$pids $!"
mkfifo "$work/stop"
"$build/tests/bench/bench_serve_answers" http 100000 "$(nproc)" <"$work/stop" >"$work/ours" 2>"$work/memory" &
exec 9>"$work/stop"
while [ ! -s "$work/ours" ]; do sleep 0.1; done
ours=$(cat "$work/ours") theirs=127.0.0.1:$port

for address in "$ours" "$theirs"; do
	curl -fsS -H 'Host: www.example.com' "http://$address$path" | cmp - "$work/root$path"
done

rate() # ADDRESS HEADER: requests per second
{
	wrk -t1 -c64 -d"${seconds}s" -H 'Host: www.example.com' ${2:+-H "$2"} "http://$1$path" >"$work/wrk"
	if grep -q 'Non-2xx' "$work/wrk"; then cat "$work/wrk" >&2; exit 1; fi
	awk '/Requests\/sec/ { print int($2) }' "$work/wrk"
}

compare() # NAME TARGET HEADER
{
	: >"$work/ratios"
	for turn in $(seq "$turns"); do
		a=$(rate "$ours" "$3") b=$(rate "$theirs" "$3")
		echo "$a $b" | awk '{ print $1 / $2, $1, $2 }' >>"$work/ratios"
	done
	sort -n "$work/ratios" | sed -n "$(((turns + 1) / 2))p" | awk -v name="$1" -v target="$2" \
		'{ printf "| %s | %d/s | nginx %d/s | %.2f | at least %s |\n", name, $2, $3, $1, target }'
}

compare "HTTP-01, 100,000 tokens, keep-alive" 1.1 ""
compare "HTTP-01, a connection per request" 1.0 "Connection: close"
