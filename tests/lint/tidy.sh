#!/usr/bin/env bash
# clang-tidy with the checks of .clang-tidy over the product, which takes a few minutes. Prints what it finds; exits 1 when it finds something.
#   tests/lint/tidy.sh [--deep] [--build DIR] [FILE…]
# --deep adds the static analyzer of clang, which takes ten times as long. DIR is a build folder (build) of any compiler.
set -uo pipefail
cd "$(dirname "$0")/../.."

build=$PWD/build checks=() files=()
while [ $# -gt 0 ]; do
  case $1 in
    --deep) checks=(--checks=clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling) ;;
    --build) build=$2; shift ;;
    -*) sed -n '2,4s/^# *//p' "$0" >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'solver/*.c' 'providers/*.c' 'webroot/*.c')
cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || exit 1
cmake --build "$build" --target dcvd >/dev/null || exit 1 # what is generated must be there
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet "${checks[@]}" 2>/dev/null
status=$?
[ $status -eq 0 ] && echo "${#files[@]} files, nothing found"
exit $((status != 0))
