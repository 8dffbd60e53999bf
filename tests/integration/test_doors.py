"""The doors of httpreq, acmeproxy and acme-dns: the requests of each client, every status, and what stands in DNS."""
import base64
import http.client
import json
import pathlib
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rcode

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.service import ApiError, Service

VALUE = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
OTHER = "B" * 43
RAW = {"domain": "raw.dcvd.test", "token": "tok" * 8, "keyAuth": "tok" * 8 + "." + "thumbprint-" * 3 + "of-account"}
RAW_VALUE = "HqXJST8JXMW3bKQSS_YlcRDfbzKsLK7p3925_cbqDY0"
FORBIDDEN = (401, '{"error": "forbidden"}')
# Providers of which one never gets its records into DNS, one refuses and one cannot be reached.
CONFIG = """
check: {{poll-first: 50ms, poll-max: 200ms}}
httpreq: {{limit: 600ms}}
dns: {{zones: [dcvd.test, acme.test]}}
acme-dns: {{zone: acme.test, registration: open}}
providers:
  lost: {{type: exec, command: {folder}/lost}}
  refusing: {{type: exec, command: {folder}/refusing}}
  away: {{type: exec, command: {folder}/away}}
routes:
  - {{suffix: lost.dcvd.test, type: dns-01, provider: lost}}
  - {{suffix: refusing.dcvd.test, type: dns-01, provider: refusing}}
  - {{suffix: away.dcvd.test, type: dns-01, provider: away}}
  - {{suffix: dcvd.test, type: dns-01, provider: embedded}}
  - {{suffix: acme.test, type: dns-01, provider: embedded}}
"""
SCRIPTS = {"lost": "exit 0", "refusing": 'echo "no rights to write $3" >&2; exit 77', "away": "exit 75"}


def record(name, value=VALUE):
    return {"fqdn": f"_acme-challenge.{name}.", "value": value}


class Doors(unittest.TestCase):
    """One service for all tests of a class; each has names of its own."""
    CONFIG = CONFIG

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        for name, line in SCRIPTS.items():
            script = cls.folder / name
            script.write_text(f"#!/bin/sh\n{line}\n")
            script.chmod(stat.S_IRWXU)
        cls.service = cls.make_service(cls.CONFIG.format(folder=cls.folder))

    @classmethod
    def make_service(cls, config, name="dcvd"):
        # Names are looked up at dcvd's own DNS server: no question leaves the machine.
        port = free_port()
        service = Service(cls.folder / name, f'resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}\n{config}', dns_port=port)
        service.start()
        cls.addClassCleanup(cls.stop, service)
        return service

    @staticmethod
    def stop(service):
        status = service.stop()
        assert status == 0, f"{status}: {service.log[-5000:]}"

    def ask(self, method, path, body=None, service=None, **headers):
        """Status and body as text; `body` is JSON, or text that is sent as it is."""
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", (service or self.service).api_port, timeout=40)
        try:
            connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def basic(self, name="operator", token=None):
        return "Basic " + base64.b64encode(f"{name}:{token or self.service.token}".encode()).decode()

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **{"Authorization": self.basic(), "Content-Type": "application/json", **headers})

    def look(self, name, rtype="TXT", tcp=False, edns=-1):
        query = dns.message.make_query(name, rtype)
        query.use_edns(edns)
        reply = (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", port=self.service.dns_port, timeout=5)
        self.assertTrue(reply.flags & dns.flags.AA or reply.rcode() not in (0, 3))
        return reply

    def values(self, name):
        return sorted(t.decode() for rrset in self.look(name, tcp=True).answer for rr in rrset for t in rr.strings)

    def wait_values(self, name, values, seconds=10):
        deadline = time.monotonic() + seconds
        while self.values(name) != sorted(values) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.values(name), sorted(values), self.service.log[-3000:])


