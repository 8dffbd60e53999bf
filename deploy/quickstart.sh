#!/usr/bin/env bash
# Installs what dcvd needs, builds it, starts it, and proves that it works: one HTTP-01 and one DNS-01
# challenge go through the REST API until both are ready, and ordinary tools fetch the answers.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

usage() {
  cat <<'TEXT'
deploy/quickstart.sh [--once] [--http-port N] [--dns-port N] [--api-port N] [--state DIR] [--build DIR] [--no-install]

  --once         withdraw, stop and exit with the result instead of staying in the foreground
  --http-port N  HTTP-01 responder (default 80 as root, 8080 otherwise)
  --dns-port N   embedded DNS server (default 5353)
  --api-port N   REST API on loopback (default 8053)
  --state DIR    journal and operator token (default ./build/state)
  --build DIR    where to build (default ./build)
  --no-install   do not install packages
TEXT
}

http_port=8080; [ "$(id -u)" -eq 0 ] && http_port=80
dns_port=5353 api_port=8053 build=$PWD/build state='' once=false install=true
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=true ;;
    --no-install) install=false ;;
    --http-port) http_port=$2; shift ;;
    --dns-port) dns_port=$2; shift ;;
    --api-port) api_port=$2; shift ;;
    --state) state=$2; shift ;;
    --build) build=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
state=${state:-$build/state}

port_is_free() { # port, tcp or udp
  local hex; hex=$(printf ':%04X' "$1")
  ! awk -v p="$hex" -v kind="$2" 'substr($2, length($2) - 4) == p && (kind == "udp" || $4 == "0A") { found = 1 } END { exit !found }' \
    "/proc/net/$2" "/proc/net/${2}6" 2>/dev/null
}
check_port() { # port, kind, what, option
  port_is_free "$1" "$2" || { echo "Port $1/$2 for the $3 is taken; choose another with $4 PORT." >&2; exit 1; }
}
check_port "$http_port" tcp "HTTP-01 responder" --http-port
check_port "$dns_port" udp "embedded DNS server" --dns-port
check_port "$dns_port" tcp "embedded DNS server" --dns-port
check_port "$api_port" tcp "REST API" --api-port

if $install; then
  # shellcheck disable=SC2086
  install_packages $BUILD_PACKAGES $SHOW_PACKAGES
fi

echo "Building in $build (a Release build takes a minute) …"
mkdir -p "$build"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >"$build/configure.log" || { tail -n 20 "$build/configure.log" >&2; exit 1; }
cmake --build "$build" -j"$(nproc)" --target dcvd >"$build/build.log" 2>&1 || { tail -n 30 "$build/build.log" >&2; exit 1; }
dcvd=$build/dcvd

mkdir -p -m 700 "$state"
"$dcvd" serve --set "state-dir=$state" --set "http.listen=['$http_port']" --set "check.http-port=$http_port" \
  --set "dns.listen=['127.0.0.1:$dns_port']" --set "api.listen=['127.0.0.1:$api_port']" \
  --set "check.allow-addresses=['127.0.0.0/8', '::1']" 2>"$build/dcvd.log" &
pid=$!
stop() { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
trap stop EXIT
trap 'exit 130' INT TERM

api=http://127.0.0.1:$api_port
for _ in $(seq 100); do
  curl -fsS -o /dev/null "$api/v1/health/ready" 2>/dev/null && break
  kill -0 "$pid" 2>/dev/null || { echo "dcvd ended; its last words:" >&2; tail -n 5 "$build/dcvd.log" >&2; exit 1; }
  sleep 0.1
done

call() { # method path [body]: the token travels on standard input, never on a command line
  local method=$1 path=$2
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$state/operator.token")" |
    curl -sS --fail-with-body -K - -X "$method" -H 'Content-Type: application/json' ${3:+--data "$3"} "$api$path"
}
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" | head -n 1; }

token=quickstart-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
authorization=$token.$(openssl rand 32 | openssl base64 | tr "+/" "-_" | tr -d "=\n")
value=$(printf %s "$authorization" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=\n')
order=$(call POST '/v1/orders?wait=ready&timeout=30s' '{"challenges":[
  {"type":"http-01","domain":"localhost","token":"'"$token"'","key_authorization":"'"$authorization"'"},
  {"type":"dns-01","domain":"*.dcvd.test","key_authorization":"'"$authorization"'"}]}') || { echo "$order" >&2; exit 1; }
id=$(printf '%s' "$order" | tr ',' '\n' | field id)
order_state=$(call GET "/v1/orders/$id" | tr ',' '\n' | field state)
if [ "$order_state" != ready ]; then
  echo "The challenges did not become ready:" >&2; call GET "/v1/orders/$id" >&2; exit 1
fi

fetched=$(curl -fsS "http://127.0.0.1:$http_port/.well-known/acme-challenge/$token" -H 'Host: localhost')
record=$(dig +short -p "$dns_port" @127.0.0.1 _acme-challenge.dcvd.test TXT)
echo
echo "HTTP-01  http://localhost/.well-known/acme-challenge/$token"
echo "         $fetched"
echo "DNS-01   _acme-challenge.dcvd.test TXT"
echo "         $record"
[ "$fetched" = "$authorization" ] || { echo "The HTTP-01 answer is not the one that was presented." >&2; exit 1; }
grep -qxF "\"$value\"" <<<"$record" || { echo "The TXT record is not the one that was presented." >&2; exit 1; }
call DELETE "/v1/orders/$id" >/dev/null
echo
echo "dcvd works: both answers were presented, verified and withdrawn."
$once && exit 0

cat <<TEXT

It stays in the foreground (log: $build/dcvd.log); Ctrl-C ends it. In another terminal:

  export DCVD_SERVER=$api DCVD_TOKEN=\$(cat $state/operator.token)
  $dcvd present dcvd.test --value "$value"
  dig -p $dns_port @127.0.0.1 _acme-challenge.dcvd.test TXT
  $dcvd check dcvd.test --set dns.listen=127.0.0.1:$dns_port --value "$value"
  $dcvd list
  $dcvd config example
TEXT
wait "$pid"
