"""How long a start takes with a million live challenges in the journal, until dcvd is ready to serve; and its memory then.

    DCVD=…/dcvd FILL_JOURNAL=…/bench_fill_journal restart.py [CHALLENGES]
"""
import pathlib
import sys
import tempfile
import time

from common import Connection, fill_journal, resident_mb, row
from support import service as support
from support.service import Service

LIMIT_SECONDS = 10
CONFIG = "log: {level: warning}\nchallenge: {live-max: 2000000}\n"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    support.START_SECONDS = 600
    with tempfile.TemporaryDirectory() as folder:
        fill_journal(pathlib.Path(folder) / "state", count)
        start = time.monotonic()
        with Service(pathlib.Path(folder), CONFIG) as service:
            seconds = time.monotonic() - start
            metrics = Connection(service.api_port, service.token).send("GET", "/metrics").decode()
            if f'dcvd_challenges{{type="dns-01",state="ready"}} {count}\n' not in metrics:
                raise RuntimeError("not all of them came back")
            row(f"Restart with {count:,} live challenges, until ready to serve", f"{seconds:.1f} s", "", f"{seconds / LIMIT_SECONDS:.2f}",
                f"under {LIMIT_SECONDS} s")
            row("… memory then", f"{resident_mb(service.process.pid):.0f} MB", "", "", "")


main()
