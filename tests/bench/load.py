"""How long each door takes to answer when 200 callers ask at once and the way to the provider loses messages.

    DCVD=…/dcvd load.py [SECONDS]

The callers are those of tests/integration/test_load.py, which looks at what they were told; here only the clock counts, and a
table that holds for a wrong answer is none.
"""
import sys
import tempfile

from common import row
from support.load import CALLERS, LIMIT_SECONDS, World

SEED = 1


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        try:
            peak = world.start().run(seconds, SEED)[1]
        finally:
            world.stop()
    if world.book.problems:
        raise RuntimeError(f"{len(world.book.problems)} problems: {world.book.problems[:3]}")
    for name, count, errors, middle, high, most in world.book.table():
        row(f"{sum(CALLERS.values())} callers, {name}: {count} requests, {errors} errors; p50, p99, max",
            f"{middle:.0f}, {high:.0f}, {most:.0f} ms", "", f"{most / 1000 / LIMIT_SECONDS:.2f}", f"at most {LIMIT_SECONDS} s")
    row(f"Memory, {sum(CALLERS.values())} callers, peak", f"{peak:.1f} MB", "", "", "")


main()
