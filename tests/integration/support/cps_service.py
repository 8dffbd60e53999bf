"""The emulator of CPS as a child process, and what each test against it stands on."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from support.pebble import Pebble, free_port
from support.servers import Key, Knot
from support.service import Service

EMULATOR = pathlib.Path(__file__).parent / "cps_emulator.py"
SECRET = "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg=="
PRE_WARNING = "DNS name www.example.test not CNAMEd for auto validation."
WEB_NAMES = [f"web{n}.example.test" for n in range(8)]


class Emulator:
    """The emulator as a child process."""

    def __init__(self, folder, pebble, web_port, **options):
        self.folder = pathlib.Path(folder)
        options = {"per_minute": 3000, "burst": 500, **options}
        self.command = [sys.executable, "-B", str(EMULATOR), "--port", "0", "--pebble", pebble.directory,
                        "--ca", str(pebble.ca_file), "--http", f"127.0.0.1:{web_port}"]
        for name, value in options.items():
            self.command += ["--" + name.replace("_", "-"), str(value)]

    def start(self):
        self.log = open(self.folder / "emulator.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.log.close()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def enroll(self, *names, **wish):
        return self.call("POST", "/_test/enrollments", {"names": names, **wish})["enrollment"]

    def state(self, enrollment):
        return self.call("GET", f"/_test/enrollments/{enrollment}")

    def stats(self):
        return self.call("GET", "/_test/stats")

    def wait_for_names(self, enrollment, status, seconds=30):
        deadline = time.monotonic() + seconds
        while {n["status"] for n in self.state(enrollment)["names"].values()} != {status}:
            if time.monotonic() > deadline:
                raise AssertionError(f"not {status}: {self.state(enrollment)}")
            time.sleep(0.05)

    def wait_for_acknowledgement(self, enrollment, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.state(enrollment)["acknowledgements"]:
                return
            time.sleep(0.05)
        raise AssertionError(f"no acknowledgement: {self.state(enrollment)}")


class CpsTest(unittest.TestCase):
    """One authority and one name server for all; an emulator and a service for each test."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        records = [f"{name} 60 A 127.0.0.1" for name in WEB_NAMES]
        # Nobody listens at the second server of stuck.test.
        records += ["stuck.test 60 NS ns2.stuck.test.", "ns2.stuck.test 60 A 127.0.0.99"]
        cls.dns = Knot(zones=("example.test", "example.org", "stuck.test"), key=Key(), records=records).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.web_port = free_port()
        cls.pebble = Pebble(holder.name, http_port=cls.web_port, dns_server=f"127.0.0.1:{cls.dns.port}").start()
        cls.addClassCleanup(cls.pebble.stop)

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def emulate(self, **options):
        self.cps = Emulator(self.folder, self.pebble, self.web_port, **options).start()
        self.addCleanup(self.cps.stop)
        return self.cps

    def write_edgerc(self, secret=SECRET):
        path = self.folder / "edgerc"
        path.write_text("[default]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\n"
                        f"client_secret = {secret}\naccess_token = akab-access-token\n")
        return path

    def config(self, cps="", deadline="60s", limits="per-minute: 3000, burst: 500"):
        return f"""
resolver: {{servers: ["127.0.0.1:{self.dns.port}"], authority-port: {self.dns.port}, timeout: 500ms, tries: 1}}
challenge: {{deadline: {deadline}}}
check: {{authority: pebble, authority-view: false, allow-addresses: [127.0.0.0/8]}}
cps: {{edgerc: "{self.write_edgerc()}", base-url: "{self.cps.url}", poll: 400ms, {limits}{cps and ", " + cps}}}
providers:
  knot: {{type: rfc2136, server: "127.0.0.1:{self.dns.port}", key-name: {self.dns.key.name},
         key-algorithm: {self.dns.key.algorithm}, key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: example.test, type: dns-01, provider: knot}}
  - {{suffix: example.org, type: dns-01, provider: knot}}
  - {{suffix: stuck.test, type: dns-01, provider: knot}}
""" + "".join(f"  - {{suffix: {name}, type: http-01}}\n" for name in WEB_NAMES)

    def serve(self, **options):
        self.service = Service(self.folder / "dcvd", self.config(**options), {"TSIG_SECRET": self.dns.key.secret},
                               http_port=self.web_port)
        self.service.start()
        self.addCleanup(self.stop_service)
        return self.service

    def stop_service(self):
        self.assertEqual(self.service.stop(), 0, self.service.log)

    def begin(self, enrollment):
        return self.service.call("POST", f"/v1/cps/enrollments/{enrollment}/validate", {})["id"]

    def follow(self, validation, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.service.call("GET", f"/v1/cps/validations/{validation}")
            if state["state"] != "running":
                return state
            time.sleep(0.1)
        raise AssertionError(f"still running: {json.dumps(state, indent=1)}\n{self.service.log}\n{self.cps.stats()}")

    def only_validation(self, enrollment):
        """The one that a start of the service has taken up again."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.service.call("GET", "/v1/cps/validations")["validations"]
            if found:
                self.assertEqual([v["enrollment"] for v in found], [enrollment])
                return found[0]["id"]
            time.sleep(0.1)
        raise AssertionError(f"no validation\n{self.service.log}")

    def validate(self, enrollment):
        return self.follow(self.begin(enrollment))

    def assert_valid(self, enrollment, result, acknowledgements=1):
        self.assertEqual(result["state"], "done", f"{json.dumps(result, indent=1)}\n{self.service.log}")
        state = self.cps.state(enrollment)
        self.assertEqual({n["status"] for n in state["names"].values()}, {"Valid"}, state)
        self.assertEqual(state["acknowledgements"], acknowledgements, state)
        self.assert_clean(state["names"])

    def assert_clean(self, names, seconds=20):
        """No answer is left in any zone."""
        places = {"_acme-challenge." + n.removeprefix("*.") for n in names}
        deadline = time.monotonic() + seconds
        left = True
        while left and time.monotonic() < deadline:
            left = {p: self.dns.values(p) for p in places if self.dns.values(p)}
            time.sleep(0.1)
        self.assertFalse(left, f"{left}\n{self.service.log}")

    def texts(self, result):
        return "\n".join(s["text"] for s in result["sentences"])
