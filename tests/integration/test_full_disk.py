"""The disk of the journal is really full: through every door, nothing is confirmed that a restart would not know."""
import base64
import ctypes
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import ApiError
from test_cert_manager import Webhook

CLONE_NEWNS = 0x20000
SIZE = "3m"
VALUE = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"
FULL = "disk is full"


def own_mounts():
    """What is mounted from now on is seen by this process and its children only."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode == 0


class Disk:
    """A small file system of its own."""

    def __init__(self, folder):
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)], check=True)

    def fill(self):
        with open(self.filler, "wb", buffering=0) as filler:
            for block in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * block)
                except OSError:
                    pass

    def make_room(self):
        self.filler.unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


class FullDisk(Webhook):
    """The doors of other protocols are asked as their clients do; cert-manager's as in its own test."""
    MORE = """
dns: {zones: [dcvd.test]}
acme-dns: {registration: open}
httpreq: {limit: 5s}
"""

    @classmethod
    def prepare(cls):
        if not own_mounts():
            raise unittest.SkipTest("a mount namespace of its own takes root")
        cls.disk = Disk(cls.folder / "state")
        cls.addClassCleanup(cls.disk.close)

    def setUp(self):
        self.addCleanup(lambda: self.disk.filler.exists() and self.disk.make_room())

    # -- the doors: what each says, as (confirmed, sentence)

    def rest(self, method, path, body=None):
        try:
            return True, self.service.call(method, path, body)
        except ApiError as error:
            self.assertEqual(error.status, 503, error.problem)
            return False, error.problem["detail"]

    def plain(self, path, body, **headers):
        basic = base64.b64encode(f"operator:{self.service.token}".encode()).decode()
        request = urllib.request.Request(self.service.url + path, json.dumps(body).encode(),
                                         {"Authorization": f"Basic {basic}", "Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return True, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            self.assertGreaterEqual(error.code, 500)
            return False, error.read().decode()

    def webhook(self, action, name):
        status, body = self.solve(action, name, VALUE)
        self.assertIn(status, range(200, 207))
        return body["response"]["success"], body["response"].get("status", {}).get("message")

    def command(self, *arguments):
        done = self.service.command(*arguments)
        return done.returncode == 0, done.stderr

    def challenge(self, name):
        return self.rest("POST", "/v1/challenges", {"type": "dns-01", "domain": f"{name}.dcvd.test", "value": VALUE})

    def record(self, name):
        return {"fqdn": f"_acme-challenge.{name}.dcvd.test.", "value": VALUE}

    def account(self):
        self.registered = self.plain("/register", {})[1]
        return self.registered

    def update(self, account):
        return self.plain("/update", {"subdomain": account["subdomain"], "txt": VALUE},
                          **{"X-Api-User": account["username"], "X-Api-Key": account["password"]})

    def present_everywhere(self):
        """How each is withdrawn again."""
        one, command = self.challenge("one")[1], self.challenge("command")[1]
        order = self.rest("POST", "/v1/orders", {"challenges": [
            {"type": "dns-01", "domain": f"{name}.dcvd.test", "value": VALUE} for name in ("a", "b")]})[1]
        account = self.account()
        self.assertTrue(self.plain("/present", self.record("lego"))[0])
        self.assertTrue(self.update(account)[0])
        self.assertTrue(self.webhook("Present", "cm.dcvd.test")[0])
        return {
            "DELETE /v1/challenges": lambda: self.rest("DELETE", f"/v1/challenges/{one['id']}"),
            "DELETE /v1/orders": lambda: self.rest("DELETE", f"/v1/orders/{order['id']}"),
            "/cleanup": lambda: self.plain("/cleanup", self.record("lego")),
            "acme-dns": lambda: self.rest("DELETE", f"/v1/acme-dns/accounts/{account['subdomain']}"),
            "cert-manager": lambda: self.webhook("CleanUp", "cm.dcvd.test"),
            "dcvd cleanup": lambda: self.command("cleanup", command["id"]),
        }

    def names(self):
        return [f"_acme-challenge.{name}.dcvd.test" for name in ("one", "command", "a", "b", "lego", "cm")] + \
               [self.registered["fulldomain"]]

    def published(self):
        return [name for name in self.names() if self.values(name) == [VALUE]]

    def assert_published(self, names):
        deadline = time.monotonic() + 15
        while self.published() != names and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.published(), names, self.service.log[-3000:])

    def refused_everywhere(self, withdrawals):
        for door, withdraw in withdrawals.items():
            with self.subTest(door=door):
                confirmed, sentence = withdraw()
                self.assertFalse(confirmed, sentence)
                self.assertIn(FULL, str(sentence))

    # -- the tests

    def test_no_withdrawal_is_confirmed_and_all_are_published_again(self):
        withdrawals = self.present_everywhere()
        self.assert_published(self.names())
        self.disk.fill()
        self.refused_everywhere(withdrawals)
        self.refused_everywhere(withdrawals)  # asked again, it is no truer
        self.service.stop()
        self.service.start(wait=False)
        self.service.wait_ready()
        self.assert_published(self.names())
        self.disk.make_room()
        for door, withdraw in withdrawals.items():
            with self.subTest(door=door):
                confirmed, sentence = withdraw()
                self.assertTrue(confirmed, sentence)
        self.service.kill()
        self.service.start()
        self.assert_published([])

    def test_what_was_refused_is_done_when_there_is_room_again(self):
        withdrawals = self.present_everywhere()
        self.assert_published(self.names())
        self.disk.fill()
        self.refused_everywhere(withdrawals)
        with self.assertRaises(urllib.error.HTTPError) as unready:
            urllib.request.urlopen(f"{self.service.url}/v1/health/ready", timeout=5)
        self.assertEqual(unready.exception.code, 503)
        self.disk.make_room()
        self.assert_published([self.registered["fulldomain"]])  # the account stands: its removal was refused before it began
        self.service.wait_ready()
        self.assertTrue(withdrawals["acme-dns"]()[0])
        self.assert_published([])

    def test_nothing_new_is_taken(self):
        account = self.account()
        self.disk.fill()
        for door, (taken, sentence) in {
            "/v1/challenges": self.challenge("new"),
            "/present": self.plain("/present", self.record("new")),
            "cert-manager": self.webhook("Present", "new.dcvd.test"),
            "dcvd present": self.command("present", "--no-wait", "--type", "dns-01", "new.dcvd.test", "--value", VALUE),
            "/v1/clients": self.rest("POST", "/v1/clients", {"name": "late", "grants": {"identifiers": ["late.test"]}}),
        }.items():
            with self.subTest(door=door):
                self.assertFalse(taken, sentence)
                self.assertIn(FULL, str(sentence))
        self.assertFalse(self.update(account)[0])  # acme-dns has no sentences
        self.assertFalse(self.plain("/register", {})[0])
        self.disk.make_room()
        self.assertEqual(self.values("_acme-challenge.new.dcvd.test"), [])
        self.assertTrue(self.update(account)[0])


if __name__ == "__main__":
    unittest.main()
