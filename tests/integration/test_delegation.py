"""A CNAME is no grant: who gets what written where it leads, through every door, and what a delegation zone lets in."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import Access, fresh_value
from support.acme_client import AcmeClient
from support.pebble import Pebble, free_port
from support.servers import Bind, Key
from support.service import ApiError, Service, program


def digest(identifier):
    """As the README says it: what `dcvd delegate` must print."""
    return base64.b32encode(hashlib.sha256(identifier.encode()).digest()[:20]).decode().lower()


CNAMES = {
    "_acme-challenge.evil.test": "_acme-challenge.bank.test",
    "_acme-challenge.chain.evil.test": "hop.evil.test",
    "hop.evil.test": "_acme-challenge.bank.test",
    "_acme-challenge.own.evil.test": "_acme-challenge.other.evil.test",
    "_acme-challenge.thief.evil.test": "www.bank.test.dlg.test",
    "_acme-challenge.spy.evil.test": digest("www.bank.test") + ".dlg.test",
    "_acme-challenge.site.evil.test": "site7.dlg.test",
    "_acme-challenge.first.evil.test": "site8.first.test",
    "_acme-challenge.second.evil.test": "site8.first.test",
    "_acme-challenge.park.evil.test": "park.dlg.test",
    "_acme-challenge.digest.evil.test": digest("digest.evil.test") + ".dlg.test",
    "_acme-challenge.label.evil.test": "_acme-challenge.label.evil.test.dlg.test",
    "_acme-challenge.www.bank.test": "www.bank.test.dlg.test",
}
CONFIG = """
challenge: {{deadline: 20s}}
check: {{poll-first: 50ms, poll-max: 200ms}}
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
dns: {{zones: [acme.test]}}
acme-dns: {{zone: acme.test}}
cert-manager: {{group: acme.dcvd.test, wait: quick}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: {key.name}, key-algorithm: {key.algorithm}, key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: evil.test, type: dns-01, provider: corp}}
  - {{suffix: bank.test, type: dns-01, provider: corp}}
  - {{suffix: dlg.test, type: dns-01, provider: corp{delegation}}}
  - {{suffix: first.test, type: dns-01, provider: corp, delegation: first-use}}
  - {{suffix: acme.test, type: dns-01, provider: embedded}}
