"""The REST API against a running service: bad input, who may, paging, waiting, streams, callbacks."""
import hashlib
import hmac
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.receiver import RECEIVER_RULE, Receiver
from support.service import ApiError, Service, program

SECRET = "a secret of the tests"
# Names are looked up at dcvd's own DNS server: no question leaves the machine.
CONFIG = """
challenge: {deadline: 20s}
check: {poll-first: 50ms, poll-max: 200ms}
callback-secrets: {tests: {env: CALLBACK_SECRET}}
""" + RECEIVER_RULE


def service_at(folder, config=CONFIG):
    port = free_port()
    return Service(pathlib.Path(folder) / "dcvd", f'resolver: {{servers: ["127.0.0.1:{port}"]}}\n{config}',
                   {"CALLBACK_SECRET": SECRET}, dns_port=port)


TOKEN = "tok_en-1-of-an-authority"
THUMBPRINT = "T" * 43
AUTHORIZATION = f"{TOKEN}.{THUMBPRINT}"


def dns01(domain, value="some-value-of-43-characters-for-every-test-"):
    return {"type": "dns-01", "domain": domain, "value": value}


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.service = service_at(cls.holder.name).start()

    @classmethod
    def tearDownClass(cls):
        status, log = cls.service.stop(), cls.service.log
        cls.holder.cleanup()
        if status != 0:
            raise AssertionError(f"dcvd ended with {status}:\n{log}")

    def refused(self, status, *call, **named):
        with self.assertRaises(ApiError) as caught:
            self.service.call(*call, **named)
        problem = caught.exception.problem
        self.assertEqual(caught.exception.status, status, problem)
        self.assertEqual(problem["status"], status)
        for key in ("type", "title", "detail", "code"):
            self.assertTrue(problem[key], problem)
        return problem

    def raw(self, method, path, headers=None, body=None):
        request = urllib.request.Request(self.service.url + path, method=method, headers=headers or {}, data=body)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def client(self, name, **grants):
        return self.service.call("POST", "/v1/clients", {"name": name, "grants": grants})["token"]


