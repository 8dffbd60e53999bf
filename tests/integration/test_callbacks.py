"""The example receiver of callbacks: genuine ones run the command once; forged, stale and replayed ones do not."""
import hashlib
import hmac
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.service import ApiError, Service

RECEIVER = pathlib.Path(__file__).parents[2] / "deploy" / "callbacks" / "receiver.py"
SECRET = b"between the two of us"


class Callbacks(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        (self.folder / "secret").write_bytes(SECRET + b"\n")
        self.events, self.fail = self.folder / "events", self.folder / "fail"
        self.url = f"http://127.0.0.1:{free_port()}/"
        script = f"cat >> {self.events}; echo >> {self.events}; ! [ -e {self.fail} ]"
        self.receiver = subprocess.Popen([sys.executable, "-B", str(RECEIVER), "--listen", self.url[7:-1], "--secret-file", str(self.folder / "secret"), "--",
                                          "sh", "-c", script], stderr=subprocess.DEVNULL)
        self.addCleanup(self.receiver.wait)
        self.addCleanup(self.receiver.terminate)
        self.wait_until(lambda: self.post(b"{}", {}) == 403)

    def wait_until(self, is_true, seconds=20):
        deadline = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def post(self, body, headers):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, data=body, headers=headers), timeout=10) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def signed(self, body, at=None, secret=SECRET):
        stamp = str(int(time.time() if at is None else at))
        return {"Dcvd-Timestamp": stamp, "Dcvd-Signature": "v1=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()}

    def taken(self):
        return [json.loads(line)["id"] for line in self.events.read_text().splitlines()] if self.events.exists() else []

    def test_a_callback_of_dcvd_runs_the_command_once(self):
        with Service(self.folder / "dcvd", f"callback-secrets: {{ci: {{env: CI_SECRET}}}}\ncallbacks: [{{secret: ci, urls: [\"{self.url}\"]}}]\n", {"CI_SECRET": SECRET.decode()}) as service:
            self.fail.touch()
            order = service.call("POST", "/v1/orders", {"challenges": [{"type": "dns-01", "domain": "a.dcvd.test", "value": "v" * 43}],
                                                        "callback": {"url": self.url, "secret": "ci"}})
            self.wait_until(self.taken)
            self.fail.unlink()
            self.wait_until(lambda: service.call("GET", "/v1/callbacks?settled=true")["callbacks"])
            result = service.call("GET", "/v1/callbacks")["callbacks"][0]["result"]
        self.assertEqual((result["delivered"], result["status"], result["attempts"]), (True, 204, 2))
        self.assertEqual(self.taken(), [order["id"] + ".ready"] * 2)  # once in vain, once with success

    def test_the_rule_that_a_refusal_proposes_is_enough(self):
        config = "callback-secrets: {ci: {env: CI_SECRET}}\n"
        body = {"challenges": [{"type": "dns-01", "domain": "a.dcvd.test", "value": "v" * 43}], "callback": {"url": self.url, "secret": "ci"}}
        with Service(self.folder / "dcvd", config, {"CI_SECRET": SECRET.decode()}) as service:
            with self.assertRaises(ApiError) as refused:
                service.call("POST", "/v1/orders", body)
        rule = re.search(r"the operator adds it as (callbacks: .*\])$", refused.exception.problem["detail"])[1]
        with Service(self.folder / "again", config + rule + "\n", {"CI_SECRET": SECRET.decode()}) as service:
            service.call("POST", "/v1/orders", body)
            self.wait_until(self.taken)

    def test_a_replay_changes_nothing(self):
        body = b'{"id":"or_1.ready"}'
        headers = self.signed(body)
        self.assertEqual([self.post(body, headers), self.post(body, headers), self.post(body, self.signed(body))], [204] * 3)
        self.assertEqual(self.taken(), ["or_1.ready"])

    def test_what_is_forged_or_stale_is_refused(self):
        body, other = b'{"id":"or_2.ready"}', b'{"id":"or_3.ready"}'
        good = self.signed(body)
        late = {**good, "Dcvd-Timestamp": str(int(good["Dcvd-Timestamp"]) + 1)}
        for sent, headers in ((other, good), (body, late), (body, {}), (body, self.signed(body, secret=b"guessed")), (body, {**good, "Dcvd-Signature": "v1="}),
                              (body, self.signed(body, time.time() - 3600)), (body, self.signed(body, time.time() + 3600)), (body, {**good, "Dcvd-Timestamp": "x"})):
            self.assertEqual(self.post(sent, headers), 403, headers)
        self.assertEqual(self.taken(), [])


if __name__ == "__main__":
    unittest.main()
