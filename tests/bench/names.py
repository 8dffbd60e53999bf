"""N names in one Knot zone through rfc2136, from the REST request to "ready", against lego's own rfc2136 run with
Pebble on the same Knot.

    DCVD=…/dcvd names.py [--full]

lego takes some four seconds a name, so its 50 names are measured only with --full. Wants port 53 of 127.0.0.1 for
itself, since lego asks authoritative servers nowhere else; run.sh gives it a network of its own. Knot counts the
UPDATE messages. The one server of the zone is our own here, so it may be asked more than a hundred times a second; with the default
cap a hundred names take the two seconds that two hundred questions need.
"""
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import Connection, row, run_lego, value
from support.pebble import Pebble
from support.servers import Knot, program
from support.service import Service

ZONE = "example.test"
TURNS = 5


class CountingKnot(Knot):
    """Knot that counts what it is asked for."""

    def _prepare(self):
        argv = super()._prepare()
        path = pathlib.Path(self.path("knot.conf"))
        path.write_text(path.read_text() + "mod-stats:\n  - id: default\n    server-operation: on\n"
                        "template:\n  - id: default\n    global-module: mod-stats/default\n")
        return argv

    def updates(self):
        lines = subprocess.run([program("knotc"), "-c", self.path("knot.conf"), "stats"], capture_output=True, text=True,
                               timeout=10, check=True).stdout.splitlines()
        return sum(int(line.rsplit("=", 1)[1]) for line in lines if "server-operation[update]" in line)


def config(knot):
    return f"""
log: {{level: warning}}
check: {{queries-per-second: 10000}}
resolver: {{servers: ["127.0.0.1:{knot.port}"], authority-port: {knot.port}}}
providers:
  knot: {{type: rfc2136, server: "127.0.0.1:{knot.port}", key-name: {knot.key.name}, key-algorithm: {knot.key.algorithm},
         key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: {ZONE}, type: dns-01, provider: knot}}
"""


def names(count, turn):
    return [f"h{number}-{count}-{turn}.{ZONE}" for number in range(count)]


def one_order(service, count, turn):
    """Seconds from the request to the reply "ready"."""
    connection = Connection(service.api_port, service.token)
    body = {"challenges": [{"type": "dns-01", "domain": name, "value": value(turn * 1000 + number)}
                           for number, name in enumerate(names(count, turn))]}
    start = time.monotonic()
    order = connection.call("POST", "/v1/orders?wait=ready&timeout=60s", body)
    seconds = time.monotonic() - start
    if order["state"] != "ready":
        raise RuntimeError(f"not ready: {order}")
    return seconds, order["id"]


def ours(service, knot, count):
    """(median seconds, most UPDATE messages of one batch)"""
    times, updates = [], []
    for turn in range(TURNS):
        before = knot.updates()
        seconds, order = one_order(service, count, turn)
        times.append(seconds)
        updates.append(knot.updates() - before)
        service.call("DELETE", f"/v1/orders/{order}")
        service.wait_gone(order)
        if knot.updates() - before != 2 * updates[-1]:
            updates.append(knot.updates() - before - updates[-1])
    return statistics.median(times), max(updates)


def lego(knot, pebble, folder, count):
    """Seconds of `lego run` for that many names with its own rfc2136."""
    environment = {"RFC2136_NAMESERVER": f"127.0.0.1:{knot.port}", "RFC2136_TSIG_KEY": knot.key.name,
                   "RFC2136_TSIG_ALGORITHM": knot.key.algorithm + ".", "RFC2136_TSIG_SECRET": knot.key.secret,
                   "RFC2136_SEQUENCE_INTERVAL": "1", "RFC2136_TTL": "1"}
    return run_lego(knot, pebble, pathlib.Path(folder) / f"lego{count}", names(count, "lego"), "rfc2136", environment)


def compare(service, knot, pebble, folder, count, with_lego):
    seconds, updates = ours(service, knot, count)
    theirs = lego(knot, pebble, folder, count) if with_lego else None
    goal = {50: "at least 100", 100: "under 1 s"}.get(count, "")
    row(f"Names in one Knot zone until ready: {count}", f"{seconds * 1000:.0f} ms",
        f"lego {theirs:.1f} s" if theirs else "", f"{theirs / seconds:.0f}" if theirs else "", goal)
    return updates


def main():
    lego_counts = (1, 10, 50) if "--full" in sys.argv else (1, 10)
    if not shutil.which("lego"):
        raise SystemExit("lego is not installed")
    with tempfile.TemporaryDirectory() as folder, CountingKnot(zones=(ZONE,), port=53) as knot, \
         Pebble(folder, dns_server="127.0.0.1:53") as pebble, \
         Service(pathlib.Path(folder) / "dcvd", config(knot), {"TSIG_SECRET": knot.key.secret}) as service:
        updates = [compare(service, knot, pebble, folder, count, count in lego_counts) for count in (1, 10, 50, 100)]
        row("UPDATE messages a batch, of 1 to 100 names", str(max(updates)), "", "", "1")


if __name__ == "__main__":
    main()
