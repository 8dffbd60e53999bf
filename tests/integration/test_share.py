"""Orders that share a challenge, through every door, with BIND as the name server; and kill -9 at every commit of such a life."""
import base64
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import test_crash
from support.service import ApiError, program

X, Y = "x." + test_crash.ZONE, "y." + test_crash.ZONE
VALUE, OTHER = "A" * 43, "B" * 43
FQDN, OTHER_FQDN = f"_acme-challenge.{X}", f"_acme-challenge.{Y}"


def dns01(domain, value):
    return {"type": "dns-01", "domain": domain, "value": value}


BOTH = {"challenges": [dns01(X, VALUE), dns01(Y, OTHER)]}
ONE = {"challenges": [dns01(X, VALUE)]}
WAIT = "?wait=ready&timeout=30s"


class Doors(test_crash.Crash):
    def setUp(self):
        super().setUp()
        self.service_in("dcvd")
        self.start()
        self.both = self.service.call("POST", "/v1/orders" + WAIT, BOTH)
        self.assertEqual(self.both["state"], "ready", self.service.log)
        self.id = self.both["challenges"][0]["id"]

    def tearDown(self):
        self.assertEqual((self.server.values(FQDN), self.server.values(OTHER_FQDN)), ([], []), self.service.log)
        self.assertEqual(self.service.stop(), 0, self.service.log)

    def release(self, order):
        self.service.call("DELETE", f"/v1/orders/{order}")
        self.wait_order(order)

    def wait_order(self, order):
        for _ in range(400):
            if self.service.call("GET", f"/v1/orders/{order}")["state"] == "gone":
                return
            time.sleep(0.05)
        self.fail(self.service.log)

    def release_both(self):
        """What only that order holds goes."""
        self.release(self.both["id"])
        self.assertEqual((self.server.values(FQDN), self.server.values(OTHER_FQDN)), ([VALUE], []))

    def wait_gone(self):
        self.service.wait_gone(self.both["id"])

    def orders(self):
        return self.service.call("GET", f"/v1/challenges/{self.id}")["orders"]

    def httpreq(self, verb):
        request = urllib.request.Request(f"{self.service.url}/{verb}", json.dumps({"fqdn": FQDN + ".", "value": VALUE}).encode(), {
            "Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(f"operator:{self.service.token}".encode()).decode()})
        with urllib.request.urlopen(request, timeout=40) as reply:
            self.assertEqual(reply.status, 200)

    def hook(self, name):
        environment = {"CERTBOT_DOMAIN": X, "CERTBOT_VALIDATION": VALUE, "PATH": "/usr/bin:/bin"}
        token = self.folder / "token"
        token.write_text(self.service.token)
        done = subprocess.run([program(), "hook", "--server", self.service.url, "--token-file", str(token), "certbot", name], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_part_asked_for_again_is_made_once_and_answered_with_itself(self):
        seen = [self.service.call("POST", "/v1/challenges" + WAIT, dns01(X, VALUE)) for _ in range(4)]
        self.assertEqual({c["id"] for c in seen}, {self.id})
        self.assertEqual(len({c["order"] for c in seen}), 1)
        self.assertEqual(self.orders(), [self.both["id"], seen[0]["order"]])
        self.assertEqual(len(self.service.call("GET", "/v1/challenges")["challenges"]), 2)
        self.release_both()
        self.assertEqual(self.service.call("GET", f"/v1/orders/{self.both['id']}")["state"], "gone")
        self.service.call("DELETE", f"/v1/challenges/{self.id}")
        self.wait_gone()

    def test_a_challenge_twice_in_an_order_is_refused_by_name(self):
        with self.assertRaises(ApiError) as refused:
            self.service.call("POST", "/v1/orders", {"challenges": [dns01(X, VALUE), dns01(X.upper() + ".", VALUE)]})
        self.assertEqual(refused.exception.status, 422)
        self.assertIn(f"challenge 2 (dns-01 {X}) is challenge 1 again", str(refused.exception.problem))
        self.release(self.both["id"])

    def test_httpreq_holds_what_an_order_made_and_lets_go_of_its_own(self):
        self.httpreq("present")
        self.httpreq("present")
        self.assertEqual(len(self.orders()), 2)
        self.httpreq("cleanup")
        self.httpreq("cleanup") # twice is once
        self.assertEqual((self.orders(), self.server.values(FQDN)), ([self.both["id"]], [VALUE]))
        self.httpreq("present")
        self.release_both()
        self.httpreq("cleanup")
        self.wait_gone()

    def test_a_hook_holds_what_an_order_made_and_lets_go_of_its_own(self):
        self.hook("auth")
        self.assertEqual(len(self.orders()), 2)
        self.hook("cleanup")
        self.assertEqual((self.orders(), self.server.values(FQDN)), ([self.both["id"]], [VALUE]))
        self.release(self.both["id"])

    def test_the_command_line_says_which_order_needs_it_still(self):
        self.service.call("POST", "/v1/challenges" + WAIT, dns01(X, VALUE))
        said = self.service.command("cleanup", self.id)
        self.assertIn(f"needed by order {self.both['id']}", said.stdout)
        self.assertIn(self.both["id"], self.service.command("describe", self.id).stdout)
        self.assertEqual(self.server.values(FQDN), [VALUE])
        self.release(self.both["id"])

    def test_a_restart_keeps_who_holds_it(self):
        one = self.service.call("POST", "/v1/orders" + WAIT, ONE)
        self.service.kill()
        self.start()
        self.assertEqual(self.orders(), [self.both["id"], one["id"]])
        self.release_both()
        self.release(one["id"])


class AtEveryStep(test_crash.AtEveryStep):
    """Present both, present one of them, release the order of both, then the other one: killed once at each commit on the way."""

    def journalled(self, wish):
        """Asks until it is answered; the order may be in the journal although nobody heard so."""
        return self.attempt(self.ask, wish) or self.ask(wish)

    def ask(self, wish):
        return self.service.call("POST", "/v1/orders", wish)["id"]

    def released(self, order):
        if self.attempt(self.release, order) is None:
            self.release(order)

    def stands(self, first, second):
        return self.server.values(FQDN) == first and self.server.values(OTHER_FQDN) == second

    def wait_state(self, order, state):
        def look():
            return self.poll(order, state)
        self.assertTrue(self.attempt(look) or look(), self.service.log)

    def count_listed(self):
        return len(self.service.call("GET", "/v1/challenges")["challenges"])

    def poll(self, order, state):
        for _ in range(2000):
            if self.service.call("GET", f"/v1/orders/{order}")["state"] == state:
                return True
        return False

    def live(self, kind, crash):
        self.deaths = 0
        self.start(crash)
        if self.service.process.poll() is not None:
            self.deaths += 1
            self.start()
        both = self.journalled(BOTH)
        one = self.journalled(ONE)
        self.wait_state(both, "ready")
        self.wait_state(one, "ready")
        self.released(both)
        self.wait_state(both, "gone")
        self.assertTrue(self.stands([VALUE], []), self.service.log)
        self.assertEqual(self.attempt(self.count_listed) or self.count_listed(), 2)
        self.released(one)
        self.wait_state(one, "gone")
        self.assertTrue(self.stands([], []), self.service.log)
        if self.service.stop() != 0:
            self.deaths += 1
        self.assertEqual(self.journal_states(), ["gone"] * 2)
        return self.deaths == 1

    # The lives of the class above are tested there.
    test_http01_before_each_commit = test_http01_after_each_commit = None
    test_embedded_before_each_commit = test_embedded_after_each_commit = None


if __name__ == "__main__":
    unittest.main()
