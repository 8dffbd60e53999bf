"""What keeps a challenge from going on is told while it waits: by REST, list, describe, httpreq and the present command."""
import base64
import json
import pathlib
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import Bind, Key, free_port
from support.service import Service

VALUE = "A" * 43
CONFIG = """
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
check: {{poll-first: 100ms, poll-max: 500ms}}
httpreq: {{limit: 1500ms}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: {key.name}, key-secret: {{file: {folder}/key}}}}
  away: {{type: rfc2136, server: "127.0.0.1:{closed}", key-name: {key.name}, key-secret: {{file: {folder}/key}}}}
  stranger: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: other-key, key-secret: {{file: {folder}/key}}}}
routes:
  - {{suffix: away.example.test, type: dns-01, provider: away}}
  - {{suffix: stranger.example.test, type: dns-01, provider: stranger}}
  - {{suffix: example.test, type: dns-01, provider: corp}}
"""
LOOP = ("_acme-challenge.loop.example.test. 60 CNAME one.example.test.", "one.example.test. 60 CNAME _acme-challenge.loop.example.test.")


class BrokenLeaf(Bind):
    """A child zone that cannot be loaded stands on the server of its parent: SERVFAIL for everything in it."""

    def _prepare(self):
        argv = super()._prepare()
        self.write("broken.zone", "this is broken\n")
        with open(self.path("named.conf"), "a", encoding="utf-8") as conf:
            conf.write('zone "_acme-challenge.broken.example.test" { type primary; file "broken.zone"; };\n')
        return argv


class Waiting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        server = BrokenLeaf(key=Key(), records=LOOP)
        server.start()
        cls.addClassCleanup(server.stop)
        (folder / "key").write_text(server.key.secret)
        cls.service = Service(folder / "dcvd", CONFIG.format(port=server.port, key=server.key, folder=folder, closed=free_port()))
        cls.service.start()
        cls.addClassCleanup(cls.service.stop)

    def present(self, name):
        return self.service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": name, "value": VALUE})["id"]

    def wait_for(self, challenge, *words):
        """Until the challenge says why it waits, or why it failed."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            now = self.service.call("GET", f"/v1/challenges/{challenge}")
            said = now["waiting_for"] or now["reason"] or ""
            if all(word in said for word in words):
                return now
            time.sleep(0.05)
        self.fail(f"{words} is not said: {json.dumps(now)}")

    def httpreq(self, name):
        request = urllib.request.Request(self.service.url + "/present", json.dumps({"fqdn": f"_acme-challenge.{name}.", "value": "B" * 43}).encode(), {
            "Authorization": "Basic " + base64.b64encode(f"operator:{self.service.token}".encode()).decode(), "Content-Type": "application/json"})
        with self.assertRaises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=20)
        return error.exception.code, error.exception.read().decode()

    def test_a_server_of_the_leaf_that_fails_is_told_at_every_door(self):
        challenge = self.present("broken.example.test")
        now = self.wait_for(challenge, "SERVFAIL", "ns1.example.test")
        self.assertEqual(now["state"], "queued")
        self.assertIsNotNone(now["waiting_since"])
        self.assertTrue(any("SERVFAIL" in event["text"] for event in now["events"]))
        listed = self.service.call("GET", "/v1/challenges?domain=broken.example.test")["challenges"][0]
        self.assertIn("SERVFAIL", listed["waiting_for"])
        self.assertIn("SERVFAIL", self.service.command("list").stdout)
        self.assertIn("Waiting:", self.service.command("describe", challenge).stdout)
        self.assertIn("SERVFAIL", self.service.command("describe", listed["order"]).stdout)
        self.assertIn("SERVFAIL", json.loads(self.service.command("list", "--json").stdout)["challenges"][0]["waiting_for"])
        self.assertIn("SERVFAIL", self.service.command("present", "broken.example.test", "--value", "C" * 43, "--timeout", "3s").stderr)
        status, said = self.httpreq("broken.example.test")
        self.assertEqual(status, 504)
        self.assertIn("SERVFAIL", said)

    def test_cnames_in_a_circle_are_told_and_no_server_is_said_to_be_silent(self):
        now = self.wait_for(self.present("loop.example.test"), "_acme-challenge.loop.example.test go in a circle")
        self.assertNotIn("no name server", now["waiting_for"] or now["reason"])

    def test_a_provider_that_cannot_be_reached_is_told(self):
        now = self.wait_for(self.present("www.away.example.test"), "127.0.0.1")
        self.assertEqual(now["state"], "publishing")
        status, said = self.httpreq("www.away.example.test")
        self.assertEqual(status, 504)
        self.assertIn("refused", said)

    def test_a_key_that_the_server_does_not_know_is_told_with_what_to_do(self):
        now = self.wait_for(self.present("www.stranger.example.test"), "BADKEY", "check key-name")
        self.assertIn(now["state"], ("failed", "withdrawing"))


if __name__ == "__main__":
    unittest.main()
