"""A provider that is configured anew between a record and its withdrawal, at a real BIND."""
import pathlib
import signal
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import Bind, Key, free_port
from support.service import Service

VALUE = "A" * 43
CONFIG = """
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
check: {{poll-first: 100ms, poll-max: 500ms}}
providers:
  corp: {{type: rfc2136, server: "{server}", key-name: {key}, key-secret: {{file: {folder}/key}}}}
routes:
  - {{suffix: example.test, type: dns-01, provider: corp}}
"""


class Sites(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.server = Bind(key=Key())
        self.server.start()
        self.addCleanup(self.server.stop)
        (self.folder / "key").write_text(self.server.key.secret)

    def config(self, server=None, key=None):
        return CONFIG.format(port=self.server.port, server=server or f"127.0.0.1:{self.server.port}", key=key or self.server.key.name, folder=self.folder)

    def serve(self, **named):
        self.service = Service(self.folder / "dcvd", self.config(**named))
        self.service.start()
        self.addCleanup(self.service.stop)

    def until(self, what):
        deadline = time.monotonic() + 30
        while not what():
            self.assertLess(time.monotonic(), deadline, self.service.log[-3000:])
            time.sleep(0.05)

    def reload(self, **named):
        count = self.service.log.count("configuration reloaded")
        self.service.config = self.config(**named)
        (self.service.folder / "dcvd.yaml").write_text(self.service.config)
        self.service.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.service.log.count("configuration reloaded") > count)

    def present(self):
        return self.service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": "r2.example.test", "value": VALUE})["id"]

    def challenge(self, ident):
        return self.service.call("GET", f"/v1/challenges/{ident}")

    def wait_state(self, ident, state):
        self.until(lambda: self.challenge(ident)["state"] == state)

    def values(self):
        return self.server.values("_acme-challenge.r2.example.test")

    def test_a_wrong_key_in_between_orphans_nothing_when_the_server_changes(self):
        self.serve()
        ident = self.present()
        self.wait_state(ident, "ready")
        self.reload(key="dcvx")
        self.reload(server=f"127.0.0.4:{free_port('127.0.0.4')}")
        self.assertEqual(self.values(), [VALUE])
        self.service.call("DELETE", f"/v1/challenges/{ident}")
        self.wait_state(ident, "gone")
        self.assertEqual(self.values(), [])

    def test_a_server_that_never_answered_is_called_silent_and_keeps_no_challenge_for_ever(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.4", 0))
            where = "%s:%d" % silent.getsockname()
            self.serve(server=where)
            ident = self.present()
            self.until(lambda: f"server {where} does not answer" in (self.challenge(ident)["waiting_for"] or ""))
            self.reload()
            self.wait_state(ident, "ready")
            self.service.stop()
            self.service.start()
            self.service.call("DELETE", f"/v1/challenges/{ident}")
            self.wait_state(ident, "gone")
        self.assertEqual(self.values(), [])
        self.assertTrue(any(f"not withdrawn at rfc2136 server=\"{where}\": no update was ever confirmed there" in event["text"]
                            for event in self.challenge(ident)["events"]))
        self.assertNotIn("the record stands at", self.service.log)

    def test_a_server_that_refused_every_connection_is_not_noted(self):
        self.serve(server=f"127.0.0.4:{free_port('127.0.0.4')}")
        ident = self.present()
        self.until(lambda: "refused" in (self.challenge(ident)["waiting_for"] or ""))
        self.reload()
        self.wait_state(ident, "ready")
        self.service.call("DELETE", f"/v1/challenges/{ident}")
        self.wait_state(ident, "gone")
        self.assertEqual(self.challenge(ident)["events"][-1]["text"], "withdrawn")


if __name__ == "__main__":
    unittest.main()
