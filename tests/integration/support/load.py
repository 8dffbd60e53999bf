"""Callers on all doors at once, each as its own client speaks, and a book of what they were told.

A provider on whose way messages get lost carries the records; each caller looks at the name servers whenever it was
told that its value is published. What is not as it was said goes into Book.problems.
"""
import base64
import collections
import hashlib
import http.client
import json
import pathlib
import random
import threading
import time
import urllib.error
import urllib.request

from .flaky_dns import FlakyDns
from .servers import Bind, query
from .service import Service

ZONES = [f"zone{n}.test" for n in range(6)]
STRANGER = "a stranger's words"
PRINT = "P" * 43        # the thumbprint of an account key
GROUP, SOLVER = "acme.corp.example", "dcvd"
LIMIT_SECONDS = 25      # what the doors promise: below the 30 s of the clients
SLACK_SECONDS = 5       # of the machine, and of this program
KEEP_MAX = 3            # values that one caller leaves standing
LEAVES = 0.03           # of the callers do not wait for the answer
CALLERS = {"rest": 50, "httpreq": 70, "acme-dns": 30, "cert-manager": 50}
looks = threading.BoundedSemaphore(50)  # BIND serves 150 TCP clients


def config(server, way):
    routes = "\n".join(f"  - {{suffix: {zone}, type: dns-01, provider: corp}}" for zone in ZONES)
    return f"""
log: {{level: error}}
resolver: {{servers: ["127.0.0.1:{server.port}"], authority-port: {server.port}, timeout: 1s, tries: 2}}
challenge: {{retention: 5s}}
check: {{queries-per-second: 2000}}
dns: {{zones: [dcvd.test, acme.test]}}
acme-dns: {{zone: acme.test, registration: token, values: 20, updates: 1000}}
cert-manager: {{group: {GROUP}, solver: {SOLVER}}}
providers:
  corp: {{type: rfc2136, server: "{way.address}", key-name: {server.key.name}, key-secret: {{env: TSIG_SECRET}}}}
routes:
{routes}
  - {{suffix: dcvd.test, type: dns-01, provider: embedded}}
  - {{suffix: acme.test, type: dns-01, provider: embedded}}
  - {{suffix: "", type: http-01}}
"""


class Left(Exception):
    """The caller hung up before the answer, so its wish may have been carried out or not."""


