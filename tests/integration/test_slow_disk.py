"""The disk of the journal does not answer: what needs no disk is answered all the same, and the rest when the disk is back."""
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import query
from support.service import Service

BUILD = pathlib.Path(os.environ.get("DCVD_BUILD", pathlib.Path(__file__).parents[2] / "build"))
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
PROOF = TOKEN + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
VALUE, OTHER = "A" * 43, "B" * 43
SOON = 2  # seconds; the disk hangs for longer
WAIT = "?wait=ready&timeout=30s"


class Later(threading.Thread):
    """One call of the API in a thread of its own."""

    def __init__(self, service, *arguments):
        super().__init__(daemon=True)
        self.service, self.arguments, self.result = service, arguments, None
        self.start()

    def run(self):
        self.result = self.service.call(*self.arguments)


class SlowDisk(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        environment = {"LD_PRELOAD": str(BUILD / "libslow_disk.so"), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.service = Service(pathlib.Path(holder.name) / "dcvd", "dns: {zones: [dcvd.test]}", environment)
        self.service.start()
        self.addCleanup(lambda: self.assertEqual(self.service.stop(), 0, self.service.log))
        self.hangs = self.service.state / "hangs"
        self.challenge = self.service.call("POST", "/v1/challenges" + WAIT, {"type": "dns-01", "domain": "dcvd.test", "value": VALUE})
        self.assertEqual(self.challenge["state"], "ready", self.service.log)
        self.service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "www.dcvd.test", "token": TOKEN, "key_authorization": PROOF})

    def tearDown(self):
        self.hangs.unlink(missing_ok=True)

    def soon(self, ask):
        begin = time.monotonic()
        answer = ask()
        self.assertLess(time.monotonic() - begin, SOON)
        return answer

    def wait_until_it_hangs(self):
        deadline = time.monotonic() + 20
        while not (self.service.state / "hung").exists():
            self.assertLess(time.monotonic(), deadline, "nothing needs the disk: is libslow_disk.so in use?")
            time.sleep(0.01)

    def fetch(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.service.http_port}/.well-known/acme-challenge/{TOKEN}", headers={"Host": "www.dcvd.test"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read().decode()

    def test_answers_and_health_wait_for_no_disk(self):
        self.hangs.touch()
        path = f"/v1/challenges/{self.challenge['id']}"
        later = [Later(self.service, "POST", "/v1/challenges", {"type": "dns-01", "domain": "dcvd.test", "value": OTHER}),
                 Later(self.service, "GET", path)]
        self.wait_until_it_hangs()
        for _ in range(3):
            self.assertEqual(self.soon(self.fetch), PROOF)
            self.assertEqual(self.soon(lambda: query("127.0.0.1", self.service.dns_port, "_acme-challenge.dcvd.test")[1]), [VALUE])
            self.soon(lambda: self.service.call("GET", "/v1/health/live", timeout=10))
            self.soon(lambda: self.service.call("GET", "/v1/challenges", timeout=10))
        self.assertTrue(all(call.is_alive() for call in later), "they need the disk: is libslow_disk.so in use?")
        self.hangs.unlink()
        for call in later:
            call.join(20)
        self.assertEqual([call.result["domain"] for call in later], ["dcvd.test"] * 2)
        self.assertEqual(later[1].result["events"][0]["text"], "accepted")

    def test_a_stream_waits_for_its_past_and_loses_nothing(self):
        request = urllib.request.Request(f"{self.service.url}/v1/events?challenge={self.challenge['id']}", headers={"Authorization": f"Bearer {self.service.token}"})
        self.hangs.touch()
        with urllib.request.urlopen(request, timeout=30) as stream:
            Later(self.service, "DELETE", f"/v1/challenges/{self.challenge['id']}")
            self.soon(lambda: self.service.call("GET", "/v1/health/live", timeout=10))
            self.hangs.unlink()
            states = [line.split(b'"state":"')[1].split(b'"')[0].decode() for line in stream if line.startswith(b"data:")]
        self.assertEqual(states[0], "queued")
        self.assertEqual(states[-2:], ["withdrawing", "gone"])
        self.assertEqual(states.count("gone"), 1)


if __name__ == "__main__":
    unittest.main()