class Httpreq(Doors):
    # ---- as each client sends it ----

    def test_lego_record(self):
        body = record("lego.dcvd.test")
        for verb, values in (("present", [VALUE]), ("cleanup", [])):
            status, text = self.post(f"/{verb}", body, Accept="application/json", User_Agent="Go-http-client/1.1")
            self.assertEqual((status, json.loads(text)), (200, body))
            self.wait_values("_acme-challenge.lego.dcvd.test", values)

    def test_lego_raw(self):
        """A server that takes this cleanup for a present leaves the record behind."""
        for verb, values in (("present", [RAW_VALUE]), ("cleanup", [])):
            status, text = self.post(f"/{verb}", RAW)
            self.assertEqual((status, json.loads(text)), (200, RAW))
            self.wait_values("_acme-challenge.raw.dcvd.test", values)

    def test_acme_sh(self):
        """It looks for the value in quotes and at nothing else."""
        body = '{"fqdn": "_acme-challenge.sh.dcvd.test.", "value": "%s"}' % VALUE
        status, text = self.post("/present", body, User_Agent="acme.sh/3.1.4 (https://github.com/acmesh-official/acme.sh)")
        self.assertEqual(status, 200)
        self.assertIn(f'"{VALUE}"', text)

    def test_libdns_compares_the_echo(self):
        body = {"fqdn": "_acme-challenge.LibDns.dcvd.test.", "value": VALUE}
        status, text = self.post("/present", body)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text), body)

    def test_keys_in_either_case(self):
        status, text = self.post("/present", {"FQDN": "_acme-challenge.case.dcvd.test", "Value": VALUE, "more": 1})
        self.assertEqual((status, json.loads(text)), (200, {"FQDN": "_acme-challenge.case.dcvd.test", "Value": VALUE}))
        status, _ = self.post("/cleanup", {"domain": "case.dcvd.test", "token": "t", "keyauth": "t.t"})
        self.assertEqual(status, 200)

    def test_behind_any_prefix_and_with_a_token_in_it(self):
        for number, prefix in enumerate(("", "/base", "/a/b/c")):
            self.assertEqual(self.post(f"{prefix}/present", record(f"prefix{number}.dcvd.test"))[0], 200)
        token = self.service.token
        self.assertEqual(self.ask("POST", f"/t/{token}/present", record("path.dcvd.test"))[0], 200)
        self.assertEqual(self.ask("POST", "/t/dcvd_wrong/present", record("path.dcvd.test"))[0], 401)
        self.assertNotIn(token, self.service.log)

    # ---- what stands ----

    def test_repeating_is_harmless_and_cleanup_takes_its_own_value_only(self):
        name = "_acme-challenge.two.dcvd.test"
        for value in (VALUE, OTHER, VALUE):
            self.assertEqual(self.post("/present", record("two.dcvd.test", value))[0], 200)
        self.wait_values(name, [VALUE, OTHER])
        for _ in range(2):
            self.assertEqual(self.post("/cleanup", record("two.dcvd.test"))[0], 200)
            self.wait_values(name, [OTHER])
        self.assertEqual(self.post("/cleanup", record("never.dcvd.test"))[0], 200)

    def test_the_record_of_a_name_of_its_own(self):
        body = {"fqdn": "own.dcvd.test.", "value": VALUE}
        self.assertEqual(self.post("/present", body)[0], 200)
        self.wait_values("own.dcvd.test", [VALUE])
        self.assertEqual(self.post("/cleanup", record("own.dcvd.test"))[0], 200)  # another record
        self.assertEqual(self.values("own.dcvd.test"), [VALUE])
        self.assertEqual(self.post("/cleanup", body)[0], 200)
        self.wait_values("own.dcvd.test", [])

    # ---- quick and verified ----

    def timed(self, path, body):
        start = time.monotonic()
        status, text = self.post(path, body)
        return status, text, time.monotonic() - start

    def test_quick_answers_when_the_provider_has_it_and_verified_at_the_limit(self):
        status, _, seconds = self.timed("/present", record("quick.lost.dcvd.test"))
        self.assertEqual(status, 200)
        self.assertLess(seconds, 0.6)
        for number, path in enumerate(("/verified/present", "/base/verified/present", "/present?wait=verified")):
            status, _, seconds = self.timed(path, record(f"verified{number}.lost.dcvd.test"))
            self.assertEqual(status, 200)
            self.assertGreater(seconds, 0.59)
        status, _, seconds = self.timed("/verified/present?wait=quick", record("both.lost.dcvd.test"))
        self.assertEqual(status, 200)
        self.assertLess(seconds, 0.6)

    def test_verified_is_ready_when_it_answers(self):
        self.assertEqual(self.post("/verified/present", record("ready.dcvd.test"))[0], 200)
        page = self.service.call("GET", "/v1/challenges?domain=ready.dcvd.test")
        self.assertEqual([c["state"] for c in page["challenges"]], ["ready"])

    # ---- every other status ----

    def refused(self, status, said, word):
        self.assertEqual(said[0], status, said)
        error = json.loads(said[1])["error"]
        self.assertIn(word, error)
        self.assertNotIn(VALUE, said[1])
        return error

    def test_400(self):
        for body, word in (("", "no body"), ("{", "JSON"), ("[]", "object"), ("{}", "either"), ({"fqdn": "a.dcvd.test"}, "value is missing"),
                           ({"fqdn": "a..b", "value": VALUE}, "fqdn"), ({"fqdn": "*." + VALUE, "value": VALUE}, "fqdn"),
                           ({"fqdn": "a.dcvd.test", "value": VALUE + "\u00e4"}, "value"), ({"fqdn": 1, "value": VALUE}, "fqdn"),
                           ({**RAW, "value": VALUE}, "either"), ({**RAW, "keyAuth": f"{VALUE}.x"}, "key authorization"),
                           ('{"value":"%s" "%s"}' % (VALUE, VALUE), "JSON"), ({"fqdn": "a.dcvd.test", "value": "v" * 300}, "value")):
            self.refused(400, self.post("/present", body), word)
        for value, word in ((f"{VALUE}.{VALUE}", "this is a key authorization"), (f'"{VALUE}"', "quotes"), ("aaaa", "4 characters")):
            self.refused(400, self.post("/present", record("f9.dcvd.test", value)), word)
            self.assertEqual(self.post("/cleanup", record("f9.dcvd.test", value))[0], 200)
        for token, word in (("tok", "token of 3 characters"), ("tok" * 8, "5 characters stand behind the dot")):
            self.refused(400, self.post("/present", {**RAW, "token": token, "keyAuth": f"{token}.thumb"}), word)
        self.refused(400, self.post("/present?wait=long", record("a.dcvd.test")), "wait")

    def test_401_and_405(self):
        for authorization in ("Basic " + base64.b64encode(b"operator:wrong").decode(), self.basic("nobody"), "Bearer dcvd_wrong", "Basic !"):
            self.refused(401, self.post("/present", record("a.dcvd.test"), Authorization=authorization), "known")
        self.assertEqual(self.ask("POST", "/present", record("a.dcvd.test"))[0], 401)
        self.refused(405, self.ask("GET", "/present"), "POST")
        self.refused(405, self.ask("PUT", "/cleanup", record("a.dcvd.test")), "POST")

    def test_who_sends_no_credentials_or_a_form_or_asks_the_wrong_port_is_told_what_to_do(self):
        self.refused(401, self.ask("POST", "/present", record("a.dcvd.test"), X_Forwarded_For="192.0.2.1"), "dcvd client add")
        for path in ("/present", "/v1/challenges"):
            status, text = self.post(path, "fqdn=a&value=b", **{"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual((status, "send JSON" in text), (415, True), text)
        self.assertEqual(self.post("/present", record("curl.dcvd.test"), **{"Content-Type": "application/x-www-form-urlencoded"})[0], 200)
        status, text = self.ask("GET", "/.well-known/acme-challenge/token")
        self.assertEqual((status, "http.listen" in text), (404, True), text)
        connection = http.client.HTTPConnection("127.0.0.1", self.service.http_port, timeout=10)
        connection.request("GET", "/v1/challenges")
        reply = connection.getresponse()
        self.assertEqual((reply.status, b"the API has one of its own" in reply.read()), (404, True))
        connection.request("POST", "/present", json.dumps(record("port.dcvd.test")))
        reply = connection.getresponse()
        self.assertEqual((reply.status, b"the API (and httpreq) has one of its own" in reply.read()), (405, True))
        connection.close()

    def test_a_key_authorization_as_value_is_refused_in_words_of_the_protocol(self):
        self.refused(400, self.post("/present", {"fqdn": "_acme-challenge.key.dcvd.test.", "value": f"{'t' * 22}.{VALUE}"}), "keyAuth, beside domain and token")

    def client(self, name, **grants):
        return self.basic(name, self.service.call("POST", "/v1/clients", {"name": name, "grants": grants})["token"])

    def test_403(self):
        granted = self.client("narrow", identifiers=["www.dcvd.test"])
        self.assertEqual(self.post("/present", record("www.dcvd.test"), Authorization=granted)[0], 200)
        for body in (record("other.dcvd.test"), record("a.www.dcvd.test"), {"fqdn": "target.dcvd.test.", "value": VALUE},
                     {"domain": "*.www.dcvd.test", "token": "t", "keyAuth": f"t.{VALUE}"}):
            for verb in ("present", "cleanup"):
                self.refused(403, self.post(f"/{verb}", body, Authorization=granted), "granted")
        self.refused(403, self.post("/present", record("www.dcvd.test"), Authorization=self.client("web", identifiers=["www.dcvd.test"], types=["http-01"])), "dns-01")
        self.assertEqual(self.post("/cleanup", record("www.dcvd.test"))[0], 200)  # of the operator, who has nothing there
        self.assertEqual(self.values("_acme-challenge.www.dcvd.test"), [VALUE])

    def test_409_when_it_was_withdrawn_meanwhile(self):
        body, said = record("gone.lost.dcvd.test"), []
        caller = threading.Thread(target=lambda: said.append(self.post("/verified/present", body)))
        caller.start()
        deadline = time.monotonic() + 0.5
        while not self.service.call("GET", "/v1/challenges?domain=gone.lost.dcvd.test&state=propagating")["challenges"]:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(self.post("/cleanup", body)[0], 200)
        caller.join(10)
        self.refused(409, said[0], "withdrawn")

    def test_429(self):
        slow = self.client("slow", identifiers=[".dcvd.test"], rate="1/1h")
        self.assertEqual(self.post("/present", record("slow.dcvd.test"), Authorization=slow)[0], 200)
        self.refused(429, self.post("/present", record("slow.dcvd.test"), Authorization=slow), "more changes")

    def test_502_says_the_same_each_time(self):
        said = [self.post("/present", record("refused.refusing.dcvd.test")) for _ in range(2)]
        self.assertEqual(said[0], said[1])
        self.assertIn("no rights to write", self.refused(502, said[0], "refused.refusing.dcvd.test"))

    def test_503_when_full(self):
        full = self.make_service("challenge: {live-max: 1}", "full")
        headers = {"Authorization": self.basic(token=full.token)}
        self.assertEqual(self.ask("POST", "/present", record("a.dcvd.test"), full, **headers)[0], 200)
        self.refused(503, self.ask("POST", "/present", record("b.dcvd.test"), full, **headers), "live already")

    def test_504_when_the_provider_did_not_take_it(self):
        said = self.timed("/present", record("late.away.dcvd.test"))
        self.refused(504, said[:2], "keeps trying")
        self.assertGreater(said[2], 0.59)

    # ---- the rest ----

    def test_it_is_in_the_audit_log_and_the_metrics_without_the_value(self):
        self.post("/present", record("audit.dcvd.test"))
        self.post("/cleanup", record("audit.dcvd.test"))
        entries = [e for e in self.service.call("GET", "/v1/audit?limit=1000")["entries"] if e["name"] == "audit.dcvd.test"]
        self.assertEqual([(e["door"], e["action"], e["client"], e["result"]) for e in entries],
                         [("httpreq", "present", "operator", "ok"), ("httpreq", "cleanup", "operator", "ok")])
        self.assertNotIn(VALUE, json.dumps(entries))
        self.assertIn('door="httpreq"', self.ask("GET", "/metrics", Authorization=self.basic())[1])

    def test_many_at_once(self):
        names = [f"many{n}.dcvd.test" for n in range(60)]
        said = {}
        callers = [threading.Thread(target=lambda n=name: said.__setitem__(n, self.post("/verified/present", record(n))[0])) for name in names]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(30)
        self.assertEqual(set(said.values()), {200})
        for name in names:
            self.assertEqual(self.values(f"_acme-challenge.{name}"), [VALUE])


class AcmeDns(Doors):
    def register(self, body="", service=None, path="/register", **headers):
        status, text = self.ask("POST", path, body, service, **headers)
        self.assertEqual(status, 201, text)
        return json.loads(text)

    def update(self, account, txt=VALUE, service=None, **more):
        body = {"subdomain": account["subdomain"], "txt": txt, **more.pop("body", {})}
        headers = {"X-Api-User": account["username"], "X-Api-Key": account["password"], **more}
        return self.ask("POST", "/update", body, service, **headers)

    # ---- statuses and words ----

    def test_registration(self):
        for body in ("", "{}", '{"allowfrom": []}', '{"allowfrom": ["127.0.0.0/8", "[::1]/128"]}'):
            account = self.register(body)
            self.assertEqual(list(account), ["username", "password", "fulldomain", "subdomain", "allowfrom"])
            self.assertRegex(account["username"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            self.assertRegex(account["password"], r"^[A-Za-z0-9_-]{40}$")
            self.assertEqual(account["fulldomain"], account["subdomain"] + ".acme.test")
            self.assertEqual(account["allowfrom"], ["127.0.0.0/8", "::1/128"] if "127" in body else [])
        for body, word in (("{", "malformed_json_payload"), ("[]", "malformed_json_payload"), ('{"allowfrom": "10.0.0.0/8"}', "malformed_json_payload"),
                           ('{"allowfrom": ["10.0.0.1"]}', "invalid_allowfrom_cidr"), ('{"allowfrom": ["x/8"]}', "invalid_allowfrom_cidr")):
            self.assertEqual(self.ask("POST", "/register", body), (400, '{"error": "%s"}' % word))
        self.assertEqual(self.ask("GET", "/register")[0], 405)

    def test_update(self):
        account = self.register()
        self.assertEqual(self.update(account), (200, '{"txt": "%s"}' % VALUE))
        self.assertEqual(self.update(account, X_Api_User=account["username"].upper()), (200, '{"txt": "%s"}' % VALUE))
        for txt in ("", "short", VALUE + "A", VALUE[:-1] + "+", 43, None):
            self.assertEqual(self.update(account, txt), (400, '{"error": "bad_txt"}'))

    def test_one_answer_to_all_that_is_wrong_with_credentials(self):
        account, stranger = self.register(), self.register()
        away = self.register('{"allowfrom": ["192.0.2.0/24"]}')
        for said in (self.update({**account, "password": stranger["password"]}), self.update({**account, "password": "short"}),
                     self.update({**account, "username": stranger["subdomain"]}), self.update({**account, "username": "nobody"}),
                     self.update({**account, "subdomain": stranger["subdomain"]}), self.update({**account, "subdomain": "not-a-uuid"}),
                     self.update(account, X_Api_Key=""), self.update(away), self.ask("POST", "/update", {"subdomain": account["subdomain"], "txt": VALUE}),
                     self.ask("POST", "/update", "{", X_Api_User=account["username"], X_Api_Key=account["password"])):
            self.assertEqual(said, FORBIDDEN)
        self.assertEqual(self.values(account["fulldomain"]), [])
        self.assertEqual(self.values(stranger["fulldomain"]), [])

    def test_an_account_reaches_its_own_name_only(self):
        account, stranger = self.register(), self.register()
        self.update(account)
        self.assertEqual(self.update({**stranger, "subdomain": account["subdomain"]}, OTHER), FORBIDDEN)
        self.assertEqual(self.post("/present", {"fqdn": account["fulldomain"] + ".", "value": OTHER},
                                   Authorization=self.basic(account["username"], account["password"]))[0], 401)
        self.assertEqual(self.values(account["fulldomain"]), [VALUE])

    def test_an_unknown_user_takes_as_long_as_a_wrong_password(self):
        account = self.register()
        times = []
        for said in ({**account, "password": "a" * 40}, {**account, "username": "00000000-0000-4000-8000-000000000000"}):
            start = time.monotonic()
            self.assertEqual(self.update(said), FORBIDDEN)
            times.append(time.monotonic() - start)
        self.assertGreater(min(times), 0.02)

    def test_the_first_update_does_not_digest_the_password_again(self):
        accounts, first, wrong = [self.register() for _ in range(4)], [], []
        for account in accounts:
            start = time.monotonic()
            self.assertEqual(self.update(account)[0], 200)
            first.append(time.monotonic() - start)
            self.assertEqual(self.update({**account, "password": "a" * 40}), FORBIDDEN)
            wrong.append(time.monotonic() - start - first[-1])
        self.assertLess(min(first), min(wrong))

    def test_health(self):
        self.assertEqual(self.ask("GET", "/health"), (200, ""))
        self.assertEqual(self.ask("POST", "/health")[0], 405)

    # ---- who may register ----

    def test_registration_with_a_token_only(self):
        closed = self.make_service("", "closed")
        self.assertEqual(self.ask("POST", "/register", "", closed), FORBIDDEN)
        self.assertEqual(self.ask("POST", "/t/dcvd_wrong/register", "", closed), FORBIDDEN)
        door = closed.call("POST", "/v1/clients", {"name": "lego", "grants": {"identifiers": ["x.dcvd.test"], "doors": ["acme-dns"]}})["token"]
        other = closed.call("POST", "/v1/clients", {"name": "rest", "grants": {"identifiers": ["x.dcvd.test"], "doors": ["rest"]}})["token"]
        self.assertEqual(self.ask("POST", f"/t/{other}/register", "", closed), FORBIDDEN)
        account = self.register(service=closed, path=f"/t/{door}/register")
        self.assertEqual(account["fulldomain"], account["subdomain"] + ".dcvd.test")
        self.assertEqual(self.update(account, service=closed)[0], 200)

    def test_registration_from_networks_only_or_not_at_all(self):
        elsewhere = self.make_service('acme-dns: {registration: open, networks: ["192.0.2.0/24"]}', "elsewhere")
        self.assertEqual(self.ask("POST", "/register", "", elsewhere), FORBIDDEN)
        self.assertEqual(self.ask("POST", "/register", "", elsewhere, X_Forwarded_For="192.0.2.1"), FORBIDDEN)
        off = self.make_service("acme-dns: {registration: off}", "off")
        self.assertEqual(self.ask("POST", "/register", "", off)[0], 404)
        self.assertEqual(self.ask("POST", f"/t/{off.token}/register", "", off)[0], 404)

    # ---- what stands in DNS ----

    def test_any_number_of_values(self):
        account = self.register()
        values = [c * 43 for c in "ABCDEFGHIJ"]
        for value in values + values[:3]:
            self.assertEqual(self.update(account, value)[0], 200)
        self.assertEqual(self.values(account["fulldomain"]), values)

    def test_the_oldest_value_makes_room(self):
        small = self.make_service("acme-dns: {registration: open, values: 3}", "small")
        account = self.register(service=small)
        for c in "ABCDE":
            self.assertEqual(self.update(account, c * 43, small)[0], 200)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            live = [c["value"] for c in small.call("GET", "/v1/challenges")["challenges"] if c["state"] in ("propagating", "ready")]
            if len(live) == 3:
                break
        self.assertEqual(live, [c * 43 for c in "EDC"])

    def test_other_types_and_names(self):
        account = self.register()
        name = account["fulldomain"]
        self.assertEqual(self.look(name).rcode(), dns.rcode.NXDOMAIN)
        self.update(account)
        for rtype in ("A", "AAAA", "CAA", "MX", "NS", "SOA", "CNAME", "TYPE65"):
            reply = self.look(name, rtype)
            self.assertEqual((reply.rcode(), reply.answer), (dns.rcode.NOERROR, []), rtype)
            self.assertEqual([r.rdtype for r in reply.authority], [dns.rdatatype.SOA])
        self.assertEqual(self.look("nothing.acme.test").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual([r.rdtype for r in self.look("acme.test", "NS").answer], [dns.rdatatype.NS])
        self.assertEqual([r.rdtype for r in self.look("acme.test", "SOA").answer], [dns.rdatatype.SOA])

    def test_what_is_not_there_is_not_remembered_for_long(self):
        account = self.register()
        for rtype in ("TXT", "CAA"):
            soa = self.look(account["fulldomain"], rtype).authority[0]
            self.assertLessEqual(soa.ttl, 5)
            self.assertLessEqual(soa[0].minimum, 5)
        self.update(account)
        self.assertLessEqual(self.look(account["fulldomain"]).answer[0].ttl, 5)

    def test_mixed_case_tcp_and_edns(self):
        account = self.register()
        self.update(account)
        mixed = "".join(c.upper() if i % 2 else c for i, c in enumerate(account["fulldomain"]))
        for tcp in (False, True):
            reply = self.look(mixed, tcp=tcp)
            self.assertEqual(reply.question[0].name.to_text(omit_final_dot=True), mixed)
            self.assertEqual([t for rr in reply.answer[0] for t in rr.strings], [VALUE.encode()])
        self.assertEqual(self.look(account["fulldomain"], edns=1).rcode(), dns.rcode.BADVERS)

    # ---- the journal, listing, removal ----

    def test_a_value_is_a_challenge_that_expires(self):
        account = self.register()
        self.update(account)
        one, = self.service.call("GET", f"/v1/challenges?domain={account['fulldomain']}")["challenges"]
        self.assertEqual((one["client"], one["fqdn"], one["value"]), (f"acme-dns:{account['subdomain']}", account["fulldomain"], VALUE))
        hours = [time.mktime(time.strptime(one[k][:19], "%Y-%m-%dT%H:%M:%S")) / 3600 for k in ("created", "expires")]
        self.assertAlmostEqual(hours[1] - hours[0], 24, places=1)

    def test_accounts_and_values_survive_a_kill(self):
        service = self.make_service("acme-dns: {registration: open}", "killed")
        account = self.register(service=service)
        self.assertEqual(self.update(account, service=service)[0], 200)
        service.kill()
        service.start()
        reply = dns.query.udp(dns.message.make_query(account["fulldomain"], "TXT"), "127.0.0.1", port=service.dns_port, timeout=5)
        self.assertEqual([t for rr in reply.answer[0] for t in rr.strings], [VALUE.encode()])
        self.assertEqual(self.update(account, OTHER, service=service)[0], 200)

    def test_listing_and_removal(self):
        account = self.register('{"allowfrom": ["127.0.0.0/8"]}')
        self.update(account)
        page = self.service.call("GET", "/v1/acme-dns/accounts?limit=1000")
        self.assertEqual(page["zone"], "acme.test")
        listed, = [a for a in page["accounts"] if a["subdomain"] == account["subdomain"]]
        self.assertEqual((listed["username"], listed["fulldomain"], listed["allowfrom"], listed["values"], listed["revoked"]),
                         (account["username"], account["fulldomain"], ["127.0.0.0/8"], 1, False))
        self.assertNotIn("$2b$", json.dumps(page))
        self.assertNotIn(account["password"], json.dumps(page))
        ended = self.service.call("DELETE", f"/v1/acme-dns/accounts/{account['subdomain']}")
        self.assertTrue(ended["revoked"])
        self.wait_values(account["fulldomain"], [])
        self.assertEqual(self.update(account), FORBIDDEN)
        with self.assertRaises(ApiError) as caught:
            self.service.call("DELETE", "/v1/acme-dns/accounts/nobody")
        self.assertEqual(caught.exception.status, 404)

    def test_accounts_are_the_operators_business(self):
        token = self.service.call("POST", "/v1/clients", {"name": "plain", "grants": {"identifiers": [".acme.test"]}})["token"]
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/x")):
            with self.assertRaises(ApiError) as caught:
                self.service.call(method, f"/v1/acme-dns/accounts{path}", None, token)
            self.assertEqual(caught.exception.status, 403)

    def test_pages(self):
        accounts = {self.register()["subdomain"] for _ in range(3)}
        seen, after = set(), ""
        while after is not None:
            page = self.service.call("GET", f"/v1/acme-dns/accounts?limit=2{after and '&after=' + after}")
            seen |= {a["subdomain"] for a in page["accounts"]}
            after = page["next"]
        self.assertLessEqual(accounts, seen)

    # ---- import ----

    PASSWORD = "U" * 40
    SCHEMA = """CREATE TABLE records(Username TEXT UNIQUE NOT NULL PRIMARY KEY, Password TEXT UNIQUE NOT NULL, Subdomain TEXT UNIQUE NOT NULL, AllowFrom TEXT);
                CREATE TABLE txt(Subdomain TEXT NOT NULL, Value TEXT NOT NULL DEFAULT '', LastUpdate INT);"""
    ONE = ("11111111-1111-4111-8111-111111111111", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
    TWO = ("22222222-2222-4222-8222-222222222222", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb")

    def digest(self, salt):
        """bcrypt, under the name that acme-dns uses; apart, because Python warns of the module."""
        program = "import crypt, sys; print(crypt.crypt(sys.argv[1], sys.argv[2]))"
        return subprocess.run([sys.executable, "-W", "ignore", "-c", program, self.PASSWORD, f"$2a$05${salt * 22}"], check=True,
                              capture_output=True, text=True).stdout.strip()

    def database(self):
        path = self.folder / "acme-dns.db"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as db:
            db.executescript(self.SCHEMA)
            db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", [
                (self.ONE[0], self.digest("a").encode(), self.ONE[1], "[]"),
                (self.TWO[0], self.digest("b").encode(), self.TWO[1], '["192.0.2.0/24","[2001:db8::]/32"]'),
                ("33333333-3333-4333-8333-333333333333", "not bcrypt", "cccccccc-cccc-4ccc-8ccc-cccccccccccc", None)])
            now = int(time.time())
            db.executemany("INSERT INTO txt VALUES (?, ?, ?)", [(self.ONE[1], VALUE, now - 10), (self.ONE[1], OTHER, now - 10),
                                                                (self.TWO[1], "C" * 43, now - 90000), (self.TWO[1], "", 0)])
        db.close()
        return path

    def test_accounts_of_acme_dns_are_taken_over(self):
        path = self.database()
        for first in (True, False):
            done = self.service.command("acme-dns", "import", str(path), "--zone", "acme.test", "--json")
            self.assertEqual(done.returncode, 1, done.stderr)  # one of the three was refused
            said = json.loads(done.stdout)
            self.assertEqual((said["imported"], said["existed"], said["values"]), (2, 0, 2) if first else (0, 2, 2))
            self.assertEqual([r["subdomain"] for r in said["refused"]], ["cccccccc-cccc-4ccc-8ccc-cccccccccccc"])
        one = {"username": self.ONE[0], "subdomain": self.ONE[1], "password": self.PASSWORD}
        self.wait_values(f"{self.ONE[1]}.acme.test", [VALUE, OTHER])
        self.assertEqual(self.values(f"{self.TWO[1]}.acme.test"), [])
        self.assertEqual(self.update(one, "D" * 43)[0], 200)
        self.assertEqual(self.update({**one, "password": "W" * 40}), FORBIDDEN)
        self.assertEqual(self.update({"username": self.TWO[0], "subdomain": self.TWO[1], "password": self.PASSWORD}), FORBIDDEN)  # from here
        self.assertIn(self.ONE[1], self.service.command("acme-dns", "list").stdout)
        removed = self.service.command("acme-dns", "remove", self.ONE[1])
        self.assertEqual((removed.returncode, removed.stderr), (0, ""))
        self.wait_values(f"{self.ONE[1]}.acme.test", [])

    def test_an_import_into_another_zone_or_from_no_database_is_refused(self):
        wrong = self.service.command("acme-dns", "import", str(self.database()), "--zone", "auth.example.org")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("acme.test", wrong.stderr)
        self.assertEqual(self.service.command("acme-dns", "import", __file__).returncode, 2)
        self.assertEqual(self.service.command("acme-dns", "import", "/nowhere.db").returncode, 2)


if __name__ == "__main__":
    unittest.main()
