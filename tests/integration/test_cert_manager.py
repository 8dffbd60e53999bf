"""The cert-manager door, with kube-apiserver's and cert-manager's side of every exchange played here."""
import concurrent.futures
import http.client
import json
import pathlib
import shutil
import socket
import ssl
import tempfile
import time
import unittest

from support.certificates import Authority
from support.pebble import free_port
from support.servers import query
from support.service import Service

GROUP, SOLVER = "acme.corp.example", "dcvd"
BASE = f"/apis/{GROUP}/v1alpha1"
USER = "system:serviceaccount:cert-manager:cert-manager"
KEY = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"


class Webhook(unittest.TestCase):
    MORE = ""  # configuration

    @classmethod
    def prepare(cls):
        """Before the service starts in cls.folder."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.prepare()
        cls.front, cls.serving, cls.foreign = (Authority(cls.folder / name, name) for name in ("front-proxy", "serving", "foreign"))
        cls.proxy = cls.front.issue("front-proxy-client")
        cls.stranger = cls.foreign.issue("front-proxy-client")
        cls.other_name = cls.front.issue("someone-else")
        server = cls.serving.issue("dcvd.dcvd.svc", ["dcvd.dcvd.svc"])
        cls.port = free_port()
        cls.service = Service(cls.folder, f"""
api:
  tls-listen: ["127.0.0.1:{cls.port}"]
  tls-certificate: {server.certificate}
  tls-key: {server.key}
  front-proxy-ca: {cls.front.certificate}
  front-proxy-names: [front-proxy-client]
