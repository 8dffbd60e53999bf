#!/usr/bin/env sh
# shellcheck disable=SC2034
dns_dcvd_info='dcvd, the domain control validation daemon
 Hands dns-01 challenges to a dcvd service, which publishes them, checks that an authority sees them, and withdraws them.
Site: see the README of dcvd
Docs: deploy/acme.sh/README.md of dcvd
Options:
 DCVD_SERVER URL of the service. Default: "http://127.0.0.1:8053".
 DCVD_TOKEN_FILE File with the bearer token that "dcvd client add" printed.
OptionsAlt:
 DCVD_SERVER URL of the service. Default: "http://127.0.0.1:8053".
 DCVD_TOKEN The bearer token itself.
'

# dns_dcvd_add returns when every name server shows the value: use --dnssleep 0, nothing is left to wait for.
# DCVD_NOWAIT=1 returns as soon as dcvd has it in its journal.

#Usage: dns_dcvd_add   _acme-challenge.www.domain.com   "XKrxpRBosdIKFzxW_CT3KLZNf6q0HG9i01zxXp5CPBs"
dns_dcvd_add() {
  _dcvd_open || return 1
  _dcvd_present "$1" "$2"
  _dcvd_ret=$?
  _dcvd_close
  return $_dcvd_ret
}

#Usage: dns_dcvd_rm   _acme-challenge.www.domain.com   "XKrxpRBosdIKFzxW_CT3KLZNf6q0HG9i01zxXp5CPBs"
dns_dcvd_rm() {
  _dcvd_open || return 1
  _dcvd_withdraw "$1" "$2"
  _dcvd_ret=$?
  _dcvd_close
  return $_dcvd_ret
}

####################  Private functions below ##################################

_dcvd_open() {
  DCVD_SERVER="${DCVD_SERVER:-$(_readaccountconf_mutable DCVD_SERVER)}"
  DCVD_TOKEN_FILE="${DCVD_TOKEN_FILE:-$(_readaccountconf_mutable DCVD_TOKEN_FILE)}"
  DCVD_TOKEN="${DCVD_TOKEN:-$(_readaccountconf_mutable DCVD_TOKEN)}"
  DCVD_SERVER="${DCVD_SERVER:-http://127.0.0.1:8053}"
  DCVD_SERVER="${DCVD_SERVER%/}"
  _dcvd_token="$DCVD_TOKEN"
  if [ "$DCVD_TOKEN_FILE" ]; then
    if ! [ -r "$DCVD_TOKEN_FILE" ]; then
      _err "DCVD_TOKEN_FILE: $DCVD_TOKEN_FILE cannot be read"
      return 1
    fi
    IFS= read -r _dcvd_token <"$DCVD_TOKEN_FILE" || true
  fi
  if [ -z "$_dcvd_token" ]; then
    _err "Set DCVD_TOKEN_FILE (or DCVD_TOKEN) to the token that \"dcvd client add\" printed."
    return 1
  fi
  _saveaccountconf_mutable DCVD_SERVER "$DCVD_SERVER"
  if [ "$DCVD_TOKEN_FILE" ]; then
    _saveaccountconf_mutable DCVD_TOKEN_FILE "$DCVD_TOKEN_FILE"
  else
    _saveaccountconf_mutable DCVD_TOKEN "$DCVD_TOKEN"
  fi
  _dcvd_authorize
}

# The helpers put headers on the command line of curl, which every user of this host can read: curl is given the name
# of a file instead. wget knows no such thing.
_dcvd_authorize() {
  _dcvd_header=""
  _inithttp
  if [ "$_ACME_CURL" ] && [ "${ACME_USE_WGET:-0}" = "0" ]; then
    _dcvd_header="$(umask 077 && _mktemp)"
    printf 'Authorization: Bearer %s\n' "$_dcvd_token" >"$_dcvd_header"
    export _H1="@$_dcvd_header"
  else
    export _H1="Authorization: Bearer $_dcvd_token"
  fi
  export _H2="Accept: application/json"
}

_dcvd_close() {
  _H1=""
  _H2=""
  [ -z "$_dcvd_header" ] || rm -f "$_dcvd_header"
}

# _acme-challenge.www.example.com belongs to www.example.com; any other name (--domain-alias) to itself.
_dcvd_domain() {
  case "$1" in
  _acme-challenge.*) printf "%s" "${1#_acme-challenge.}" ;;
  *) printf "%s" "$1" ;;
  esac
}

# The first text of that key in $response. Objects begin with their id and their state.
_dcvd_field() {
  echo "$response" | _egrep_o "\"$1\" *: *\"[^\"]*\"" | _head_n 1 | cut -d '"' -f 4
}

_dcvd_present() {
  _dcvd_name="$(_dcvd_domain "$1")"
  _dcvd_body="{\"type\":\"dns-01\",\"domain\":\"$_dcvd_name\",\"value\":\"$2\",\"lifetime\":\"2h\""
  [ "$_dcvd_name" != "$1" ] || _dcvd_body="$_dcvd_body,\"record_name\":\"$1\""
  if ! response="$(_post "$_dcvd_body}" "$DCVD_SERVER/v1/challenges" "" "POST" "application/json")"; then
    _err "dcvd at $DCVD_SERVER cannot be reached."
    return 1
  fi
  _dcvd_id="$(_dcvd_field id)"
  case "$_dcvd_id" in
  ch_*) ;;
  *)
    _err "dcvd refused $1: $(_dcvd_field detail)"
    return 1
    ;;
  esac
  [ "${DCVD_NOWAIT:-0}" != "0" ] || _dcvd_await "$1"
}

# Ends at the deadline that the service sets.
_dcvd_await() {
  while :; do
    case "$(_dcvd_field state)" in
    ready)
      _info "$1 is seen by every name server."
      return 0
      ;;
    queued | publishing | propagating) ;;
    *)
      _err "$1 is not ready: $(_dcvd_field reason)"
      return 1
      ;;
    esac
    if ! response="$(_get "$DCVD_SERVER/v1/challenges/$_dcvd_id?wait=ready&timeout=30s")"; then
      _err "dcvd at $DCVD_SERVER cannot be reached any more."
      return 1
    fi
  done
}

_dcvd_withdraw() {
  if ! response="$(_get "$DCVD_SERVER/v1/challenges?limit=1000&domain=$(_dcvd_domain "$1")")"; then
    _err "dcvd at $DCVD_SERVER cannot be reached."
    return 1
  fi
  if ! _contains "$response" '"challenges"'; then
    _err "dcvd refused $1: $(_dcvd_field detail)"
    return 1
  fi
  for _dcvd_id in $(echo "$response" | tr '{' '\n' | grep "\"value\" *: *\"$2\"" | _egrep_o '"id" *: *"ch_[a-z0-9]*"' | cut -d '"' -f 4); do
    if ! response="$(_post "" "$DCVD_SERVER/v1/challenges/$_dcvd_id" "" "DELETE")"; then
      _err "dcvd at $DCVD_SERVER cannot be reached; $1 is withdrawn when its lifetime is over."
      return 1
    fi
    _debug "$_dcvd_id is being withdrawn"
  done
}
