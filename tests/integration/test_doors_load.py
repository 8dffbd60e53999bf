"""200 callers at once on the doors, with a provider that fails at random: nothing lost, no success that is none, bounded memory.

Runs for $DCVD_LOAD_SECONDS (12); prints how long each door took to answer.
"""
import base64
import collections
import http.client
import json
import os
import pathlib
import random
import stat
import sys
import tempfile
import threading
import time
import unittest

import dns.message
import dns.query

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.service import Service

SECONDS = float(os.environ.get("DCVD_LOAD_SECONDS", "12"))
CALLERS = 200
SETTLE_SECONDS = 90
RSS_MAX_KIB = 1 << 20  # AddressSanitizer keeps what was freed for a while

# Values are files; some jobs fail before anything is done, some say so although all is done.
PROVIDER = """#!/usr/bin/python3 -S
import json, pathlib, random, sys
job, chance = json.load(sys.stdin), random.random()
if chance < 0.25:
    sys.exit(75)
for change in job["changes"]:
    file = pathlib.Path({folder!r}) / (change["fqdn"].rstrip(".") + "=" + change["value"])
    file.touch() if change["op"] == "add" else file.unlink(missing_ok=True)
sys.exit(75 if chance < 0.35 else 0)
"""
CONFIG = """
check: {{poll-first: 50ms, poll-max: 1s}}
httpreq: {{limit: 20s}}
acme-dns: {{registration: open}}
providers:
  flaky: {{type: exec, command: {folder}/provider, mode: batch-json}}
routes:
  - {{suffix: flaky.dcvd.test, type: dns-01, provider: flaky}}
  - {{suffix: dcvd.test, type: dns-01, provider: embedded}}
"""


class Caller(threading.Thread):
    """One client of one door. What must stand and what must not is in `standing` and `gone`, as (name, value)."""

    def __init__(self, load, number):
        super().__init__()
        self.load, self.number, self.count = load, number, 0
        self.door = ("quick", "verified", "acme-dns", "rest")[number % 4]
        self.wrong = []

    def ask(self, method, path, body=None, **headers):
        start = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.load.service.api_port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Authorization": self.load.authorization, "Content-Type": "application/json", **headers})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()
            self.load.times[self.door].append(time.monotonic() - start)

    def run(self):
        try:
            step = {"acme-dns": self.acme_dns, "rest": self.rest}.get(self.door, self.httpreq)
            while time.monotonic() < self.load.until:
                self.count += 1
                step(f"{self.number:x}-{self.count:x}".rjust(43, "v"))
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(f"{self.door}: {error!r}")

    def must_stand(self, name, value, status):
        self.load.said[self.door, status] += 1
        if not self.load.stands(name, value):
            self.wrong.append(f"{self.door}: {status} for {name}, which does not stand")

    def httpreq(self, value):
        quick = self.door == "quick"
        name = f"_acme-challenge.h{self.number}." + ("flaky.dcvd.test" if quick else "dcvd.test")
        body = {"fqdn": name + ".", "value": value}
        status, _ = self.ask("POST", "/present" if quick else "/verified/present", body)
        if status == 200:
            self.must_stand(name, value, status)
        elif not quick or status not in (503, 504):
            self.wrong.append(f"{self.door}: present {status}")
        if status == 200 and random.random() < 0.3:
            self.load.standing.add((name, value))
            return
        status, _ = self.ask("POST", "/cleanup", body)
        if status != 200:
            self.wrong.append(f"{self.door}: cleanup {status}")
        self.load.gone.add((name, value))

    def acme_dns(self, value):
        if not hasattr(self, "account"):
            status, text = self.ask("POST", "/register", {})
            assert status == 201, status
            self.account = json.loads(text)
        if self.count > 90:  # acme-dns.values are 100
            time.sleep(0.1)
            return
        status, _ = self.ask("POST", "/update", {"subdomain": self.account["subdomain"], "txt": value},
                             **{"X-Api-User": self.account["username"], "X-Api-Key": self.account["password"]})
        if status == 200:
            self.must_stand(self.account["fulldomain"], value, status)
            self.load.standing.add((self.account["fulldomain"], value))
        else:
            self.wrong.append(f"{self.door}: update {status}")

    def rest(self, value):
        name = f"_acme-challenge.r{self.number}.dcvd.test"
        status, text = self.ask("POST", "/v1/challenges?wait=ready&timeout=30s", {"type": "dns-01", "domain": name.split(".", 1)[1], "value": value})
        challenge = json.loads(text)
        if status in (200, 201) and challenge["state"] == "ready":
            self.must_stand(name, value, status)
        elif status != 202:  # not in time, and it says so
            self.wrong.append(f"{self.door}: {status} {challenge.get('state')}")
        if random.random() < 0.3:
            self.load.standing.add((name, value))
            return
        if self.ask("DELETE", f"/v1/challenges/{challenge['id']}")[0] != 200:
            self.wrong.append(f"{self.door}: delete")
        self.load.gone.add((name, value))


class Load(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        self.records = folder / "records"
        self.records.mkdir()
        (folder / "provider").write_text(PROVIDER.format(folder=str(self.records)))
        (folder / "provider").chmod(stat.S_IRWXU)
        port = free_port()
        self.service = Service(folder / "dcvd", f'resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}\n' + CONFIG.format(folder=folder), dns_port=port)
        self.service.start()
        self.addCleanup(self.service.stop)
        self.authorization = "Basic " + base64.b64encode(f"operator:{self.service.token}".encode()).decode()
        self.times, self.said = collections.defaultdict(list), collections.Counter()
        self.standing, self.gone = set(), set()

    def values(self, name):
        reply = dns.query.tcp(dns.message.make_query(name, "TXT"), "127.0.0.1", port=self.service.dns_port, timeout=20)
        return {t.decode() for rrset in reply.answer for rr in rrset for t in rr.strings}

    def stands(self, name, value):
        return (self.records / f"{name}={value}").exists() if ".flaky." in name else value in self.values(name)

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.service.process.pid}/status").read_text()
        return int(next(line for line in status.split("\n") if line.startswith("VmRSS")).split()[1])

    def differences(self):
        """What stands and should not, or the other way round."""
        names = {n for n, _ in self.standing | self.gone if ".flaky." not in n}
        found = {(n, v) for n in names for v in self.values(n)} | {tuple(f.name.split("=")) for f in self.records.iterdir()}
        return found ^ self.standing

    def test_nothing_is_lost_and_no_success_is_none(self):
        self.until = time.monotonic() + SECONDS
        callers = [Caller(self, n) for n in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(120)
        self.assertEqual([w for caller in callers for w in caller.wrong][:20], [], "\n".join(line for line in self.service.log.split("\n") if " error " in line)[-6000:])
        self.assertLess(self.rss_kib(), RSS_MAX_KIB)
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.differences() and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertEqual(sorted(self.differences())[:10], [])
        self.report()

    def report(self):
        print(f"\n{CALLERS} callers for {SECONDS:.0f} s, {self.rss_kib() >> 10} MiB at the end", file=sys.stderr)
        for door, times in sorted(self.times.items()):
            times.sort()
            print(f"  {door:10} {len(times):6} calls  median {times[len(times) // 2]:6.3f} s  99 of 100 in {times[len(times) * 99 // 100]:6.3f} s"
                  f"  longest {times[-1]:6.3f} s", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
