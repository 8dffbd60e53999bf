"""What the tests of who may touch what stand on: a service, its clients, and one present on each door."""
import base64
import contextlib
import datetime
import hashlib
import http.client
import itertools
import json
import pathlib
import tempfile
import time
import unittest

from support.pebble import free_port
from support.receiver import RECEIVER_RULE
from support.servers import query
from support.service import Service

HOUR = datetime.timedelta(hours=1)
IDENTITY = "system:serviceaccount:cert-manager:cert-manager"
PROXY = "127.0.0.9"  # whose X-Forwarded-For is believed
CONFIG = """
challenge: {deadline: 20s}
check: {poll-first: 50ms, poll-max: 200ms}
dns: {zones: [dcvd.test, acme.test]}
acme-dns: {zone: acme.test}
cert-manager: {group: acme.dcvd.test, wait: quick}
callback-secrets: {tests: {env: CALLBACK_SECRET}}
""" + RECEIVER_RULE
SECRET = "a secret of the tests"
numbers = itertools.count()


def fresh_value():
    return hashlib.sha256(str(next(numbers)).encode()).hexdigest()[:43]


def basic(name, token):
    return "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()


class Access(unittest.TestCase):
    CONFIG = CONFIG

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.service = cls.make_service("dcvd", cls.CONFIG + cls.api_options())

    @classmethod
    def api_options(cls):
        return f"api: {{trusted-proxies: [{PROXY}]}}\n"

    @classmethod
    def make_service(cls, name, config, port=None):
        # Names are looked up at dcvd's own DNS server: no question leaves the machine.
        dns_port = free_port()
        service = Service(cls.folder / name, f'resolver: {{servers: ["127.0.0.1:{port or dns_port}"], authority-port: {port or dns_port}}}\n{config}',
                          {"CALLBACK_SECRET": SECRET}, dns_port=dns_port)
        service.start()
        cls.addClassCleanup(cls.end, service)
        return service

    @staticmethod
    def end(service):
        status = service.stop()
        assert status == 0, f"{status}: {service.log[-5000:]}"

    def client(self, name=None, **grants):
        """A new client: its name and token."""
        name = name or f"client{next(numbers)}"
        grants.setdefault("identifiers", ["host.dcvd.test"])
        return name, self.service.call("POST", "/v1/clients", {"name": name, "grants": grants})["token"]

    def ask(self, method, path, body=None, source=None, context=None, port=None, **headers):
        """Status and text."""
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body).encode()
        port = port or self.service.api_port
        address = (source, 0) if source else None
        connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context) if context else
                      http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=address))
        headers.setdefault("Content_Type", "application/json")
        try:
            connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            self.headers = reply.headers
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def status(self, *arguments, **named):
        return self.ask(*arguments, **named)[0]

    def entries(self, **wanted):
        found = []
        while True:
            page = self.service.call("GET", f"/v1/audit?limit=1000&after={found[-1]['number'] if found else 0}")["entries"]
            found += page
            if len(page) < 1000:
                return [e for e in found if all(e[key] == value for key, value in wanted.items())]

    def entry(self, **wanted):
        """The last such entry; the log is written a moment after the answer."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.entries(**wanted)
            if found:
                return found[-1]
            time.sleep(0.05)
        self.fail(f"no entry {wanted}: {self.entries()[-5:]}")

    # ---- one present on each door: whether it was taken, and the whole answer ----

    def rest(self, name, token, value):
        status, text = self.ask("POST", "/v1/challenges", {"type": "dns-01", "domain": name, "value": value}, Authorization=f"Bearer {token}")
        return status in (200, 201), status, text

    def httpreq(self, name, token, value, prefix="_acme-challenge."):
        record = prefix + name.removeprefix("*.").removesuffix(".") + "."
        status, text = self.ask("POST", "/present", {"fqdn": record, "value": value}, Authorization=basic(self.name_of(token), token))
        return status == 200, status, text

    def httpreq_raw(self, name, token, value):
        status, text = self.ask("POST", f"/t/{token}/present", {"domain": name, "token": "t" * 22, "keyAuth": "t" * 22 + "." + value})
        return status == 200, status, text

    def cert_manager(self, name, token, value):
        record = "_acme-challenge." + name.removeprefix("*.").removesuffix(".") + "."
        payload = {"request": {"uid": "", "action": "Present", "type": "dns-01", "dnsName": name.removeprefix("*."), "key": value,
                               "resourceNamespace": "x", "resolvedFQDN": record, "resolvedZone": "dcvd.test.", "config": {}}}
        status, text = self.ask("POST", "/apis/acme.dcvd.test/v1alpha1/dcvd", payload, Authorization=f"Bearer {token}")
        return json.loads(text).get("response", {}).get("success") is True, status, text

    def name_of(self, token):
        return self.names[token]

    def holder(self, **grants):
        if not hasattr(self, "names"):
            self.names = {}
        name, token = self.client(**grants)
        self.names[token] = name
        return token

    @property
    def doors(self):
        return {"rest": self.rest, "httpreq": self.httpreq, "httpreq raw": self.httpreq_raw, "cert-manager": self.cert_manager}

    def published(self, name):
        """What stands in DNS at a name and at its TXT name."""
        name = name.removeprefix("*.").rstrip(".")
        with contextlib.suppress(Exception):
            return query("127.0.0.1", self.service.dns_port, "_acme-challenge." + name)[1] + query("127.0.0.1", self.service.dns_port, name)[1]
        return []
