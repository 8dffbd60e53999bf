"""Who may touch what: attempts to get out of a grant on every door, the audit log."""
import contextlib
import itertools
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import CONFIG, IDENTITY, Access, basic, fresh_value
from support.servers import Bind, Key, query
from support.service import program


class Grants(Access):
    GRANTED = ("host.dcvd.test", ".team.dcvd.test", "bücher.dcvd.test")
    # Names beside, below and above what is granted, and spellings that a careless comparison lets through.
    ESCAPES = (
        "other.dcvd.test", "dcvd.test", "test", "evil-team.dcvd.test", "evilteam.dcvd.test", "team.dcvd.test.evil.dcvd.test",
        "xhost.dcvd.test", "host.dcvd.test.evil.dcvd.test", "a.host.dcvd.test", "OTHER.DCVD.TEST", "other.dcvd.test.", "Other.Dcvd.Test.",
        "*.team.dcvd.test", "*.host.dcvd.test", "*.dcvd.test", "*", "", ".", "..", "host.dcvd.test..", ".host.dcvd.test",
        "buecher.dcvd.test", "xn--bcher-kva.evil.dcvd.test", "xn--bcher-xxx.dcvd.test", "bücherx.dcvd.test", "а.dcvd.test",
        "host\uff0edcvd.test.evil.dcvd.test", "evil\u3002host.dcvd.test", "other.dcvd\u3002test", "host.dcvd.test\u0000.other.dcvd.test",
        "other.dcvd.test\u0000.team.dcvd.test", "other.dcvd.test\n.team.dcvd.test", "other.dcvd.test .team.dcvd.test",
        "other\\.team.dcvd.test.x.dcvd.test", "other.dcvd.test/.team.dcvd.test", "other.dcvd.test#.host.dcvd.test", "127.0.0.1", "[::1]",
        "a" * 64 + ".team.dcvd.test", "a." * 125 + "team.dcvd.test", "_acme-challenge.host.dcvd.test.dcvd.test",
    )

    def test_no_other_name_on_any_door(self):
        for door, present in self.doors.items():
            token = self.holder(identifiers=list(self.GRANTED))
            for name in self.ESCAPES:
                if door != "rest" and name.startswith("*.") and name[2:] in ("team.dcvd.test", "host.dcvd.test"):
                    continue  # these protocols do not say what a value is for
                with self.subTest(door=door, name=name):
                    value = fresh_value()
                    taken, status, text = present(name, token, value)
                    self.assertFalse(taken, text)
                    self.assertLess(status, 500, text)
                    if door != "cert-manager":  # whose answer holds the request
                        self.assertNotIn(value, text)
                    self.assertNotIn(value, self.published(name))
            self.assertEqual(json.loads(self.ask("GET", "/v1/challenges", Authorization=f"Bearer {token}")[1])["challenges"], [])

    def test_every_spelling_of_what_is_granted(self):
        for door, present in self.doors.items():
            token = self.holder(identifiers=list(self.GRANTED))
            for name in ("host.dcvd.test", "HOST.dcvd.test", "host.dcvd.test.", "team.dcvd.test", "a.team.dcvd.test", "a.b.TEAM.dcvd.test",
                         "bücher.dcvd.test", "xn--bcher-kva.dcvd.test", "XN--BCHER-KVA.dcvd.test", "BÜCHER.dcvd.test"):
                with self.subTest(door=door, name=name):
                    taken, _, text = present(name, token, fresh_value())
                    self.assertTrue(taken, text)
        for challenge in self.service.call("GET", "/v1/challenges?limit=1000")["challenges"]:
            self.service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        deadline = time.monotonic() + 20
        while any(self.service.call("GET", f"/v1/challenges?limit=1000&state={state}")["challenges"]
                  for state in ("queued", "publishing", "propagating", "ready", "withdrawing")) and time.monotonic() < deadline:
            time.sleep(0.05)

    def test_a_record_name_needs_a_grant_of_its_own(self):
        token = self.holder(identifiers=["host.dcvd.test"])
        for prefix in ("_acme-challenge.other.dcvd.test.x.", "_validation-persist.other.", "other.", "_abc._acme-challenge.other."):
            taken, status, _ = self.httpreq("host.dcvd.test", token, fresh_value(), prefix.removesuffix(".") + ".dcvd.test.x.")
            self.assertEqual((taken, status), (False, 403), prefix)
        body = {"type": "dns-01", "domain": "host.dcvd.test", "value": fresh_value(), "record_name": "_acme-challenge.other.dcvd.test"}
        self.assertIn(self.status("POST", "/v1/challenges", body, Authorization=f"Bearer {token}"), (403, 422))
        self.assertEqual(self.published("other.dcvd.test"), [])

    def test_a_wildcard_needs_its_flag_and_a_suffix(self):
        for grants, taken in (({"identifiers": [".wild.dcvd.test"]}, False), ({"identifiers": ["wild.dcvd.test"], "wildcard": True}, False),
                              ({"identifiers": [".wild.dcvd.test"], "wildcard": True}, True)):
            self.assertEqual(self.rest("*.wild.dcvd.test", self.holder(**grants), fresh_value())[0], taken, grants)

    def test_a_type_that_is_not_granted(self):
        token = self.holder(types=["http-01"])
        for door, present in self.doors.items():
            self.assertFalse(present("host.dcvd.test", token, fresh_value())[0], door)

    def test_a_door_that_is_not_granted(self):
        token = self.holder(doors=["httpreq"])
        self.assertEqual(self.rest("host.dcvd.test", token, fresh_value())[1], 403)
        self.assertFalse(self.cert_manager("host.dcvd.test", token, fresh_value())[0])
        self.assertTrue(self.httpreq("host.dcvd.test", token, fresh_value())[0])
        self.assertEqual(self.status("POST", f"/t/{token}/register"), 401)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 403)

    def test_what_belongs_to_another_client(self):
        one, two = self.holder(identifiers=[".a.dcvd.test"]), self.holder(identifiers=[".a.dcvd.test"])
        value = fresh_value()
        _, _, text = self.rest("own.a.dcvd.test", one, value)
        challenge = json.loads(text)
        for method, path in itertools.product(("GET", "DELETE"), (f"/v1/challenges/{challenge['id']}", f"/v1/orders/{challenge['order']}")):
            self.assertEqual(self.status(method, path, Authorization=f"Bearer {two}"), 404, (method, path))
        self.assertEqual(self.status("GET", f"/v1/challenges?after={challenge['id']}", Authorization=f"Bearer {two}"), 400)
        self.assertEqual(json.loads(self.ask("GET", "/v1/challenges", Authorization=f"Bearer {two}")[1])["challenges"], [])
        # A cleanup of the same name and value by another client leaves the first one's alone.
        status, _ = self.ask("POST", "/cleanup", {"fqdn": "_acme-challenge.own.a.dcvd.test.", "value": value}, Authorization=basic(self.name_of(two), two))
        self.assertEqual(status, 200)
        self.assertNotIn(self.service.call("GET", f"/v1/challenges/{challenge['id']}")["state"], ("withdrawing", "gone"))
        self.assertEqual(self.entry(client=self.name_of(two), result="denied", name="own.a.dcvd.test")["detail"], "the challenge of another client")

    def test_an_acme_dns_account_and_a_foreign_subdomain(self):
        _, token = self.client(doors=["acme-dns"])
        accounts = [json.loads(self.ask("POST", f"/t/{token}/register")[1]) for _ in range(2)]
        body = {"subdomain": accounts[1]["subdomain"], "txt": "A" * 43}
        headers = {"X_Api_User": accounts[0]["username"], "X_Api_Key": accounts[0]["password"]}
        self.assertEqual(self.ask("POST", "/update", body, **headers), (401, '{"error": "forbidden"}'))
        self.assertEqual(query("127.0.0.1", self.service.dns_port, accounts[1]["fulldomain"])[1], [])
        self.assertEqual(self.status("POST", "/update", {**body, "subdomain": accounts[0]["subdomain"]}, **headers), 200)
        self.assertEqual(self.status("POST", "/register"), 401)

    def test_what_only_an_operator_may(self):
        token = self.holder()
        for method, path in (("GET", "/v1/clients"), ("POST", "/v1/clients"), ("DELETE", "/v1/clients/operator"), ("POST", "/v1/clients/operator/rotate"),
                             ("GET", "/v1/audit"), ("GET", "/v1/acme-dns/accounts"), ("GET", "/v1/cps/enrollments")):
            self.assertEqual(self.status(method, path, {} if method == "POST" else None, Authorization=f"Bearer {token}"), 403, path)

    def test_a_rate_says_when_to_come_again(self):
        token = self.holder(rate="3/1h", identifiers=[".r.dcvd.test"])
        self.assertEqual([self.rest(f"n{n}.r.dcvd.test", token, fresh_value())[1] for n in range(4)], [201, 201, 201, 429])
        self.assertTrue(1000 <= int(self.headers["Retry-After"]) <= 1201, self.headers["Retry-After"])
        self.assertEqual(self.httpreq("n.r.dcvd.test", token, fresh_value())[1], 429)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 200)
        # An order counts as many times as it has names.
        bearer = f"Bearer {self.holder(rate='4/1h', identifiers=['.r.dcvd.test'])}"
        order = {"challenges": [{"type": "dns-01", "domain": f"o{n}.r.dcvd.test", "value": fresh_value()} for n in range(4)]}
        self.assertEqual([self.status("POST", "/v1/orders", order, Authorization=bearer) for _ in range(2)], [201, 429])


