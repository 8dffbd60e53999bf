"""dcvd cps doctor: each fault has a line that names it and says what to do, and nothing is written."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from cps.authority import Model
from cps.clock import RealClock
from cps.pace import Steps
from cps.server import Handler
from cps.service import Emulator, settings
from cps.steering import Steering

from support.pebble import free_port
from support.servers import Bind
from support.service import program

SECRET = "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg=="
LEVEL = {"apiAccess": {"apis": [{"apiName": "CPS", "endPoint": "/cps", "accessLevel": "READ-WRITE"}]}}
RECORDS = ['good.org 60 A 127.0.0.1', 'pinned.org 60 CAA 0 issue "letsencrypt.org; accounturi=https://acme.example/acct/1"',
           'closed.org 60 CAA 0 issue "ca.example"', "web.org 60 A 127.0.0.1"]


class Account(Emulator):
    """The emulator of CPS with the other interfaces of an account beside it."""

    def __init__(self, **wish):
        super().__init__(settings(**wish), RealClock(), Steps(3600), Model(lambda _: [], RealClock().now))
        self.others = {"/identity-management/v3/api-clients/self": (200, LEVEL)}
        self.headers, self.denied, self.methods = {}, (), set()

    def handle(self, method, target, headers, body):
        path = target.split("?")[0]
        self.methods.add(method)
        if path in self.others:
            status, answer = self.others[path]
            return status, "application/json", json.dumps(answer), self.headers
        if any(part in path for part in self.denied):
            answer = {"type": "https://x.test/-/pep-authz/deny", "title": "Forbidden", "detail": "The client does not have the grant"}
            return 403, "application/problem+json", json.dumps(answer), self.headers
        status, media, text, more = super().handle(method, target, headers, body)
        return status, media, text, {**more, **self.headers}


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = Bind(zones=["org"], records=RECORDS).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.web_port = free_port()

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("AKAMAI_")}

    def account(self, **wish):
        account = Account(**wish)
        handler = type("Bound", (Handler,), {"emulator": account, "steering": Steering(account)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(lambda: (server.shutdown(), server.server_close()))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        return account

    def edgerc(self, secret=SECRET, mode=0o600, more="", sections=("default",)):
        path = self.folder / "edgerc"
        path.write_text("".join(f"[{s}]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\nclient_secret = {secret}\n"
                                f"access_token = akab-access-token\n{more}\n" for s in sections))
        path.chmod(mode)
        return path

    def examine(self, cps="", *arguments, edgerc=None, routes='[{suffix: org, type: dns-01, provider: embedded}]'):
        config, at = self.folder / "dcvd.yaml", f"{self.dns.address}:{self.dns.port}"
        config.write_text(f"""
