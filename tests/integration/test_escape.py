"""Attempts to get further than one was let: a line each in escape/*.txt (see the README there)."""
import base64
import hashlib
import http.client
import http.server
import json
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.servers import Bind, query
from support.service import Service

FOLDER = pathlib.Path(__file__).parent / "escape"
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.3"  # the one network is allowed, as a public one is; the other is not
SECRET = "what-only-the-inside-may-read"
SERVER = "10.9.9.9"
KEY = "A" * 43 + "." + "B" * 43
VALUE = hashlib.sha256(b"escape").hexdigest()[:43]
TYPE = "application/json"
# The rules of a public authority, but for names that exist in no public DNS.
AUTHORITY = {"name": "lab", "title": "the authority of the lab", "issuers": ["lab.test"], "caa": False, "public_names": False, "suffix_rule": False,
             "dnssec": False, "perspectives": 0}
CONFIG = """
challenge: {{deadline: 10s}}
check: {{authority: lab, authorities: ["{authorities}"], authority-view: false, allow-addresses: [{outside}/32], poll-first: 50ms, poll-max: 200ms}}
resolver: {{servers: ["127.0.0.1:{dns}"], authority-port: {dns}}}
dns: {{zones: [dcvd.test, acme.test]}}
acme-dns: {{zone: acme.test}}
cert-manager: {{group: acme.dcvd.test, wait: quick}}
callback-secrets: {{ci: {{env: CALLBACK_SECRET}}, ops: {{env: CALLBACK_SECRET}}}}
callbacks:
  - {{secret: ci, urls: ["http://{outside}:{web}/hooks/", "http://{inside}:{web}/hooks/"], clients: [client]}}
  - {{secret: ops, urls: ["http://{outside}:{web}/ops"]}}
routes:
  - {{suffix: dcvd.test, provider: embedded}}
{routes}
"""
WORLDS = {"lab": "", "private": "  - {suffix: evil.test, authority: private}\n"}
GRANTS = {
    "client": {"identifiers": [".evil.test", "hook.dcvd.test"], "wildcard": True},
    "exact": {"identifiers": ["host.dcvd.test", "hook.dcvd.test"]},
    "suffix": {"identifiers": [".dcvd.test"], "wildcard": True},
    "http": {"identifiers": [".dcvd.test", ".evil.test"], "types": ["http-01"]},
    "reader": {"role": "reader"},
    "revoked": {"identifiers": [".dcvd.test"]},
    "limited": {"identifiers": [".limited.dcvd.test"], "rate": "1/24h"},
}


