"""Rates mean what they say: what an order asks for is counted in full or refused, on every door; a refusal says the limit and when to come again."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import CONFIG, Access, basic, fresh_value


class Rates(Access):
    CONFIG = CONFIG.replace("zone: acme.test", "zone: acme.test, updates: 3")

    def order(self, token, count):
        challenges = [{"type": "dns-01", "domain": f"n{n}.r.dcvd.test", "value": fresh_value()} for n in range(count)]
        status, text = self.ask("POST", "/v1/orders", {"challenges": challenges}, Authorization=f"Bearer {token}")
        return status, json.loads(text)

    def limited(self, rate, **grants):
        return self.holder(rate=rate, identifiers=[".r.dcvd.test"], **grants)

    def test_an_order_counts_as_what_it_holds(self):
        token = self.limited("100/1h")
        self.assertEqual(self.order(token, 60)[0], 201)
        status, problem = self.order(token, 41)
        self.assertEqual(status, 429, problem)
        self.assertIn("100/1h", problem["detail"])
        self.assertTrue(30 <= int(self.headers["Retry-After"]) <= 40, self.headers["Retry-After"])
        self.assertEqual(self.order(token, 40)[0], 201)
        self.assertEqual(self.order(token, 1)[0], 429)

    def test_the_time_to_wait_is_enough(self):
        token = self.limited("20/10s")
        self.assertEqual(self.order(token, 20)[0], 201)
        self.assertEqual(self.order(token, 4)[0], 429)
        time.sleep(int(self.headers["Retry-After"]))
        self.assertEqual(self.order(token, 4)[0], 201)

    def test_an_order_larger_than_the_rate_is_never_taken_and_says_what_to_do(self):
        token = self.limited("100/1m")
        status, problem = self.order(token, 1000)
        self.assertEqual(status, 422, problem)
        for words in ("1000 challenges", "100/1m", "at most 100 in one order"):
            self.assertIn(words, problem["detail"])
        self.assertIsNone(self.headers["Retry-After"])
        self.assertEqual(self.order(token, 100)[0], 201)  # what was refused was not counted
        self.assertEqual(self.entry(client=self.name_of(token), result="denied")["action"], "present")

    def test_every_door_counts_one_and_says_when_to_come_again(self):
        for door, present in self.doors.items():
            with self.subTest(door):
                token = self.limited("2/1h")
                for n in range(2):
                    self.assertTrue(present(f"n{n}.r.dcvd.test", token, fresh_value())[0])
                taken, status, text = present("n2.r.dcvd.test", token, fresh_value())
                self.assertEqual((taken, status), (False, 429), text)
                self.assertIn("2/1h", text)
                self.assertGreater(int(self.headers["Retry-After"]), 1700)

    def test_registrations_and_updates_of_acme_dns(self):
        token = self.limited("2/1h")
        accounts = [self.ask("POST", f"/t/{token}/register") for _ in range(3)]
        self.assertEqual([status for status, _ in accounts], [201, 201, 429])
        self.assertIn("2/1h", accounts[2][1])
        self.assertGreater(int(self.headers["Retry-After"]), 1700)
        account = json.loads(accounts[0][1])
        headers = {"X_Api_User": account["username"], "X_Api_Key": account["password"]}
        said = [self.ask("POST", "/update", {"subdomain": account["subdomain"], "txt": fresh_value()}, **headers) for _ in range(4)]
        self.assertEqual([status for status, _ in said], [200, 200, 200, 429])
        self.assertIn("3 updates a minute", said[3][1])
        self.assertTrue(15 <= int(self.headers["Retry-After"]) <= 20)

    def test_a_refused_order_counts_as_one(self):
        token = self.limited("10/1h")
        challenges = [{"type": "dns-01", "domain": f"n{n}.not-theirs.test", "value": fresh_value()} for n in range(8)]
        self.assertEqual(self.ask("POST", "/v1/orders", {"challenges": challenges}, Authorization=f"Bearer {token}")[0], 403)
        self.assertEqual(self.order(token, 9)[0], 201)
        self.assertEqual(self.order(token, 1)[0], 429)

    def test_strangers_who_make_accounts_have_a_rate_each_and_together(self):
        service = self.make_service("strangers", "api: {trusted-proxies: [127.0.0.1]}\ndns: {zones: [dcvd.test]}\nacme-dns: {registration: open, registrations: 20}\n")

        def made(addresses):
            return [self.ask("POST", "/register", "", port=service.api_port, X_Forwarded_For=address)[0] for address in addresses]
        self.assertEqual(made(["198.51.100.1"] * 4), [201, 201, 429, 429])
        self.assertEqual(made(f"2001:db8:1:1::{n}" for n in range(3)), [201, 201, 429])
        self.assertEqual(sorted(made(f"192.0.2.{n}" for n in range(1, 19))), [201] * 16 + [429] * 2)
        self.assertGreater(int(self.headers["Retry-After"]), 60)
        self.assertEqual(self.ask("POST", "/register", "", port=service.api_port)[0], 201)  # this machine

    def test_what_is_withdrawn_is_not_counted(self):
        token, value = self.limited("1/1h"), fresh_value()
        self.assertTrue(self.httpreq("n.r.dcvd.test", token, value)[0])
        for _ in range(3):
            status, text = self.ask("POST", "/cleanup", {"fqdn": "_acme-challenge.n.r.dcvd.test.", "value": value}, Authorization=basic(self.name_of(token), token))
            self.assertEqual(status, 200, text)

    def test_a_call_of_cert_manager_is_one_entry_and_one_count(self):
        token = self.limited("5/1h")
        self.assertTrue(self.cert_manager("cm.r.dcvd.test", token, fresh_value())[0])
        name = self.name_of(token)
        self.entry(client=name, action="present")
        self.entry(client=self.service.call("POST", "/v1/clients", {"name": "behind", "grants": {"identifiers": ["a.test"]}}) and "operator", name="behind")
        self.assertEqual(len(self.entries(client=name)), 1, self.entries(client=name))
        metrics = self.ask("GET", "/metrics", Authorization=f"Bearer {self.service.token}")[1]
        self.assertIn(f'dcvd_door_results_total{{door="cert-manager",client="{name}",result="ok"}} 1\n', metrics)


if __name__ == "__main__":
    unittest.main()
