"""dcvd is killed at every step of its journal: after a restart every challenge is finished, and after its
release no record is left.

The build of the tests dies by SIGKILL right before or right after the commit whose number stands in
DCVD_CRASH_BEFORE_COMMIT or DCVD_CRASH_AFTER_COMMITS.
"""
import contextlib
import http.client
import pathlib
import sqlite3
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import Bind, query
from support import service as support
from support.service import Died, Service

ZONE = "example.test"
STRANGER = "a stranger's words"
RECORDS = [f"www.{ZONE}. 60 A 127.0.0.1", f'_acme-challenge.{ZONE}. 60 TXT "{STRANGER}"']
APEX, WILDCARD = "apex-value".ljust(43, "-"), "wildcard-value".ljust(43, "-")
TOKEN = "crash-token-of-an-authority"
AUTHORIZATION = TOKEN + "." + "T" * 43
COMMITS_MAX = 40  # more than any life takes
READY_SECONDS = 20
support.START_SECONDS = 60 # it is started some forty times a test, also on a machine that does much else
DEAD = (urllib.error.URLError, http.client.HTTPException, ConnectionError)


def config(server):
    return f"""
resolver: {{servers: ["127.0.0.1:{server.port}"], authority-port: {server.port}}}
challenge: {{batch: 5ms, deadline: 60s}}
check: {{poll-first: 20ms, poll-max: 200ms}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{server.port}", key-name: {server.key.name}, key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: {ZONE}, type: dns-01, provider: corp}}
  - {{suffix: dcvd.test, type: dns-01, provider: embedded}}
  - {{suffix: "", type: http-01}}
"""


