"""Nothing waits in silence: within five seconds a command says what it waits for, and a host that cannot be reached ends the wait."""
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import Service, program

WITHIN = 8       # five seconds, and a machine that is busy
VALUE = "A" * 43


class Silent:
    """A server that takes connections and never answers."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        try:
            while True:
                self.held.append(self.socket.accept()[0])
        except OSError:
            pass

    def __exit__(self, *_):
        self.socket.close()
        for one in self.held:
            one.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"


class Silence(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("AKAMAI_", "DCVD_"))}

    def edgerc(self, host="akab-nowhere.invalid"):
        path = self.folder / "edgerc"
        path.write_text(f"[default]\nhost = {host}\nclient_token = ct\nclient_secret = cs\naccess_token = at\n")
        return str(path)

    def start(self, *arguments, **environment):
        process = subprocess.Popen([program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env={**self.environment, **environment})
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stderr.close()))
        return process

    def assert_told(self, process, *parts):
        """What it says on stderr, not being a terminal, within the time."""
        deadline, text = time.monotonic() + WITHIN, b""
        with selectors.DefaultSelector() as ready:
            ready.register(process.stderr, selectors.EVENT_READ)
            while time.monotonic() < deadline and not all(p.encode() in text for p in parts):
                if ready.select(0.2):
                    text += os.read(process.stderr.fileno(), 65536)
        for part in parts:
            self.assertIn(part, text.decode())

    def serve(self):
        service = Service(self.folder / "dcvd", "routes: [{suffix: '*', type: dns-01, provider: embedded}]\n"
                          "resolver: {servers: ['127.0.0.1:9'], timeout: 500ms, tries: 1}\n").start()
        self.addCleanup(service.stop)
        return service

    def test_a_host_that_does_not_resolve_is_told_and_given_up(self):
        begin = time.monotonic()
        process = self.start("cps", "list", "--edgerc", self.edgerc())
        self.assert_told(process, "dcvd: waiting: CPS does not answer as it should", "akab-nowhere.invalid")
        self.assertEqual(process.wait(60), 3)
        self.assertLess(time.monotonic() - begin, 45)

    def test_a_host_that_takes_the_connection_and_says_nothing_is_told(self):
        with Silent() as far:
            self.assert_told(self.start("cps", "list", "--edgerc", self.edgerc(), "--set", f"cps.base-url={far.url}"), "dcvd: waiting: CPS to answer")

    def test_a_validation_says_what_it_waits_for(self):
        with Silent() as far:
            service = Service(self.folder / "dcvd", f'cps: {{edgerc: "{self.edgerc()}", base-url: "{far.url}"}}\n').start()
            self.addCleanup(service.stop)
            self.assert_told(self.start("cps", "validate", "10002", "--server", service.url, DCVD_TOKEN=service.token), "dcvd: waiting: CPS")

    def test_present_and_solve_say_what_a_challenge_waits_for(self):
        service = self.serve()
        for command in (["present", "one.example.test", "--value", VALUE], ["solve", "two.example.test", "--value", VALUE, "--server", service.url, "--", "true"]):
            self.assert_told(self.start(*command, *([] if command[0] == "solve" else ["--server", service.url]), DCVD_TOKEN=service.token),
                             f"dcvd: waiting: {command[1]} (dns-01)")

    def test_a_hook_says_what_its_challenge_waits_for(self):
        service = self.serve()
        process = self.start("hook", "--server", service.url, "certbot", "auth", DCVD_TOKEN=service.token, CERTBOT_DOMAIN="three.example.test",
                             CERTBOT_VALIDATION=VALUE)
        self.assert_told(process, "dcvd: waiting: three.example.test (dns-01)")

    def test_a_hook_without_a_service_says_it_too(self):
        (self.folder / "key").write_text("c2VjcmV0")
        config = self.folder / "alone.yaml"
        config.write_text("check: {authority: pebble, authority-view: false, allow-addresses: [127.0.0.0/8]}\n"
                          "providers: {corp: {type: rfc2136, server: '127.0.0.1:9', key-name: k, key-secret: {file: %s/key}}}\n"
                          "routes: [{suffix: '*', type: dns-01, provider: corp}]\nresolver: {servers: ['127.0.0.1:9'], timeout: 500ms, tries: 1}\n" % self.folder)
        process = self.start("hook", "--standalone", "--config", str(config), "--state", str(self.folder / "state"), "certbot", "auth",
                             CERTBOT_DOMAIN="four.example.test", CERTBOT_VALIDATION=VALUE)
        self.assert_told(process, "dcvd: waiting: four.example.test (dns-01)")


if __name__ == "__main__":
    unittest.main(verbosity=1)
