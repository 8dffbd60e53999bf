"""A world in virtual time: the emulator of CPS and the zones live here, the real engine, driver and watcher in scenario_world, a child
process with a virtual clock, which is told how far time goes, asks here for every reply, and may be killed at any instant.

    world = World(folder, program, CONFIGURATION)
    enrollment = world.enroll("a.example.org", ends_in_days=20)
    world.run(days=10)

Time passes only in run(). Everything is the same in every run, but for the ids of the journal.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import subprocess
import urllib.parse
from email.utils import formatdate

from cps.authority import Model
from cps.clock import VirtualClock
from cps.pace import Life
from cps.refusal import Silence
from cps.service import Emulator, settings
from cps.steering import Steering
from zones import Zones

START = 1795270800.0  # 2026-11-21T13:00:00Z
ZONES = ("example.org", "example.net", "example.com")
SERVERS = {"example.org": ("192.0.2.1", "192.0.2.2"), "example.net": ("192.0.2.3", "192.0.2.4"), "example.com": ("192.0.2.5", "192.0.2.6")}
LAGS, SILENT = 1, 2   # faults of a name server: tests/scenario/fake_dns.h
MINUTE, HOUR, DAY = 60, 3600, 86400
CREDENTIALS = {"AKAMAI_HOST": "akab-test.example.net", "AKAMAI_CLIENT_TOKEN": "akab-client-token", "AKAMAI_ACCESS_TOKEN": "akab-access-token",
               "AKAMAI_CLIENT_SECRET": "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg=="}
CONFIGURATION = """
challenge: {{deadline: 10m, lifetime: 7d, retention: 10m}}
check: {{allow-addresses: [192.0.2.0/24]}}
routes: [{{suffix: "*", provider: zones}}]
providers: {{zones: {{type: powerdns, url: "https://zones.example", api-key: {{env: ZONES_KEY}}}}}}
cps:
  watch: act
  watch-interval: {interval}
  policies: {{standard: {{{policy}}}}}
  classes: [{{match: {{validation: dv}}, class: managed, policy: standard}}]
"""


def configuration(policy="follow: production", interval="15m"):
    return CONFIGURATION.format(policy=policy, interval=interval)


def program():
    """The program under test; DCVD_WORLD names another build of it."""
    return os.environ.get("DCVD_WORLD") or str(pathlib.Path(os.environ["DCVD_BUILD"]) / "tests" / "scenario" / "scenario_world")


def memory_folder():
    """Where a journal costs no time on a disk, if there is such a place: a year has very many commits."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Died(Exception):
    """The child is dead: it was killed."""


Request = collections.namedtuple("Request", "at method target")


