"""Operator, reader, client: who sees what, and who changes what. A reader changes nothing, anywhere; what is revoked, rotated or narrowed ends at once."""
import http.client
import json
import pathlib
import re
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import CONFIG, Access, fresh_value


class Roles(Access):
    CONFIG = CONFIG

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls.service.call("POST", "/v1/clients", {"name": "auditor", "grants": {"role": "reader"}})
        assert made["role"] == "reader", made
        cls.reader = made["token"]
        cls.document = cls.service.call("GET", "/v1/openapi.json")

    def setUp(self):
        self.owner, self.owner_token = self.client(identifiers=[".roles.dcvd.test"])
        self.names = {self.owner_token: self.owner, self.reader: "auditor"}
        self.value = fresh_value()
        body = {"type": "dns-01", "domain": f"{self.owner}.roles.dcvd.test", "value": self.value}
        self.challenge = self.service.call("POST", "/v1/challenges?wait=ready", body, token=self.owner_token)

    def as_reader(self, method, path, body=None):
        return self.ask(method, path, body, Authorization=f"Bearer {self.reader}")

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method in methods:
                arguments = {"challenges": self.challenge["id"], "orders": self.challenge["order"], "clients": self.owner}
                kind = path.split("/")[2] if path.startswith("/v1/") else ""
                yield method.upper(), re.sub(r"\{\w+\}", arguments.get(kind, "1"), path)

    def test_a_reader_changes_nothing_by_any_operation_of_the_document(self):
        changing = [(method, path) for method, path in self.operations() if method != "GET"]
        self.assertGreater(len(changing), 15)
        for method, path in changing:
            for body in (None, {}, {"type": "dns-01", "domain": "x.roles.dcvd.test", "value": fresh_value()}):
                status, text = self.as_reader(method, path, body)
                # Accounts of acme-dns have credentials of their own, and one answer for all that is wrong.
                self.assertEqual(status, 401 if path in ("/register", "/update") else 403, (method, path, text))
        self.assertEqual([c["id"] for c in self.service.call("GET", "/v1/challenges", token=self.owner_token)["challenges"]], [self.challenge["id"]])
        self.assertIn(self.value, self.published(f"{self.owner}.roles.dcvd.test"))

    def test_a_reader_reads_every_operation_of_the_document(self):
        for method, path in self.operations():
            if method != "GET" or path == "/v1/events":
                continue
            status, text = self.as_reader(method, path)
            self.assertIn(status, (200, 404, 501) if path.startswith("/v1/cps") else (200,), (path, text))

    def test_a_reader_changes_nothing_by_another_door_or_method(self):
        for door, present in self.doors.items():
            taken, status, text = present(f"r.{self.owner}.roles.dcvd.test", self.reader, fresh_value())
            self.assertEqual((taken, status), (False, 403), (door, text))
        for path in ("/mpic", "/dcv", "/caa", f"/t/{self.reader}/register", f"/t/{self.reader}/cleanup", "/deep/prefix/cleanup"):
            self.assertIn(self.as_reader("POST", path, {})[0], (401, 403), path)
        for method in ("PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE"):
            self.assertIn(self.as_reader(method, f"/v1/challenges/{self.challenge['id']}")[0], (400, 403, 405, 501), method)

    def test_a_reader_sees_what_stands_and_who_did_it(self):
        listed = json.loads(self.as_reader("GET", "/v1/challenges?limit=1000")[1])["challenges"]
        self.assertIn(self.challenge["id"], [c["id"] for c in listed])
        self.assertEqual(self.as_reader("GET", "/")[0], 200)
        self.entry(client=self.owner)
        self.assertIn(f'client="{self.owner}"', self.as_reader("GET", "/metrics")[1])
        clients = json.loads(self.as_reader("GET", "/v1/clients")[1])["clients"]
        self.assertEqual({c["name"]: c["role"] for c in clients if c["name"] in ("operator", "auditor", self.owner)},
                         {"operator": "operator", "auditor": "reader", self.owner: "client"})
        self.assertNotIn("digest", json.dumps(clients))

    def test_a_client_sees_no_name_of_others(self):
        _, token = self.client(identifiers=["elsewhere.dcvd.test"])
        for path in ("/metrics", "/v1/challenges", "/v1/callbacks", "/", "/status/status.js"):
            status, text = self.ask("GET", path, Authorization=f"Bearer {token}")
            self.assertEqual(status, 200, path)
            self.assertNotIn("roles.dcvd.test", text)
            self.assertNotIn(f'"{self.owner}"', text)
        for path in ("/v1/audit", "/v1/clients", "/v1/delegations", "/v1/acme-dns/accounts", f"/v1/clients/{self.owner}"):
            self.assertEqual(self.status("GET", path, Authorization=f"Bearer {token}"), 403, path)

    def test_all_names_do_not_make_an_operator_when_the_role_says_client(self):
        name, token = self.client(identifiers=["*"], role="client")
        self.assertTrue(self.rest(f"any.{name}.dcvd.test", token, fresh_value())[0])
        self.assertFalse(self.rest(f"*.any.{name}.dcvd.test", token, fresh_value())[0])
        for path in ("/v1/audit", "/v1/clients", f"/v1/challenges/{self.challenge['id']}"):
            self.assertIn(self.status("GET", path, Authorization=f"Bearer {token}"), (403, 404), path)

    def test_what_is_no_role(self):
        for grants in ({"role": "admin", "identifiers": ["a.test"]}, {"role": "operator", "identifiers": ["a.test"]}, {"role": "operator"}, {"role": "client"}, {},
                       {"role": "reader", "identifiers": ["a.test"]}, {"role": "reader", "identifiers": ["*"]}, {"role": ["reader"]}, {"role": ""}):
            status, text = self.ask("POST", "/v1/clients", {"name": "wrong", "grants": grants}, Authorization=f"Bearer {self.service.token}")
            self.assertEqual(status, 422, (grants, text))

    def test_a_refusal_names_the_role_that_is_needed(self):
        _, token = self.client(identifiers=["elsewhere.dcvd.test"])
        for method, path, needs in (("GET", "/v1/audit", "operator or reader"), ("GET", "/v1/clients", "operator or reader"), ("GET", "/v1/delegations", "operator or reader"),
                                    ("POST", "/v1/delegations", "operator,"), ("DELETE", "/v1/clients/x", "operator,")):
            status, text = self.ask(method, path, {"name": "x.test", "identifier": "x.test"} if method == "POST" else None, Authorization=f"Bearer {token}")
            self.assertEqual(status, 403)
            self.assertIn(f"needs the role {needs}".rstrip(","), text)
            self.assertNotIn("the grant", text)

    def test_a_command_says_what_is_wrong_about_a_role(self):
        for words, says in ((["add", "x1", "--role", "readr"], 'a role is client, reader or operator, not "readr"'),
                            (["add", "x1", "--role", "Reader", "--grant", "a.test"], 'not "Reader"'),
                            (["add", "x1", "--role", "operator"], "name it too (--grant '*')"),
                            (["add", "x1", "--role", "operator", "--grant", "a.test"], "name it too (--grant '*')"),
                            (["add", "x1"], "name one at least (--grant NAME), or the role reader"),
                            (["add", "x1", "--role", "client"], "name one at least (--grant NAME)"),
                            (["add", self.owner, "--grant", "a.test"], f'"dcvd client set {self.owner}"'),
                            (["add", "x1", "--grant", "a..test"], "a label is empty"),
                            (["set", self.owner, "--role", "readr"], 'a role is client, reader or operator, not "readr"'),
                            (["set", self.owner, "--role", "operator"], "name it too (--grant '*')"),
                            (["set", "auditor", "--role", "client"], "name one at least (--grant NAME)"),
                            (["revoke", self.owner, "--keep-for", "auditor"], "auditor is a reader")):
            done = self.service.command("client", *words)
            self.assertIn(done.returncode, (1, 2), words)
            self.assertIn(says, done.stderr, words)
            self.assertNotIn("(/", done.stderr)
        self.assertEqual(self.service.command("client", "show", self.owner).returncode, 0)

    def test_nobody_hands_records_over_to_a_reader(self):
        status, text = self.ask("DELETE", f"/v1/clients/{self.owner}?keep_for=auditor", Authorization=f"Bearer {self.service.token}")
        self.assertEqual(status, 422, text)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {self.owner_token}"), 200)

    def test_a_file_without_a_token_is_named(self):
        file = self.service.folder / "empty.token"
        for text in ("", "\n", "  \ntoken\n"):
            file.write_text(text)
            done = self.service.command("list", "--token-file", str(file))
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"there is no token on the first line of {file}", done.stderr)

    def test_a_table_that_was_refused_is_not_printed(self):
        file = self.service.folder / "owner.token"
        file.write_text(self.owner_token)
        for words in (["audit", "list"], ["client", "list"], ["delegate", "list"], ["acme-dns", "list"]):
            done = self.service.command(*words, "--token-file", str(file))
            self.assertEqual((done.returncode, done.stdout), (1, ""), words)
            self.assertIn("needs the role operator or reader", done.stderr)

    # ---- a change of grants ----

    def patch(self, name, **grants):
        return self.service.call("PATCH", f"/v1/clients/{name}", {"grants": grants})

    def test_a_narrowed_grant_holds_at_once_and_lets_the_client_clean_up(self):
        fqdn = f"{self.owner}.roles.dcvd.test"
        narrowed = self.patch(self.owner, identifiers=["other.dcvd.test"], rate="5/1m")
        self.assertEqual((narrowed["grants"]["identifiers"], narrowed["grants"]["rate"]), (["other.dcvd.test"], "5/1m"))
        self.assertFalse(self.rest(fqdn, self.owner_token, fresh_value())[0])
        self.assertTrue(self.rest("other.dcvd.test", self.owner_token, fresh_value())[0])
        self.assertIn(self.value, self.published(fqdn))
        order = self.service.call("GET", f"/v1/challenges/{self.challenge['id']}", token=self.owner_token)["order"]
        self.service.call("DELETE", f"/v1/challenges/{self.challenge['id']}", token=self.owner_token)
        self.service.wait_gone(order)
        self.assertEqual(self.published(fqdn), [])
        self.assertIn("other.dcvd.test", self.entry(action="client.set", name=self.owner)["detail"])

    def test_null_lifts_and_what_is_absent_stays(self):
        name, token = self.client(identifiers=[".a.dcvd.test"], doors=["httpreq"], wildcard=True)
        self.assertFalse(self.rest("x.a.dcvd.test", token, fresh_value())[0])
        grants = self.patch(name, doors=None)["grants"]
        self.assertNotIn("doors", grants)
        self.assertEqual((grants["identifiers"], grants["wildcard"]), ([".a.dcvd.test"], True))
        self.assertTrue(self.rest("x.a.dcvd.test", token, fresh_value())[0])
        for wrong in ({"identifiers": []}, {"identifiers": None}, {"role": "reader", "identifiers": ["a.test"]}, {"unknown": 1}, {"rate": "many"}):
            status, text = self.ask("PATCH", f"/v1/clients/{name}", {"grants": wrong}, Authorization=f"Bearer {self.service.token}")
            self.assertIn(status, (409, 422), (wrong, text))
        self.assertEqual(self.status("PATCH", "/v1/clients/nobody", {"grants": {}}, Authorization=f"Bearer {self.service.token}"), 404)

    def test_who_published_something_does_not_become_a_reader(self):
        status, text = self.ask("PATCH", f"/v1/clients/{self.owner}", {"grants": {"role": "reader"}}, Authorization=f"Bearer {self.service.token}")
        self.assertEqual(status, 409, text)
        self.service.call("DELETE", f"/v1/challenges/{self.challenge['id']}")
        self.service.wait_gone(self.challenge["order"])
        self.assertEqual(self.patch(self.owner, role="reader")["role"], "reader")
        self.assertEqual(self.status("DELETE", f"/v1/challenges/{self.challenge['id']}", Authorization=f"Bearer {self.owner_token}"), 403)
        self.assertEqual(self.status("GET", "/v1/audit", Authorization=f"Bearer {self.owner_token}"), 200)

    def test_the_last_operator_stays_one_at_every_door(self):
        for method, query, grants in (("DELETE", "", None), ("DELETE", f"?keep_for={self.owner}", None), ("PATCH", "", {"role": "reader"}),
                                      ("PATCH", "", {"role": "client"}), ("PATCH", "", {"identifiers": ["a.test"]}), ("PATCH", "", {"doors": ["httpreq"]})):
            status, text = self.ask(method, "/v1/clients/operator" + query, grants and {"grants": grants}, Authorization=f"Bearer {self.service.token}")
            self.assertEqual(status, 409, (method, grants, text))
            self.assertIn("is the only operator", text)
        for change in (["set", "operator", "--role", "reader"], ["set", "operator", "--grant", "a.test"], ["set", "operator", "--door", "httpreq"], ["revoke", "operator"]):
            done = self.service.command("client", *change)
            self.assertEqual(done.returncode, 1, change)
            self.assertIn("is the only operator", done.stderr)
        self.assertEqual(self.service.command("client", "show", "operator", "--json").returncode, 0)
        self.assertEqual(self.entry(action="client.revoke", name="operator")["result"], "failed")

    def test_roles_and_narrowing_on_the_command_line(self):
        made = self.service.command("client", "add", "watcher", "--role", "reader")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(self.service.command("client", "list").stdout, r"watcher +reader +active")
        self.assertEqual(self.status("GET", "/v1/audit", Authorization=f"Bearer {made.stdout.strip()}"), 200)
        name, token = self.client(identifiers=[".a.dcvd.test", ".b.dcvd.test"], rate="9/1m")
        done = self.service.command("client", "set", name, "--grant", ".b.dcvd.test", "--type", "dns-01", "--lift", "rate")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(".b.dcvd.test", done.stdout)
        self.assertNotIn("9/1m", done.stdout)
        self.assertFalse(self.rest("x.a.dcvd.test", token, fresh_value())[0])
        self.assertTrue(self.rest("x.b.dcvd.test", token, fresh_value())[0])
        for wrong in ([name], [name, "--lift", "all"], ["--grant", "a.test"], [name, "--wildcard", "--no-wildcard"]):
            self.assertEqual(self.service.command("client", "set", *wrong).returncode, 2, wrong)
        self.assertEqual(self.service.command("client", "set", "nobody", "--grant", "a.test").returncode, 1)

    # ---- what was opened before ----

    def end_of_stream(self, end):
        """Opens a stream of events as the owner, does `end`, and waits for the end of the stream without any event."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.api_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {self.owner_token}"})
        reply = connection.getresponse()
        self.assertEqual(reply.status, 200)
        end()
        reply.read()  # times out where the stream goes on

    def test_a_stream_ends_with_its_token(self):
        self.end_of_stream(lambda: self.service.call("POST", f"/v1/clients/{self.owner}/rotate"))

    def test_a_stream_ends_with_its_grants(self):
        self.end_of_stream(lambda: self.patch(self.owner, identifiers=["narrow.roles.dcvd.test"]))

    def test_a_stream_ends_with_its_client_and_one_of_the_same_name_does_not_revive_it(self):
        def anew():
            self.service.call("DELETE", f"/v1/clients/{self.owner}")
            self.client(self.owner)
        self.end_of_stream(anew)

    def test_a_connection_that_stays_open_is_no_credential(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.api_port, timeout=10)
        self.addCleanup(connection.close)
        statuses = []
        for end in (None, lambda: self.service.call("DELETE", f"/v1/clients/{self.owner}")):
            if end:
                end()
            connection.request("GET", "/v1/challenges", headers={"Authorization": f"Bearer {self.owner_token}"})
            reply = connection.getresponse()
            reply.read()
            statuses.append(reply.status)
        self.assertEqual(statuses, [200, 401])

    def test_who_waits_with_a_token_that_ended_is_not_told(self):
        said = []
        name, token = self.client(identifiers=["waits.nowhere.test"])
        body = {"type": "dns-01", "domain": "waits.nowhere.test", "value": fresh_value()}
        order = self.service.call("POST", "/v1/challenges", body, token=token)
        path = f"/v1/challenges/{order['id']}?wait=ready&timeout=2s"
        waiting = threading.Thread(target=lambda: said.append(self.status("GET", path, Authorization=f"Bearer {token}")))
        waiting.start()
        self.entry(client=name, action="present")
        self.service.call("POST", f"/v1/clients/{name}/rotate")
        waiting.join(timeout=30)
        self.assertEqual(said, [401])


if __name__ == "__main__":
    unittest.main()