class Http01:
    """One token in the responder."""
    challenges = [{"type": "http-01", "domain": f"www.{ZONE}", "token": TOKEN, "key_authorization": AUTHORIZATION}]
    published = [AUTHORIZATION]
    withdrawn = []

    def look(self, service, _):
        request = urllib.request.Request(f"http://127.0.0.1:{service.http_port}/.well-known/acme-challenge/{TOKEN}",
                                         headers={"Host": f"www.{ZONE}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return [reply.read().decode()]
        except urllib.error.HTTPError:
            return []


class Rfc2136:
    """Apex and wildcard share one name, and a stranger has a value there."""
    challenges = [{"type": "dns-01", "domain": ZONE, "value": APEX},
                  {"type": "dns-01", "domain": f"*.{ZONE}", "value": WILDCARD}]
    published = [STRANGER, APEX, WILDCARD]
    withdrawn = [STRANGER]

    def look(self, _, server):
        return server.values(f"_acme-challenge.{ZONE}")


class Embedded:
    """Two values of one name in dcvd's own zone."""
    challenges = [{"type": "dns-01", "domain": "dcvd.test", "value": APEX},
                  {"type": "dns-01", "domain": "*.dcvd.test", "value": WILDCARD}]
    published = [APEX, WILDCARD]
    withdrawn = []

    def look(self, service, _):
        return sorted(query("127.0.0.1", service.dns_port, "_acme-challenge.dcvd.test")[1])


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Bind(zones=(ZONE,), records=RECORDS).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.service = None
        self.addCleanup(self.end_service)

    def end_service(self):
        if self.service and self.service.process:
            self.service.kill()

    def service_in(self, name):
        self.end_service()
        self.service = Service(self.folder / name, config(self.server))
        return self.service

    def start(self, crash=None):
        """Starts it with at most one crash point; it may die before it is ready."""
        self.service.environment = {"TSIG_SECRET": self.server.key.secret, **(crash or {})}
        self.service.start(wait=crash is None)
        if crash:
            with contextlib.suppress(Died):
                self.service.wait_ready()

    def died(self):
        """Waits for the death that is under way; False when it lives."""
        for _ in range(100):
            if self.service.process.poll() is not None:
                self.assertEqual(self.service.process.returncode, -9, self.service.log)
                return True
            time.sleep(0.01)
        return False

    def wait_for(self, order_id, state):
        """The order once all of it is in `state`; the connection breaks when the process dies."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            order = self.service.call("GET", f"/v1/orders/{order_id}")
            if all(c["state"] == state for c in order["challenges"]):
                return order
            self.assertNotEqual(order["state"], "failed", f"{order}\n{self.service.log}")
            time.sleep(0.01)
        self.fail(f"order {order_id} is not {state}: {order}\n{self.service.log}")

    def journal_states(self):
        """As it stands on disk, with the service stopped."""
        with contextlib.closing(sqlite3.connect(self.service.state / "journal.db")) as db:
            return sorted(row[0] for row in db.execute("SELECT state FROM challenges"))


class AtEveryStep(Crash):
    """One life per commit number: present, wait, release, wait. The death comes somewhere in it."""

    def look(self, kind):
        return kind.look(self.service, self.server)

    def attempt(self, step, *arguments):
        """What `step` gives, or None when the process died in it: then it runs again, without a crash point."""
        try:
            return step(*arguments)
        except DEAD:
            self.assertTrue(self.died(), self.service.log)
            self.deaths += 1
            self.start()
            return None

    def present(self, kind):
        return self.service.call("POST", "/v1/orders", {"challenges": kind.challenges})["id"]

    def resume_what_was_not_confirmed(self):
        """Died before the reply: the order is in the journal as a whole, or not at all. If it is, it goes on by
        itself; the caller, who knows of nothing, asks again in any case."""
        listed = self.service.call("GET", "/v1/challenges")["challenges"]
        self.assertIn(len(listed), (0, self.count))
        return listed[0]["order"] if listed else None

    def live(self, kind, crash):
        """One life; returns whether the crash point was reached."""
        self.deaths = 0
        self.count = len(kind.challenges)
        self.start(crash)
        if self.service.process.poll() is not None:
            self.deaths += 1
            self.start()
        order = self.attempt(self.present, kind)
        order = order or self.resume_what_was_not_confirmed() or self.present(kind)
        self.assertEqual(self.see(kind, order, "ready"), kind.published, self.service.log)
        if self.attempt(self.release, order) is None:
            self.release(order)
        self.assertEqual(self.see(kind, order, "gone"), kind.withdrawn, self.service.log)
        if self.service.stop() != 0: # its last commit was the one
            self.deaths += 1
            self.start()
            self.assertEqual(self.see(kind, order, "gone"), kind.withdrawn, self.service.log)
            self.assertEqual(self.service.stop(), 0, self.service.log)
        self.assertEqual(self.journal_states(), ["gone"] * self.count)
        self.assertLessEqual(self.deaths, 1)
        return self.deaths == 1

    def see(self, kind, order, state):
        """What the world sees once the order is in `state`; a state can be told an instant before its commit kills."""
        def wait_and_look():
            self.wait_for(order, state)
            return (self.look(kind),)
        seen = self.attempt(wait_and_look) or wait_and_look()
        return seen[0]

    def release(self, order):
        self.service.call("DELETE", f"/v1/orders/{order}")
        return True

    def die_at_every_commit(self, kind, variable):
        for number in range(1, COMMITS_MAX):
            with self.subTest(commit=number):
                self.service_in(f"{variable}-{number}")
                if not self.live(kind, {variable: str(number)}):
                    self.assertGreater(number, 6, "a life has more commits than this: is the crash point built in?")
                    return
        self.fail(f"still dying at commit {COMMITS_MAX}")

    def test_http01_before_each_commit(self):
        self.die_at_every_commit(Http01(), "DCVD_CRASH_BEFORE_COMMIT")

    def test_http01_after_each_commit(self):
        self.die_at_every_commit(Http01(), "DCVD_CRASH_AFTER_COMMITS")

    def test_rfc2136_before_each_commit(self):
        self.die_at_every_commit(Rfc2136(), "DCVD_CRASH_BEFORE_COMMIT")

    def test_rfc2136_after_each_commit(self):
        self.die_at_every_commit(Rfc2136(), "DCVD_CRASH_AFTER_COMMITS")

    def test_embedded_before_each_commit(self):
        self.die_at_every_commit(Embedded(), "DCVD_CRASH_BEFORE_COMMIT")

    def test_embedded_after_each_commit(self):
        self.die_at_every_commit(Embedded(), "DCVD_CRASH_AFTER_COMMITS")


if __name__ == "__main__":
    unittest.main()
