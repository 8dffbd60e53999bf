#!/usr/bin/env bash
# Do the tests notice a fault? Puts one small fault after the other into a copy of the tree and runs the tests that must fail.
#   tests/mutate.sh [--check] [--search] [--build DIR] [PATTERN…]
# tests/mutate/README.md says what the faults are, and how to write one down.
exec /usr/bin/python3 -B "$(dirname "$0")/mutate/mutate.py" "$@"
