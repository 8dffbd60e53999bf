"""Terraform's akamai_cps_dv_enrollment: its challenges as one order, by the command, the module's command and the API."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import ApiError, Service, program

ROOT = pathlib.Path(__file__).parents[2]
MODULE = ROOT / "deploy" / "terraform" / "module" / "main.tf"
WAIT = "?wait=ready&timeout=20s"


def dns(domain, value="v"):
    return {"domain": domain, "full_path": f"_acme-challenge.{domain.removeprefix('*.')}.", "response_body": value * 43}


def http(domain, token="t0ken" * 5):
    return {"domain": domain, "full_path": f"http://{domain}/.well-known/acme-challenge/{token}", "response_body": f"{token}.{'k' * 43}"}


def output(value):
    return {"sensitive": False, "type": ["set", ["object", {"domain": "string"}]], "value": value}


class Terraform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.service = Service(cls.folder / "dcvd", "routes: [{suffix: dcvd.test, type: dns-01, provider: embedded}]\n").start()
        cls.addClassCleanup(cls.service.stop)

    def present(self, document, *options, status=0):
        run = subprocess.run([program(), "present", "--from-terraform", "-", "--json", *options], input=document if isinstance(document, str) else json.dumps(document),
                             env={**os.environ, "DCVD_SERVER": self.service.url, "DCVD_TOKEN": self.service.token}, capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(run.returncode, status, f"{run.stdout}{run.stderr}\n{self.service.log[-2000:]}")
        return json.loads(run.stdout) if run.stdout else run.stderr

    def assert_order(self, order, *expected):
        self.assertEqual(order["state"], "ready", self.service.log[-2000:])
        self.assertEqual(sorted((c["type"], c["domain"]) for c in order["challenges"]), sorted(expected))

    def test_outputs_wrapped_in_values(self):
        document = {"dns_challenges": output([dns("a.dcvd.test"), dns("*.a.dcvd.test", "w"), dns("a.dcvd.test")]),
                    "http_challenges": output([]), "enrollment": output("1234")}
        self.assert_order(self.present(document), ("dns-01", "a.dcvd.test"), ("dns-01", "*.a.dcvd.test"))

    def test_a_bare_array_and_a_whole_resource(self):
        self.assert_order(self.present([dns("b.dcvd.test")]), ("dns-01", "b.dcvd.test"))
        resource = {"id": "1234", "common_name": "c.dcvd.test", "sans": [], "dns_challenges": [dns("c.dcvd.test")], "http_challenges": [http("c.dcvd.test")]}
        self.assert_order(self.present({"sites": output([resource, {**resource, "dns_challenges": [dns("d.dcvd.test")], "http_challenges": []}])}),
                          ("dns-01", "c.dcvd.test"), ("dns-01", "d.dcvd.test"))

    def test_the_same_document_twice_is_one_order(self):
        document = {"dns_challenges": [dns("e.dcvd.test"), dns("f.dcvd.test")]}
        self.assertEqual(self.present(document)["id"], self.present(document)["id"])

    def test_http_01_where_it_is_wanted_or_the_only_one(self):
        both = {"dns_challenges": [dns("g.dcvd.test")], "http_challenges": [http("g.dcvd.test")]}
        for document, options in ((both, ("--type", "http-01")), ([http("g.dcvd.test")], ())):
            said = self.present(document, *options, status=1)
            self.assertIn("http-01", said)  # no route serves it here, and that is said

    def test_nothing_to_do_is_success(self):
        for document in ({"dns_challenges": output([]), "http_challenges": output([])}, [], {}):
            self.assertIsNone(self.present(document))

    def test_what_is_no_document_is_a_usage_error(self):
        for document in ("", "{", "dns_challenges = []"):
            self.assertIn("terraform output -json", self.present(document, status=2))
        self.present([dns("h.dcvd.test")], "--type", "tls-alpn-01", status=2)
        self.present([dns("h.dcvd.test")], "h.dcvd.test", status=2)
        self.assertIn("full_path", self.present([{**dns("h.dcvd.test"), "full_path": "_acme-challenge.other.test."}], status=1))

    def test_the_api_takes_the_same_arrays(self):
        order = self.service.call("POST", "/v1/orders" + WAIT, {"dns_challenges": [dns("i.dcvd.test"), dns("i.dcvd.test")], "label": "workflow"})
        self.assert_order(order, ("dns-01", "i.dcvd.test"))
        with self.assertRaises(ApiError) as refusal:
            self.service.call("POST", "/v1/orders", {"dns_challenges": [{**dns("i.dcvd.test"), "extra": 1}]})
        self.assertEqual((refusal.exception.status, refusal.exception.problem["pointer"]), (422, "/dns_challenges/0/extra"))

    def test_the_command_of_the_module(self):
        text = re.search(r'command = "(.*)"\n', MODULE.read_text()).group(1).replace('\\"', '"')
        token = self.folder / "token"
        token.write_text(self.service.token)
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "dcvd").symlink_to(program())
        environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "DCVD_SERVER": self.service.url, "DCVD_TOKEN_FILE": str(token), "DCVD_LIFETIME": "1h",
                       "DCVD_TIMEOUT": "20s", "DCVD_CHALLENGES": json.dumps({"dns_challenges": [dns("j.dcvd.test")], "http_challenges": [http("j.dcvd.test")]})}
        run = subprocess.run(["sh", "-c", text], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"ready +dns-01 +j\.dcvd\.test")


if __name__ == "__main__":
    unittest.main()
