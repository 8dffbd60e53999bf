"""How soon dcvd notices: the value appears on the last of four servers 0.2, 1, 5 and 30 s after the provider took it; from there
to "ready", against lego on the same servers and delays.

    DCVD=…/dcvd LATE_SERVER=…/bench_late_server detection.py [--full]

Three servers show it at once and the fourth late, so that all looks go to one. "Ready" is dcvd's own event; lego's moment is when
Pebble asks for the record. The names come at random times, in four zones a delay, each with a provider of its own: first one
that is not known yet, then one whose delay was learned from those names. --full adds ten minutes with names that never appear.
Port 53 of 127.0.0.0/8 is taken: run.sh gives it a network of its own.
"""
import datetime
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from common import Connection, row, value
from late import AUTHORITY, WITNESS, LateServers, configuration, zone_name
from support.pebble import Pebble
from support.service import Service

DELAYS = (200, 1000, 5000, 30000)
NAMES, LEGO_NAMES = 40, 5
ZONES = 4                   # of each delay: names of one zone share its servers' hundred questions a second, which bulk.py measures
NEVER_ZONE = 99
SPREAD_SECONDS = 8          # the names of a delay come within this time
QUERIES = 80                # of a name at a server address in ten minutes
WINDOW_SECONDS = 600


def zones(delay):
    first = DELAYS.index(delay) * ZONES + 1
    return range(first, first + ZONES)


def name_of(delay, label, number):
    """Each name has a delay of its own, within a twentieth, so that no rhythm of looking fits by luck."""
    return f"d{round(delay * random.uniform(0.95, 1.05))}-{label}{number}.{zone_name(zones(delay)[number % ZONES])}"


def percentile(sorted_list, share):
    return sorted_list[min(len(sorted_list) - 1, math.ceil(share * len(sorted_list)) - 1)]


def ready_ms(challenge):
    for event in challenge["events"]:
        if event["state"] == "ready":
            return datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp() * 1000
    return None


class Run:
    """The names of one turn: sent at random times, then waited for."""

    def __init__(self, service, label):
        self.service, self.label = service, label
        self.connection = Connection(service.api_port, service.token)
        self.ids = {}

    def send(self):
        plan = sorted((random.random() * SPREAD_SECONDS, delay, number) for delay in DELAYS for number in range(NAMES))
        start = time.monotonic()
        for at, delay, number in plan:
            time.sleep(max(0, start + at - time.monotonic()))
            name = name_of(delay, self.label, number)
            challenge = self.connection.call("POST", "/v1/challenges", {"type": "dns-01", "domain": name, "value": value(number)})
            self.ids[name] = challenge["id"]

    def wait(self):
        """{name: moment of ready in ms}"""
        moments, left = {}, dict(self.ids)
        deadline = time.monotonic() + max(DELAYS) / 1000 * 1.5 + 20
        while left and time.monotonic() < deadline:
            time.sleep(0.5)
            listed, after = {}, ""
            while after is not None:
                page = self.connection.call("GET", "/v1/challenges?limit=1000" + after)
                listed.update((c["domain"], c["state"]) for c in page["challenges"])
                after = f"&after={page['next']}" if page["next"] else None
            for name in [n for n in left if listed.get(n) == "ready"]:
                moments[name] = ready_ms(self.connection.call("GET", f"/v1/challenges/{left.pop(name)}"))
        if left:
            print(f"{len(left)} names were never ready, as {next(iter(left))}", file=sys.stderr)
        return moments


def one_lego(folder, pebble, hosts, delay, number):
    environment = {**os.environ, "LEGO_CA_CERTIFICATES": str(pebble.ca_file), "RFC2136_NAMESERVER": "127.0.0.1:53", "RFC2136_TTL": "5"}
    argv = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, "lego", "--path", f"{folder}/lego-{delay}-{number}",
            "--server", pebble.directory, "--email", "bench@example.com", "--accept-tos", "--dns", "rfc2136", "--dns.resolvers", "127.0.0.1:53",
            "--domains", name_of(delay, "lego", number), "run"]
    time.sleep(random.random() * SPREAD_SECONDS)
    result = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=180)
    if result.returncode:
        print(f"lego: {result.stderr[-1000:]}", file=sys.stderr)


