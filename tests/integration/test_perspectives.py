"""Several nodes that look for one another (Open MPIC): as perspectives, as coordinator, as client of one."""
import contextlib
import json
import pathlib
import shutil
import tempfile
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading

from support.servers import Bind
from support.service import Service

VALUE, OTHER = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo", "nCNEyZa-DDoB6DvdEUbmjvJK3-KFKgvMTUVPPVU1aVQ"
RECORDS = [
    f'_acme-challenge.good.org 60 TXT "{VALUE}"',
    f'_acme-challenge.denied.org 60 TXT "{VALUE}"',
    'denied.org 60 CAA 0 issue "ca.example"',
    "inside.org 60 A 127.0.0.1",
]


class Elsewhere(ThreadingHTTPServer):
    """A coordinator that nobody here wrote: it says what it is told."""
    daemon_threads = True

    def __init__(self, answer):
        outer, self.asked = self, []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, dict(self.headers), body))
                text = json.dumps(answer(body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Perspectives(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.stack = contextlib.ExitStack()
        cls.dns = cls.stack.enter_context(Bind(zones=["org"], records=RECORDS))
        cls.nodes = [cls.stack.enter_context(cls.node(name)) for name in ("west", "east", "south")]
        cls.tokens = {}
        for node in cls.nodes:
            made = node.call("POST", "/v1/clients", {"name": "peer", "grants": {"identifiers": ["good.org", "denied.org", "inside.org"],
                                                                               "doors": ["mpic"]}})
            cls.tokens[node.folder.name] = made["token"]
        cls.keys = cls.folder / "keys"
        cls.keys.write_text("".join(f"{name} {token}\n" for name, token in cls.tokens.items()))
        cls.regions = dict(zip(("west", "east", "south"), ("ARIN", "RIPE", "LACNIC")))
        peers = json.dumps([f"{n.folder.name} {cls.regions[n.folder.name]} {n.url}" for n in cls.nodes])
        cls.center = cls.stack.enter_context(cls.node("center", f"perspectives:\n  peers: {peers}\n  keys: {{file: {cls.keys}}}\n"))

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def node(cls, name, more=""):
        return Service(cls.folder / name, f"""check:
  stub-zones: ["org {cls.dns.address}@{cls.dns.port}"]
resolver:
  servers: ["{cls.dns.address}:{cls.dns.port}"]
  authority-port: {cls.dns.port}
http:
  listen: []
{more}""", authority=[])

    def ask(self, node, path, body, token=None):
        return node.call("POST", path, body, token=token or self.tokens.get(node.folder.name))

    @staticmethod
    def dcv(name, value=VALUE, **more):
        return {"domain_or_ip_target": name, "dcv_check_parameters": {"validation_method": "acme-dns-01", "key_authorization_hash": value}, **more}

    @staticmethod
    def caa(name, *issuers, **more):
        return {"domain_or_ip_target": name, "caa_check_parameters": {"certificate_type": "tls-server", "caa_domains": list(issuers)}, **more}

    def assert_refused(self, status, *arguments, **named):
        with self.assertRaises(Exception) as refused:
            self.ask(*arguments, **named)
        self.assertEqual(refused.exception.status, status, refused.exception)

    # -- a perspective

    def test_a_perspective_says_what_it_sees(self):
        west = self.nodes[0]
        seen = self.ask(west, "/dcv", self.dcv("good.org"))
        self.assertEqual((seen["check_completed"], seen["check_passed"], seen["errors"]), (True, True, None))
        self.assertEqual(seen["details"]["records_seen"], [VALUE])
        wrong = self.ask(west, "/dcv", self.dcv("good.org", OTHER))
        self.assertEqual((wrong["check_completed"], wrong["check_passed"], wrong["problem"]), (True, False, "unauthorized"))
        self.assertEqual(wrong["errors"][0]["error_type"], "validation:acme-dns-01")

    def test_caa_is_judged_for_the_issuers_that_were_named(self):
        west = self.nodes[0]
        self.assertTrue(self.ask(west, "/caa", self.caa("denied.org", "ca.example"))["check_passed"])
        denied = self.ask(west, "/caa", self.caa("denied.org", "other.example"))
        self.assertEqual((denied["check_completed"], denied["check_passed"]), (True, False))
        self.assertEqual((denied["details"]["caa_record_present"], denied["details"]["found_at"]), (True, "denied.org"))
        self.assertTrue(self.ask(west, "/caa", self.caa("good.org", "other.example"))["check_passed"])

    def test_nobody_fetches_through_it_what_was_not_granted(self):
        west = self.nodes[0]
        self.assert_refused(401, west, "/dcv", self.dcv("good.org"), token="dcvd_" + "x" * 43)
        self.assert_refused(403, west, "/dcv", self.dcv("other.net"))
        self.assert_refused(403, west, "/v1/challenges", {"type": "dns-01", "domain": "good.org", "value": VALUE})

    def test_an_address_of_a_private_network_is_never_connected_to(self):
        body = {"domain_or_ip_target": "inside.org", "dcv_check_parameters": {
            "validation_method": "acme-http-01", "token": "abc", "key_authorization": "abc.def"}}
        seen = self.ask(self.nodes[0], "/dcv", body)
        self.assertEqual((seen["check_passed"], seen["problem"]), (False, "dns"))
        self.assertEqual(seen["details"]["response_history"], [])
        self.assertIsNone(seen["details"]["resolved_ip"])

    def test_what_it_does_not_speak_is_refused_by_name(self):
        self.assert_refused(501, self.nodes[0], "/dcv", {"domain_or_ip_target": "good.org", "dcv_check_parameters": {"validation_method": "dns-change"}})
        self.assert_refused(400, self.nodes[0], "/dcv", {"domain_or_ip_target": "good.org"})

    # -- a coordinator

    def test_a_coordinator_asks_all_and_counts(self):
        answer = self.ask(self.center, "/mpic", self.dcv("good.org", check_type="dcv", trace_identifier="t-1"))
        self.assertEqual((answer["mpic_completed"], answer["is_valid"], answer["trace_identifier"]), (True, True, "t-1"))
        self.assertEqual({p["perspective_code"] for p in answer["perspectives"]}, {"west", "east", "south"})
        self.assertEqual(answer["actual_orchestration_parameters"], {"perspective_count": 3, "quorum_count": 2, "attempt_count": 1})
        self.assertFalse(self.ask(self.center, "/mpic", self.dcv("good.org", OTHER, check_type="dcv"))["is_valid"])
        self.assertFalse(self.ask(self.center, "/mpic", self.caa("denied.org", "other.example", check_type="caa"))["is_valid"])

    def test_a_quorum_below_the_requirements_is_refused(self):
        self.assert_refused(400, self.center, "/mpic", self.dcv("good.org", check_type="dcv", orchestration_parameters={"quorum_count": 1}))

    def test_one_silent_perspective_is_forgiven_and_two_are_not(self):
        west, east = self.nodes[0], self.nodes[1]
        try:
            west.stop()
            answer = self.ask(self.center, "/mpic", self.dcv("good.org", check_type="dcv"))
            self.assertEqual((answer["is_valid"], answer["mpic_completed"]), (True, True))
            east.stop()
            answer = self.ask(self.center, "/mpic", self.dcv("good.org", check_type="dcv", orchestration_parameters={"max_attempts": 2}))
            self.assertEqual((answer["is_valid"], answer["mpic_completed"]), (False, False))
            self.assertEqual(answer["actual_orchestration_parameters"]["attempt_count"], 2)
        finally:
            for node in (west, east):
                if not node.process:
                    node.start()

    # -- a check that asks the others

    def check(self, node, name, value=VALUE):
        return node.call("POST", "/v1/checks", {"type": "dns-01", "domain": name, "value": value})

    def test_a_check_asks_the_others_once_it_passed_here(self):
        verdict = self.check(self.center, "good.org")
        self.assertEqual((verdict["result"], verdict["stage"]), ("pass", "perspectives"), verdict)

    def test_two_perspectives_that_see_nothing_fail_the_check(self):
        for node in self.nodes[:2]:
            node.call("POST", "/v1/clients/peer/rotate")  # they do not let us in any more
        try:
            verdict = self.check(self.center, "good.org")
            self.assertNotEqual(verdict["result"], "pass", verdict)
            self.assertEqual(verdict["stage"], "perspectives")
        finally:
            type(self).rotate_back()

    @classmethod
    def rotate_back(cls):
        for node in cls.nodes[:2]:
            cls.tokens[node.folder.name] = node.call("POST", "/v1/clients/peer/rotate")["token"]
        cls.keys.write_text("".join(f"{name} {token}\n" for name, token in cls.tokens.items()))
        cls.center.stop()
        cls.center.start()

    # -- a client of a coordinator elsewhere

    def through(self, answer):
        elsewhere = Elsewhere(answer)
        self.addCleanup(elsewhere.shutdown)
        key = self.folder / "coordinator-key"
        key.write_text("coordinator secret-token\n")
        node = self.node("client", f"perspectives:\n  coordinator: {elsewhere.url}\n  keys: {{file: {key}}}\n")
        with node:
            return self.check(node, "good.org"), elsewhere.asked

    @staticmethod
    def said(completed, passed, body):
        return {"mpic_completed": completed, "is_valid": passed, "check_type": body["check_type"], "perspectives": [
            {"perspective_code": code, "check_response": {"check_completed": True, "check_passed": passed, "errors": None, "timestamp_ns": 1}}
            for code in ("us-east-2", "eu-west-2", "ap-south-1")]}

    def test_a_coordinator_elsewhere_is_asked_for_control_and_for_caa(self):
        verdict, asked = self.through(lambda body: self.said(True, True, body))
        self.assertEqual(verdict["result"], "pass", verdict)
        self.assertEqual([(path, body["check_type"]) for path, _, body in asked], [("/mpic", "dcv"), ("/mpic", "caa")])
        self.assertEqual(asked[0][1]["x-api-key"], "secret-token")
        self.assertEqual(asked[0][2]["dcv_check_parameters"]["key_authorization_hash"], VALUE)

    def test_what_was_not_completed_is_never_a_pass(self):
        verdict, _ = self.through(lambda body: self.said(False, True, body))
        self.assertNotEqual(verdict["result"], "pass", verdict)

    def test_nonsense_from_a_coordinator_is_never_a_pass(self):
        verdict, _ = self.through(lambda body: {"is_valid": True})
        self.assertNotEqual(verdict["result"], "pass", verdict)


if __name__ == "__main__":
    unittest.main(verbosity=1)