class BadInput(Api):
    def test_json_that_is_none(self):
        for body in (b"", b"{", b"[]", b"7", b'{"a":1,"a":2}', b'{"type":"\xff"}', b"[" * 5000):
            self.refused(400, "POST", "/v1/challenges", body)

    def test_a_body_over_the_maximum(self):
        status, headers, body = self.raw("POST", "/v1/orders", {"Authorization": f"Bearer {self.service.token}"},
                                         b'{"x":"' + b"a" * 20_000_000 + b'"}')
        self.assertEqual(status, 413)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(json.loads(body)["status"], 413)

    def test_unknown_fields_are_named(self):
        problem = self.refused(422, "POST", "/v1/challenges", {**dns01("a.dcvd.test"), "valeu": "x"})
        self.assertEqual(problem["pointer"], "/valeu")
        self.assertIn("valeu", problem["detail"])

    def test_tokens_that_leave_the_folder(self):
        for token in ("../../etc/passwd", "a/b", "..", "", "a b", "a" * 129, "a%2fb"):
            self.refused(422, "POST", "/v1/challenges", {"type": "http-01", "domain": "a.dcvd.test", "token": token,
                                                         "key_authorization": f"{token}.{THUMBPRINT}"})

    def test_key_authorizations_too_long_or_of_another_token(self):
        for key in (f"{TOKEN}." + "x" * 300, f"x{AUTHORIZATION}", TOKEN, f"{TOKEN}.", f"{TOKEN}.\u00fc", f"{AUTHORIZATION}x"):
            self.refused(422, "POST", "/v1/challenges", {"type": "http-01", "domain": "a.dcvd.test", "token": TOKEN,
                                                         "key_authorization": key})

    def test_names_that_are_none(self):
        long = ".".join(["a" * 63] * 4)
        for name in ("a..b", ".a", "", "a" * 64 + ".test", long + ".test", "a b.test", "a/b.test", "*.*.test", "a.*.test"):
            problem = self.refused(422, "POST", "/v1/challenges", dns01(name))
            self.assertEqual(problem["pointer"], "/domain")

    def test_values_that_no_authority_asks_for(self):
        for value, slip in ((AUTHORIZATION, "this is a key authorization (token.thumbprint); pass it as key_authorization"),
                            (f'"{"A" * 43}"', "quotes or spaces stand around it"), ("0f" * 32, "hexadecimal"), ("A" * 43 + "=", "padding"),
                            ("A" * 42 + "+", "base64"), ("aaaa", "4 characters"), ("A" * 44, "44 characters")):
            for kind in ({"type": "dns-01"}, {"type": "dns-account-01", "account_uri": "https://ca.example/acct/1"}):
                body = {**kind, "domain": "f9.dcvd.test", "value": value}
                self.assertIn(slip, self.refused(422, "POST", "/v1/challenges", body)["detail"])
                self.assertIn(slip, self.refused(422, "POST", "/v1/orders", {"challenges": [body]})["detail"])
                self.assertIn(slip, self.refused(422, "POST", "/v1/checks", body)["detail"])

    def test_standing_records_that_no_authority_reads(self):
        for value, word in (("A" * 43, "missing mandatory accounturi"), ("ca.example", "missing mandatory accounturi"),
                            ("ca.example; accounturi=https://ca.example/1;", "trailing semicolon")):
            body = {"type": "dns-persist-01", "domain": "f9.dcvd.test", "value": value}
            self.assertIn(word, self.refused(422, "POST", "/v1/challenges", body)["detail"])

    def test_only_an_operator_may_publish_a_value_as_it_is(self):
        body = {"type": "dns-01", "domain": "raw.dcvd.test", "value": "aaaa", "raw": True}
        token = self.client("raw", identifiers=["*.dcvd.test"])
        self.assertEqual(self.refused(403, "POST", "/v1/challenges", body, token=token)["pointer"], "/raw")
        self.refused(403, "POST", "/v1/orders", {"challenges": [body]}, token=token)
        self.refused(403, "POST", "/v1/checks", body, token=token)
        made = self.service.call("POST", "/v1/challenges?wait=ready&timeout=10s", body)
        self.assertEqual((made["state"], made["value"]), ("ready", "aaaa"))
        self.service.call("DELETE", f"/v1/challenges/{made['id']}")

    def test_account_uris_that_are_no_urls(self):
        for uri in ("12345", "https://", "ftp://ca.example/1", "https://ca.example/a;b"):
            body = {"type": "dns-account-01", "domain": "f9.dcvd.test", "value": "A" * 43, "account_uri": uri}
            for path in ("/v1/challenges", "/v1/checks"):
                self.assertIn("account_uri", self.refused(422, "POST", path, body)["detail"])

    def test_a_wildcard_is_for_dns(self):
        self.refused(422, "POST", "/v1/challenges", {"type": "http-01", "domain": "*.dcvd.test", "token": TOKEN,
                                                     "key_authorization": AUTHORIZATION})

    def test_a_u_label_becomes_an_a_label(self):
        challenge = self.service.call("POST", "/v1/challenges", dns01("B\u00dcCHER.dcvd.test."))
        self.assertEqual(challenge["domain"], "xn--bcher-kva.dcvd.test")

    def test_one_bad_name_refuses_the_order_and_nothing_is_left(self):
        problem = self.refused(422, "POST", "/v1/orders", {"challenges": [dns01("left.dcvd.test"), dns01("a..b")]})
        self.assertIn("challenge 2", problem["detail"])
        self.assertEqual(problem["pointer"], "/challenges/1/domain")
        self.assertEqual(self.service.call("GET", "/v1/challenges?domain=left.dcvd.test")["challenges"], [])

    def test_a_number_is_no_duration(self):
        problem = self.refused(422, "POST", "/v1/challenges", {**dns01("a.dcvd.test"), "deadline": 600})
        self.assertEqual(problem["pointer"], "/deadline")

    def test_queries_that_say_nothing(self):
        challenge = self.service.call("POST", "/v1/challenges", dns01("query.dcvd.test"))
        for query in ("wait=done", "wait=ready&timeout=5", "wait=ready&timeout=2h", "timeout=5s"):
            self.refused(400, "GET", f"/v1/challenges/{challenge['id']}?{query}")
        for query in ("limit=0", "limit=x", "limit=1001", "state=lost", "type=x", "domain=a..b", "after=ch_unknown"):
            self.refused(400, "GET", f"/v1/challenges?{query}")

    def test_routes_and_methods_that_do_not_exist(self):
        self.refused(404, "GET", "/v1/nothing")
        self.refused(404, "GET", "/v1/challenges/ch_unknown")
        self.refused(404, "DELETE", "/v1/orders/or_unknown")
        status, headers, _ = self.raw("PUT", "/v1/challenges")
        self.assertEqual((status, headers["Allow"]), (405, "POST, GET"))

    def test_a_callback_without_its_secret(self):
        problem = self.refused(422, "POST", "/v1/orders", {"challenges": [dns01("a.dcvd.test")],
                                                           "callback": {"url": "http://127.0.0.1/", "secret": "other"}})
        self.assertEqual(problem["pointer"], "/callback/secret")


