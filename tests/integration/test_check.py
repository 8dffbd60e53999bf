"""dcvd check, as a person and as a script use it."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from support.servers import Bind
from support.service import Service, program

VALUE = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"
RECORDS = [
    f'_acme-challenge.good.org 60 TXT "{VALUE}"',
    f'_acme-challenge.denied.org 60 TXT "{VALUE}"',
    'denied.org 60 CAA 0 issue "ca.example"',
    f'_acme-challenge.doubled.org.doubled.org 60 TXT "{VALUE}"',
    '_acme-challenge.rude.org 60 TXT "\\027[2J\\007"',
    f'_acme-challenge.alias.org 60 CNAME _acme-challenge.good.org.',
]


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.stack = contextlib.ExitStack()
        cls.dns = cls.stack.enter_context(Bind(zones=["org"], records=RECORDS))

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def arguments(self, *arguments):
        at = f"{self.dns.address}:{self.dns.port}"
        return [program(), "check", "--set", f"check.stub-zones=['org {self.dns.address}@{self.dns.port}']",
                "--set", f"resolver.servers=['{at}']", "--set", f"resolver.authority-port={self.dns.port}", *arguments]

    def check(self, *arguments, **named):
        return subprocess.run(self.arguments(*arguments), capture_output=True, text=True, timeout=90, **named)

    def json(self, *arguments):
        run = self.check(*arguments, "--json")
        return run.returncode, json.loads(run.stdout)

    def update(self, *lines):
        key = self.dns.key
        text = f"server {self.dns.address} {self.dns.port}\nkey {key.algorithm}:{key.name} {key.secret}\nzone org\n" + "\n".join(lines) + "\nsend\n"
        subprocess.run(["nsupdate"], input=text, text=True, check=True, timeout=20, capture_output=True)

    # -- for a person

    def test_a_pass_says_so_first_and_then_what_it_rests_on(self):
        run = self.check("good.org", "--value", VALUE)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertTrue(run.stdout.startswith("PASS  good.org  dns-01 at letsencrypt\n"), run.stdout)
        for part in ("What the authority's resolver gets", "Name servers, asked one by one", "our value", "CAA, from the name to the top"):
            self.assertIn(part, run.stdout)
        self.assertNotIn("\033", run.stdout)  # no terminal, no colours

    def test_a_failure_says_what_to_do_in_the_third_line(self):
        run = self.check("missing.org", "--value", VALUE)
        self.assertEqual(run.returncode, 1)
        first, reason, mend = run.stdout.splitlines()[:3]
        self.assertTrue(first.startswith("FAIL  missing.org"))
        self.assertIn("_acme-challenge.missing.org", reason)
        self.assertTrue(mend.startswith("  → "), mend)
        self.assertIn("urn:ietf:params:acme:error:dns", run.stdout)

    def test_caa_is_the_reason_when_the_record_is_right(self):
        status, verdict = self.json("denied.org", "--value", VALUE)
        self.assertEqual((status, verdict["result"], verdict["stage"]), (1, "fail", "caa"))
        self.assertTrue(any("letsencrypt.org" in mend for mend in verdict["mends"]), verdict["mends"])

    def test_a_record_under_a_doubled_name_is_found(self):
        _, verdict = self.json("doubled.org", "--value", VALUE)
        self.assertIn("doubled", json.dumps(verdict["findings"]))

    def test_bytes_of_strangers_do_not_steer_the_terminal(self):
        run = self.check("rude.org", "--value", VALUE)
        self.assertNotIn("\033", run.stdout)
        self.assertNotIn("\007", run.stdout)

    def test_a_record_behind_a_cname_is_shown_where_it_stands(self):
        run = self.check("alias.org", "--value", VALUE)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("by CNAME at _acme-challenge.good.org", run.stdout)

    # -- several

    def test_many_domains_become_one_table_and_the_worst_is_the_status(self):
        file = self.folder / "domains"
        file.write_text("# ours\ngood.org\n\n  denied.org   # not this one\n")
        run = self.check("--file", str(file), "missing.org", "--value", VALUE)
        self.assertEqual(run.returncode, 1)
        lines = run.stdout.splitlines()
        self.assertIn("domain", lines[0])
        rows = {line.split()[0]: line.split()[1] for line in lines[1:4]}
        self.assertEqual(rows, {"good.org": "PASS", "denied.org": "FAIL", "missing.org": "FAIL"})
        self.assertEqual(lines[-1], "1 passed, 2 did not")

    def test_for_machines_each_domain_is_one_line(self):
        run = self.check("good.org", "missing.org", "--value", VALUE, "--json")
        verdicts = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual({v["identifier"]: v["result"] for v in verdicts}, {"good.org": "pass", "missing.org": "fail"})

    # -- what was recorded

    def test_recorded_evidence_is_judged_again_by_the_same_and_by_other_rules(self):
        run = self.check("denied.org", "--value", VALUE, "--json", "--evidence")
        file = self.folder / "recorded.json"
        file.write_text(run.stdout)
        once, again = json.loads(run.stdout), json.loads(self.check("--replay", str(file), "--json").stdout)
        for key in ("result", "stage", "detail", "findings"):
            self.assertEqual(once[key], again[key])
        other = self.check("--replay", str(file), "--authority", "pebble", "--json")
        self.assertEqual((other.returncode, json.loads(other.stdout)["result"]), (0, "pass"))

    def test_a_recording_that_is_none_is_refused_by_line_and_key(self):
        file = self.folder / "broken.json"
        for text, word in (("{", "line 1"), ('{"evidence":{"identifier":7}}', "identifier"), ('{"nothing":1}', "nothing")):
            file.write_text(text)
            run = self.check("--replay", str(file))
            self.assertEqual(run.returncode, 2)
            self.assertIn(word, run.stderr)

    # -- until it passes; before there is an order

    def test_watch_waits_for_the_record(self):
        watch = subprocess.Popen(self.arguments("late.org", "--value", VALUE, "--watch", "--timeout", "60s", "--brief"),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = watch.stderr.readline()
        self.assertIn("FAIL", said)
        self.update(f'update add _acme-challenge.late.org 5 TXT "{VALUE}"')
        out, _ = watch.communicate(timeout=60)
        self.assertEqual(watch.returncode, 0, out)
        self.assertTrue(out.startswith("PASS  late.org"))

    def test_a_rehearsal_publishes_checks_and_withdraws(self):
        with Service(self.folder / "service") as service:
            run = service.command("check", "--probe", "rehearsal.dcvd.test")
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertIn("ready", run.stdout)
            self.assertIn("withdrawn", run.stdout)
            self.assertEqual([c["state"] for c in service.call("GET", "/v1/challenges")["challenges"]], ["gone"])

    # -- wrong use

    def test_wrong_use_is_said_before_anything_is_asked(self):
        for arguments, word in (([], "give a domain"), (["--type", "mail-01", "good.org"], "--type is"), (["--authority", "nobody", "good.org"], "nobody"),
                                (["a.org", "b.org", "--watch"], "one domain"), (["--frobnicate", "good.org"], "--frobnicate"),
                                (["--token", "no/token", "--type", "http-01", "good.org"], "token"),
                                (["--value", "aaaa", "good.org"], "4 characters"), (["--value", f"tok.{VALUE}", "good.org"], "key authorization"),
                                (["--account-uri", "12345", "good.org"], "account_uri")):
            with self.subTest(arguments):
                run = self.check(*arguments)
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertIn(word, run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