resolver: {{servers: ["{at}"], authority-port: {self.dns.port}, timeout: 500ms, tries: 1}}
check: {{stub-zones: ["org {self.dns.address}@{self.dns.port}"], allow-addresses: [127.0.0.0/8], http-port: {self.web_port}}}
routes: {routes}
cps: {{edgerc: "{edgerc or self.edgerc()}", base-url: "{self.url}"{cps and ", " + cps}}}
""")
        run = subprocess.run([program(), "cps", "doctor", "--config", str(config), "--json", *arguments], capture_output=True, text=True, timeout=120,
                             env=self.environment)
        try:
            report = json.loads(run.stdout)
        except ValueError:
            raise AssertionError(f"{run.returncode}: {run.stdout}{run.stderr}") from None
        self.assertEqual(run.returncode, 1 if report["result"] == "fail" else 0)
        return report["checks"]

    def lines(self, checks, result, check):
        return [c for c in checks if c["result"] == result and c["check"] == check]

    def assert_line(self, checks, result, check, *parts):
        """One line of this result has all the parts, in its text and its remedy."""
        found = self.lines(checks, result, check)
        self.assertTrue(any(all(p in f"{c['text']} {c['remedy']}" for p in parts) for c in found), json.dumps(checks, indent=1))

    def test_where_all_is_well_everything_passes_and_nothing_is_written(self):
        account = self.account()
        account.add({"names": ["good.org"]})
        checks = self.examine("watch: act, classes: [{match: {validation: dv}, class: managed}]")
        self.assertEqual([c for c in checks if c["result"] != "pass"], [])
        self.assertEqual({c["check"] for c in checks}, {"credentials", "host", "clock", "signature", "contracts", "CPS read", "CPS write", "other grants",
                                                        "rate", "inventory", "names"})
        self.assertEqual(account.methods, {"GET"})
        self.assertLessEqual(account.requests, 20)
        self.assertFalse((self.folder / "state").exists())

    def test_people_get_one_line_a_check_with_its_remedy(self):
        self.account()
        config = self.folder / "dcvd.yaml"
        config.write_text(f'cps: {{edgerc: "{self.edgerc(secret="wrong")}", base-url: "{self.url}"}}\n')
        run = subprocess.run([program(), "cps", "doctor", "--config", str(config)], capture_output=True, text=True, timeout=60, env=self.environment)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"(?m)^PASS  credentials: of .*edgerc, section default")
        self.assertRegex(run.stdout, r"(?m)^FAIL  signature: .*; client_secret is not that of client_token")
        self.assertNotIn("akab-client-token", run.stdout)

    def test_credentials_that_are_missing_open_or_half_set(self):
        self.account()
        self.assert_line(self.examine(edgerc=self.folder / "nowhere"), "fail", "credentials", "nowhere", "write host, client_token")
        self.assert_line(self.examine(edgerc=self.edgerc(mode=0o644, more="max_body = 8192")), "warn", "credentials", "read by others", "chmod 600")
        self.assert_line(self.examine(edgerc=self.edgerc(more="max_body = 8192")), "warn", "credentials", "max_body", "take the line away")
        self.environment["AKAMAI_HOST"] = "akab-other.luna.example.net"
        self.assert_line(self.examine(), "fail", "credentials", "all four variables, or none")

    def test_the_environment_goes_first_and_is_named(self):
        self.account()
        self.environment |= {"AKAMAI_HOST": "akab-test.luna.example.net", "AKAMAI_CLIENT_TOKEN": "akab-client-token", "AKAMAI_CLIENT_SECRET": SECRET,
                             "AKAMAI_ACCESS_TOKEN": "akab-access-token"}
        self.assert_line(self.examine(), "pass", "credentials", "of the environment")

    def test_a_host_that_cannot_be_reached(self):
        self.url = f"http://127.0.0.1:{free_port()}"
        checks = self.examine()
        self.assert_line(checks, "fail", "host", "443")
        self.assertEqual({c["check"] for c in checks}, {"credentials", "host"})
        self.url = "https://akab-nowhere.invalid"
        self.assert_line(self.examine(), "fail", "host", "resolve")

    def test_a_clock_that_is_off(self):
        self.account(clock=-300.0)
        checks = self.examine()
        self.assert_line(checks, "fail", "clock", "ahead of", "synchronised")
        self.assert_line(checks, "pass", "signature")
        self.account(clock=12.0)
        self.assert_line(self.examine(), "warn", "clock", "behind")

    def test_credentials_that_do_not_count_any_more(self):
        self.account().gateway.revoked = True
        self.assert_line(self.examine(), "fail", "signature", "401")

    def test_contracts_that_cannot_be_found_out(self):
        self.account(contracts="")
        self.assert_line(self.examine(), "warn", "contracts", "Contracts-API READ")
        self.assert_line(self.examine("contracts: [C-1]"), "pass", "contracts", "not needed")
        self.account().others["/contract-api/v1/contracts/identifiers"] = (200, [])
        self.assert_line(self.examine(), "fail", "contracts", "no contract")

    def test_grants_that_are_missing(self):
        account = self.account()
        account.denied = ("/cps/v2",)
        account.others["/identity-management/v3/api-clients/self"] = (200, {"apiAccess": {"apis": [{"apiName": "CPS", "endPoint": "/cps", "accessLevel": "READ-ONLY"}]}})
        checks = self.examine()
        self.assert_line(checks, "fail", "CPS read", "403", "READ-WRITE")
        self.assert_line(checks, "fail", "CPS write", "READ-ONLY")
        account.denied = ("/identity-management",)
        del account.others["/identity-management/v3/api-clients/self"]
        self.assert_line(self.examine(), "warn", "CPS write", "not provable without a change")
        account.others["/identity-management/v3/api-clients/self"] = (200, {"apiAccess": {"apis": []}})
        self.assert_line(self.examine(), "fail", "CPS write", "no grant for CPS")

    def test_an_account_switch_key_that_leads_nowhere(self):
        self.account()
        self.assert_line(self.examine('account-key: "B-1:1-1"'), "warn", "account switch key", "changes nothing")

    def test_a_limit_that_is_nearly_used_up_or_set_too_high(self):
        account = self.account()
        account.headers = {"X-RateLimit-Remaining": "3", "X-RateLimit-Limit": "35"}
        self.assert_line(self.examine(), "warn", "rate", "only 3")
        self.assert_line(self.examine("per-minute: 60"), "warn", "rate", "60 requests a minute", "35 or less")
        account.faults.replace([{"kind": "429", "count": 1000, "match": "contract-api"}])
        self.assert_line(self.examine("contracts: [C-1]"), "fail", "rate", "used up")

    def test_names_without_a_route_or_that_no_authority_may_validate(self):
        self.account().add({"names": ["good.org", "pinned.org", "closed.org", "www.elsewhere.net"]})
        checks = self.examine("classes: [{match: {validation: dv}, class: managed}]")
        self.assert_line(checks, "fail", "names", "www.elsewhere.net", "add a route")
        self.assert_line(checks, "fail", "names", "pinned.org", "remove accounturi")
        self.assert_line(checks, "fail", "names", "closed.org")
        self.assert_line(checks, "pass", "names", "1 of 4")

    def test_a_web_server_that_does_not_answer(self):
        self.account().add({"names": ["web.org"]})
        checks = self.examine("classes: [{match: {validation: dv}, class: managed}]", routes="[{suffix: org, type: http-01}]")
        found = [c for c in checks if c["check"] == "names" and c["result"] in ("warn", "fail") and "web.org (http-01)" in c["text"]]
        self.assertTrue(found, checks)

    def test_each_account_has_lines_of_its_own(self):
        self.account()
        edgerc = self.edgerc(sections=("eu", "us"))
        edgerc.write_text(edgerc.read_text().replace(f"[us]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\nclient_secret = {SECRET}",
                                                     "[us]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\nclient_secret = wrong"))
        accounts = f'accounts: {{eu: {{edgerc: "{edgerc}", section: eu}}, us: {{edgerc: "{edgerc}", section: us}}}}'
        checks = self.examine(accounts, edgerc=edgerc)
        self.assertEqual({c["account"] for c in checks}, {"eu", "us"})
        self.assertEqual([c["account"] for c in checks if c["result"] == "fail"], ["us"])
        self.assertEqual({c["account"] for c in self.examine(accounts, "--account", "eu", edgerc=edgerc)}, {"eu"})


if __name__ == "__main__":
    unittest.main(verbosity=1)