class World:
    def __init__(self, folder, config=None, seed=1, environment=None, **options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.seed, self.environment = seed, environment or {}
        self.config = config or configuration()
        self.clock, self.zones = VirtualClock(START), Zones(ZONES)
        authority = Model(self.zones.shows, self.clock.now)
        self.cps = Emulator(settings(**{"contracts": "C-1,C-2,C-3", **options}), self.clock, Life(seed), authority, scheme="https")
        self.steering, self.requests, self.child, self.starts = Steering(self.cps), [], None, 0
        self.on_request = lambda request: None

    # -- the child

    def start(self):
        (self.folder / "world.yaml").write_text(self.config)
        self.starts += 1
        now = str(int(self.clock.now() * 1000))
        with open(self.folder / "world.log", "ab") as log:
            self.child = subprocess.Popen([program(), str(self.folder / "journal"), str(self.folder / "world.yaml"), now, str(self.seed + self.starts)],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                          env={**os.environ, **CREDENTIALS, "ZONES_KEY": "k", **self.environment})
        if self.read_line() != ["ready"]:
            raise AssertionError(self.log)
        self.send_block("zones", self.zones.lines())
        self.read_line()
        return self

    @property
    def log(self):
        return (self.folder / "world.log").read_text(errors="replace")

    def kill(self):
        """SIGKILL, and what it had said is not heard any more."""
        self.child.kill()
        self.reap()

    def reap(self):
        status = self.child.wait(30)
        for pipe in (self.child.stdin, self.child.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.child = None
        return status

    def stop(self):
        """The exit status, which sanitizers turn bad when something leaked."""
        if not self.child:
            return 0
        self.send("end")
        return self.reap()

    def send(self, line):
        self.write((line + "\n").encode())

    def send_block(self, word, text):
        data = text.encode()
        self.write(f"{word} {len(data)}\n".encode() + data)

    def write(self, data):
        try:
            self.child.stdin.write(data)
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Died from None

    def read_line(self):
        line = self.child.stdout.readline()
        if not line.endswith(b"\n"):
            raise Died
        return line.decode().split()

    def read_block(self, length):
        data = self.child.stdout.read(int(length))
        if len(data) != int(length):
            raise Died
        return data.decode()

    def ask(self, line):
        self.send(line)
        word, length = self.read_line()
        assert word == "text", word
        return json.loads(self.read_block(length))

    # -- time

    def run(self, seconds=0, minutes=0, hours=0, days=0):
        self.run_to(self.clock.now() + seconds + minutes * MINUTE + hours * HOUR + days * DAY)

    def run_to(self, when):
        self.send(f"run {int(when * 1000)}")
        while True:
            word, *rest = self.read_line()
            if word == "done":
                break
            self.answer(*rest)
        self.clock.advance(when)

    def run_clock_only(self, seconds):
        """Time passes while the child is not there."""
        self.clock.advance(self.clock.now() + seconds)

    def run_until(self, condition, step=MINUTE, days=10):
        end = self.clock.now() + days * DAY
        while not condition():
            if self.clock.now() >= end:
                raise AssertionError("it never came to that\n" + self.log[-4000:])
            self.run(step)

    # -- what the child asks

    def answer(self, now_ms, method, headers_length, body_length, url):
        lines = self.read_block(headers_length).splitlines()
        body = self.read_block(body_length)
        headers = collections.defaultdict(lambda: None, (line.split(": ", 1) for line in lines))
        self.clock.advance(int(now_ms) / 1000 - self.skew)
        split = urllib.parse.urlsplit(url)
        headers["Host"] = split.netloc
        target = url[url.index(split.netloc) + len(split.netloc):]
        try:
            status, extra, text = self.reply(split.netloc, method, target, headers, body)
        except Silence:
            status, extra, text = 0, {}, ""
        extra = {"Date": formatdate(self.cps.gateway.now(), usegmt=True), **extra}
        parts = "".join(f"{k}: {v}\r\n" for k, v in extra.items()).encode(), text.encode(), self.zones.take_changes().encode()
        self.write(f"{status} {len(parts[0])} {len(parts[1])} {len(parts[2])}\n".encode() + b"".join(parts))

    skew = 0.0  # seconds that the clock of this host is ahead

    def reply(self, host, method, target, headers, body):
        if host == "zones.example":
            status, text = self.zones.handle(method, target, body)
            return status, {"Content-Type": "application/json"}, text
        request = Request(self.clock.now(), method, target)
        self.requests.append(request)
        self.on_request(request)
        status, media, text, extra = self.cps.handle(method, target, headers, body.encode())
        return status, {"Content-Type": media, **extra}, text

    # -- what tests do

    def enroll(self, *names, **wish):
        return self.cps.add({"names": list(names), **wish})

    def enroll_many(self, count, **wish):
        """Over all contracts and zones."""
        return [self.enroll(f"n{i}.{ZONES[i % 3]}", contract=f"C-{i % 3 + 1}", **wish) for i in range(count)]

    def set_clock(self, seconds):
        """Somebody sets the clock of this host."""
        self.skew += seconds
        self.send(f"clock {int(seconds * 1000)}")
        self.read_line()

    def spoil(self, zone, fault):
        """The second server of a zone; the authority, which asks all of them, does not see what one does not show."""
        (self.zones.hidden.add if fault else self.zones.hidden.discard)(zone)
        for address in SERVERS[zone][1:]:
            self.send(f"server {address} {fault}")
            self.read_line()

    def inventory(self):
        return {e["id"]: e for e in self.ask("inventory")}

    def validations(self):
        return self.ask("validations")

    def said(self, enrollment):
        """Every sentence about an enrollment that is still known."""
        found = [v["id"] for v in self.validations() if v["enrollment"] == enrollment.number]
        return [s["text"] for i in reversed(found) for s in self.ask(f"validation {i}")["sentences"]]

    def approve(self, enrollment, change, digest, who):
        return self.ask(f"approve {enrollment.number} {change.number} {digest} {who}")

    # -- what came of it

    def most_within(self, seconds):
        times, start, most = [r.at for r in self.requests], 0, 0
        for end, at in enumerate(times):
            while at - times[start] >= seconds:
                start += 1
            most = max(most, end - start + 1)
        return most

    def requests_of(self, enrollment, since=0.0):
        return [r for r in self.requests if r.at >= since and re.match(rf"/cps/v2/enrollments/{enrollment.number}(/|\?|$)", r.target)]
