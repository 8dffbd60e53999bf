"""Resident memory of dcvd: idle, and with 100,000 live challenges that are ready.

    DCVD=…/dcvd memory.py [CHALLENGES]
"""
import json
import pathlib
import sys
import tempfile

from common import Connection, dns_order, resident_mb, row
from support.service import Service

ORDER = 100
EACH = 800
TEXT = 2 * 29 + 17 + 33 + 43  # its ids, "n000000.dcvd.test", the name of its record, its value
IDLE_MB, FULL_MB = 15, 110
CONFIG = "log: {level: warning}\n"


def fill(connection, count):
    """In orders that are waited for: what counts here is what remains, not how much goes on at once."""
    for first in range(0, count, ORDER):
        text = connection.send("POST", "/v1/orders?wait=ready&timeout=60s", dns_order(first, min(ORDER, count - first), "dcvd.test"))
        if json.loads(text)["state"] != "ready":
            raise RuntimeError(f"the order of the names from {first} on was not ready after a minute")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with tempfile.TemporaryDirectory() as folder, Service(pathlib.Path(folder), CONFIG) as service:
        pid = service.process.pid
        idle = resident_mb(pid)
        row("Memory, idle", f"{idle:.1f} MB", "", f"{idle / IDLE_MB:.2f}", f"at most {IDLE_MB} MB")
        fill(Connection(service.api_port, service.token), count)
        full = resident_mb(pid)
        row(f"Memory, {count:,} live challenges", f"{full:.1f} MB", "", f"{full / FULL_MB:.2f}", f"at most {FULL_MB} MB")
        each = (full - idle) * 1024 * 1024 / count - TEXT
        row("… of each, beyond its own texts", f"{each:.0f} bytes", "", f"{each / EACH:.2f}", f"at most {EACH} bytes")


main()