class Access(Api):
    def test_no_token_no_access(self):
        for method, path in (("GET", "/v1/challenges"), ("POST", "/v1/orders"), ("GET", "/v1/events"), ("GET", "/metrics"),
                             ("GET", "/v1/clients"), ("GET", "/v1/cps/validations")):
            status, headers, _ = self.raw(method, path)
            self.assertEqual(status, 401, path)
            self.assertIn("Bearer", headers["WWW-Authenticate"])
        for header in ("Bearer wrong", "Bearer ", "Basic b3BlcmF0b3I6eA==", "Bearer " + self.service.token[:-1]):
            self.assertEqual(self.raw("GET", "/v1/challenges", {"Authorization": header})[0], 401, header)

    def test_health_and_contract_are_open(self):
        for path in ("/v1/health/live", "/v1/health/ready", "/v1/openapi.json"):
            self.assertEqual(self.raw("GET", path)[0], 200)

    def test_a_client_gets_the_names_it_was_granted(self):
        token = self.client("suffix", identifiers=["*.dcvd.test"])
        self.service.call("POST", "/v1/challenges", dns01("WWW.Dcvd.Test."), token=token)
        for name in ("dcvd.test", "evildcvd.test", "a.dcvd.test.evil.net", "*.a.dcvd.test", "*.dcvd.test"):
            problem = self.refused(403, "POST", "/v1/challenges", dns01(name), token=token)
            self.assertEqual(problem["pointer"], "/domain")
            self.refused(403, "POST", "/v1/checks", {"type": "dns-01", "domain": name}, token=token)

    def test_a_client_sees_only_its_own(self):
        mine, other = self.client("mine", identifiers=["*.dcvd.test"]), self.client("other", identifiers=["*.dcvd.test"])
        challenge = self.service.call("POST", "/v1/challenges", dns01("own.dcvd.test"), token=mine)
        for method in ("GET", "DELETE"):
            self.refused(404, method, f"/v1/challenges/{challenge['id']}", token=other)
            self.refused(404, method, f"/v1/orders/{challenge['order']}", token=other)
        self.refused(404, "GET", f"/v1/events?challenge={challenge['id']}", token=other)
        self.assertEqual(self.service.call("GET", "/v1/challenges", token=other)["challenges"], [])
        self.assertEqual(self.service.call("GET", f"/v1/challenges/{challenge['id']}")["client"], "mine")

    def test_clients_are_for_operators(self):
        token = self.client("plain", identifiers=["a.dcvd.test"])
        self.refused(403, "GET", "/v1/clients", token=token)
        self.refused(403, "POST", "/v1/clients", {"name": "x", "grants": {"identifiers": ["*"]}}, token=token)
        self.refused(403, "POST", "/v1/cps/enrollments/1/validate", token=token)

    def test_rotate_and_revoke_end_a_token_at_once(self):
        old = self.client("turn", identifiers=["a.dcvd.test"])
        self.refused(409, "POST", "/v1/clients", {"name": "turn", "grants": {"identifiers": ["*"]}})
        new = self.service.call("POST", "/v1/clients/turn/rotate")["token"]
        self.refused(401, "GET", "/v1/challenges", token=old)
        self.service.call("GET", "/v1/challenges", token=new)
        self.service.call("DELETE", "/v1/clients/turn")
        self.refused(401, "GET", "/v1/challenges", token=new)
        self.assertNotIn("token", json.dumps(self.service.call("GET", "/v1/clients")))

    def test_a_network_is_kept(self):
        token = self.client("far", identifiers=["*"], networks=["192.0.2.0/24"])
        self.refused(403, "GET", "/v1/challenges", token=token)

    def test_the_token_is_in_no_log_and_the_change_is(self):
        token = self.client("logged", identifiers=["a.dcvd.test"])
        self.assertIn("action=client.add name=logged result=ok", self.service.log)
        self.assertNotIn(token, self.service.log)
        self.assertNotIn(self.service.token, self.service.log)

    def test_the_operators_token_is_private(self):
        self.assertEqual((self.service.state / "operator.token").stat().st_mode & 0o777, 0o600)