def run_legos(folder):
    """lego with its own rfc2136 and its own check of propagation, as it comes."""
    hosts = pathlib.Path(folder) / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(
        f"127.1.{zone}.{server} ns{server}.{zone_name(zone)}\n" for zone in range(1, len(DELAYS) * ZONES + 1) for server in range(1, 5)))
    with Pebble(folder, dns_server=f"{WITNESS}:53") as pebble:
        threads = [threading.Thread(target=one_lego, args=(folder, pebble, str(hosts), delay, number))
                   for delay in DELAYS for number in range(LEGO_NAMES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Measured:
    """Lateness in ms and the most questions of one name at one address."""

    def __init__(self, known, moments, delay, label):
        ours = tuple("." + zone_name(zone) for zone in zones(delay))
        names = [n for n in known.values() if f"-{label}" in n.name and n.name.endswith(ours)]
        self.late = sorted(moments[n.name] - n.shown for n in names if n.name in moments)
        self.early = sum(late < 0 for late in self.late)
        self.missing = len(names) - len(self.late)
        self.asked = max((n.asked_most for n in names), default=0)
        self.median = statistics.median(self.late) if self.late else math.inf
        self.p99 = percentile(self.late, 0.99) if self.late else math.inf


def compare(delay, what, ours, theirs=None):
    goals = max(100, delay * 0.03), max(500, delay * 0.1)
    peer = f"lego {theirs.median:.0f} / {theirs.p99:.0f} ms, {theirs.asked} asked" if theirs and theirs.late else ""
    ratio = f"{theirs.median / ours.median:.0f}" if peer and ours.median > 0 else ""
    odd = f", {ours.missing} not ready" if ours.missing else ""
    odd += f", {ours.early} too early" if ours.early else ""
    row(f"Noticed, {delay / 1000:g} s late on one of four servers{what}: median / p99", f"{ours.median:.0f} / {ours.p99:.0f} ms, {ours.asked} asked{odd}",
        peer, ratio, f"{goals[0]:.0f} / {goals[1]:.0f} ms, {QUERIES} asked")


def never(service, servers):
    """Names that do not appear for ten minutes; only counted."""
    connection = Connection(service.api_port, service.token)
    servers.tell("forget")
    for number in range(20):
        connection.call("POST", "/v1/challenges", {"type": "dns-01", "domain": f"d900000-never{number}.{zone_name(NEVER_ZONE)}", "value": value(number),
                                                   "deadline": "20m"})
    time.sleep(WINDOW_SECONDS)
    known, _ = servers.report()
    asked = max(n.asked_most for n in known.values() if "-never" in n.name)
    row("Questions of a name at a server address in ten minutes, never shown", str(asked), "", f"{asked / QUERIES:.2f}", f"at most {QUERIES}")


def main():
    with tempfile.TemporaryDirectory() as folder, LateServers(os.environ["LATE_SERVER"]) as servers, \
         Service(pathlib.Path(folder) / "dcvd", configuration(folder, [*range(1, len(DELAYS) * ZONES + 1), NEVER_ZONE]), authority=AUTHORITY) as service:
        legos = threading.Thread(target=run_legos, args=(folder,))
        moments, first, second = {}, Run(service, "a"), Run(service, "b")
        first.send()
        moments.update(first.wait())
        legos.start()
        second.send()
        moments.update(second.wait())
        legos.join()
        known, _ = servers.report()
        moments.update((n.name, n.witness) for n in known.values() if n.witness)
        for delay in DELAYS:
            compare(delay, "", Measured(known, moments, delay, "a"), Measured(known, moments, delay, "lego"))
        for delay in DELAYS:
            compare(delay, ", delay learned", Measured(known, moments, delay, "b"))
        if "--full" in sys.argv:
            never(service, servers)


main()
