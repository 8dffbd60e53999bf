"""Who may touch what: attempts to get out of a grant on every door, credentials that are not one's own, the audit log."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import itertools
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.servers import Bind, Key, query
from support.service import ApiError, Service, program
from test_api import RECEIVER_RULE, Receiver

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


class Grants(Access):
    GRANTED = ("host.dcvd.test", ".team.dcvd.test", "bücher.dcvd.test")
    # Names beside, below and above what is granted, and spellings that a careless comparison lets through.
    ESCAPES = (
        "other.dcvd.test", "dcvd.test", "test", "evil-team.dcvd.test", "evilteam.dcvd.test", "team.dcvd.test.evil.dcvd.test",
        "xhost.dcvd.test", "host.dcvd.test.evil.dcvd.test", "a.host.dcvd.test", "OTHER.DCVD.TEST", "other.dcvd.test.", "Other.Dcvd.Test.",
        "*.team.dcvd.test", "*.host.dcvd.test", "*.dcvd.test", "*", "", ".", "..", "host.dcvd.test..", ".host.dcvd.test",
        "buecher.dcvd.test", "xn--bcher-kva.evil.dcvd.test", "xn--bcher-xxx.dcvd.test", "bücherx.dcvd.test", "а.dcvd.test",
        "host\uff0edcvd.test.evil.dcvd.test", "evil\u3002host.dcvd.test", "other.dcvd\u3002test", "host.dcvd.test\u0000.other.dcvd.test",
        "other.dcvd.test\u0000.team.dcvd.test", "other.dcvd.test\n.team.dcvd.test", "other.dcvd.test .team.dcvd.test",
        "other\\.team.dcvd.test.x.dcvd.test", "other.dcvd.test/.team.dcvd.test", "other.dcvd.test#.host.dcvd.test", "127.0.0.1", "[::1]",
        "a" * 64 + ".team.dcvd.test", "a." * 125 + "team.dcvd.test", "_acme-challenge.host.dcvd.test.dcvd.test",
    )

    def test_no_other_name_on_any_door(self):
        for door, present in self.doors.items():
            token = self.holder(identifiers=list(self.GRANTED))
            for name in self.ESCAPES:
                if door != "rest" and name.startswith("*.") and name[2:] in ("team.dcvd.test", "host.dcvd.test"):
                    continue  # these protocols do not say what a value is for
                with self.subTest(door=door, name=name):
                    value = fresh_value()
                    taken, status, text = present(name, token, value)
                    self.assertFalse(taken, text)
                    self.assertLess(status, 500, text)
                    if door != "cert-manager":  # whose answer holds the request
                        self.assertNotIn(value, text)
                    self.assertNotIn(value, self.published(name))
            self.assertEqual(json.loads(self.ask("GET", "/v1/challenges", Authorization=f"Bearer {token}")[1])["challenges"], [])

    def test_every_spelling_of_what_is_granted(self):
        for door, present in self.doors.items():
            token = self.holder(identifiers=list(self.GRANTED))
            for name in ("host.dcvd.test", "HOST.dcvd.test", "host.dcvd.test.", "team.dcvd.test", "a.team.dcvd.test", "a.b.TEAM.dcvd.test",
                         "bücher.dcvd.test", "xn--bcher-kva.dcvd.test", "XN--BCHER-KVA.dcvd.test", "BÜCHER.dcvd.test"):
                with self.subTest(door=door, name=name):
                    taken, _, text = present(name, token, fresh_value())
                    self.assertTrue(taken, text)
        for challenge in self.service.call("GET", "/v1/challenges?limit=1000")["challenges"]:
            self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        deadline = time.monotonic() + 20
        while any(self.service.call("GET", f"/v1/challenges?limit=1000&state={state}")["challenges"]
                  for state in ("queued", "publishing", "propagating", "ready", "withdrawing")) and time.monotonic() < deadline:
            time.sleep(0.05)

    def test_a_record_name_needs_a_grant_of_its_own(self):
        token = self.holder(identifiers=["host.dcvd.test"])
        for prefix in ("_acme-challenge.other.dcvd.test.x.", "_validation-persist.other.", "other.", "_abc._acme-challenge.other."):
            taken, status, _ = self.httpreq("host.dcvd.test", token, fresh_value(), prefix.removesuffix(".") + ".dcvd.test.x.")
            self.assertEqual((taken, status), (False, 403), prefix)
        body = {"type": "dns-01", "domain": "host.dcvd.test", "value": fresh_value(), "record_name": "_acme-challenge.other.dcvd.test"}
        self.assertIn(self.status("POST", "/v1/challenges", body, Authorization=f"Bearer {token}"), (403, 422))
        self.assertEqual(self.published("other.dcvd.test"), [])

    def test_a_wildcard_needs_its_flag_and_a_suffix(self):
        for grants, taken in (({"identifiers": [".wild.dcvd.test"]}, False), ({"identifiers": ["wild.dcvd.test"], "wildcard": True}, False),
                              ({"identifiers": [".wild.dcvd.test"], "wildcard": True}, True)):
            self.assertEqual(self.rest("*.wild.dcvd.test", self.holder(**grants), fresh_value())[0], taken, grants)

    def test_a_type_that_is_not_granted(self):
        token = self.holder(types=["http-01"])
        for door, present in self.doors.items():
            self.assertFalse(present("host.dcvd.test", token, fresh_value())[0], door)

    def test_a_door_that_is_not_granted(self):
        token = self.holder(doors=["httpreq"])
        self.assertEqual(self.rest("host.dcvd.test", token, fresh_value())[1], 403)
        self.assertFalse(self.cert_manager("host.dcvd.test", token, fresh_value())[0])
        self.assertTrue(self.httpreq("host.dcvd.test", token, fresh_value())[0])
        self.assertEqual(self.status("POST", f"/t/{token}/register"), 401)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 403)

    def test_what_belongs_to_another_client(self):
        one, two = self.holder(identifiers=[".a.dcvd.test"]), self.holder(identifiers=[".a.dcvd.test"])
        value = fresh_value()
        _, _, text = self.rest("own.a.dcvd.test", one, value)
        challenge = json.loads(text)
        for method, path in itertools.product(("GET", "DELETE"), (f"/v1/challenges/{challenge['id']}", f"/v1/orders/{challenge['order']}")):
            self.assertEqual(self.status(method, path, Authorization=f"Bearer {two}"), 404, (method, path))
        self.assertEqual(self.status("GET", f"/v1/challenges?after={challenge['id']}", Authorization=f"Bearer {two}"), 400)
        self.assertEqual(json.loads(self.ask("GET", "/v1/challenges", Authorization=f"Bearer {two}")[1])["challenges"], [])
        # A cleanup of the same name and value by another client leaves the first one's alone.
        status, _ = self.ask("POST", "/cleanup", {"fqdn": "_acme-challenge.own.a.dcvd.test.", "value": value}, Authorization=basic(self.name_of(two), two))
        self.assertEqual(status, 200)
        self.assertNotIn(self.service.call("GET", f"/v1/challenges/{challenge['id']}")["state"], ("withdrawing", "gone"))
        self.assertEqual(self.entry(client=self.name_of(two), result="denied", name="own.a.dcvd.test")["detail"], "the challenge of another client")

    def test_an_acme_dns_account_and_a_foreign_subdomain(self):
        _, token = self.client(doors=["acme-dns"])
        accounts = [json.loads(self.ask("POST", f"/t/{token}/register")[1]) for _ in range(2)]
        body = {"subdomain": accounts[1]["subdomain"], "txt": "A" * 43}
        headers = {"X_Api_User": accounts[0]["username"], "X_Api_Key": accounts[0]["password"]}
        self.assertEqual(self.ask("POST", "/update", body, **headers), (401, '{"error": "forbidden"}'))
        self.assertEqual(query("127.0.0.1", self.service.dns_port, accounts[1]["fulldomain"])[1], [])
        self.assertEqual(self.status("POST", "/update", {**body, "subdomain": accounts[0]["subdomain"]}, **headers), 200)
        self.assertEqual(self.status("POST", "/register"), 401)

    def test_what_only_an_operator_may(self):
        token = self.holder()
        for method, path in (("GET", "/v1/clients"), ("POST", "/v1/clients"), ("DELETE", "/v1/clients/operator"), ("POST", "/v1/clients/operator/rotate"),
                             ("GET", "/v1/audit"), ("GET", "/v1/acme-dns/accounts"), ("GET", "/v1/cps/enrollments")):
            self.assertEqual(self.status(method, path, {} if method == "POST" else None, Authorization=f"Bearer {token}"), 403, path)

    def test_a_rate_says_when_to_come_again(self):
        token = self.holder(rate="3/1h", identifiers=[".r.dcvd.test"])
        self.assertEqual([self.rest(f"n{n}.r.dcvd.test", token, fresh_value())[1] for n in range(4)], [201, 201, 201, 429])
        self.assertTrue(1000 <= int(self.headers["Retry-After"]) <= 1201, self.headers["Retry-After"])
        self.assertEqual(self.httpreq("n.r.dcvd.test", token, fresh_value())[1], 429)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 200)
        # An order counts as many times as it has names.
        bearer = f"Bearer {self.holder(rate='4/1h', identifiers=['.r.dcvd.test'])}"
        order = {"challenges": [{"type": "dns-01", "domain": f"o{n}.r.dcvd.test", "value": fresh_value()} for n in range(4)]}
        self.assertEqual([self.status("POST", "/v1/orders", order, Authorization=bearer) for _ in range(2)], [201, 429])


class Credentials(Access):
    def test_what_is_not_a_credential(self):
        name, token = self.client()
        for header in ("", "Bearer", "Bearer x", f"Bearer {token}x", f"Bearer {token[:-1]}", f"Token {token}", "Basic", "Basic !", basic(name, "x"),
                       basic("x", token), basic("operator", token), basic("", token), basic(name, ""), basic(name.upper(), token), "Bearer " + "x" * 4000):
            self.assertEqual(self.status("GET", "/v1/challenges", Authorization=header), 401, header)
        self.assertEqual(self.status("GET", "/v1/challenges"), 401)
        self.assertIn("Bearer", self.headers.get_all("WWW-Authenticate")[0])

    def test_each_way_to_show_a_token(self):
        name, token = self.client()
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"bearer {token}"), 200)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=basic(name, token)), 200)
        for prefix in (f"/t/{token}", f"/{token}", f"/t/{token}/"):
            self.assertEqual(self.status("GET", f"{prefix}/v1/challenges"), 200, prefix)
        self.assertEqual(self.status("GET", f"/t/{token}x/v1/challenges"), 401)
        self.assertEqual(self.status("GET", f"/v1/challenges?token={token}"), 401)

    def test_a_token_is_in_no_log_and_no_reply(self):
        _, token = self.client()
        wrong = "dcvd_" + "W" * 43
        for path in (f"/t/{token}/v1/nothing", f"/{token}/present", f"/t/{wrong}/v1/orders", f"/{wrong}/nothing", f"/t/{token}/register", f"/t/{token}"):
            _, text = self.ask("POST", path, {"fqdn": "x"})
            self.assertNotIn(token, text)
            self.assertNotIn(wrong, text)
        log = self.service.log + json.dumps(self.entries())
        self.assertNotIn(token, log)
        self.assertNotIn(wrong, log)
        self.assertNotIn(self.service.token, log)

    def test_a_rotated_and_a_revoked_token_end_at_once(self):
        name, token = self.client()
        other = self.service.call("POST", f"/v1/clients/{name}/rotate")["token"]
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 401)
        self.assertEqual(self.status("GET", f"/t/{other}/v1/challenges"), 200)
        self.service.call("DELETE", f"/v1/clients/{name}")
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=basic(name, other)), 401)

    # ---- a client that goes, or that may do less than before ----

    def wait_values(self, name, values):
        deadline = time.monotonic() + 10
        while self.values(name) != sorted(values) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.values(name), sorted(values), self.service.log[-3000:])

    def values(self, name):
        return sorted(query("127.0.0.1", self.service.dns_port, f"_acme-challenge.{name}", "TXT")[1])

    def test_the_records_of_a_revoked_client_are_withdrawn_at_once(self):
        name, token = self.client(identifiers=[".leaves.dcvd.test"])
        for host in ("a.leaves.dcvd.test", "b.leaves.dcvd.test"):
            self.assertTrue(self.rest(host, token, fresh_value())[0])
        stays, value = self.client(identifiers=["c.leaves.dcvd.test"])[1], fresh_value()
        self.assertTrue(self.rest("c.leaves.dcvd.test", stays, value)[0])
        self.wait_values("c.leaves.dcvd.test", [value])
        done = self.service.command("client", "revoke", name)
        self.assertEqual(done.stdout, f"{name} is revoked; 2 challenges are being withdrawn\n", done.stderr)
        for host in ("a.leaves.dcvd.test", "b.leaves.dcvd.test"):
            self.wait_values(host, [])
        self.assertEqual(self.values("c.leaves.dcvd.test"), [value])
        self.assertIn("2 challenges withdrawn", self.entry(action="client.revoke", name=name)["detail"])

    def test_the_records_of_a_revoked_client_can_be_handed_over(self):
        value, other = fresh_value(), fresh_value()
        leaves, token = self.client(identifiers=["kept.dcvd.test"])
        heir, heirs_token = self.client(identifiers=["elsewhere.dcvd.test"])
        self.assertTrue(self.rest("kept.dcvd.test", token, value)[0])
        self.wait_values("kept.dcvd.test", [value])
        for wrong in (leaves, "nobody"):
            with self.assertRaises(ApiError) as error:
                self.service.call("DELETE", f"/v1/clients/{leaves}?keep_for={wrong}")
            self.assertEqual(error.exception.status, 422)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 200)
        done = self.service.command("client", "revoke", leaves, "--keep-for", heir)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{leaves} is revoked; 1 challenge is handed over to {heir}\n")
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 401)
        self.wait_values("kept.dcvd.test", [value])
        self.assertIn(f"1 challenges handed over to {heir}", self.entry(action="client.revoke", name=leaves)["detail"])
        mine = self.service.call("GET", "/v1/challenges", token=heirs_token)["challenges"]
        self.assertEqual([(c["domain"], c["client"]) for c in mine], [("kept.dcvd.test", heir)])
        # The heir may not publish there, and may withdraw what it was given.
        self.assertFalse(self.rest("kept.dcvd.test", heirs_token, other)[0])
        self.service.call("DELETE", f"/v1/challenges/{mine[0]['id']}", token=heirs_token)
        self.wait_values("kept.dcvd.test", [])

    def test_the_stream_of_events_of_a_revoked_client_ends(self):
        name, token = self.client(identifiers=["stream.dcvd.test"])
        self.assertTrue(self.rest("stream.dcvd.test", token, fresh_value())[0])
        connection = http.client.HTTPConnection("127.0.0.1", self.service.api_port, timeout=40)
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        self.assertEqual(reply.status, 200)
        self.service.call("DELETE", f"/v1/clients/{name}")
        self.assertNotIn(b"withdrawing", reply.read())  # to its end
        connection.close()

    def test_a_narrowed_client_withdraws_what_it_published_and_nothing_else(self):
        service = self.make_service("narrowed", self.CONFIG)
        grants = {"identifiers": [".dcvd.test"]}
        token = service.call("POST", "/v1/clients", {"name": "shrinks", "grants": grants})["token"]
        values = {door: fresh_value() for door in ("rest", "httpreq", "cert-manager")}
        ask = lambda path, body, token: self.post_json(service, path, body, token)
        rest = service.call("POST", "/v1/challenges?wait=ready", {"type": "dns-01", "domain": "rest.dcvd.test", "value": values["rest"]}, token=token)["id"]
        httpreq = {"fqdn": "_acme-challenge.httpreq.dcvd.test.", "value": values["httpreq"]}
        self.assertEqual(ask("/present", httpreq, token)[0], 200)
        solve = lambda action: {"apiVersion": "webhook.acme.cert-manager.io/v1alpha1", "kind": "ChallengePayload", "request": {
            "uid": "1", "action": action, "type": "dns-01", "dnsName": "cm.dcvd.test", "key": values["cert-manager"],
            "resourceNamespace": "a", "resolvedFQDN": "_acme-challenge.cm.dcvd.test.", "resolvedZone": "dcvd.test.", "allowAmbientCredentials": False}}
        path = "/apis/acme.dcvd.test/v1alpha1/dcvd"
        self.assertTrue(ask(path, solve("Present"), token)[1]["response"]["success"])
        service.stop()
        folder = self.state_of(service)
        for command in (["revoke", "shrinks"], ["add", "shrinks", "--grant", "other.dcvd.test", "--door", "rest"]):
            done = subprocess.run([program(), "client", *command, *folder], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        token = done.stdout.strip()
        service.start()
        self.assertEqual(len(service.call("GET", "/v1/challenges", token=token)["challenges"]), 3)
        service.call("DELETE", f"/v1/challenges/{rest}", token=token)
        self.assertEqual(ask("/present", httpreq, token)[0], 403)
        self.assertEqual(ask("/cleanup", {**httpreq, "value": fresh_value()}, token)[0], 403)
        self.assertEqual(ask("/cleanup", httpreq, token)[0], 200)
        self.assertTrue(ask(path, solve("CleanUp"), token)[1]["response"]["success"])
        deadline = time.monotonic() + 10
        while any(c["state"] != "gone" for c in service.call("GET", "/v1/challenges")["challenges"]):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_what_a_client_left_that_was_revoked_while_nothing_ran_is_withdrawn_at_the_start(self):
        service = self.make_service("late", self.CONFIG)
        token = service.call("POST", "/v1/clients", {"name": "late", "grants": {"identifiers": [".dcvd.test"]}})["token"]
        one = service.call("POST", "/v1/challenges?wait=ready", {"type": "dns-01", "domain": "late.dcvd.test", "value": fresh_value()}, token=token)
        service.stop()
        folder = self.state_of(service)
        refused = subprocess.run([program(), "client", "revoke", "late", "--keep-for", "operator", *folder], capture_output=True, text=True, timeout=60)
        self.assertEqual((refused.returncode, "running service" in refused.stderr), (3, True), refused.stderr)
        done = subprocess.run([program(), "client", "revoke", "late", *folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("withdrawn when the service starts", done.stderr)
        service.start()
        self.assertEqual(service.wait_gone(one["order"])["challenges"][0]["state"], "gone")

    @staticmethod
    def state_of(service):
        """The options with which a command opens the journal of a service that does not run."""
        (service.folder / "state.yaml").write_text(f"state-dir: {service.state}\n")
        return ["--config", str(service.folder / "state.yaml")]

    @staticmethod
    def post_json(service, path, body, token):
        connection = http.client.HTTPConnection("127.0.0.1", service.api_port, timeout=40)
        try:
            connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def test_a_network_is_kept_and_a_claimed_address_is_not_believed(self):
        _, token = self.client(networks=["192.0.2.0/24"])
        bearer = f"Bearer {token}"
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=bearer), 403)
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip"):
            self.assertEqual(self.status("GET", "/v1/challenges", Authorization=bearer, **{header: "192.0.2.1"}), 403, header)
        # From the trusted proxy the last hop counts, not what its client put in front.
        self.assertEqual(self.status("GET", "/v1/challenges", source=PROXY, Authorization=bearer, X_Forwarded_For="192.0.2.1"), 200)
        self.assertEqual(self.status("GET", "/v1/challenges", source=PROXY, Authorization=bearer, X_Forwarded_For="192.0.2.1, 198.51.100.7"), 403)
        self.assertEqual(self.status("GET", "/v1/challenges", source=PROXY, Authorization=bearer, X_Forwarded_For="192.0.2.1, nonsense"), 403)
        self.assertEqual(self.entry(result="denied", peer="198.51.100.7")["action"], "access")

    def test_identities_without_a_front_proxy_are_ignored(self):
        self.client(identities=[IDENTITY])
        for headers in ({"X_Remote_User": IDENTITY}, {"X_Remote_User": "operator", "X_Remote_Group": "system:masters"}):
            self.assertEqual(self.status("GET", "/v1/challenges", **headers), 401)

    def test_a_page_elsewhere_cannot_use_what_the_browser_remembers(self):
        name, token = self.client()
        body = {"type": "dns-01", "domain": "host.dcvd.test", "value": fresh_value()}
        own = f"http://127.0.0.1:{self.service.api_port}"
        self.assertEqual(self.status("POST", "/v1/challenges", body, Authorization=basic(name, token), Origin="https://evil.example"), 403)
        self.assertEqual(self.status("POST", "/v1/challenges", body, Authorization=basic(name, token), Sec_Fetch_Site="cross-site"), 403)
        self.assertEqual(self.status("POST", "/v1/challenges", body, Authorization=basic(name, token), Origin=own, Sec_Fetch_Site="same-origin"), 201)
        self.assertEqual(self.status("POST", "/v1/challenges", body, Authorization=f"Bearer {token}", Origin="https://evil.example"), 200)

    def test_a_replayed_callback_is_known_by_its_time(self):
        """What a receiver checks as documented: a fresh time, and a signature over that time and the body."""
        def accepts(headers, body, now):
            signed = hmac.new(SECRET.encode(), headers["Dcvd-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
            return headers["Dcvd-Signature"] == f"v1={signed}" and abs(now - int(headers["Dcvd-Timestamp"])) < 300

        receiver = Receiver(500)
        self.addCleanup(receiver.close)
        order = {"challenges": [{"type": "dns-01", "domain": "replay.dcvd.test", "value": fresh_value()}],
                 "callback": {"url": receiver.url, "secret": "tests"}}
        self.service.call("POST", "/v1/orders", order)
        refused, taken = receiver.calls.get(timeout=30), receiver.calls.get(timeout=30)
        for headers, body in (refused, taken):
            self.assertTrue(accepts(headers, body, time.time()))
            self.assertFalse(accepts(headers, body, time.time() + 3600))
            self.assertFalse(accepts({**headers, "Dcvd-Timestamp": str(int(time.time()) + 3600)}, body, time.time() + 3600))
            self.assertFalse(accepts(headers, body.replace(b"ready", b"other"), time.time()))
        self.assertGreater(int(taken[0]["Dcvd-Timestamp"]), int(refused[0]["Dcvd-Timestamp"]) - 1)


class Loopback(Access):
    @classmethod
    def api_options(cls):
        return "api: {loopback-open: true}\n"

    def test_who_speaks_for_others_is_not_the_user_of_this_machine(self):
        self.assertEqual(self.status("GET", "/v1/challenges"), 200)
        for header in ("X-Forwarded-For", "Forwarded"):
            self.assertEqual(self.status("GET", "/v1/challenges", **{header: "203.0.113.9"}), 401, header)

    def test_no_clients_without_a_token(self):
        self.assertEqual(self.status("GET", "/v1/clients"), 403)


class Delegation(Access):
    """A CNAME leads where it leads: only into zones that the operator routed, and only for a name that was granted."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        server = Bind(zones=("example.test", "foreign.test"), key=Key(),
                      records=("_acme-challenge.in.example.test 60 CNAME in.example.test.dcvd.test.", "_acme-challenge.out.example.test 60 CNAME out.foreign.test."))
        server.start()
        cls.addClassCleanup(server.stop)
        cls.server = server
        cls.service = cls.make_service("dcvd", CONFIG + "routes: [{suffix: dcvd.test, type: dns-01, delegation: on}, {suffix: example.test, type: dns-01}]\n", server.port)

    def test_a_target_in_a_zone_that_is_not_routed_is_not_written(self):
        token = self.holder(identifiers=[".example.test"])
        answer = json.loads(self.rest("out.example.test", token, fresh_value())[2])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = self.service.call("GET", f"/v1/challenges/{answer['id']}")
            if answer["state"] == "failed":
                break
            time.sleep(0.05)
        self.assertEqual(answer["state"], "failed")
        self.assertIn("route", answer["reason"])
        self.assertEqual(self.server.values("out.foreign.test"), [])

    def test_a_target_is_no_grant(self):
        """The name at the end of the CNAME belongs to the name that is granted, and to no other."""
        token = self.holder(identifiers=["in.example.test"])
        other = self.holder(identifiers=["in.dcvd.test", "other.example.test"])
        self.assertFalse(self.rest("in.example.test.dcvd.test", other, fresh_value())[0])
        value = fresh_value()
        self.assertFalse(self.httpreq("in.example.test.dcvd.test", other, value, prefix="")[0])
        self.assertTrue(self.rest("in.example.test", token, value)[0])
        deadline = time.monotonic() + 20
        while query("127.0.0.1", self.service.dns_port, "in.example.test.dcvd.test")[1] != [value] and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(query("127.0.0.1", self.service.dns_port, "in.example.test.dcvd.test")[1], [value])