class OpenLoopback(Api):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.service = service_at(cls.holder.name, "api: {loopback-open: true}\n").start()

    def test_needs_no_token_but_manages_no_clients(self):
        self.assertEqual(self.raw("GET", "/v1/challenges")[0], 200)
        self.assertEqual(self.raw("GET", "/v1/clients")[0], 403)

    def test_a_web_page_is_no_neighbour(self):
        self.assertEqual(self.raw("GET", "/v1/challenges", {"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(self.raw("GET", "/v1/challenges", {"Host": "evil.example"})[0], 403)
        self.assertEqual(self.raw("GET", "/v1/challenges", {"Host": "127.0.0.1.evil.example"})[0], 403)
        self.assertEqual(self.raw("POST", "/v1/challenges", {"Content-Type": "text/plain"}, b"{}")[0], 415)

    def test_a_wrong_token_is_worse_than_none(self):
        self.assertEqual(self.raw("GET", "/v1/challenges", {"Authorization": "Bearer x"})[0], 401)


class Life(Api):
    def test_present_wait_read_withdraw(self):
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=15s", dns01("life.dcvd.test"))
        self.assertEqual(challenge["state"], "ready", self.service.log)
        self.assertEqual(challenge["fqdn"], "_acme-challenge.life.dcvd.test")
        self.assertEqual(challenge["verdict"]["result"], "pass")
        again = self.service.call("POST", "/v1/challenges", dns01("life.dcvd.test"))
        self.assertEqual(again["id"], challenge["id"])
        for _ in range(2):
            self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        self.service.wait_gone(challenge["order"])
        texts = [e["text"] for e in self.service.call("GET", f"/v1/challenges/{challenge['id']}")["events"]]
        self.assertGreaterEqual(len(texts), 5, texts)

    def test_http_01_is_served_and_its_key_authorization_not_shown(self):
        body = {"type": "http-01", "domain": "127.0.0.1.nip.dcvd.test", "token": TOKEN, "key_authorization": AUTHORIZATION}
        challenge = self.service.call("POST", "/v1/challenges", body)
        self.assertNotIn(AUTHORIZATION, json.dumps(challenge))
        deadline = time.monotonic() + 20
        while self.service.call("GET", f"/v1/challenges/{challenge['id']}")["state"] in ("queued", "publishing"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        with urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{self.service.http_port}/.well-known/acme-challenge/{TOKEN}", headers={"Host": body["domain"]})) as reply:
            self.assertEqual(reply.read(), AUTHORIZATION.encode())
        self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")

    def test_a_wait_ends_with_202_while_it_is_pending(self):
        headers = {"Authorization": f"Bearer {self.service.token}"}
        body = {"type": "http-01", "domain": "nowhere.example.org", "token": TOKEN, "key_authorization": AUTHORIZATION}
        begin = time.monotonic()
        status, reply_headers, text = self.raw("POST", "/v1/challenges?wait=ready&timeout=500ms", headers, json.dumps(body).encode())
        self.assertEqual(status, 202, text)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(reply_headers["Location"], "/v1/challenges/" + json.loads(text)["id"])

    def test_pages_hold_every_challenge_once(self):
        token = self.client("pages", identifiers=["*.dcvd.test"])
        order = self.service.call("POST", "/v1/orders", {"challenges": [dns01(f"p{i}.dcvd.test") for i in range(25)]}, token=token)
        seen, after = [], ""
        while after is not None:
            page = self.service.call("GET", f"/v1/challenges?limit=10{after and '&after=' + after}", token=token)
            seen += [c["id"] for c in page["challenges"]]
            after = page["next"]
        self.assertEqual(sorted(seen), sorted(c["id"] for c in order["challenges"]))
        self.assertEqual(len(seen), 25)
        one = self.service.call("GET", "/v1/challenges?domain=p7.dcvd.test", token=token)["challenges"]
        self.assertEqual([c["domain"] for c in one], ["p7.dcvd.test"])

    def test_an_outcome_is_told_with_the_challenge(self):
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=20s", dns01("outcome.dcvd.test"))
        path = f"/v1/challenges/{challenge['id']}/outcome"
        self.service.call("POST", path, {"valid": False, "problem": "dns: NXDOMAIN looking up TXT"})
        texts, deadline = [], time.monotonic() + 10
        while "the authority found it invalid: dns: NXDOMAIN looking up TXT" not in texts:
            self.assertLess(time.monotonic(), deadline, texts)
            texts = [event["text"] for event in self.service.call("GET", f"/v1/challenges/{challenge['id']}")["events"]]
        self.service.call("POST", path, {"valid": True})
        for body in ({}, {"valid": "yes"}, {"valid": True, "why": ""}):
            self.refused(422, "POST", path, body)
        self.refused(404, "POST", "/v1/challenges/ch_unknown/outcome", {"valid": True})

    def test_a_standing_record_of_an_account(self):
        account = "https://ca.example/acct/1"
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {
            "type": "dns-persist-01", "domain": "*.dcvd.test", "account_uri": account, "lifetime": "0s"})
        self.assertEqual((challenge["state"], challenge["fqdn"], challenge["value"], challenge["expires"]),
                         ("ready", "_validation-persist.dcvd.test", f"pebble.letsencrypt.org; accounturi={account}; policy=wildcard", None))
        self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")

    def test_a_record_of_an_account(self):
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {
            "type": "dns-account-01", "domain": "dcvd.test", "account_uri": "https://ca.example/acct/1", "value": "v" * 43})
        self.assertEqual(challenge["state"], "ready")
        self.assertRegex(challenge["fqdn"], r"^_[a-z2-7]{16}\._acme-challenge\.dcvd\.test$")
        self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")

    def test_an_order_of_apex_and_wildcard(self):
        order = self.service.call("POST", "/v1/orders?wait=ready&timeout=15s",
                                  {"challenges": [dns01("both.dcvd.test", "1" * 43), dns01("*.both.dcvd.test", "2" * 43)], "label": "both"})
        self.assertEqual((order["state"], order["label"]), ("ready", "both"))
        verdict = self.service.call("POST", "/v1/checks", dns01("both.dcvd.test", "2" * 43))
        self.assertEqual(sorted(verdict["looks"][0]["values"]), ["1" * 43, "2" * 43])
        self.service.call("DELETE", f"/v1/orders/{order['id']}")
        self.service.wait_gone(order["id"])

    def test_a_stream_tells_the_whole_life_and_ends(self):
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=15s", dns01("stream.dcvd.test"))
        request = urllib.request.Request(f"{self.service.url}/v1/events?challenge={challenge['id']}",
                                         headers={"Authorization": f"Bearer {self.service.token}", "Last-Event-ID": "77"})
        with urllib.request.urlopen(request, timeout=20) as stream:
            self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
            self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
            text = stream.read().decode()
        states = [json.loads(line[6:])["state"] for line in text.splitlines() if line.startswith("data: ")]
        self.assertEqual([states[0], states[-1]], ["queued", "gone"])
        self.assertIn("ready", states)

    def test_a_stream_of_cloud_events(self):
        challenge = self.service.call("POST", "/v1/challenges?wait=ready&timeout=15s", dns01("cloud.dcvd.test"))
        self.refused(400, "GET", "/v1/events?format=xml")
        request = urllib.request.Request(f"{self.service.url}/v1/events?format=cloudevents&challenge={challenge['id']}",
                                         headers={"Authorization": f"Bearer {self.service.token}"})
        with urllib.request.urlopen(request, timeout=20) as stream:
            self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
            events = [json.loads(line[6:]) for line in stream.read().decode().splitlines() if line.startswith("data: ")]
        self.assertEqual({(e["specversion"], e["source"], e["subject"]) for e in events}, {("1.0", "/v1/challenges", challenge["id"])})
        self.assertEqual((events[0]["type"], events[-1]["type"]), ("dcvd.challenge.queued", "dcvd.challenge.gone"))
        self.assertEqual(events[0]["data"]["challenge"], challenge["id"])
        self.assertEqual(len({e["id"] for e in events}), len(events))

    def test_callers_who_leave_disturb_nobody(self):
        challenge = self.service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "gone.example.org", "token": TOKEN,
                                                                 "key_authorization": AUTHORIZATION})
        for path in (f"/v1/challenges/{challenge['id']}?wait=ready&timeout=60s", f"/v1/events?challenge={challenge['id']}", "/v1/events"):
            with socket.create_connection(("127.0.0.1", self.service.api_port)) as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.service.token}\r\n\r\n".encode())
                time.sleep(0.1)
        self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        self.assertEqual(self.raw("GET", "/v1/health/ready")[0], 200)

    def test_metrics_count(self):
        self.service.call("POST", "/v1/challenges", dns01("metrics.dcvd.test"))
        _, headers, text = self.raw("GET", "/metrics", {"Authorization": f"Bearer {self.service.token}"})
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertRegex(text.decode(), r"dcvd_challenges_submitted_total [1-9]")
        self.assertNotIn("dcvd.test", text.decode())

    def test_the_contract_lists_every_path_that_answers(self):
        document = json.loads(self.raw("GET", "/v1/openapi.json")[2])
        for path, methods in document["paths"].items():
            for method in methods:
                status, _, text = self.raw(method.upper(), path.replace("{id}", "1"), {"Authorization": "Bearer wrong"})
                self.assertIn(status, (200, 401), f"{method} {path}: {text}")