"""


class Delegation(Access):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.server = Bind(zones=("evil.test", "bank.test", "dlg.test", "first.test"), key=Key(),
                          records=[f"{name} 60 CNAME {target}." for name, target in CNAMES.items()])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.service = cls.serve("dcvd")

    @classmethod
    def serve(cls, name, delegation=", delegation: on"):
        config = CONFIG.format(port=cls.server.port, key=cls.server.key, delegation=delegation)
        service = Service(cls.folder / name, config, {"TSIG_SECRET": cls.server.key.secret}, dns_port=free_port())
        service.start()
        cls.addClassCleanup(cls.end, service)
        return service

    # ---- doors that follow the CNAME themselves ----

    def target_httpreq(self, name, token, value):
        return self.httpreq(CNAMES["_acme-challenge." + name], token, value, prefix="")

    def target_cert_manager(self, name, token, value):
        payload = {"request": {"uid": "", "action": "Present", "type": "dns-01", "dnsName": name, "key": value, "resourceNamespace": "x",
                               "resolvedFQDN": CNAMES["_acme-challenge." + name] + ".", "resolvedZone": "x.test.", "config": {}}}
        status, text = self.ask("POST", "/apis/acme.dcvd.test/v1alpha1/dcvd", payload, Authorization=f"Bearer {token}")
        return json.loads(text).get("response", {}).get("success") is True, status, text

    def record_name(self, name, token, value):
        body = {"type": "dns-01", "domain": name, "value": value, "record_name": CNAMES["_acme-challenge." + name]}
        status, text = self.ask("POST", "/v1/challenges", body, Authorization=f"Bearer {token}")
        return status in (200, 201), status, text

    def order(self, name, token, value):
        """An order of two: the other name is the client's own."""
        body = {"challenges": [{"type": "dns-01", "domain": name, "value": value}, {"type": "dns-01", "domain": "plain.evil.test", "value": value}]}
        status, text = self.ask("POST", "/v1/orders", body, Authorization=f"Bearer {token}")
        return status in (200, 201), status, text

    def certbot(self, name, token, value):
        run = subprocess.run([program(), "hook", "certbot", "auth"], capture_output=True, text=True, timeout=60, env={
            **os.environ, "DCVD_SERVER": self.service.url, "DCVD_TOKEN": token, "CERTBOT_DOMAIN": name, "CERTBOT_VALIDATION": value})
        return run.returncode == 0, run.returncode, run.stdout + run.stderr

    @property
    def doors(self):
        return {**super().doors, "httpreq at the target": self.target_httpreq, "cert-manager at the target": self.target_cert_manager,
                "record_name": self.record_name, "order": self.order, "certbot": self.certbot}

    # ---- what becomes of it ----

    def challenges(self, token):
        return json.loads(self.ask("GET", "/v1/challenges?limit=1000", Authorization=f"Bearer {token}")[1])["challenges"]

    def ended(self, token, name):
        """The reason why the challenge of a name failed, once it has; or None: it was refused before it became one."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = [c for c in self.challenges(token) if c["domain"] == name]
            if all(c["state"] == "failed" for c in found):
                return found[0]["reason"] if found else None
            time.sleep(0.05)
        self.fail(f"{name} did not fail: {found}\n{self.service.log[-3000:]}")

    def assert_written(self, name, token, target, present=None):
        value = fresh_value()
        taken, status, text = (present or self.rest)(name, token, value)
        self.assertTrue(taken, text)
        if present == self.httpreq_raw:  # which sends it as a thumbprint
            value = base64.urlsafe_b64encode(hashlib.sha256(f"{'t' * 22}.{value}".encode()).digest()).decode().rstrip("=")
        deadline = time.monotonic() + 20
        while self.server.values(target) != [value] and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.server.values(target), [value], self.challenges(token))
        for challenge in self.challenges(token):
            self.ask("DELETE", f"/v1/challenges/{challenge['id']}", Authorization=f"Bearer {token}")
        while self.server.values(target) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.server.values(target), [])

    def assert_refused_at_every_door(self, name, target, says, **grants):
        for door, present in self.doors.items():
            with self.subTest(door=door, name=name):
                token = self.holder(**grants)
                taken, status, text = present(name, token, fresh_value())
                if door not in ("rest", "order", "record_name"):  # which answer before anybody was asked
                    self.assertFalse(taken, text)
                reason = self.ended(token, name) or text
                if says and " at the target" not in door:
                    self.assertRegex(reason, says)
                self.assertEqual(self.server.values(target), [])


class OutsideOfDelegationZones(Delegation):
    def test_the_attack_that_was_proven(self):
        """evil.test points its CNAME at bank.test, both in zones that dcvd can write, and asks for a certificate for bank.test."""
        pebble = Pebble(self.folder, dns_server=f"127.0.0.1:{self.server.port}")
        pebble.start()
        self.addCleanup(pebble.stop)
        acme = AcmeClient(pebble.directory, str(pebble.ca_file))
        authorization = acme.new_order(["bank.test"])[0]["bank.test"]
        key_authorization = acme.key_authorization(authorization["challenges"]["dns-01"]["token"])
        token = self.holder(identifiers=["evil.test"])
        status, text = self.ask("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "evil.test", "key_authorization": key_authorization},
                                Authorization=f"Bearer {token}")
        self.assertEqual(json.loads(text)["state"], "failed", text)
        self.assertIn("a CNAME is no grant", text)
        self.assertEqual(self.server.values("_acme-challenge.bank.test"), [])
        self.assertIsNotNone(acme.validate(authorization, "dns-01"))

    def test_no_door_leads_further(self):
        self.assert_refused_at_every_door("evil.test", "_acme-challenge.bank.test", "stands for bank.test, (and that|which) is not granted|bank.test is not granted",
                                          identifiers=["evil.test", "plain.evil.test"])

    def test_no_chain_leads_further(self):
        self.assert_refused_at_every_door("chain.evil.test", "_acme-challenge.bank.test", "not granted", identifiers=["chain.evil.test", "plain.evil.test"])

    def test_the_target_of_a_cname_within_the_own_grants_is_written(self):
        token = self.holder(identifiers=[".evil.test"])
        for door, present in self.doors.items():
            if door != "order":
                with self.subTest(door=door):
                    self.assert_written("own.evil.test", token, "_acme-challenge.other.evil.test", present)

    def test_a_name_of_an_acme_dns_account_is_its_own(self):
        _, door = self.client(doors=["acme-dns"])
        account = json.loads(self.ask("POST", f"/t/{door}/register")[1])
        self.assertTrue(self.rest(account["fulldomain"], self.service.token, fresh_value())[0])
        body = {"type": "dns-01", "domain": "evil.test", "value": fresh_value(), "record_name": account["fulldomain"]}
        token = self.holder(identifiers=["evil.test", ".acme.test"])
        self.assertEqual(self.ask("POST", "/v1/challenges", body, Authorization=f"Bearer {token}")[0], 201)
        self.assertIn("belongs to an account of acme-dns", self.ended(token, "evil.test"))
        headers = {"X_Api_User": account["username"], "X_Api_Key": account["password"]}
        self.assertEqual(self.status("POST", "/update", {"subdomain": account["subdomain"], "txt": "A" * 43}, **headers), 200)


class InsideADelegationZone(Delegation):
    def test_each_identifier_has_names_of_its_own(self):
        token = self.holder(identifiers=["www.bank.test"])
        for door, present in self.doors.items():
            if door != "order":
                with self.subTest(door=door):
                    self.assert_written("www.bank.test", token, "www.bank.test.dlg.test", present)
        token = self.holder(identifiers=[".evil.test"])
        self.assert_written("digest.evil.test", token, digest("digest.evil.test") + ".dlg.test")
        self.assert_written("label.evil.test", token, "_acme-challenge.label.evil.test.dlg.test")

    def test_the_name_of_another_tenant_is_refused_at_every_door(self):
        self.assert_refused_at_every_door("thief.evil.test", "www.bank.test.dlg.test", "belongs to www.bank.test|not granted", identifiers=[".evil.test"])
        self.assert_refused_at_every_door("spy.evil.test", digest("www.bank.test") + ".dlg.test", "does not belong to spy.evil.test|nothing says", identifiers=[".evil.test"])

    def test_no_grant_on_names_reaches_in(self):
        for grant in (".dlg.test", "www.bank.test.dlg.test", "*.bank.test.dlg.test"):
            token = self.holder(identifiers=[grant, "thief.evil.test"], wildcard=True)
            for present in (self.rest, self.httpreq):
                taken, _, text = present("www.bank.test.dlg.test", token, fresh_value())
                self.assertFalse(taken, grant)
                self.assertIn("no grant on names reaches into a delegation zone", text)
            self.record_name("thief.evil.test", token, fresh_value())
            self.ended(token, "thief.evil.test")
            self.assertEqual(self.server.values("www.bank.test.dlg.test") + self.server.values("_acme-challenge.www.bank.test.dlg.test"), [])

    def test_not_even_the_operator_writes_for_the_wrong_identifier(self):
        answer = self.service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "thief.evil.test", "value": fresh_value()})
        self.assertEqual(answer["state"], "failed")
        self.assertIn("belongs to www.bank.test, not to thief.evil.test", answer["reason"])

    def test_a_binding_of_the_operator(self):
        token = self.holder(identifiers=["site.evil.test"])
        self.rest("site.evil.test", token, fresh_value())
        self.assertIn('"dcvd delegate bind site7.dlg.test site.evil.test"', self.ended(token, "site.evil.test"))
        bound = self.service.command("delegate", "bind", "site7.dlg.test", "site.evil.test")
        self.assertEqual(bound.returncode, 0, bound.stderr)
        self.assert_written("site.evil.test", self.holder(identifiers=["site.evil.test"]), "site7.dlg.test")
        self.assertRegex(self.service.command("delegate", "list").stdout, r"site7\.dlg\.test +site\.evil\.test +operator +operator")
        self.assertNotEqual(self.service.command("delegate", "bind", "site7.dlg.test", "bank.test").returncode, 0)
        self.assertIn("site7.dlg.test", self.service.command("delegate", "site.evil.test").stdout)
        self.assertEqual(self.entry(action="delegation.bind", name="site7.dlg.test", result="ok")["client"], "operator")
        self.assertEqual(self.service.command("delegate", "unbind", "site7.dlg.test").returncode, 0)
        self.assertEqual(self.entry(action="delegation.unbind", name="site7.dlg.test")["result"], "ok")
        token = self.holder(identifiers=["site.evil.test"])
        self.rest("site.evil.test", token, fresh_value())
        self.assertIn("does not belong to site.evil.test", self.ended(token, "site.evil.test"))

    def test_a_name_that_is_somebodys_is_bound_to_nobody_else(self):
        """The owner was shown the name and points a CNAME at it: a binding would give evil the certificates of bank.test."""
        for name in ("bank.test.dlg.test", "_acme-challenge.bank.test.dlg.test", digest("bank.test") + ".dlg.test"):
            bound = self.service.command("delegate", "bind", name, "evil.test")
            self.assertEqual(bound.returncode, 1, name)
            self.assertRegex(bound.stderr, "belongs to bank.test by its form|form of a digest")
            self.assertIn(f"_acme-challenge.bank.test. CNAME {name.removeprefix('_acme-challenge.')}.", self.service.command("delegate", "bank.test").stdout)
        bound = self.service.command("delegate", "bind", "bank.test.dlg.test", "bank.test")
        self.assertEqual(bound.returncode, 0, bound.stderr)
        self.assertEqual(self.service.command("delegate", "bank.test").stdout.count("CNAME bank.test.dlg.test."), 1)
        self.assertEqual(self.service.command("delegate", "unbind", "bank.test.dlg.test").returncode, 0)

    def test_a_client_is_shown_where_its_own_names_may_point_and_nothing_else(self):
        self.assertEqual(self.service.command("delegate", "bind", "site9.dlg.test", "site.evil.test").returncode, 0)
        token = self.holder(identifiers=["site.evil.test", "*.below.evil.test"], wildcard=True)
        shown = json.loads(self.ask("GET", "/v1/delegations?identifier=site.evil.test", Authorization=f"Bearer {token}")[1])
        self.assertEqual(sorted(shown), ["digest", "identifier", "records"])
        self.assertIn("site9.dlg.test", [record["target"] for record in shown["records"]])
        self.assertEqual(self.status("GET", "/v1/delegations?identifier=a.below.evil.test", Authorization=f"Bearer {token}"), 200)
        for foreign in ("bank.test", "evil.test", "www.site.evil.test", "*", ""):
            self.assertIn(self.status("GET", f"/v1/delegations?identifier={foreign}", Authorization=f"Bearer {token}"), (403, 422), foreign)
        self.assertEqual(self.service.command("delegate", "unbind", "site9.dlg.test").returncode, 0)

    def test_an_address_is_handed_over_to_nobody(self):
        for words in (["192.0.2.1"], ["bind", "site7.dlg.test", "192.0.2.1"]):
            done = self.service.command("delegate", *words)
            self.assertEqual((done.returncode, done.stdout), (1, ""), words)
            self.assertIn("192.0.2.1 is an address", done.stderr)

    def test_only_operators_bind(self):
        token = self.holder(identifiers=["site.evil.test"])
        for method, path, body in (("POST", "/v1/delegations", {"name": "x.dlg.test", "identifier": "site.evil.test"}), ("GET", "/v1/delegations", None),
                                   ("DELETE", "/v1/delegations/x.dlg.test", None)):
            self.assertEqual(self.status(method, path, body, Authorization=f"Bearer {token}"), 403, (method, path))
        for body, status in (({"name": "x.evil.test", "identifier": "a.test"}, 422), ({"name": "x..dlg.test", "identifier": "a.test"}, 422), ({"name": "x.dlg.test"}, 422)):
            with self.assertRaises(ApiError) as caught:
                self.service.call("POST", "/v1/delegations", body)
            self.assertEqual(caught.exception.status, status)
        with self.assertRaises(ApiError) as caught:
            self.service.call("DELETE", "/v1/delegations/nobody.dlg.test")
        self.assertEqual(caught.exception.status, 404)

    def test_the_first_use_binds_where_that_is_allowed(self):
        token = self.holder(identifiers=[".evil.test"])
        self.assert_written("first.evil.test", token, "site8.first.test")
        self.rest("second.evil.test", token, fresh_value())
        self.assertIn("belongs to first.evil.test, not to second.evil.test", self.ended(token, "second.evil.test"))
        self.assertEqual(self.entry(action="delegation.bind", name="site8.first.test")["client"], self.name_of(token))

    def test_the_command_line_shows_what_to_set(self):
        shown = self.service.command("delegate", "BANK.test.")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("_acme-challenge.bank.test. CNAME bank.test.dlg.test. ", shown.stdout)
        self.assertIn(f"_acme-challenge.bank.test. CNAME {digest('bank.test')}.dlg.test. ", shown.stdout)


class LaterThanTheGrant(Delegation):
    """What waits in the journal is judged by what its client may have when it is written."""

    def test_a_command_without_the_service_publishes_nothing_for_a_client_that_is_granted_less_by_now(self):
        folder = self.folder / "narrowed"
        config = CONFIG.format(port=self.server.port, key=self.server.key, delegation=", delegation: on")
        unreachable = config.replace(f'type: rfc2136, server: "127.0.0.1:{self.server.port}"', f'type: rfc2136, server: "127.0.0.1:{free_port()}"')
        service = Service(folder, unreachable.replace("deadline: 20s", "deadline: 1h"), {"TSIG_SECRET": self.server.key.secret})
        service.start()
        self.addCleanup(service.stop)
        token = service.call("POST", "/v1/clients", {"name": "shrinks", "grants": {"identifiers": ["evil.test", "bank.test"]}})["token"]
        waits = service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": "evil.test", "value": fresh_value()}, token=token)
        deadline = time.monotonic() + 20
        while service.call("GET", f"/v1/challenges/{waits['id']}")["state"] != "publishing":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(service.stop(), 0)
        for command in (["revoke", "shrinks"], ["add", "shrinks", "--grant", "evil.test"]):
            done = subprocess.run([program(), "client", *command, "--state", str(service.state)], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        service.config = config
        (folder / "dcvd.yaml").write_text(f"state-dir: {service.state}\ncheck: {{authority: pebble, authority-view: false, poll-first: 50ms}}\n" +
                                          config.replace("check: {poll-first: 50ms, poll-max: 200ms}\n", ""))
        run = subprocess.run([program(), "hook", "--standalone", "--config", str(folder / "dcvd.yaml"), "certbot", "auth"], capture_output=True, text=True,
                             timeout=60, env={**os.environ, **service.environment, "CERTBOT_DOMAIN": "own.evil.test", "CERTBOT_VALIDATION": fresh_value()})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(self.server.values("_acme-challenge.bank.test"), [])
        service.start()
        answer = service.call("GET", f"/v1/challenges/{waits['id']}")
        self.assertIn(answer["state"], ("withdrawing", "failed"))  # an earlier call may have arrived: it is removed
        self.assertIn("stands for bank.test, and that is not granted to client shrinks", answer["reason"])


class Upgrade(Delegation):
    """A service of before, in which a CNAME was enough, and what is said when the rule comes."""

    def test_what_stands_is_named_and_still_withdrawn(self):
        service = self.serve("upgrade", "")
        answer = service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "park.evil.test", "value": fresh_value()})
        self.assertEqual((answer["state"], answer["fqdn"]), ("ready", "park.dlg.test"))
        service.config = CONFIG.format(port=self.server.port, key=self.server.key, delegation=", delegation: on")
        (service.folder / "dcvd.yaml").write_text(service.config)
        line = "dcvd delegate bind park.dlg.test park.evil.test"
        checked = self.check(service)  # beside the running service, before it is restarted
        self.assertEqual(checked.returncode, 0)
        self.assertIn(line, checked.stderr)
        self.assertIn(answer["id"], checked.stderr)
        self.assertEqual(service.stop(), 0)
        self.assertIn(line, self.check(service).stderr)
        service.start()
        self.assertIn(line, service.log)
        self.assertEqual(service.call("GET", f"/v1/challenges/{answer['id']}")["state"], "ready")
        service.call("DELETE", f"/v1/challenges/{answer['id']}")
        service.wait_gone(answer["order"])
        self.assertEqual(self.server.values("park.dlg.test"), [])

    def check(self, service):
        file = service.folder / "dcvd.yaml"
        return subprocess.run([program(), "config", "check", str(file), "--set", f"state-dir={service.state}"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **service.environment})


if __name__ == "__main__":
    unittest.main()