class Web(http.server.BaseHTTPRequestHandler):
    """Inside it holds a secret; outside it is the attacker's and redirects to wherever the query says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.inside:
            self.answer(200, SECRET)
        elif self.headers["Host"].startswith("to-"):
            self.answer(302, "", self.server.target(self.headers["Host"]))
        else:
            self.answer(200, "a page outside")

    do_POST = do_GET

    def answer(self, status, body, location=None):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Attempt:
    def __init__(self, where, line):
        self.where = where
        left, _, expected = line.partition(" -> ")
        self.who, self.method, self.path, *rest = left.split(None, 3)
        self.body = rest[0] if rest else None
        self.who, _, self.world = self.who.partition("@")
        self.world = self.world or "lab"
        words = shlex.split(expected)
        self.statuses, self.conditions = words[0].split("|"), words[1:]


def attempts():
    for file in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                yield Attempt(f"{file.name}:{number}: {line}", line)


class Escape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.web = free_port()
        cls.inside, cls.outside = cls.serve(INSIDE, True), cls.serve(OUTSIDE, False)
        cls.dns = cls.enterClassContext(Bind(zones=("evil.test",), records=cls.records()))
        cls.packets = cls.listen_inside()
        (cls.folder / "lab.json").write_text(json.dumps(AUTHORITY))
        cls.services = {world: cls.start(world, routes) for world, routes in WORLDS.items()}
        cls.tokens = {world: cls.clients(service) for world, service in cls.services.items()}

    @classmethod
    def serve(cls, address, inside):
        server = http.server.ThreadingHTTPServer((address, cls.web), Web)
        server.inside, server.asked, server.target = inside, [], cls.target
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        return server

    @classmethod
    def listen_inside(cls):
        """Where the name servers of sub.evil.test are said to stand: packets that come there. None where no address can be added."""
        run = subprocess.run(["ip", "address", "add", f"{SERVER}/32", "dev", "lo"], capture_output=True, check=False)
        if run.returncode:
            return None
        cls.addClassCleanup(subprocess.run, ["ip", "address", "del", f"{SERVER}/32", "dev", "lo"], check=False)
        listener = cls.enterClassContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listener.bind((SERVER, cls.dns.port))
        listener.setblocking(False)
        return listener

    def reached_server(self):
        try:
            return self.packets and self.packets.recv(512)
        except BlockingIOError:
            return None

    @classmethod
    def target(cls, host):
        """to-NAME.evil.test redirects to the target of that name below."""
        name = host.split(".")[0][3:]
        return TARGETS[name].format(web=cls.web)

    @classmethod
    def records(cls):
        hosts = [f"{name}.evil.test. 1 A {OUTSIDE}" for name in ["out", *(f"to-{target}" for target in TARGETS)]]
        return hosts + RECORDS

    @classmethod
    def start(cls, world, routes):
        config = CONFIG.format(authorities=cls.folder / "lab.json", outside=OUTSIDE, inside=INSIDE, web=cls.web, dns=cls.dns.port, routes=routes +
                               "  - {suffix: '', type: http-01}\n")
        service = Service(cls.folder / world, config, {"CALLBACK_SECRET": "signs"}, authority=["--set", f"check.http-port={cls.web}"])
        service.arguments_of_service = service.arguments
        service.arguments = lambda: service.arguments_of_service() + ["--set", f"check.http-port={cls.web}"]
        service.start()
        cls.addClassCleanup(cls.end, service)
        return service

    @staticmethod
    def end(service):
        status = service.stop()
        assert status == 0, f"{status}: {service.log[-5000:]}"

    @staticmethod
    def clients(service):
        made = {name: service.call("POST", "/v1/clients", {"name": name, "grants": grants})["token"] for name, grants in GRANTS.items()}
        service.call("DELETE", "/v1/clients/revoked")
        return {**made, "operator": service.token}

    def fill(self, text):
        """$NAMES in a line."""
        words = {"KEY": KEY, "VALUE": VALUE, "TOKEN": KEY.split(".")[0], "WEB": str(self.web), "OUT": OUTSIDE, "IN": INSIDE}
        return re.sub(r"\$([A-Z]+)", lambda m: words[m.group(1)], text)

    def ask(self, attempt):
        service = self.services[attempt.world]
        headers = {"Content-Type": TYPE}
        if attempt.who != "nobody":
            credentials = base64.b64encode(f"{attempt.who}:{self.tokens[attempt.world][attempt.who]}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        body = self.fill(attempt.body).encode() if attempt.body else None
        connection = http.client.HTTPConnection("127.0.0.1", service.api_port, timeout=60)
        try:
            connection.request(attempt.method, self.fill(attempt.path), body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode(errors="replace")
        finally:
            connection.close()

    def look_at(self, attempt, text):
        for condition in attempt.conditions:
            kind, _, what = condition.partition(":")
            what = self.fill(what)
            if kind == "lacks":
                self.assertNotIn(what, text)
            elif kind == "says":
                self.assertIn(what, text)
            elif kind == "record-absent":
                self.assertEqual(query("127.0.0.1", self.services[attempt.world].dns_port, what)[1], [])
            else:
                self.fail(f"there is no condition {kind}")

    def test_every_attempt_ends_where_it_was_let(self):
        for attempt in attempts():
            with self.subTest(attempt.where):
                self.inside.asked.clear()
                status, text = self.ask(attempt)
                self.assertIn(str(status), attempt.statuses, text)
                self.assertNotIn(SECRET, text)
                self.assertEqual(self.inside.asked, [], "a request reached the inside")
                self.assertFalse(self.reached_server(), "a DNS question reached the inside")
                self.look_at(attempt, text)


# Where to-NAME.evil.test redirects to.
TARGETS = {
    "loopback": "http://127.0.0.1:{web}/", "inside": "http://127.0.0.3/", "port": "http://127.0.0.3:{web}/", "name": "http://in.evil.test/",
    "alias": "http://alias.evil.test/", "mapped": "http://[::ffff:127.0.0.3]/", "compatible": "http://[::127.0.0.3]/", "decimal": "http://2130706435/",
    "octal": "http://0177.0.0.3/", "hex": "http://0x7f000003/", "short": "http://127.3/", "zone": "http://[fe80::1%25lo]/", "nat": "http://[64:ff9b::7f00:3]/",
    "sixtofour": "http://[2002:7f00:3::]/", "metadata": "http://169.254.169.254/latest/", "any": "http://0.0.0.0/", "user": "http://out.evil.test@127.0.0.3/",
    "mapped-name": "http://mapped.evil.test/", "mixed": "http://mixed.evil.test/", "file": "file:///etc/passwd", "gopher": "gopher://127.0.0.3/",
}
RECORDS = [f"in.evil.test. 1 A {INSIDE}", "alias.evil.test. 1 CNAME in.evil.test.", "mapped.evil.test. 1 AAAA ::ffff:127.0.0.3",
           f"mixed.evil.test. 1 A {INSIDE}", f"mixed.evil.test. 1 A {OUTSIDE}", "meta.evil.test. 1 A 169.254.169.254",
           "sub.evil.test. 1 NS ns.sub.evil.test.", f"ns.sub.evil.test. 1 A {SERVER}", "meta-ns.evil.test. 1 NS meta.evil.test.",
           "_acme-challenge.leads.evil.test. 1 CNAME x.sub.evil.test.", "nat.evil.test. 1 AAAA 64:ff9b::7f00:3", "six.evil.test. 1 AAAA 2002:7f00:3::", "any.evil.test. 1 A 0.0.0.0"]

if __name__ == "__main__":
    unittest.main()
