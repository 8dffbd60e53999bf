"""Credentials: how they are shown, when they end, and what is none."""
import hashlib
import hmac
import http.client
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import IDENTITY, PROXY, SECRET, Access, basic, fresh_value
from support.receiver import Receiver
from support.servers import query
from support.service import ApiError, program


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


if __name__ == "__main__":
    unittest.main()
