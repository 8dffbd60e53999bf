"""10,000 names in flight at once, over 50 zones and 200 server addresses: the time until all are ready, the questions, the memory.

    DCVD=…/dcvd LATE_SERVER=…/bench_late_server bulk.py [NAMES]

The values are taken at once and appear everywhere at one moment, some seconds after the last was taken. From there every name
needs two looks at each of its four servers and the authority's view, and no address is asked more than 100 times a second:
so the shortest time that is possible is printed beside. Port 53 of 127.0.0.0/8 is taken.
"""
import json
import os
import pathlib
import sys
import tempfile
import time

from common import Connection, row, value
from late import AUTHORITY, LateServers, configuration, is_zone_server, zone_name
from support.service import Service

ZONES, SERVERS = 50, 4
ORDER = 100
CAP = 100                   # questions a second to one address
LOOKS = 2                   # at each server after the value appeared: the one that finds it, the check that decides
LIMIT_SECONDS = 300


def peak_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")


def cpu_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def submit(connection, count):
    """Orders of names of all zones in turn."""
    orders = []
    for first in range(0, count, ORDER):
        challenges = [{"type": "dns-01", "domain": f"h{number}.{zone_name(number % ZONES + 1)}", "value": value(number)}
                      for number in range(first, min(first + ORDER, count))]
        orders.append(connection.call("POST", "/v1/orders", {"challenges": challenges})["id"])
    return orders


def counts(connection):
    """{state: number} of the challenges, as the metrics have it"""
    found = {}
    for line in connection.send("GET", "/metrics").decode().splitlines():
        if line.startswith('dcvd_challenges{type="dns-01"'):
            found[line.split('"')[3]] = int(float(line.rsplit(" ", 1)[1]))
    return found


def wait_for(connection, state, count, what):
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        now = counts(connection)
        if now.get(state, 0) >= count:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{what}: after {LIMIT_SECONDS} s the names are {json.dumps(now)}")


def measure(service, servers, count):
    connection = Connection(service.api_port, service.token)
    pid = service.process.pid
    started = time.monotonic()
    submit(connection, count)
    accepted = time.monotonic() - started
    wait_for(connection, "propagating", count, "not all were taken")
    taken = time.monotonic() - started
    time.sleep(5)
    before, waiting = servers.report()[1], time.monotonic() - started
    servers.tell("forget")
    servers.tell("show")
    cpu, started = cpu_seconds(pid), time.monotonic()
    wait_for(connection, "ready", count, "not all were ready")
    seconds = time.monotonic() - started
    return accepted, taken, waiting, before, seconds, servers.report(), cpu_seconds(pid) - cpu


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder, LateServers(os.environ["LATE_SERVER"]) as servers, \
         Service(pathlib.Path(folder) / "dcvd", configuration(folder, range(1, ZONES + 1)), authority=AUTHORITY) as service:
        accepted, taken, waiting, before, seconds, (names, after), cpu = measure(service, servers, count)
        least = LOOKS * count / ZONES / CAP
        asked = [sum(n for address, (n, _) in part.items() if is_zone_server(address)) for part in (before, after)]
        peaks = [max(peak for address, (_, peak) in part.items() if is_zone_server(address)) for part in (before, after)]
        what = f"{count:,} names, {ZONES} zones, {ZONES * SERVERS} server addresses"
        row(f"{what}: accepted, taken by the provider", f"{accepted:.1f} s, {taken:.1f} s", "", "", "")
        row("… from the value's appearance until all are ready", f"{seconds:.1f} s ({cpu:.1f} s CPU)", "", f"{seconds / least:.1f}",
            f"{least:.0f} s at {CAP} questions a second")
        row("… questions to the servers before and after that", f"{asked[0]:,} in {waiting:.0f} s, {asked[1]:,}", "", "", "")
        row("… most questions to one address within a second", f"{peaks[0]} before, {peaks[1]} after", "", f"{max(peaks) / CAP:.2f}", f"at most {CAP}")
        row("… most memory", f"{peak_mb(service.process.pid):.0f} MB", "", "", "")


main()
