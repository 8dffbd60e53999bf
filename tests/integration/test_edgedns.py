"""The promises of a provider hold for Edge DNS under each fault of its emulator, and the emulator is strict."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("DCVD_BUILD", os.path.join(HERE, "..", "..", "build"))
CONTRACT = os.path.join(BUILD, "tests", "contract", "contract_provider")
ZONE = "example.test"
METHODS = ("GET", "POST", "PUT", "DELETE")


class EdgeDns(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.edgerc = os.path.join(self.folder.name, "edgerc")
        argv = [sys.executable, "-B", os.path.join(HERE, "support", "edgedns_emulator.py"), "--zone", ZONE,
                "--edgerc", self.edgerc, "--write-time", "0"]
        self.emulator = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.url = "http://127.0.0.1:" + self.emulator.stdout.readline().strip()

    def stop(self):
        self.emulator.send_signal(signal.SIGTERM)
        self.emulator.wait(10)
        self.emulator.stdout.close()

    def call(self, method, path, body=None, headers=()):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def promises_hold_under(self, kind, methods=METHODS):
        if not os.path.exists(CONTRACT):
            self.skipTest("contract_provider is not built")
        self.call("POST", "/_test/faults", [{"kind": kind, "method": method, "count": 2} for method in methods])
        argv = [CONTRACT, "--type", "edgedns", "--look", "state:" + self.url + "/_test/state", "--zone", ZONE,
                "edgerc=" + self.edgerc, "base-url=" + self.url]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        state = self.call("GET", "/_test/state")[1]
        self.assertEqual(state["forbidden"], 0, "a whole zone was replaced")

    def test_a_call_without_a_signature_is_refused(self):
        status, problem = self.call("GET", "/config-dns/v2/zones/" + ZONE)
        self.assertEqual(status, 401)
        self.assertIn("pep-authn", problem["type"])

    def test_a_signature_of_another_client_is_refused(self):
        header = "EG1-HMAC-SHA256 client_token=a;access_token=b;timestamp=20260101T00:00:00+0000;nonce=c;signature=d"
        status, problem = self.call("GET", "/config-dns/v2/zones/" + ZONE, headers={"Authorization": header})
        self.assertEqual(status, 401)

    def test_another_writer_holds_the_zone(self):
        self.promises_hold_under("concurrent")

    def test_a_conflict_that_does_not_say_which(self):
        self.promises_hold_under("conflict")

    def test_an_error_inside(self):
        self.promises_hold_under("error")

    def test_a_page_instead_of_json(self):
        self.promises_hold_under("html")

    def test_a_call_that_never_arrives(self):
        self.promises_hold_under("unread")

    def test_a_reply_that_is_lost(self):
        self.promises_hold_under("lost")

    def test_a_limit_with_retry_after(self):
        self.promises_hold_under("rate")

    def test_a_limit_told_in_words(self):
        self.promises_hold_under("rate-text")


if __name__ == "__main__":
    unittest.main(verbosity=2)