cert-manager:
  group: {GROUP}
  solver: {SOLVER}
{cls.MORE}""").start()
        cls.service.call("POST", "/v1/clients", {"name": "cert-manager", "grants": {
            "identifiers": ["*.dcvd.test", "dcvd.test"], "identities": [USER], "doors": ["cert-manager"]}})

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    # -- kube-apiserver

    def ask(self, method, path, body=None, who="proxy", user=USER, headers=None, timeout=30):
        context = ssl.create_default_context(cafile=self.serving.certificate)
        identity = {"proxy": self.proxy, "stranger": self.stranger, "other name": self.other_name}.get(who)
        if identity:
            context.load_cert_chain(identity.certificate, identity.key)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=timeout)
        connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout), server_hostname="dcvd.dcvd.svc")
        sent = {"Accept": "application/json, */*", "X-Remote-Group": "system:serviceaccounts"}
        if user:
            sent["X-Remote-User"] = user
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, data, {**sent, **(headers or {})})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, (json.loads(text) if reply.getheader("Content-Type", "").startswith("application/json") else text)

    # -- cert-manager

    def solve(self, action, name, key=KEY, record=None, **more):
        request = {"uid": "", "action": action, "type": "dns-01", "dnsName": name, "key": key, "resourceNamespace": "web",
                   "resolvedFQDN": record or f"_acme-challenge.{name}.", "resolvedZone": "dcvd.test.", "allowAmbientCredentials": False,
                   **more}
        return self.ask("POST", f"{BASE}/{SOLVER}", {"request": request})

    def assert_succeeds(self, answer):
        status, body = answer
        self.assertIn(status, range(200, 207))
        self.assertTrue(body["response"]["success"], body)

    def assert_fails(self, answer, *words):
        status, body = answer
        self.assertIn(status, range(200, 207))
        self.assertIs(body["response"]["success"], False)
        self.assertTrue(body["response"]["status"]["message"])
        for word in words:
            self.assertIn(word, body["response"]["status"]["message"])
        return body["response"]["status"]

    def values(self, name):
        return sorted(query("127.0.0.1", self.service.dns_port, name)[1])

    def assert_becomes(self, name, values):
        """Withdrawing is journalled when the answer comes; the record follows."""
        deadline = time.monotonic() + 15
        while self.values(name) != values and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.values(name), values)


class Door(Webhook):
    # -- the two tests of cert-manager's conformance suite

    def test_conformance_present_record(self):
        self.assert_succeeds(self.solve("Present", "example.dcvd.test", "123d=="))
        self.assertEqual(self.values("_acme-challenge.example.dcvd.test"), ["123d=="])
        self.assert_succeeds(self.solve("CleanUp", "example.dcvd.test", "123d=="))
        self.assert_becomes("_acme-challenge.example.dcvd.test", [])
        self.assert_succeeds(self.solve("CleanUp", "example.dcvd.test", "123d=="))

    def test_conformance_deleting_one_record_retains_others(self):
        name, record = "example.dcvd.test", "cert-manager-dns01-tests.dcvd.test."
        self.assert_succeeds(self.solve("Present", name, "123d==", record))
        self.assert_succeeds(self.solve("Present", name, "anothertestingkey", record))
        self.assertEqual(self.values("cert-manager-dns01-tests.dcvd.test"), ["123d==", "anothertestingkey"])
        self.assert_succeeds(self.solve("CleanUp", name, "anothertestingkey", record))
        self.assert_becomes("cert-manager-dns01-tests.dcvd.test", ["123d=="])
        self.assert_succeeds(self.solve("CleanUp", name, "anothertestingkey", record))
        self.assert_succeeds(self.solve("CleanUp", name, "123d==", record))

    # -- the payload

    def test_a_payload_may_lack_kind_and_config_and_hold_what_is_not_known(self):
        self.assert_succeeds(self.solve("present", "lean.dcvd.test", future={"field": [1, 2]}, config={"secret": {"deep": ["x"]}}))
        self.assert_succeeds(self.solve("cleanup", "lean.dcvd.test"))

    def test_the_answer_echoes_uid_and_never_the_configuration(self):
        _, body = self.ask("POST", f"{BASE}/{SOLVER}", {"apiVersion": "webhook.acme.cert-manager.io/v1alpha1", "kind": "ChallengePayload",
                           "request": {"uid": "u-1", "action": "Present", "type": "dns-01", "dnsName": "uid.dcvd.test", "key": KEY,
                                       "config": {"token": "hidden"}}})
        self.assertEqual(body["response"], {"success": True, "uid": "u-1"})
        self.assertEqual(body["kind"], "ChallengePayload")
        self.assertNotIn("hidden", json.dumps(body))

    def test_presenting_again_is_harmless(self):
        for _ in range(3):
            self.assert_succeeds(self.solve("Present", "again.dcvd.test"))
        self.assertEqual(self.values("_acme-challenge.again.dcvd.test"), [KEY])

    def test_what_is_not_granted_fails_with_the_same_sentence_each_time(self):
        first = self.assert_fails(self.solve("Present", "www.other.example"), "www.other.example")
        self.assertEqual(first, self.assert_fails(self.solve("Present", "www.other.example")))
        self.assertEqual(first["code"], 403)

    def test_a_resolved_name_that_is_not_granted_is_not_written(self):
        self.solve("Present", "narrow.dcvd.test", record="_acme-challenge.www.other.example.")
        self.assertEqual(self.values("_acme-challenge.narrow.dcvd.test"), [KEY])

    def test_nonsense_is_refused_as_a_kubernetes_status(self):
        bodies = [b"", b"{", b"[]", b"{}", b'{"request":{}}', b'{"request":{"action":"Eat","dnsName":"a.dcvd.test","key":"k"}}',
                  b'{"request":{"action":"Present","dnsName":"a..b","key":"k"}}', b'{"request":{"action":"Present","dnsName":7,"key":"k"}}',
                  b'{"request":{"action":"Present","dnsName":"a.dcvd.test","key":""}}', b'{"request":' + b"[" * 5000]
        for body in bodies:
            with self.subTest(body[:60]):
                status, answer = self.ask("POST", f"{BASE}/{SOLVER}", body)
                self.assertEqual((status, answer["kind"], answer["status"]), (400, "Status", "Failure"))
                self.assertTrue(answer["message"])

    # -- identity

    def test_only_the_front_proxy_may_say_who_asks(self):
        body = {"request": {"action": "Present", "dnsName": "forged.dcvd.test", "key": KEY}}
        for who in (None, "other name"):
            with self.subTest(who):
                status, answer = self.ask("POST", f"{BASE}/{SOLVER}", body, who=who)
                self.assertIn(status, (401, 403))
                self.assertEqual(answer["kind"], "Status")
        try:
            status, _ = self.ask("POST", f"{BASE}/{SOLVER}", body, who="stranger")
            self.assertIn(status, (401, 403))
        except (ssl.SSLError, OSError):
            pass  # refused during the handshake already
        self.assertEqual(self.values("_acme-challenge.forged.dcvd.test"), [])

    def test_another_user_behind_the_front_proxy_is_nobody(self):
        for user in ("system:serviceaccount:web:default", "", None):
            status, _ = self.ask("POST", f"{BASE}/{SOLVER}", {"request": {"action": "Present", "dnsName": "x.dcvd.test", "key": KEY}}, user=user)
            self.assertIn(status, (401, 403))

    # -- discovery

    def test_five_availability_probes_at_once_are_answered(self):
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: self.ask("GET", BASE, user="system:kube-aggregator", timeout=5), range(5)))
        self.assertEqual({status for status, _ in answers}, {200})

    def test_discovery_names_group_version_and_solver(self):
        _, resources = self.ask("GET", BASE)
        self.assertEqual((resources["kind"], resources["groupVersion"]), ("APIResourceList", f"{GROUP}/v1alpha1"))
        self.assertEqual([(r["name"], r["kind"], r["namespaced"], r["verbs"]) for r in resources["resources"]],
                         [(SOLVER, "ChallengePayload", False, ["create"])])
        _, group = self.ask("GET", f"/apis/{GROUP}")
        self.assertEqual((group["kind"], group["preferredVersion"]["version"]), ("APIGroup", "v1alpha1"))

    def test_aggregated_discovery_falls_back(self):
        """The manager asks for a form that is not offered; anything but that form, and no 503, makes it ask the old way."""
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
        status, body = self.ask("GET", "/apis", headers={"Accept": accept, "If-None-Match": '"x"'})
        self.assertEqual((status, body["kind"]), (200, "APIGroupList"))

    def test_openapi_answers(self):
        status, index = self.ask("GET", "/openapi/v3")
        self.assertEqual(status, 200)
        (path,) = index["paths"].values()
        _, document = self.ask("GET", path["serverRelativeURL"])
        self.assertIn(f"{BASE}/{SOLVER}", document["paths"])
        self.assertEqual(self.ask("GET", "/openapi/v2")[0], 404)

    def test_probes_of_the_kubelet_need_no_identity(self):
        for path in ("/healthz", "/readyz", "/livez"):
            self.assertEqual(self.ask("GET", path, who=None, user=None), (200, b"ok"))
        self.assertIn("gitVersion", self.ask("GET", "/version")[1])

    def test_other_paths_and_methods_are_refused_as_a_kubernetes_status(self):
        for method, path, code in (("GET", f"/apis/{GROUP}/v2", 404), ("POST", f"{BASE}/other", 404), ("DELETE", f"{BASE}/{SOLVER}", 405)):
            status, body = self.ask(method, path)
            self.assertEqual((status, body["kind"], body["code"]), (code, "Status", code))


if __name__ == "__main__":
    unittest.main(verbosity=1)
