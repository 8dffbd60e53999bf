# The helpers of acme.sh that deploy/acme.sh/dns_dcvd.sh uses, in little: to test it where acme.sh is not at hand.
# $ACME_SH_HOME holds account.conf; the command lines of curl are noted in $ACME_SH_HOME/argv.

_info() { printf '%s\n' "$*"; }
_err() { printf '%s\n' "$*" >&2; }
_debug() { :; }
_egrep_o() { grep -E -o -- "$1"; }
_head_n() { head -n "$1"; }
_contains() { printf '%s' "$1" | grep -E -- "$2" >/dev/null; }
_mktemp() { mktemp; }
_saveaccountconf_mutable() { printf "SAVED_%s='%s'\n" "$1" "$2" >>"$ACME_SH_HOME/account.conf"; }
_readaccountconf_mutable() { sed -n "s/^SAVED_$1='\(.*\)'\$/\1/p" "$ACME_SH_HOME/account.conf" 2>/dev/null | tail -n 1; }
_inithttp() { _ACME_CURL="curl --silent"; }
_curl() { printf '%s\n' "$*" >>"$ACME_SH_HOME/argv" && curl --silent "$@"; }
_get() { _curl -H "$_H1" -H "$_H2" "$1"; }
_post() {
  if [ "$1" ]; then
    _curl -X "${4:-POST}" -H "Content-Type: $5" -H "$_H1" -H "$_H2" --data "$1" "$2"
  else
    _curl -X "${4:-POST}" -H "$_H1" -H "$_H2" "$2"
  fi
}