class Loopback(Access):
    @classmethod
    def api_options(cls):
        return "api: {loopback-open: true}\n"

    def test_who_speaks_for_others_is_not_the_user_of_this_machine(self):
        self.assertEqual(self.status("GET", "/v1/challenges"), 200)
        for header in ("X-Forwarded-For", "Forwarded"):
            self.assertEqual(self.status("GET", "/v1/challenges", **{header: "203.0.113.9"}), 401, header)

    def test_no_clients_without_a_token(self):
        self.assertEqual(self.status("GET", "/v1/clients"), 403)


class Delegation(Access):
    """A CNAME leads where it leads: only into zones that the operator routed, and only for a name that was granted."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        server = Bind(zones=("example.test", "foreign.test"), key=Key(),
                      records=("_acme-challenge.in.example.test 60 CNAME in.example.test.dcvd.test.", "_acme-challenge.out.example.test 60 CNAME out.foreign.test."))
        server.start()
        cls.addClassCleanup(server.stop)
        cls.server = server
        cls.service = cls.make_service("dcvd", CONFIG + "routes: [{suffix: dcvd.test, type: dns-01, delegation: on}, {suffix: example.test, type: dns-01}]\n", server.port)

    def test_a_target_in_a_zone_that_is_not_routed_is_not_written(self):
        token = self.holder(identifiers=[".example.test"])
        answer = json.loads(self.rest("out.example.test", token, fresh_value())[2])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = self.service.call("GET", f"/v1/challenges/{answer['id']}")
            if answer["state"] == "failed":
                break
            time.sleep(0.05)
        self.assertEqual(answer["state"], "failed")
        self.assertIn("route", answer["reason"])
        self.assertEqual(self.server.values("out.foreign.test"), [])

    def test_a_target_is_no_grant(self):
        """The name at the end of the CNAME belongs to the name that is granted, and to no other."""
        token = self.holder(identifiers=["in.example.test"])
        other = self.holder(identifiers=["in.dcvd.test", "other.example.test"])
        self.assertFalse(self.rest("in.example.test.dcvd.test", other, fresh_value())[0])
        value = fresh_value()
        self.assertFalse(self.httpreq("in.example.test.dcvd.test", other, value, prefix="")[0])
        self.assertTrue(self.rest("in.example.test", token, value)[0])
        deadline = time.monotonic() + 20
        while query("127.0.0.1", self.service.dns_port, "in.example.test.dcvd.test")[1] != [value] and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(query("127.0.0.1", self.service.dns_port, "in.example.test.dcvd.test")[1], [value])


class Audit(Access):
    def command(self, *arguments):
        return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60)

    def test_changes_and_refusals_stand_there_once(self):
        token = self.holder(identifiers=[".audit.dcvd.test"])
        value = fresh_value()
        _, _, text = self.rest("a.audit.dcvd.test", token, value)
        self.service.call("DELETE", f"/v1/challenges/{json.loads(text)['id']}", token=token)
        self.rest("b.dcvd.test", token, value)
        name = self.name_of(token)
        self.entry(client=name, result="denied", name="b.dcvd.test", action="present")
        found = [(e["action"], e["name"], e["result"], e["door"], e["peer"]) for e in self.entries(client=name)]
        self.assertEqual(found, [("present", "a.audit.dcvd.test", "ok", "rest", "127.0.0.1"), ("cleanup", "a.audit.dcvd.test", "ok", "rest", "127.0.0.1"),
                                 ("present", "b.dcvd.test", "denied", "rest", "127.0.0.1")])
        self.assertEqual(self.entry(action="client.add", name=name)["client"], "operator")
        self.assertNotIn(value, json.dumps(self.entries()))
        metrics = self.ask("GET", "/metrics", Authorization=f"Bearer {self.service.token}")[1]
        self.assertIn(f'dcvd_door_results_total{{door="rest",client="{name}",result="denied"}} 1\n', metrics)
        self.assertNotIn("operator", self.ask("GET", "/metrics", Authorization=f"Bearer {token}")[1])

    def test_a_flood_of_strangers_is_a_line(self):
        before = len(self.entries())
        for _ in range(200):
            self.ask("GET", "/v1/challenges", source="127.0.0.77")
        self.entry(result="denied", peer="127.0.0.77")
        self.assertLess(len(self.entries()) - before, 3)

    def test_the_command_line_reads_verifies_and_exports(self):
        service = self.service
        self.client()
        self.assertIn("client.add", service.command("audit", "list").stdout)
        verified = service.command("audit", "verify")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn("none changed or missing", verified.stdout)
        exported = service.command("audit", "export").stdout
        file = self.folder / "audit.jsonl"
        file.write_text(exported)
        self.assertEqual(self.command("audit", "verify", str(file)).returncode, 0)
        file.write_text(exported.replace('"client.add"', '"client.sub"', 1))
        broken = self.command("audit", "verify", str(file))
        self.assertEqual(broken.returncode, 1)
        self.assertIn("does not follow the one before it", broken.stderr)
        number, digest = exported.count("\n"), self.entries()[-1]["digest"]
        file.write_text(exported)
        self.assertEqual(self.command("audit", "verify", str(file), "--expect", f"{number}:{digest}").returncode, 0)
        file.write_text("".join(exported.splitlines(True)[:-1]))
        self.assertEqual(self.command("audit", "verify", str(file), "--expect", f"{number}:{digest}").returncode, 1)

    def test_a_journal_that_somebody_changed(self):
        service = self.make_service("changed", CONFIG)
        for n in range(4):
            service.call("POST", "/v1/clients", {"name": f"c{n}", "grants": {"identifiers": ["a.test"]}})
        service.stop()
        state = ["--state", str(service.state)]
        self.assertEqual(self.command("client", "add", "offline", "--grant", "b.test", *state).returncode, 0)
        self.assertEqual(self.command("audit", "verify", *state).returncode, 0)
        for change, sentence in (("update audit set line = replace(line, 'c1', 'c9') where number = 2", "entry 2 was changed"),
                                 ("delete from audit where number = 3", "entry 3 is missing")):
            with contextlib.closing(sqlite3.connect(service.state / "journal.db")) as journal:
                before = journal.execute("select * from audit").fetchall()
                journal.execute(change)
                journal.commit()
                said = self.command("audit", "verify", *state)
                self.assertEqual(said.returncode, 1)
                self.assertIn(sentence, said.stderr)
                journal.execute("delete from audit")
                journal.executemany("insert into audit values (?, ?, ?, ?)", before)
                journal.commit()
        self.assertEqual(self.command("audit", "verify", *state).returncode, 0)

    def test_clients_on_the_command_line(self):
        made = self.service.command("client", "add", "shell", "--grant", ".shell.dcvd.test", "--door", "httpreq", "--door", "rest", "--rate", "9/1m",
                                    "--network", "127.0.0.0/8", "--type", "dns-01", "--certificate", "CN=a,O=b", "--identity", IDENTITY)
        self.assertEqual(made.returncode, 0, made.stderr)
        token = made.stdout.strip()
        shown = self.service.command("client", "show", "shell").stdout
        for text in (".shell.dcvd.test", "httpreq rest", "9/1m", "127.0.0.0/8", "dns-01", "CN=a,O=b", IDENTITY):
            self.assertIn(text, shown)
        self.assertNotIn(token, shown + self.service.command("client", "list").stdout)
        self.assertTrue(self.rest("x.shell.dcvd.test", token, fresh_value())[0])
        other = self.service.command("client", "rotate", "shell").stdout.strip()
        self.assertFalse(self.rest("y.shell.dcvd.test", token, fresh_value())[0])
        self.assertTrue(self.rest("y.shell.dcvd.test", other, fresh_value())[0])
        self.assertEqual(self.service.command("client", "revoke", "shell").returncode, 0)
        self.assertFalse(self.rest("z.shell.dcvd.test", other, fresh_value())[0])
        for wrong in (["--door", "cellar"], ["--rate", "many"], ["--network", "x"], ["--certificate", "sha256:1"], ["--type", "x"]):
            self.assertEqual(self.service.command("client", "add", "w", "--grant", "a.test", *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    unittest.main()