class Book:
    """What the callers know. A record is (name, value), a token (host, token, key authorization)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.held = collections.Counter()
        self.unsure, self.gone = set(), set()
        self.times = collections.defaultdict(list)  # of an operation: (seconds, whether it succeeded)
        self.left, self.problems = 0, []

    def hold(self, record):
        with self.lock:
            self.held[record] += 1

    def drop(self, record):
        with self.lock:
            self.held[record] -= 1
            self.gone.add(record)

    def failed(self, record):
        with self.lock:
            self.gone.add(record)

    def doubt(self, record):
        with self.lock:
            self.unsure.add(record)

    def standing(self):
        return {record for record, count in self.held.items() if count > 0}

    def took(self, operation, seconds, good):
        with self.lock:
            self.times[operation].append((seconds, good))
        if seconds > LIMIT_SECONDS + SLACK_SECONDS:
            self.problem(f"{operation}: {seconds:.1f} s")

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def table(self):
        """Rows: operation, requests, errors, p50, p99, max in milliseconds."""
        rows = []
        for operation, times in sorted(self.times.items()):
            ordered = sorted(seconds * 1000 for seconds, _ in times)
            rows.append((operation, len(times), sum(not good for _, good in times), ordered[len(ordered) // 2],
                         ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], ordered[-1]))
        return rows


class World:
    """BIND, the way to it on which updates get lost, and dcvd with a client for each door."""

    def __init__(self, folder, environment=None):
        records = [line for zone in ZONES for line in (f'_acme-challenge.{zone}. 60 TXT "{STRANGER}"', f"www.{zone}. 60 A 127.0.0.1")]
        self.server, self.folder, self.environment = Bind(zones=ZONES, records=records), pathlib.Path(folder), environment or {}
        self.way = self.service = None
        self.book, self.tokens = Book(), {}
        self.over = 0  # when the callers stop

    def start(self):
        self.server.start()
        self.way = FlakyDns(self.server).start()
        self.service = Service(self.folder / "dcvd", config(self.server, self.way),
                               {"TSIG_SECRET": self.server.key.secret, **self.environment}).start()
        names = [pattern for zone in [*ZONES, "dcvd.test", "acme.test"] for pattern in (zone, "." + zone, "*." + zone)]
        for door in CALLERS:
            grants = {"identifiers": names, "wildcard": True, "doors": [door]}
            self.tokens[door] = self.service.call("POST", "/v1/clients", {"name": f"load-{door}", "grants": grants})["token"]
        return self

    def stop(self):
        """Ends what still runs."""
        if self.service and self.service.process:
            self.service.kill()
        if self.way:
            self.way.stop()
        self.server.stop()

    def values(self, name):
        """The TXT values of a name at the server that is responsible for it."""
        with looks:
            if name.endswith((".dcvd.test", ".acme.test")):
                return query("127.0.0.1", self.service.dns_port, name, timeout=10)[1]
            return query("127.0.0.1", self.server.port, name, timeout=10)[1]

    def stands(self, record):
        if len(record) == 2:
            return record[1] in self.values(record[0])
        host, token, key_authorization = record
        request = urllib.request.Request(f"http://127.0.0.1:{self.service.http_port}/.well-known/acme-challenge/{token}", headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.read().decode() == key_authorization
        except urllib.error.HTTPError:
            return False

    def peak_mb(self):
        for line in pathlib.Path(f"/proc/{self.service.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmHWM")

    def run(self, seconds, seed):
        """Everybody calls for that long; gives the peak of memory after a third and at the end."""
        self.over = time.monotonic() + seconds
        callers, number = [], 0
        for door, count in CALLERS.items():
            for _ in range(count):
                callers.append(DOORS[door](self, number, f"{seed} {number}"))
                number += 1
        for caller in callers:
            caller.start()
        callers[0].join(seconds / 3)
        third = self.peak_mb()
        for caller in callers:
            caller.join(seconds + 2 * (LIMIT_SECONDS + SLACK_SECONDS))
            if caller.is_alive():
                self.book.problem(f"caller {caller.number} never ended")
        return third, self.peak_mb()

    def challenges(self):
        """All that the service knows of."""
        after = ""
        while True:
            page = self.service.call("GET", f"/v1/challenges?limit=100{after}")
            yield from page["challenges"]
            if not page.get("next"):
                return
            after = f"&after={page['next']}"


class Caller(threading.Thread):
    def __init__(self, world, number, seed):
        super().__init__(daemon=True)
        self.world, self.book, self.number = world, world.book, number
        self.random = random.Random(seed)
        self.connection, self.turns, self.kept = None, 0, 0

    def run(self):
        try:
            self.begin()
            while time.monotonic() < self.world.over:
                self.turns += 1
                self.turn()
                self.pause(0.2)
        except Exception as error:  # pylint: disable=broad-except
            self.book.problem(f"caller {self.number}: {type(error).__name__}: {error}")
        finally:
            if self.connection:
                self.connection.close()

    def begin(self):
        """What comes before the first turn."""

    def pause(self, most):
        """People and programs do something else in between."""
        threading.Event().wait(self.random.uniform(0, most))

    def ask(self, operation, method, path, body, headers, may_leave=True, judged=True):
        """Status and the reply's JSON; Left when this caller does not wait for it."""
        begin = time.monotonic()
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.world.service.api_port, timeout=LIMIT_SECONDS + 4 * SLACK_SECONDS)
        self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json", **headers})
        if may_leave and self.random.random() < LEAVES:
            self.pause(0.3)
            self.connection.close()
            self.connection = None
            with self.book.lock:
                self.book.left += 1
            raise Left
        reply = self.connection.getresponse()
        text = reply.read().decode()
        parsed = json.loads(text) if text.strip() else None
        good = reply.status < 300 and (not judged or self.is_good(parsed))
        self.book.took(operation, time.monotonic() - begin, good)
        return reply.status, parsed, good, text

    @staticmethod
    def is_good(_):
        return True

    def expect(self, condition, text):
        if not condition:
            self.book.problem(f"caller {self.number}: {text}")

    # ---- names and values ----

    def value(self):
        return base64.urlsafe_b64encode(hashlib.sha256(self.random.randbytes(16)).digest()).rstrip(b"=").decode()

    def domain(self):
        """Often a name that others use at the same time, in one of its two forms."""
        zone = self.random.choice(ZONES)
        if self.random.random() < 0.25:
            return self.random.choice(("", "*.")) + zone
        return f"host{self.number}-{self.turns}.{zone}"

    @staticmethod
    def record_name(domain):
        return "_acme-challenge." + domain.removeprefix("*.")

    # ---- what was said ----

    def look(self, record, when):
        """It was said to stand: it does, beside the words of the stranger."""
        self.expect(self.world.stands(record), f"{when}: {record} does not stand")
        if len(record) == 2 and record[0].removeprefix("_acme-challenge.") in ZONES:
            self.expect(STRANGER in self.world.values(record[0]), f"{when}: the stranger's value is lost")

    def hear_error(self, operation, status, sentence, text, hidden):
        """A sentence, and never what was to be published."""
        self.expect(400 <= status < 600, f"{operation}: status {status}")
        self.expect(isinstance(sentence, str) and len(sentence) > 5, f"{operation}: {status} without a sentence: {text[:200]}")
        for secret in hidden:
            self.expect(secret not in text, f"{operation}: {status} holds the value: {text[:200]}")

    def keep_or_release(self, records, release):
        """Some values stay until the end; they stand at least as long as nobody takes them away."""
        for record in records:
            self.book.hold(record)
        for record in records:
            self.look(record, f"{type(self).__name__}, just told")
        if self.kept < KEEP_MAX and self.random.random() < 0.05:
            self.kept += 1
            return
        self.pause(0.5)
        for record in records:
            self.look(record, f"{type(self).__name__}, later")
            self.book.drop(record)
        try:
            release(True)
        except Left:
            release(False)  # once more is harmless


