"""Akamai CPS, in virtual time and with the emulator: requests a renewal, time from "asks for challenges" to "acknowledged", and memory with
5,000 enrollments; beside them a client that looks at each change every ten seconds.

    DCVD=…/dcvd DCVD_BUILD=… cps_cost.py
"""
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration" / "support"))
from common import Connection, resident_mb, row
from cps.authority import Model
from cps.clock import RealClock
from cps.pace import Steps
from cps.server import Handler
from cps.service import Emulator, settings
from cps.steering import Steering
from poller import Poller
from support.service import Service
from world import CREDENTIALS, HOUR, MINUTE, memory_folder
from year import Fleet

AT_ONCE = 50
MANY = 5000


def begin_renewals(fleet):
    """All of them, over ten minutes, as if CPS had begun by itself."""
    for number, enrollment in enumerate(list(fleet.cps.enrollments.values())):
        fleet.clock.after(number * 10 * MINUTE / AT_ONCE, lambda e=enrollment: e.begin("renewal"))


def fleet_in(folder):
    fleet = Fleet(folder, AT_ONCE)
    fleet.clock.events.clear()  # only those that are begun here
    for enrollment in fleet.cps.enrollments.values():
        enrollment.production.expiry += 300 * 86400
        enrollment.touch()
    return fleet


def measure_ours(folder):
    fleet = fleet_in(folder / "ours").start()
    fleet.run(hours=26)  # it knows when each certificate ends
    begin_renewals(fleet)
    fleet.run(hours=12)
    assert len(fleet.renewals()) == AT_ONCE and fleet.stop() == 0
    return statistics.mean(fleet.costs()), statistics.median(fleet.waits())


def measure_poller(folder):
    fleet, pollers = fleet_in(folder / "poller"), []
    begin_renewals(fleet)
    for number, enrollment in enumerate(list(fleet.cps.enrollments.values())):
        fleet.clock.after(number * 10 * MINUTE / AT_ONCE + 1, lambda e=enrollment: pollers.append(Poller(fleet, e.change, 0)))
    fleet.clock.advance(fleet.clock.now() + 12 * HOUR)
    assert len(fleet.renewals()) == AT_ONCE
    return statistics.mean(p.requests for p in pollers), statistics.median(fleet.waits())


def emulate_many():
    emulator = Emulator(settings(per_minute=3000, burst=500), RealClock(), Steps(1), Model(lambda _fqdn: set(), time.time))
    for number in range(MANY):
        emulator.add({"names": [f"n{number}.example.org", f"www.n{number}.example.org"], "contract": f"C-{number % 2 + 1}",
                      "ends_in_days": 60 + number % 30})
    Handler.emulator, Handler.steering = emulator, Steering(emulator)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def measure_memory(folder):
    config = f"""
log: {{level: warning}}
cps: {{base-url: "http://127.0.0.1:{emulate_many()}", watch: read, per-minute: 3000, burst: 500}}
"""
    with Service(folder / "memory", config, CREDENTIALS) as service:
        connection, deadline = Connection(service.api_port, service.token), time.monotonic() + 120
        while True:
            counts = connection.call("GET", "/v1/cps/inventory?limit=1")["counts"]
            if sum(counts.get(k, 0) for k in ("managed", "monitored", "ignored")) == MANY:
                return resident_mb(service.process.pid)
            if time.monotonic() > deadline:
                raise RuntimeError(json.dumps(counts))
            time.sleep(0.5)


def main():
    """All of it, or only the memory."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as name:
        folder = pathlib.Path(name)
        ours, ours_wait = measure_ours(folder)
        theirs, their_wait = measure_poller(folder)
        peer = "a look each 10 s"
        row(f"CPS: requests a renewal, {AT_ONCE} in ten minutes", f"{ours:.1f}", f"{peer}: {theirs:.1f}", f"{ours / theirs:.3f}", "at most 8")
        row("CPS: asked for challenges to acknowledged, median", f"{ours_wait:.0f} s", f"{peer}: {their_wait:.0f} s", f"{ours_wait / their_wait:.2f}",
            "one watch interval (900 s)")
        megabytes = measure_memory(folder)
        row(f"CPS: memory with {MANY:,} enrollments", f"{megabytes:.1f} MB", "", "", "")


if __name__ == "__main__":
    main()