class Audit(Access):
    def command(self, *arguments):
        return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60)

    def test_changes_and_refusals_stand_there_once(self):
        token = self.holder(identifiers=[".audit.dcvd.test"])
        value = fresh_value()
        _, _, text = self.rest("a.audit.dcvd.test", token, value)
        self.service.call("DELETE", f"/v1/challenges/{json.loads(text)['id']}", token=token)
        self.rest("b.dcvd.test", token, value)
        name = self.name_of(token)
        self.entry(client=name, result="denied", name="b.dcvd.test", action="present")
        found = [(e["action"], e["name"], e["result"], e["door"], e["peer"]) for e in self.entries(client=name)]
        self.assertEqual(found, [("present", "a.audit.dcvd.test", "ok", "rest", "127.0.0.1"), ("cleanup", "a.audit.dcvd.test", "ok", "rest", "127.0.0.1"),
                                 ("present", "b.dcvd.test", "denied", "rest", "127.0.0.1")])
        self.assertEqual(self.entry(action="client.add", name=name)["client"], "operator")
        self.assertNotIn(value, json.dumps(self.entries()))
        metrics = self.ask("GET", "/metrics", Authorization=f"Bearer {self.service.token}")[1]
        self.assertIn(f'dcvd_door_results_total{{door="rest",client="{name}",result="denied"}} 1\n', metrics)
        self.assertNotIn("operator", self.ask("GET", "/metrics", Authorization=f"Bearer {token}")[1])

    def test_a_flood_of_strangers_is_a_line(self):
        before = len(self.entries())
        for _ in range(200):
            self.ask("GET", "/v1/challenges", source="127.0.0.77")
        self.entry(result="denied", peer="127.0.0.77")
        self.assertLess(len(self.entries()) - before, 3)

    def test_the_command_line_reads_verifies_and_exports(self):
        service = self.service
        self.client()
        self.assertIn("client.add", service.command("audit", "list").stdout)
        verified = service.command("audit", "verify")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn("none changed or missing", verified.stdout)
        exported = service.command("audit", "export").stdout
        file = self.folder / "audit.jsonl"
        file.write_text(exported)
        self.assertEqual(self.command("audit", "verify", str(file)).returncode, 0)
        file.write_text(exported.replace('"client.add"', '"client.sub"', 1))
        broken = self.command("audit", "verify", str(file))
        self.assertEqual(broken.returncode, 1)
        self.assertIn("does not follow the one before it", broken.stderr)
        number, digest = exported.count("\n"), self.entries()[-1]["digest"]
        file.write_text(exported)
        self.assertEqual(self.command("audit", "verify", str(file), "--expect", f"{number}:{digest}").returncode, 0)
        file.write_text("".join(exported.splitlines(True)[:-1]))
        self.assertEqual(self.command("audit", "verify", str(file), "--expect", f"{number}:{digest}").returncode, 1)

    def test_a_journal_that_somebody_changed(self):
        service = self.make_service("changed", CONFIG)
        for n in range(4):
            service.call("POST", "/v1/clients", {"name": f"c{n}", "grants": {"identifiers": ["a.test"]}})
        service.stop()
        state = ["--state", str(service.state)]
        self.assertEqual(self.command("client", "add", "offline", "--grant", "b.test", *state).returncode, 0)
        self.assertEqual(self.command("audit", "verify", *state).returncode, 0)
        for change, sentence in (("update audit set line = replace(line, 'c1', 'c9') where number = 2", "entry 2 was changed"),
                                 ("delete from audit where number = 3", "entry 3 is missing")):
            with contextlib.closing(sqlite3.connect(service.state / "journal.db")) as journal:
                before = journal.execute("select * from audit").fetchall()
                journal.execute(change)
                journal.commit()
                said = self.command("audit", "verify", *state)
                self.assertEqual(said.returncode, 1)
                self.assertIn(sentence, said.stderr)
                journal.execute("delete from audit")
                journal.executemany("insert into audit values (?, ?, ?, ?)", before)
                journal.commit()
        self.assertEqual(self.command("audit", "verify", *state).returncode, 0)

    def test_clients_on_the_command_line(self):
        made = self.service.command("client", "add", "shell", "--grant", ".shell.dcvd.test", "--door", "httpreq", "--door", "rest", "--rate", "9/1m",
                                    "--network", "127.0.0.0/8", "--type", "dns-01", "--certificate", "CN=a,O=b", "--identity", IDENTITY)
        self.assertEqual(made.returncode, 0, made.stderr)
        token = made.stdout.strip()
        shown = self.service.command("client", "show", "shell").stdout
        for text in (".shell.dcvd.test", "httpreq rest", "9/1m", "127.0.0.0/8", "dns-01", "CN=a,O=b", IDENTITY):
            self.assertIn(text, shown)
        self.assertNotIn(token, shown + self.service.command("client", "list").stdout)
        self.assertTrue(self.rest("x.shell.dcvd.test", token, fresh_value())[0])
        other = self.service.command("client", "rotate", "shell").stdout.strip()
        self.assertFalse(self.rest("y.shell.dcvd.test", token, fresh_value())[0])
        self.assertTrue(self.rest("y.shell.dcvd.test", other, fresh_value())[0])
        self.assertEqual(self.service.command("client", "revoke", "shell").returncode, 0)
        self.assertFalse(self.rest("z.shell.dcvd.test", other, fresh_value())[0])
        for wrong in (["--door", "cellar"], ["--rate", "many"], ["--network", "x"], ["--certificate", "sha256:1"], ["--type", "x"]):
            self.assertEqual(self.service.command("client", "add", "w", "--grant", "a.test", *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    unittest.main()
