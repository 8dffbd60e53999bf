"""A year of Akamai CPS in virtual time: the real engine, driver and watcher, and the emulator whose every request and reply is held to the
vendor's document. Not part of the table: it takes long, and is run when cps or the engine has changed.

    DCVD_BUILD=…/build-bench cps_year.py [--enrollments 1000] [--days 365] [--interval 15m] [--kills 0] [--sample 10] [--seed 1]

--kills: so many times the process is killed at a random instant and started again. --sample: enrollments whose names Pebble validates.
Ends with 1 when something did not hold.
"""
import argparse
import json
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration" / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
sys.dont_write_bytecode = True
from sample import Sampled, serve_zones
from support.pebble import Pebble, free_port
from world import DAY, configuration, memory_folder
from year import Fleet


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--enrollments", type=int, default=1000)
    parser.add_argument("--days", type=float, default=365)
    parser.add_argument("--interval", default="15m")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--sample", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def run_days(fleet, days):
    begun = time.monotonic()
    while days > 0:
        step = min(days, 5)
        fleet.run(days=step)
        days -= step
        print(f"{days:.0f} days left, {len(fleet.renewals())} renewals, {len(fleet.requests)} requests, "
              f"{time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def complaints(fleet, arguments, summary):
    found = [k for k in ("without a certificate", "lost", "acknowledged twice", "contract broken", "records") if summary[k]]
    if summary["most in a minute"] > 35 or summary["most in two seconds"] > 20 or summary["refused"].get("429"):
        found.append("limits")
    if not arguments.kills and (fleet.costs()[-1] > 8 or fleet.ask("live")):
        found.append("requests")
    return found


def live(folder, arguments, pebble):
    fleet = Fleet(folder, arguments.enrollments, seed=arguments.seed, config=configuration(interval=arguments.interval))
    if pebble:
        pebble.dns_server = serve_zones(fleet.zones)
        pebble.start()
        fleet.cps.sampled = Sampled(pebble, fleet.cps.authority)
        for enrollment in list(fleet.cps.enrollments.values())[:arguments.sample]:
            enrollment.wish["sampled"] = True
    fleet.start()
    if arguments.kills:
        fleet.kill_at_random(random.Random(arguments.seed), arguments.kills, arguments.days)
    else:
        run_days(fleet, arguments.days)
    fleet.settle(days=5)
    return fleet


def main():
    arguments, begun = read_arguments(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        pebble = Pebble(folder, http_port=free_port()) if arguments.sample else None
        try:
            fleet = live(pathlib.Path(folder) / "world", arguments, pebble)
        finally:
            if pebble:
                pebble.stop()
        summary = {"days": (fleet.clock.now() - 1795270800) / DAY, "kills": fleet.starts - 1, **fleet.summary(),
                   "validated by Pebble": fleet.cps.sampled.issued if pebble else 0, "seconds": round(time.monotonic() - begun)}
        found = complaints(fleet, arguments, summary)
        print(json.dumps(summary, indent=1))
        status = fleet.stop()
        print("all of it held" if not found and status == 0 else f"did not hold: {found}, exit status {status}")
        return 1 if found or status else 0


if __name__ == "__main__":
    sys.exit(main())