class Callbacks(Api):
    def receiver(self, *statuses):
        receiver = Receiver(*statuses)
        self.addCleanup(receiver.close)
        return receiver

    def order(self, receiver, *names):
        return self.service.call("POST", "/v1/orders", {"challenges": [dns01(n) for n in names],
                                                        "callback": {"url": receiver.url, "secret": "tests"}})

    def settled(self, order_id):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            callback = self.service.call("GET", f"/v1/orders/{order_id}")["callback"]
            if callback["settled"]:
                return callback["result"]
            time.sleep(0.05)
        self.fail(f"not settled: {callback}\n{self.service.log}")

    def test_is_signed_and_comes_when_all_are_ready(self):
        receiver = self.receiver()
        order = self.order(receiver, "c1.dcvd.test", "c2.dcvd.test")
        headers, body = receiver.calls.get(timeout=15)
        expected = hmac.new(SECRET.encode(), headers["Dcvd-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
        self.assertEqual(headers["Dcvd-Signature"], "v1=" + expected)
        self.assertLess(abs(time.time() - int(headers["Dcvd-Timestamp"])), 30)
        said = json.loads(body)
        self.assertEqual((headers["Content-Type"], said["specversion"], said["type"], said["source"], said["subject"], said["id"]),
                         ("application/cloudevents+json", "1.0", "dcvd.order.ready", "/v1/orders", order["id"], order["id"] + ".ready"))
        self.assertEqual({c["state"] for c in said["data"]["challenges"]}, {"ready"})
        self.assertEqual(self.settled(order["id"])["attempts"], 1)

    def test_is_repeated_until_it_is_taken(self):
        receiver = self.receiver(500, 503)
        order = self.order(receiver, "c3.dcvd.test")
        bodies = {receiver.calls.get(timeout=15)[1] for _ in range(3)}
        self.assertEqual(len(bodies), 1)
        result = self.settled(order["id"])
        self.assertEqual((result["attempts"], result["status"], result["delivered"], result["next"]), (3, 200, True, None))
        self.assertRegex(self.service.command("describe", order["id"]).stdout, r"Callback: +http://\S+ \(delivered\)\n +3 tries")

    def test_are_listed_with_their_result(self):
        receiver = self.receiver(*[500] * 20)
        order = self.order(receiver, "c5.dcvd.test")
        receiver.calls.get(timeout=15)
        receiver.calls.get(timeout=15)
        waiting = [c for c in self.service.call("GET", "/v1/callbacks?settled=false")["callbacks"] if c["order"] == order["id"]]
        self.assertEqual([(c["url"], c["state"], c["settled"], c["result"]["status"]) for c in waiting], [(receiver.url, "ready", False, 500)])
        self.assertTrue(waiting[0]["result"]["next"])
        self.assertNotIn(order["id"], {c["order"] for c in self.service.call("GET", "/v1/callbacks?settled=true")["callbacks"]})
        self.assertIn("again at", self.service.command("describe", order["id"]).stdout)
        other = self.service.call("POST", "/v1/clients", {"name": "stranger", "grants": {"identifiers": ["x.test"]}})["token"]
        self.assertEqual(self.service.call("GET", "/v1/callbacks", token=other), {"callbacks": []})
        self.refused(400, "GET", "/v1/callbacks?settled=maybe")

    def test_goes_on_after_a_restart(self):
        receiver = self.receiver(500)
        order = self.order(receiver, "c4.dcvd.test")
        receiver.calls.get(timeout=15)
        self.assertEqual(self.service.stop(), 0, self.service.log)
        self.service.start()
        receiver.calls.get(timeout=15)
        result = self.settled(order["id"])
        self.assertEqual((result["delivered"], result["attempts"]), (True, 2))

    def test_a_failed_order_is_told_too(self):
        receiver = self.receiver()
        self.service.call("POST", "/v1/orders", {"challenges": [{"type": "http-01", "domain": "never.example.org", "token": TOKEN,
                                                                 "key_authorization": AUTHORIZATION}], "deadline": "1s",
                                                 "callback": {"url": receiver.url, "secret": "tests"}})
        said = json.loads(receiver.calls.get(timeout=20)[1])
        self.assertEqual(said["type"], "dcvd.order.failed")
        self.assertTrue(said["data"]["challenges"][0]["reason"])


class CommandLine(Api):
    def test_exit_statuses(self):
        self.assertEqual(self.service.command("lsit").returncode, 2)
        self.assertIn("did you mean 'list'", self.service.command("lsit").stderr)
        self.assertEqual(self.service.command("list", "--nothing").returncode, 2)
        self.assertEqual(self.service.command("describe", "ch_unknown").returncode, 1)
        self.assertEqual(self.service.command("list", "--server", "http://127.0.0.1:1").returncode, 3)
        self.assertEqual(self.service.command("--version").returncode, 0)

    def test_a_port_that_is_not_that_of_the_api_is_told_in_its_own_words(self):
        done = self.service.command("list", "--server", f"http://127.0.0.1:{self.service.http_port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("answered 404, not found: this port answers ACME HTTP-01 challenges and nothing else", done.stderr)
        self.assertIn("check --server", done.stderr)

    def test_solve_withdraws_whatever_the_command_says(self):
        done = self.service.command("solve", "solve.dcvd.test", "--value", "x" * 43, "--", "sh", "-c", "exit 5")
        self.assertEqual(done.returncode, 5, done.stderr)
        challenge = self.service.call("GET", "/v1/challenges?domain=solve.dcvd.test")["challenges"][0]
        self.assertIn(challenge["state"], ("withdrawing", "gone"))

    def test_present_list_describe_cleanup(self):
        done = self.service.command("present", "cli.dcvd.test", "--value", "short")
        self.assertIn("5 characters", done.stderr)
        done = self.service.command("present", "cli.dcvd.test", "--value", AUTHORIZATION)
        self.assertIn("pass it as --key-authorization, and", done.stderr)
        self.assertNotIn("key_authorization", done.stderr)
        done = self.service.command("present", "queued.dcvd.test", "--value", "q" * 43, "--no-wait")
        self.assertIn(' _acme-challenge.queued.dcvd.test TXT "qqq', done.stdout)
        self.assertEqual(self.service.command("present", "cli.dcvd.test", "--value", "short", "--raw").returncode, 0)
        self.assertEqual(self.service.command("cleanup", "cli.dcvd.test", "--value", "short").returncode, 0)
        done = self.service.command("present", "cli.dcvd.test", "--value", "v" * 43, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        challenge = json.loads(done.stdout)
        self.assertIn(challenge["id"], self.service.command("list").stdout)
        described = self.service.command("describe", challenge["id"]).stdout
        for word in ("Events:", "ready", "_acme-challenge.cli.dcvd.test"):
            self.assertIn(word, described)
        self.assertEqual(self.service.command("cleanup", "cli.dcvd.test").returncode, 0)
        self.service.wait_gone(challenge["order"])

    def test_the_first_client_needs_no_service(self):
        with tempfile.TemporaryDirectory() as folder:
            fresh = service_at(folder)
            fresh.folder.mkdir()
            made = subprocess.run([program(), "client", "add", "first", "--grant", "*", "--state", str(fresh.state)],
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(made.returncode, 0, made.stderr)
            with fresh:
                self.assertEqual(fresh.call("GET", "/v1/challenges", token=made.stdout.strip())["challenges"], [])
                asked = fresh.command("client", "list", "--json")
                self.assertEqual(sorted(c["name"] for c in json.loads(asked.stdout)["clients"]), ["first", "operator"])


if __name__ == "__main__":
    unittest.main()