class Rest(Caller):
    def headers(self):
        return {"Authorization": f"Bearer {self.world.tokens['rest']}"}

    @staticmethod
    def is_good(parsed):
        """What ended its wait in another state is an error."""
        return bool(parsed) and parsed.get("state") == "ready"

    def challenge(self):
        """A challenge and the record that it becomes."""
        kind = self.random.random()
        if kind < 0.1:
            host, token = f"www.{self.random.choice(ZONES)}", self.value()
            return {"type": "http-01", "domain": host, "token": token, "key_authorization": f"{token}.{PRINT}"}, (host, token, f"{token}.{PRINT}")
        domain = self.domain() if kind < 0.8 else f"host{self.number}-{self.turns}.dcvd.test"
        value = self.value()
        return {"type": "dns-01", "domain": domain, "value": value}, (self.record_name(domain), value)

    def turn(self):
        pairs = [self.challenge() for _ in range(self.random.choice((1, 1, 2, 3)))]
        challenges, records = zip(*pairs)
        single = len(pairs) == 1 and self.random.random() < 0.5
        path, body = ("/v1/challenges", challenges[0]) if single else ("/v1/orders", {"challenges": challenges})
        try:
            status, reply, _, text = self.ask("rest present", "POST", f"{path}?wait=ready&timeout=20s", body, self.headers())
        except Left:
            for record in records:
                self.book.doubt(record)
            return
        if status not in (200, 202):
            self.hear_error("rest present", status, (reply or {}).get("detail"), text, [r[1] for r in records])
            for record in records:
                self.book.failed(record)
            return
        if reply["state"] == "ready":
            self.keep_or_release(records, lambda may_leave: self.delete(path, reply["id"], may_leave))
            return
        self.expect(status == 202 or reply["state"] in ("failed", "withdrawing", "gone"), f"rest present: {status} with {reply['state']}")
        for record in records:
            self.book.failed(record)
        self.delete(path, reply["id"], False)

    def delete(self, path, identity, may_leave):
        status, _, _, text = self.ask("rest delete", "DELETE", f"{path}/{identity}", None, self.headers(), may_leave, False)
        # A challenge that failed is forgotten when it is over.
        self.expect(status in (200, 202, 204, 404), f"rest delete: {status} {text[:200]}")


