"""The head of the audit log: in the log, in /metrics, signed; a tail that was cut shows, also without any secret; and retention that leaves a chain."""
import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import CONFIG, Access
from support.service import program


def command(*arguments, environment=None):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})})


class Head(Access):
    CONFIG = CONFIG

    def grow(self, service, count=1):
        """More entries; the head after them, NUMBER:DIGEST."""
        for n in range(count):
            name = f"grows{time.monotonic_ns()}"
            service.call("POST", "/v1/clients", {"name": name, "grants": {"identifiers": ["a.test"]}})
        deadline = time.monotonic() + 10
        while name not in [e["name"] for e in service.call("GET", "/v1/audit?limit=1000")["entries"][-1:]]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        said = service.command("audit", "head")
        self.assertEqual(said.returncode, 0, said.stderr)
        return said.stdout.strip()

    def test_a_start_that_fails_logs_the_head_once(self):
        port = self.service.api_port
        with tempfile.TemporaryDirectory() as state:
            failed = command("serve", "--set", f"state-dir={state}", "--set", "user=root", "--set", "http.listen=[]", "--set", "dns.listen=[]",
                             "--set", f"api.listen=127.0.0.1:{port}")
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn(f"127.0.0.1:{port}", failed.stderr)
        self.assertEqual(failed.stderr.count("audit log entries="), 1, failed.stderr)

    def test_metrics_show_the_head(self):
        number, digest = self.grow(self.service).split(":")
        text = self.ask("GET", "/metrics", Authorization=f"Bearer {self.service.token}")[1]
        self.assertIn(f"# TYPE dcvd_audit_last_number gauge\ndcvd_audit_last_number {number}\n", text)
        self.assertIn(f'dcvd_audit_head_info{{number="{number}",digest="{digest}"}} 1\n', text)

    def test_the_head_is_signed_and_openssl_verifies_it(self):
        number, digest = self.grow(self.service).split(":")
        said = json.loads(self.service.command("audit", "head", "--sign", "--json").stdout)
        statement = json.loads(said["statement"])
        self.assertEqual((str(statement["number"]), statement["digest"]), (number, digest))
        folder = self.folder
        (folder / "statement").write_text(said["statement"])
        (folder / "signature").write_bytes(base64.b64decode(said["signature"]))
        (folder / "key.pem").write_text(self.service.command("audit", "key").stdout)
        self.assertEqual(said["public_key"], (folder / "key.pem").read_text())

        def verified():
            return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key.pem", "-rawin", "-in", folder / "statement",
                                   "-sigfile", folder / "signature"], capture_output=True, timeout=30).returncode == 0
        self.assertTrue(verified())
        (folder / "statement").write_text(said["statement"].replace(f":{number},", f":{int(number) - 1},"))
        self.assertFalse(verified())
        self.assertEqual((self.service.state / "audit.key").stat().st_mode & 0o777, 0o600)
        self.assertNotIn("PRIVATE", self.service.log)
        for sign in ("maybe", ""):
            self.assertEqual(self.ask("GET", f"/v1/audit/head?sign={sign}", Authorization=f"Bearer {self.service.token}")[0], 400)

    def test_a_key_of_the_operator_signs(self):
        key = self.folder / "own.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True, timeout=30)
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], check=True, capture_output=True, text=True, timeout=30).stdout
        service = self.make_service("own", CONFIG + f"audit: {{key: {{file: {key}}}}}\n")
        self.assertEqual(service.command("audit", "key").stdout, public)
        self.assertFalse((service.state / "audit.key").exists())

    def test_a_tail_that_was_cut_shows(self):
        service = self.make_service("cut", CONFIG)
        noted = self.grow(service, 3)
        number = int(noted.split(":")[0])
        self.assertEqual(service.command("audit", "verify", "--expect", noted).returncode, 0)
        service.stop()
        # The log has the head of the end.
        self.assertRegex(service.log.splitlines()[-1] + service.log[-2000:], noted.split(":")[1])
        journal = service.state / "journal.db"
        with contextlib.closing(sqlite3.connect(journal)) as db:
            last = db.execute("select * from audit where number = ?", (number,)).fetchone()
            db.execute("delete from audit where number = ?", (number,))
            db.commit()
        for where in (["--state", str(service.state)], [str(service.state)], [str(journal)]):
            said = command("audit", "verify", "--expect", noted, *where)
            self.assertEqual(said.returncode, 1, said.stderr)
            self.assertIn(f"its end was cut off; it ends with entry {number - 1}", said.stderr)
            self.assertEqual(command("audit", "verify", *where).returncode, 0)
        # Another entry in its place.
        service.start()
        self.grow(service)
        said = service.command("audit", "verify", "--expect", noted)
        self.assertEqual(said.returncode, 1)
        self.assertIn("was written anew", said.stderr)
        self.assertNotEqual(last, None)
        for wrong in ("1", "1:", "x:y", f"{noted}x"):
            self.assertEqual(service.command("audit", "verify", "--expect", wrong).returncode, 2, wrong)

    def test_what_was_changed_beside_the_lines_shows(self):
        """From the folder and from the service, which goes on; and retention does not wash it away."""
        changes = {
            "update audit set at_ms = 1 where number <= 2": "entry 1 is of .* and stands under another time",
            "update audit set number = number - 50": r"stands under the number -49",
            "update audit set number = number + 100 where number > 2": "entry 3 stands under the number 103",
            "update audit set line = line || char(0) || 'more' where number = 2": "entry 2 is not a line of the audit log",
        }
        for n, (change, said) in enumerate(changes.items()):
            service = self.make_service(f"changed{n}", CONFIG + "audit: {keep: 30d}\n")
            noted = self.grow(service, 4)
            service.stop()
            with contextlib.closing(sqlite3.connect(service.state / "journal.db")) as db:
                db.execute(change)
                db.commit()
            folder = command("audit", "verify", str(service.state))
            self.assertEqual(command("journal", "check", "--state", str(service.state)).returncode, 4, change)
            service.start()
            for answer in (folder, service.command("audit", "verify"), service.command("audit", "verify", "--expect", noted)):
                self.assertEqual(answer.returncode, 1, change)
                self.assertRegex(answer.stderr, said)
            self.assertNotIn("action=audit.retention", service.log)
            self.assertEqual("old entries of the audit log were not removed" in service.log, n in (0, 1), service.log)
            service.stop()

    def test_who_verifies_needs_no_secret(self):
        service = self.make_service("secrets", CONFIG)
        noted = self.grow(service)
        config = self.folder / "secrets.yaml"
        config.write_text(f"state-dir: {service.state}\nproviders:\n  zone: {{type: rfc2136, server: 192.0.2.1, key: {{file: /nowhere/key}}}}\n"
                          "  cloud: {type: nothing-known, token: {env: UNSET}}\ncallback-secrets: {a: {credential: gone}}\n")
        service.stop()
        self.assertNotEqual(command("config", "check", "--config", str(config)).returncode, 0)
        said = command("audit", "verify", "--config", str(config), "--expect", noted)
        self.assertEqual(said.returncode, 0, said.stderr)
        service.start()
        said = command("audit", "verify", "--expect", noted, str(service.state))  # from under the running service
        self.assertEqual(said.returncode, 0, said.stderr)

    # ---- retention ----

    def reload(self, service, config):
        (service.folder / "dcvd.yaml").write_text(config)
        service.process.send_signal(signal.SIGHUP)

    def numbers(self, service):
        return [e["number"] for e in service.call("GET", "/v1/audit?limit=1000")["entries"]]

    def test_retention_leaves_a_chain_and_a_cut_that_is_none_is_found(self):
        service = self.make_service("kept", CONFIG)
        old = self.grow(service, 4)
        config = (service.folder / "dcvd.yaml").read_text()
        time.sleep(1.1)
        self.reload(service, config + "audit: {keep: 1s}\n")
        deadline = time.monotonic() + 10
        while self.numbers(service)[0] == 1:
            self.assertLess(time.monotonic(), deadline, service.log[-2000:])
            time.sleep(0.05)
        self.reload(service, config)
        head = self.grow(service)
        first = self.numbers(service)[0]
        said = service.command("audit", "verify", "--expect", head)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, rf"begins with entry {first}; {first - 1} older entries were removed by retention, the last of them on \d{{4}}-\d\d-\d\d")
        self.assertIn("so it cannot be compared", service.command("audit", "verify", "--expect", re.sub(r"^\d+", "1", old)).stderr)
        exported = self.folder / "kept.jsonl"
        exported.write_text(service.command("audit", "export").stdout)
        self.assertEqual(command("audit", "verify", str(exported)).returncode, 0)
        # The next start is none the wiser, and goes on.
        service.stop()
        service.start()
        self.grow(service)
        self.assertEqual(service.command("audit", "verify", "--expect", head).returncode, 0)
        service.stop()
        with contextlib.closing(sqlite3.connect(service.state / "journal.db")) as db:
            db.execute("delete from audit where number = ?", (first,))
            db.commit()
        said = command("audit", "verify", str(service.state))
        self.assertEqual(said.returncode, 1)
        self.assertIn(f"entries 1 to {first} are missing, and no entry says that retention removed them", said.stderr)
        self.assertEqual(command("journal", "check", "--state", str(service.state)).returncode, 4)


if __name__ == "__main__":
    unittest.main()
