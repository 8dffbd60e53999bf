"""Resident memory of dcvd: idle, and with 100,000 live challenges that are ready.

    DCVD=…/dcvd memory.py [CHALLENGES]
"""
import pathlib
import sys
import tempfile
import time

from common import Connection, dns_order, resident_mb, row
from support.service import Service

ORDER = 1000
IDLE_MB, FULL_MB = 15, 150
SECONDS = 300
CONFIG = "log: {level: warning}\n"


def ready_count(connection):
    for line in connection.send("GET", "/metrics").decode().splitlines():
        if line.startswith("dcvd_ready_seconds_count"):
            return int(float(line.split()[-1]))
    raise RuntimeError("no dcvd_ready_seconds_count in the metrics")


def fill(connection, count):
    for first in range(0, count, ORDER):
        connection.send("POST", "/v1/orders", dns_order(first, min(ORDER, count - first), "dcvd.test"))
    until = time.monotonic() + SECONDS
    while ready_count(connection) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"only {ready_count(connection)} of {count} were ready after {SECONDS} s")
        time.sleep(0.5)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with tempfile.TemporaryDirectory() as folder, Service(pathlib.Path(folder), CONFIG) as service:
        pid = service.process.pid
        idle = resident_mb(pid)
        row("Memory, idle", f"{idle:.1f} MB", "", f"{idle / IDLE_MB:.2f}", f"at most {IDLE_MB} MB")
        fill(Connection(service.api_port, service.token), count)
        full = resident_mb(pid)
        row(f"Memory, {count:,} live challenges", f"{full:.1f} MB", "", f"{full / FULL_MB:.2f}", f"at most {FULL_MB} MB")


main()