class Httpreq(Caller):
    def begin(self):
        self.basic = "Basic " + base64.b64encode(f"load-httpreq:{self.world.tokens['httpreq']}".encode()).decode()

    def send(self, operation, path, body, may_leave=True):
        prefix, headers = self.random.choice((("", {"Authorization": self.basic}), (f"/t/{self.world.tokens['httpreq']}", {})))
        return self.ask(operation, "POST", prefix + path, body, headers, may_leave)

    def wish(self):
        """The body in one of the two shapes, the record, and what an error must not hold."""
        domain, value = self.domain(), self.value()
        if self.random.random() < 0.5:
            return {"fqdn": self.record_name(domain) + ".", "value": value}, (self.record_name(domain), value), [value]
        authorization = f"token-{value}.{PRINT}"
        digest = base64.urlsafe_b64encode(hashlib.sha256(authorization.encode()).digest()).rstrip(b"=").decode()
        return {"domain": domain, "token": f"token-{value}", "keyAuth": authorization}, (self.record_name(domain), digest), [authorization, digest]

    def turn(self):
        body, record, hidden = self.wish()
        verified = self.random.random() < 0.5
        operation, path = ("httpreq verified", "/verified/present") if verified else ("httpreq quick", "/present")
        try:
            status, reply, good, text = self.send(operation, path, body)
            if good and self.random.random() < 0.1:
                status, reply, good, text = self.send(operation, path, body, False)
        except Left:
            self.book.doubt(record)
            return
        if good:
            self.expect(reply == body, f"{operation}: the echo is another: {text[:200]}")
            self.keep_or_release([record], lambda may_leave: self.cleanup(body, may_leave))
            return
        self.hear_error(operation, status, (reply or {}).get("error"), text, hidden)
        self.book.failed(record)
        if status == 504 or self.random.random() < 0.5:
            self.cleanup(body, False)

    def cleanup(self, body, may_leave):
        status, _, _, text = self.send("httpreq cleanup", "/cleanup", body, may_leave)
        self.expect(status == 200, f"httpreq cleanup: {status} {text[:200]}")


class CertManager(Caller):
    @staticmethod
    def is_good(parsed):
        return bool(parsed) and parsed.get("response", {}).get("success") is True

    def solve(self, action, domain, value, may_leave=True):
        request = {"uid": f"{self.number}-{self.turns}", "action": action, "type": "dns-01", "dnsName": domain.removeprefix("*."), "key": value,
                   "resolvedFQDN": self.record_name(domain) + ".", "resourceNamespace": "web", "allowAmbientCredentials": False}
        return self.ask(f"cert-manager {action}", "POST", f"/apis/{GROUP}/v1alpha1/{SOLVER}", {"request": request},
                        {"Authorization": f"Bearer {self.world.tokens['cert-manager']}"}, may_leave)

    def turn(self):
        domain, value = self.domain(), self.value()
        record = self.record_name(domain), value
        try:
            status, reply, good, text = self.solve("Present", domain, value)
        except Left:
            self.book.doubt(record)
            return
        self.expect(200 <= status <= 206 and "response" in (reply or {}), f"cert-manager Present: {status} {text[:200]}")
        if good:
            self.keep_or_release([record], lambda may_leave: self.clean_up(domain, value, may_leave))
            return
        failure = reply["response"].get("status", {})
        self.hear_error("cert-manager Present", failure.get("code", 0), failure.get("message"), json.dumps(failure), [value])  # beside an echo
        self.book.failed(record)
        self.clean_up(domain, value, False)

    def clean_up(self, domain, value, may_leave):
        status, _, good, text = self.solve("CleanUp", domain, value, may_leave)
        self.expect(good, f"cert-manager CleanUp: {status} {text[:200]}")


class AcmeDns(Caller):
    """Its values make room for each other; what was told last stands."""

    def begin(self):
        status, self.account, _, text = self.ask("acme-dns register", "POST", f"/t/{self.world.tokens['acme-dns']}/register", None, {}, False)
        self.expect(status == 201, f"acme-dns register: {status} {text[:200]}")
        self.told = []

    def turn(self):
        if self.random.random() < 0.02:
            self.begin()
        value = self.value()
        record = self.account["fulldomain"], value
        try:
            status, reply, good, text = self.ask("acme-dns update", "POST", "/update", {"subdomain": self.account["subdomain"], "txt": value},
                                                 {"X-Api-User": self.account["username"], "X-Api-Key": self.account["password"]})
        except Left:
            self.book.doubt(record)
            return
        if not good:
            self.expect(False, f"acme-dns update: {status} {text[:200]}")  # nothing is lost on the way to the embedded server
            return
        self.expect(reply == {"txt": value}, f"acme-dns update: the echo is another: {text[:200]}")
        self.told.append(record)
        for past in self.told[-2:]:
            self.look(past, "acme-dns, just told")


DOORS = {"rest": Rest, "httpreq": Httpreq, "acme-dns": AcmeDns, "cert-manager": CertManager}
