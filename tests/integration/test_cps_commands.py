"""dcvd cps on the command line: what it shows, acknowledges and changes, against the whole contract of CPS."""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cps_service import PRE_WARNING, CpsTest
from support.pebble import free_port
from support.service import program


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
        self.emulate(step=2) # long enough for a command before CPS asks for anything
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
        while self.cps.state(enrollment)["pending"]:
            self.assertLess(time.monotonic(), deadline, self.cps.state(enrollment))
            time.sleep(0.1)

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
        enrollment = self.cps.enroll("www.example.test", pre_warnings=PRE_WARNING + "\nSomething never seen before.")
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
