# The Debian packages that dcvd needs, in one place. Sourced by quickstart.sh, tests/run.sh and tests/bench/run.sh.

BUILD_PACKAGES="gcc cmake make pkg-config libc6-dev libmicrohttpd-dev libc-ares-dev libcurl4-openssl-dev libssl-dev
  libldns-dev libuv1-dev libjansson-dev libfyaml-dev libsqlite3-dev libidn2-dev libpsl-dev libunbound-dev
  libcrypt-dev libseccomp-dev libgnutls28-dev zlib1g-dev dns-root-data uthash-dev"
SHOW_PACKAGES="curl bind9-dnsutils openssl ca-certificates"
TEST_PACKAGES="libcmocka-dev python3 python3-cryptography python3-dnspython unbound bind9-utils pebble bind9 knot nsd pdns-server pdns-backend-sqlite3
  certbot dehydrated uacme lego chromium chromium-driver python3-kubernetes python3-yaml python3-jsonschema
  curl iproute2 util-linux openssl bc systemd"
BENCH_PACKAGES="python3 libcmocka-dev uthash-dev pebble lego certbot bind9-dnsutils knot nginx-light wrk dnsperf iproute2 util-linux"

# Installs what is missing of the packages given; asks for root only then.
install_packages() {
  local missing=() package as_root=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install sudo: these packages are missing: ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  # Servers that are installed for tests must not start by themselves.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c '
    log=$(mktemp) || exit 1
    trap "rm -f \"$log\"" EXIT
    { apt-get -q update && apt-get -q -y --no-install-recommends install "$@"; } >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
  ' sh "${missing[@]}"
}
