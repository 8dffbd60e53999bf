"""Akamai CPS from the pending change to valid names: the emulator of CPS is a customer of Pebble, Knot and dcvd's
own responder carry the answers, and a name counts as valid when Pebble says so."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import Pebble, free_port
from support.servers import Key, Knot
from support.service import Service, program

EMULATOR = pathlib.Path(__file__).parent / "support" / "cps_emulator.py"
SECRET = "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg=="
WEB_NAMES = [f"web{n}.example.test" for n in range(8)]


class Emulator:
    """The emulator as a child process."""

    def __init__(self, folder, pebble, web_port, **options):
        self.folder = pathlib.Path(folder)
        options = {"per_minute": 3000, "burst": 500, **options}
        self.command = [sys.executable, "-B", str(EMULATOR), "--port", "0", "--pebble", pebble.directory,
                        "--ca", str(pebble.ca_file), "--http", f"127.0.0.1:{web_port}"]
        for name, value in options.items():
            self.command += ["--" + name.replace("_", "-"), str(value)]

    def start(self):
        self.log = open(self.folder / "emulator.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.log.close()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def enroll(self, *names, **wish):
        return self.call("POST", "/_test/enrollments", {"names": names, **wish})["enrollment"]

    def state(self, enrollment):
        return self.call("GET", f"/_test/enrollments/{enrollment}")

    def stats(self):
        return self.call("GET", "/_test/stats")

    def wait_for_names(self, enrollment, status, seconds=30):
        deadline = time.monotonic() + seconds
        while {n["status"] for n in self.state(enrollment)["names"].values()} != {status}:
            if time.monotonic() > deadline:
                raise AssertionError(f"not {status}: {self.state(enrollment)}")
            time.sleep(0.05)

    def wait_for_acknowledgement(self, enrollment, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.state(enrollment)["acknowledgements"]:
                return
            time.sleep(0.05)
        raise AssertionError(f"no acknowledgement: {self.state(enrollment)}")


class CpsTest(unittest.TestCase):
    """One authority and one name server for all; an emulator and a service for each test."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        records = [f"{name} 60 A 127.0.0.1" for name in WEB_NAMES]
        # Nobody listens at the second server of stuck.test.
        records += ["stuck.test 60 NS ns2.stuck.test.", "ns2.stuck.test 60 A 127.0.0.99"]
        cls.dns = Knot(zones=("example.test", "example.org", "stuck.test"), key=Key(), records=records).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.web_port = free_port()
        cls.pebble = Pebble(holder.name, http_port=cls.web_port, dns_server=f"127.0.0.1:{cls.dns.port}").start()
        cls.addClassCleanup(cls.pebble.stop)

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def emulate(self, **options):
        self.cps = Emulator(self.folder, self.pebble, self.web_port, **options).start()
        self.addCleanup(self.cps.stop)
        return self.cps

    def write_edgerc(self, secret=SECRET):
        path = self.folder / "edgerc"
        path.write_text("[default]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\n"
                        f"client_secret = {secret}\naccess_token = akab-access-token\n")
        return path

    def config(self, cps="", deadline="60s", limits="per-minute: 3000, burst: 500"):
        return f"""
resolver: {{servers: ["127.0.0.1:{self.dns.port}"], authority-port: {self.dns.port}, timeout: 500ms, tries: 1}}
challenge: {{deadline: {deadline}}}
check: {{authority: pebble, authority-view: false, allow-addresses: [127.0.0.0/8]}}
cps: {{edgerc: "{self.write_edgerc()}", base-url: "{self.cps.url}", poll: 400ms, {limits}{cps and ", " + cps}}}
providers:
  knot: {{type: rfc2136, server: "127.0.0.1:{self.dns.port}", key-name: {self.dns.key.name},
         key-algorithm: {self.dns.key.algorithm}, key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: example.test, type: dns-01, provider: knot}}
  - {{suffix: example.org, type: dns-01, provider: knot}}
  - {{suffix: stuck.test, type: dns-01, provider: knot}}
""" + "".join(f"  - {{suffix: {name}, type: http-01}}\n" for name in WEB_NAMES)

    def serve(self, **options):
        self.service = Service(self.folder / "dcvd", self.config(**options), {"TSIG_SECRET": self.dns.key.secret},
                               http_port=self.web_port)
        self.service.start()
        self.addCleanup(self.stop_service)
        return self.service

    def stop_service(self):
        self.assertEqual(self.service.stop(), 0, self.service.log)

    def begin(self, enrollment):
        return self.service.call("POST", f"/v1/cps/enrollments/{enrollment}/validate", {})["id"]

    def follow(self, validation, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.service.call("GET", f"/v1/cps/validations/{validation}")
            if state["state"] != "running":
                return state
            time.sleep(0.1)
        raise AssertionError(f"still running: {json.dumps(state, indent=1)}\n{self.service.log}\n{self.cps.stats()}")

    def only_validation(self, enrollment):
        """The one that a start of the service has taken up again."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.service.call("GET", "/v1/cps/validations")["validations"]
            if found:
                self.assertEqual([v["enrollment"] for v in found], [enrollment])
                return found[0]["id"]
            time.sleep(0.1)
        raise AssertionError(f"no validation\n{self.service.log}")

    def validate(self, enrollment):
        return self.follow(self.begin(enrollment))

    def assert_valid(self, enrollment, result, acknowledgements=1):
        self.assertEqual(result["state"], "done", f"{json.dumps(result, indent=1)}\n{self.service.log}")
        state = self.cps.state(enrollment)
        self.assertEqual({n["status"] for n in state["names"].values()}, {"Valid"}, state)
        self.assertEqual(state["acknowledgements"], acknowledgements, state)
        self.assert_clean(state["names"])

    def assert_clean(self, names, seconds=20):
        """No answer is left in any zone."""
        places = {"_acme-challenge." + n.removeprefix("*.") for n in names}
        deadline = time.monotonic() + seconds
        left = True
        while left and time.monotonic() < deadline:
            left = {p: self.dns.values(p) for p in places if self.dns.values(p)}
            time.sleep(0.1)
        self.assertFalse(left, f"{left}\n{self.service.log}")

    def texts(self, result):
        return "\n".join(s["text"] for s in result["sentences"])


class Changes(CpsTest):
    def setUp(self):
        super().setUp()
        self.emulate()

    def test_one_name(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        result = self.validate(enrollment)
        self.assert_valid(enrollment, result)
        self.assertEqual(result["change"], enrollment + 1)
        self.assertIn("every name is valid", self.texts(result))
        self.assertIn("BEGIN CERTIFICATE", self.cps.state(enrollment)["certificate"])
        audited = [e["name"] for e in self.service.call("GET", "/v1/audit")["entries"] if e["action"] == "cps.acknowledge"]
        self.assertEqual(audited, [f"{enrollment}/changes/{enrollment + 1}"])
        again = self.validate(enrollment)
        self.assertEqual(again["state"], "done", again)
        self.assertEqual(self.cps.state(enrollment)["acknowledgements"], 1)

    def test_twenty_five_names_over_two_zones_and_both_types(self):
        self.serve()
        names = WEB_NAMES + [f"a{n}.example.test" for n in range(9)] + [f"b{n}.example.org" for n in range(8)]
        self.assertEqual(len(names), 25)
        enrollment = self.cps.enroll(*names)
        self.assert_valid(enrollment, self.validate(enrollment))
        kinds = {n: s["kind"] for n, s in self.cps.state(enrollment)["names"].items()}
        self.assertEqual(kinds, {n: "http-01" if n in WEB_NAMES else "dns-01" for n in names})

    def test_apex_plus_wildcard(self):
        self.serve()
        enrollment = self.cps.enroll("example.org", "*.example.org")
        self.assert_valid(enrollment, self.validate(enrollment))

    def test_a_name_that_never_propagates_is_not_acknowledged(self):
        self.serve(deadline="5s")
        enrollment = self.cps.enroll("good.example.test", "www.stuck.test")
        result = self.validate(enrollment)
        self.assertEqual(result["state"], "failed", result)
        self.assertIn("www.stuck.test", result["error"]["detail"])
        self.assertIn("127.0.0.99", result["error"]["detail"])
        self.assertEqual(self.cps.state(enrollment)["acknowledgements"], 0)
        self.assert_clean(["good.example.test", "www.stuck.test"])

    def test_a_name_without_a_route_is_refused_by_name(self):
        self.serve(deadline="3s")
        enrollment = self.cps.enroll("www.elsewhere.invalid", "www.example.test")
        result = self.validate(enrollment)
        self.assertEqual(result["state"], "failed", result)
        self.assertIn("www.elsewhere.invalid", result["error"]["detail"])
        self.assertEqual(self.cps.state(enrollment)["acknowledgements"], 0)
        self.assert_clean(["www.example.test"])

    def test_the_right_spelling_of_the_status(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", spelling="coordinate")
        self.assert_valid(enrollment, self.validate(enrollment))

    def test_an_enrollment_that_does_not_exist(self):
        self.serve()
        result = self.validate(99999)
        self.assertEqual((result["state"], result["error"]["code"]), ("failed", "not-found"), result)

    def test_a_second_request_joins_the_first(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        first = self.begin(enrollment)
        self.assertEqual(self.begin(enrollment), first)
        self.assert_valid(enrollment, self.follow(first))

    def test_killed_after_the_acknowledgement_it_goes_on_by_itself_without_a_second_one(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", "*.example.test", ack_lag=4)
        self.begin(enrollment)
        self.cps.wait_for_acknowledgement(enrollment)
        time.sleep(0.3)
        self.service.kill()
        self.service.start()
        self.assert_valid(enrollment, self.follow(self.only_validation(enrollment)))

    def test_killed_while_publishing_it_goes_on_by_itself(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", "example.org")
        self.begin(enrollment)
        time.sleep(1)
        self.service.kill()
        self.service.start()
        result = self.follow(self.only_validation(enrollment))
        self.assertEqual(result["state"], "done", f"{result}\n{self.service.log}")
        self.assert_clean(["www.example.test", "example.org"])
        self.service.kill()
        self.service.start()
        self.assertEqual(self.service.call("GET", "/v1/cps/validations")["validations"], [])

    def test_a_change_that_somebody_cancels_is_no_success(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", ack_lag=30)
        validation = self.begin(enrollment)
        self.cps.wait_for_acknowledgement(enrollment)
        self.cps.call("POST", "/_test/cancel", {"enrollment": enrollment})
        result = self.follow(validation)
        self.assertEqual((result["state"], result["error"]["code"]), ("cancelled", "cancelled"), result)
        self.assert_clean(["www.example.test"])
        self.assertEqual(self.service.command("cps", "validate", str(enrollment)).returncode, 0)  # nothing is pending

    def test_the_media_types_of_an_older_cps(self):
        self.cps.stop()
        self.emulate(media="old")
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        self.assert_valid(enrollment, self.validate(enrollment))
        self.assertEqual(self.cps.stats()["refused"].get("406"), 1)

class Warnings(CpsTest):
    PRE = "DNS name www.example.test not CNAMEd for auto validation."
    POST = "SAN name [old.example.test] removed from certificate is still live on the network."

    def setUp(self):
        super().setUp()
        self.emulate()

    def test_a_warning_that_holds(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", pre_warnings=self.PRE)
        result = self.validate(enrollment)
        self.assertEqual((result["state"], result["error"]["code"]), ("failed", "denied"), result)
        self.assertIn("DNS_NAME_NOT_CNAMED", result["error"]["detail"])
        self.assertIn(self.PRE, result["error"]["detail"])
        self.assertEqual(self.cps.state(enrollment)["acked_warnings"], [])

    def test_one_unknown_warning_beside_an_allowed_one_holds(self):
        self.serve(cps="acknowledge-warnings: [DNS_NAME_NOT_CNAMED]")
        enrollment = self.cps.enroll("www.example.test", pre_warnings=self.PRE + "\nSomething never seen before.")
        result = self.validate(enrollment)
        self.assertEqual(result["error"]["code"], "denied", result)
        self.assertEqual(self.cps.state(enrollment)["acked_warnings"], [])

    def test_allowed_warnings_are_acknowledged(self):
        self.serve(cps="acknowledge-warnings: [DNS_NAME_NOT_CNAMED, "
                       "CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK]")
        enrollment = self.cps.enroll("www.example.test", pre_warnings=self.PRE, post_warnings=self.POST, ack_lag=1)
        result = self.validate(enrollment)
        self.assert_valid(enrollment, result)
        self.assertEqual(self.cps.state(enrollment)["acked_warnings"], ["post", "pre"])
        self.assertIn(self.PRE, self.texts(result))

    def test_a_warning_that_vanishes(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test", pre_warnings=self.PRE, vanishing=True)
        self.assert_valid(enrollment, self.validate(enrollment))


class Faults(CpsTest):
    def test_a_storm_of_429(self):
        self.emulate()
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        self.cps.call("POST", "/_test/faults", [{"kind": "429", "count": 6, "retry_after": 1},
                                                {"kind": "429", "count": 2, "retry_after": 1, "match": "POST"}])
        self.assert_valid(enrollment, self.validate(enrollment))

    def test_pages_and_refusals_that_pass(self):
        self.emulate()
        self.serve()
        enrollment = self.cps.enroll("www.example.test", "*.example.test")
        self.cps.call("POST", "/_test/faults", [{"kind": "503", "count": 2}, {"kind": "try-after", "count": 1},
                                                {"kind": "409", "count": 2, "match": "lets-encrypt-challenges"},
                                                {"kind": "404", "count": 1, "match": "lets-encrypt-challenges"},
                                                {"kind": "409", "count": 2, "match": "POST"}])
        self.assert_valid(enrollment, self.validate(enrollment))

    def test_tokens_that_expire_before_the_authority_looks(self):
        self.emulate(regenerate=2.5)
        self.serve()
        enrollment = self.cps.enroll("www.example.test", "example.org", ack_lag=1.5)
        validation = self.begin(enrollment)
        self.cps.wait_for_acknowledgement(enrollment)
        self.cps.call("POST", "/_test/expire", {"enrollment": enrollment})
        result = self.follow(validation)
        self.assert_valid(enrollment, result, acknowledgements=2)
        self.assertIn("the tokens are spent", self.texts(result))

    def test_tokens_that_are_expired_from_the_start(self):
        self.emulate()
        self.serve()
        enrollment = self.cps.enroll("www.example.test", expires=0)
        self.assert_valid(enrollment, self.validate(enrollment))

    def test_the_budget_keeps_the_limits_of_the_account(self):
        self.emulate(per_minute=60, burst=4)
        self.serve(limits="per-minute: 60, burst: 4")
        first, second = self.cps.enroll("www.example.test"), self.cps.enroll("www.example.org")
        running = [self.begin(first), self.begin(second)]
        for enrollment, validation in zip((first, second), running):
            self.assert_valid(enrollment, self.follow(validation, 150))
        self.assertEqual(self.cps.stats()["limited"], 0)

    def test_a_clock_that_is_off(self):
        self.emulate(clock=300)
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        self.assert_valid(enrollment, self.validate(enrollment))
        self.assertEqual(self.cps.stats()["refused"], {"401": 1})

    def test_wrong_credentials_are_refused_at_once(self):
        self.emulate()
        self.serve()
        self.write_edgerc("anotherSecret=")
        result = self.validate(self.cps.enroll("www.example.test"))
        self.assertEqual((result["state"], result["error"]["code"]), ("failed", "denied"), result)
        self.assertIn("client_secret", result["error"]["detail"])
        self.assertNotIn("anotherSecret", self.service.log + json.dumps(result))
        self.assertEqual(self.cps.stats()["requests"], 1)


class CommandLine(CpsTest):
    def setUp(self):
        super().setUp()
        self.emulate()

    def run_cps(self, *arguments, environment=None):
        (self.folder / "cli.yaml").write_text(self.config())
        return subprocess.run([program(), "cps", *arguments, "--config", str(self.folder / "cli.yaml")], timeout=60,
                              capture_output=True, text=True,
                              env={**os.environ, "TSIG_SECRET": self.dns.key.secret, **(environment or {})})

    def answer(self, *arguments):
        done = self.run_cps(*arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_list_and_show(self):
        enrollment = self.cps.enroll("www.example.test", "example.org")
        listed = self.answer("list")["enrollments"]
        self.assertEqual([(e["id"], e["cn"], e["pending_changes"][0]["id"]) for e in listed],
                         [(enrollment, "www.example.test", enrollment + 1)])
        self.cps.wait_for_names(enrollment, "Awaiting user")
        shown = self.answer("show", str(enrollment))
        self.assertEqual([n["domain"] for n in shown["change"]["names"]], ["www.example.test", "example.org"])
        self.assertIn("www.example.test", self.run_cps("list").stdout)
        self.assertIn("Awaiting user", self.run_cps("show", str(enrollment)).stdout)

    def test_ack(self):
        enrollment = self.cps.enroll("www.example.test")
        early = self.run_cps("ack", str(enrollment))
        self.assertEqual(early.returncode, 1, early.stderr)
        self.cps.wait_for_names(enrollment, "Awaiting user")
        self.answer("ack", str(enrollment))
        self.assertEqual(self.cps.state(enrollment)["acknowledgements"], 1)

    def test_request_by_hand(self):
        enrollment = self.cps.enroll("www.example.test")
        done = self.run_cps("request", "GET", f"/cps/v2/enrollments/{enrollment}")
        self.assertEqual((done.returncode, json.loads(done.stdout)["id"]), (0, enrollment), done.stderr)
        missing = self.run_cps("request", "GET", "/cps/v2/enrollments/1")
        self.assertEqual(missing.returncode, 1)
        self.assertEqual(json.loads(missing.stdout)["status"], 404)

    def test_a_dry_run_sends_nothing_and_is_repeatable(self):
        arguments = ("request", "POST", "/cps/v2/enrollments?contractId=X", "--dry-run", "--timestamp",
                     "20140321T19:34:21+0000", "--nonce", "nonce-1")
        first, second = self.run_cps(*arguments), self.run_cps(*arguments)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(first.stdout, second.stdout)
        self.assertIn("Authorization: EG1-HMAC-SHA256 client_token=akab-client-token;access_token=akab-access-token;"
                      "timestamp=20140321T19:34:21+0000;nonce=nonce-1;signature=", first.stdout)
        self.assertEqual(self.cps.stats()["requests"], 0)

    def test_wrong_usage_and_nobody_there(self):
        self.assertEqual(self.run_cps("show").returncode, 2)
        self.assertEqual(self.run_cps("show", "x1").returncode, 2)
        self.assertEqual(self.run_cps("request", "GET", "cps/v2").returncode, 2)
        self.assertEqual(self.run_cps("list", "--edgerc", str(self.folder / "nowhere")).returncode, 2)
        away = self.run_cps("request", "GET", "/cps/v2/enrollments", "--set", f"cps.base-url=http://127.0.0.1:{free_port()}")
        self.assertEqual(away.returncode, 3, away.stderr)
        plain = self.run_cps("list", "--set", "cps.base-url=http://api.example.net")
        self.assertIn(plain.returncode, (1, 2))
        self.assertIn("loopback", plain.stderr)

    def test_validate_shows_its_progress(self):
        self.serve()
        enrollment = self.cps.enroll("www.example.test")
        done = self.service.command("cps", "validate", str(enrollment))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("every name is valid", done.stderr)
        self.assert_clean(["www.example.test"])


class Enrollments(CommandLine):
    """What changes enrollments, from the command line, against the whole contract of CPS."""
    test_list_and_show = test_ack = test_request_by_hand = test_a_dry_run_sends_nothing_and_is_repeatable = None
    test_wrong_usage_and_nobody_there = test_validate_shows_its_progress = None

    DEFAULTS = """{contract: C-1, ra: lets-encrypt, validationType: dv, certificateType: san, changeManagement: false,
      enableMultiStackedCertificates: false, orgId: 7, csr: {c: US, o: x},
      networkConfiguration: {geography: core, secureNetwork: enhanced-tls, quicEnabled: true, sniOnly: true}}"""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.assert_contract_kept)

    def assert_contract_kept(self):
        self.assertEqual(self.cps.stats()["broken"], [])

    def run_cps(self, *arguments, environment=None):
        (self.folder / "cli.yaml").write_text(self.config(cps="enrollment-defaults: " + self.DEFAULTS.replace("\n", " ")))
        return subprocess.run([program(), "cps", *arguments, "--config", str(self.folder / "cli.yaml")], timeout=60,
                              capture_output=True, text=True,
                              env={**os.environ, "TSIG_SECRET": self.dns.key.secret, **(environment or {})})

    def wait_until_over(self, enrollment):
        deadline = time.monotonic() + 30
        while self.cps.state(enrollment)["status"] not in ("complete", "cancelled"):
            self.assertLess(time.monotonic(), deadline, self.cps.state(enrollment))
            time.sleep(0.1)
        time.sleep(0.5)

    def cancelled(self, **wish):
        """An enrollment whose first change is over."""
        enrollment = self.cps.enroll("www.example.test", **wish)
        self.cps.call("POST", "/_test/cancel", {"enrollment": enrollment})
        self.wait_until_over(enrollment)
        return enrollment

    def test_create_from_defaults_and_once_more_is_refused(self):
        arguments = ("create", "--from-defaults", "--cn", "www.example.test", "--san", "example.org")
        dry = self.answer(*arguments, "--dry-run")
        self.assertEqual((dry["request"]["method"], dry["request"]["path"]), ("POST", "/cps/v2/enrollments?contractId=C-1"))
        self.assertEqual(self.cps.stats()["enrollments"], [])
        made = self.answer(*arguments)
        self.assertEqual(self.cps.stats()["enrollments"], [made["enrollment"]])
        self.assertEqual(made["changes"], [made["enrollment"] + 1])
        self.assertEqual(self.cps.state(made["enrollment"])["document"]["csr"]["sans"], ["www.example.test", "example.org"])
        again = self.run_cps(*arguments)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertIn(f"enrollment {made['enrollment']} has this common name already", again.stderr)

    def test_a_lost_answer_makes_exactly_one_enrollment(self):
        self.cps.call("POST", "/_test/lose", {"answers": 1})
        made = self.answer("create", "--from-defaults", "--cn", "www.example.test")
        self.assertEqual(self.cps.stats()["enrollments"], [made["enrollment"]])
        self.assertIn("the answer was lost", made["note"])

    def test_what_breaks_a_rule_is_refused_before_anything_is_sent(self):
        done = self.run_cps("create", "--from-defaults", "--cn", "www.elsewhere.invalid")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("no route answers its challenges", done.stderr)
        self.assertEqual(self.cps.stats()["requests"], 0)

    def test_update_keeps_what_nobody_knows_and_sends_nothing_without_a_difference(self):
        mutual = {"setId": "s", "authenticationOptions": None}
        enrollment = self.cancelled(set={"networkConfiguration.fipsMode": False, "networkConfiguration.clientMutualAuthentication": mutual})
        same = self.answer("update", str(enrollment), "--add-san", "www.example.test")
        self.assertEqual((same["changed"], self.cps.state(enrollment)["written"]), (False, []))
        done = self.answer("update", str(enrollment), "--add-san", "example.org", "--set", "networkConfiguration.ocspStapling=off")
        self.assertEqual(len(done["changes"]), 1)
        network = self.cps.state(enrollment)["document"]["networkConfiguration"]
        self.assertEqual((network["fipsMode"], network["clientMutualAuthentication"], network["ocspStapling"]), (False, mutual, "off"))
        self.assertEqual(self.cps.state(enrollment)["document"]["csr"]["sans"], ["www.example.test", "example.org"])

    def test_an_update_whose_answer_is_lost_is_found_out(self):
        enrollment = self.cancelled()
        self.cps.call("POST", "/_test/lose", {"answers": 1})
        done = self.answer("update", str(enrollment), "--add-san", "example.org")
        self.assertIn("the update arrived", done["note"])
        self.assertEqual(len(self.cps.state(enrollment)["written"]), 1)

    def test_a_contact_is_changed_without_a_change(self):
        enrollment = self.cancelled()
        done = self.answer("update", str(enrollment), "--set", "adminContact.email=new@example.test")
        self.assertEqual((done["changes"], done["changed"]), ([], True))

    def test_the_renewal_window_holds_other_changes(self):
        enrollment = self.cancelled(auto_renewal_start="2020-01-01T00:00:00Z")
        held = self.run_cps("update", str(enrollment), "--add-san", "example.org")
        self.assertEqual(held.returncode, 1, held.stderr)
        self.assertIn("renews enrollment", held.stderr)
        self.answer("update", str(enrollment), "--add-san", "example.org", "--override-renewal-window")
        self.assertEqual(self.cps.state(enrollment)["written"][0]["query"], {"renewal-date-check-override": "true"})

    def test_renew_cancel_schedule_and_delete(self):
        enrollment = self.cancelled()
        renewed = self.answer("renew", str(enrollment))
        self.assertEqual(self.cps.state(enrollment)["written"][0]["query"], {"force-renewal": "true"})
        self.answer("schedule", str(enrollment), "--not-before", "2027-01-31T12:00:00Z")
        self.assertEqual(self.cps.state(enrollment)["schedule"], {"notBefore": "2027-01-31T12:00:00Z", "notAfter": None})
        self.answer("cancel", str(enrollment), str(renewed["changes"][0]))
        self.wait_until_over(enrollment)
        self.answer("delete", str(enrollment))
        self.assertEqual(self.cps.stats()["enrollments"], [])

    def test_histories_and_deployments(self):
        enrollment = self.cancelled()
        self.assertEqual(self.answer("history", str(enrollment), "changes")["changes"][0]["status"], "cancelled")
        self.assertEqual(len(self.answer("history", str(enrollment), "dv")["results"]), 1)
        self.assertEqual(self.answer("deployments", str(enrollment)), {"production": None, "staging": None})

    def test_warnings_are_shown_with_their_codes_and_acknowledged_only_as_shown(self):
        enrollment = self.cps.enroll("www.example.test", pre_warnings=Warnings.PRE + "\nSomething never seen before.")
        deadline = time.monotonic() + 20
        while not self.cps.state(enrollment)["status"].startswith("wait-review"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        shown = self.answer("warnings", str(enrollment))
        self.assertEqual([w["code"] for w in shown["warnings"]], ["DNS_NAME_NOT_CNAMED", "UNKNOWN"])
        other = self.run_cps("ack", str(enrollment), "--warnings", "--expect-sha256", "0" * 64)
        self.assertEqual(other.returncode, 1, other.stderr)
        self.assertEqual(self.cps.state(enrollment)["acked_warnings"], [])
        self.answer("ack", str(enrollment), "--warnings", "--expect-sha256", shown["digest"])
        self.assertEqual(self.cps.state(enrollment)["acked_warnings"], ["pre"])

    def test_files_are_applied_and_applying_twice_changes_nothing(self):
        enrollment = self.cancelled()
        folder = self.folder / "enrollments"
        folder.mkdir()
        exported = self.run_cps("export", "--folder", str(folder))
        self.assertEqual(exported.returncode, 0, exported.stderr)
        file = folder / f"{enrollment}.yaml"
        same = self.run_cps("apply", str(folder))
        self.assertEqual((same.returncode, self.cps.state(enrollment)["written"]), (0, []), same.stderr)
        self.assertIn("1 as they are", same.stdout)
        file.write_text(file.read_text().replace("ocspStapling: on", "ocspStapling: off").replace('ocspStapling: "on"', "ocspStapling: \"off\""))
        (folder / "new.yaml").write_text("csr: {cn: new.example.test, sans: [new.example.test]}\n")
        plan = self.run_cps("apply", str(folder))
        self.assertEqual((plan.returncode, self.cps.state(enrollment)["written"]), (0, []), plan.stderr)
        self.assertIn("ocspStapling", plan.stdout)
        self.assertIn("1 to create, 1 to change", plan.stdout)
        done = self.run_cps("apply", str(folder), "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.cps.state(enrollment)["document"]["networkConfiguration"]["ocspStapling"], "off")
        self.assertEqual(len(self.cps.stats()["enrollments"]), 2)
        again = self.run_cps("apply", str(folder), "--yes")
        self.assertIn("0 created, 0 changed, 2 as they are", again.stdout, again.stderr)

    def test_the_contracts_of_the_account_are_found_out(self):
        self.cps.enroll("a.example.test", contract="C-1")
        self.cps.enroll("b.example.test", contract="C-2")
        self.assertEqual([(e["cn"], e["contract"]) for e in self.answer("list")["enrollments"]],
                         [("a.example.test", "C-1"), ("b.example.test", "C-2")])


if __name__ == "__main__":
    unittest.main()
