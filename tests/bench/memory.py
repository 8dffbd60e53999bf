"""Resident memory of dcvd: idle, and with 100,000 live challenges that are ready.

    DCVD=…/dcvd memory.py [CHALLENGES]
"""
import json
import pathlib
import sys
import tempfile
import time

from common import Connection, dns_order, resident_mb, row
from support.service import Service

ORDER = 100
EACH = 800
LIST_MS = 5
TEXT = 2 * 29 + 17 + 33 + 43  # its ids, "n000000.dcvd.test", the name of its record, its value
IDLE_MB, FULL_MB = 15, 110
CONFIG = "log: {level: warning}\n"


def fill(connection, count):
    """In orders that are waited for: what counts here is what remains, not how much goes on at once."""
    for first in range(0, count, ORDER):
        text = connection.send("POST", "/v1/orders?wait=ready&timeout=60s", dns_order(first, min(ORDER, count - first), "dcvd.test"))
        if json.loads(text)["state"] != "ready":
            raise RuntimeError(f"the order of the names from {first} on was not ready after a minute")


def list_by_domain(connection, count):
    """Milliseconds, the best of ten names: what the machine does beside it is not of interest."""
    best = float("inf")
    for number in range(0, count, max(1, count // 10)):
        begin = time.monotonic()
        listed = json.loads(connection.send("GET", f"/v1/challenges?domain=n{number:06}.dcvd.test"))["challenges"]
        best = min(best, (time.monotonic() - begin) * 1000)
        if len(listed) != 1:
            raise RuntimeError(f"{len(listed)} challenges of one name")
    return best


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with tempfile.TemporaryDirectory() as folder, Service(pathlib.Path(folder), CONFIG) as service:
        pid = service.process.pid
        idle = resident_mb(pid)
        row("Memory, idle", f"{idle:.1f} MB", "", f"{idle / IDLE_MB:.2f}", f"at most {IDLE_MB} MB")
        connection = Connection(service.api_port, service.token)
        fill(connection, count)
        full = resident_mb(pid)
        row(f"Memory, {count:,} live challenges", f"{full:.1f} MB", "", f"{full / FULL_MB:.2f}", f"at most {FULL_MB} MB")
        listed = list_by_domain(connection, count)
        row(f"List by domain, {count:,} live challenges", f"{listed:.1f} ms", "", f"{listed / LIST_MS:.2f}", f"at most {LIST_MS} ms")
        each = (full - idle) * 1024 * 1024 / count - TEXT
        row("… of each, beyond its own texts", f"{each:.0f} bytes", "", f"{each / EACH:.2f}", f"at most {EACH} bytes")


main()
