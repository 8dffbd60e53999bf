"""One challenge from the request to "ready": through the embedded provider and through rfc2136 to Knot, while few and while many others live.

    DCVD=…/dcvd FILL_JOURNAL=…/bench_fill_journal single.py [LIVE …]
"""
import pathlib
import statistics
import sys
import tempfile
import time

from common import Connection, fill_journal, row, value
from names import ZONE, config
from support.servers import Knot
from support.service import Service

LIVE = (1000, 190000)
TURNS = 21
OWN_ZONE = "dcvd.test"
OWN_ROUTE = f"  - {{suffix: {OWN_ZONE}, type: dns-01, provider: embedded}}\n"


def seconds(connection, name, number):
    body = {"challenges": [{"type": "dns-01", "domain": name, "value": value(number)}]}
    start = time.monotonic()
    order = connection.call("POST", "/v1/orders?wait=ready&timeout=60s", body)
    if order["state"] != "ready":
        raise RuntimeError(f"not ready: {order}")
    return time.monotonic() - start


def measure(live, folder):
    """Medians: (embedded, Knot)"""
    fill_journal(folder / "state", live)
    with Knot(zones=(ZONE,), port=53) as knot, \
         Service(folder, config(knot) + OWN_ROUTE, {"TSIG_SECRET": knot.key.secret}) as service:
        connection = Connection(service.api_port, service.token)
        return [statistics.median(seconds(connection, f"one{turn}.{zone}", turn) for turn in range(TURNS)) for zone in (OWN_ZONE, ZONE)]


def main():
    counts = [int(word) for word in sys.argv[1:]] or LIVE
    first = None
    for live in counts:
        with tempfile.TemporaryDirectory() as folder:
            times = measure(live, pathlib.Path(folder))
        first = first or times
        row(f"Present to ready, one challenge, {live:,} others live: embedded, rfc2136 to Knot",
            ", ".join(f"{t * 1000:.1f} ms" for t in times), "", ", ".join(f"{t / f:.2f}" for t, f in zip(times, first)), "flat")


main()
