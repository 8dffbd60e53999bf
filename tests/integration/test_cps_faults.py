"""What goes wrong at CPS, in virtual time: the real driver and watcher, an emulator whose every reply keeps the vendor's contract."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from cps.warning_texts import templates, text_of
from world import LAGS, World, configuration, memory_folder


class WorldTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(dir=memory_folder())
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def begin(self, policy="follow: production", **options):
        self.world = World(self.folder, configuration(policy), **options)
        self.addCleanup(self.end, self.world)
        return self.world

    def end(self, world):
        if world.child:
            self.assertEqual(world.stop(), 0, world.log[-4000:])
        self.assertEqual(world.cps.broken, [])

    def start(self, *names, **wish):
        """A world with one enrollment whose first change is open."""
        self.enrollment = self.world.enroll(*(names or ("www.example.org",)), **wish)
        self.world.start()
        return self.enrollment.change

    def until(self, status, change=None, days=3):
        change = change or self.enrollment.change
        self.world.run_until(lambda: status in change.history, days=days)

    def assert_production(self, change=None, acknowledgements=1, days=3):
        """The change is deployed, was acknowledged so often, and left nothing behind."""
        change = change or self.enrollment.change
        self.world.run_until(lambda: change.over, days=days)
        self.assertEqual(change.status, "complete", self.said())
        if acknowledgements is not None:
            self.assertEqual(len(change.acknowledgements), acknowledgements, self.said())
        self.assert_clean()

    def assert_clean(self):
        self.world.run(hours=1)
        self.assertEqual((self.world.zones.count(), self.world.ask("live")), (0, 0), self.said())

    def said(self):
        return "\n".join(self.world.said(self.enrollment))


class CpsIsNotWell(WorldTest):
    def test_an_outage_of_an_hour_delays_and_loses_nothing(self):
        world = self.begin()
        self.start()
        world.run(minutes=2)
        world.cps.faults.add("silence", 3600)
        world.run(hours=1)
        self.assertEqual(self.enrollment.change.acknowledgements, [])
        self.assert_production()

    def test_an_outage_after_the_acknowledgement_is_no_second_one(self):
        world = self.begin()
        change = self.start()
        world.run_until(lambda: change.acknowledgements)
        world.cps.faults.add("503", 3600)
        self.assert_production()

    def test_pages_of_a_proxy_are_not_taken_for_answers(self):
        world = self.begin()
        change = self.start()
        world.cps.faults.add("html", 1800)
        world.run(minutes=29)
        self.assertEqual(change.acknowledgements, [])
        self.assert_production()

    def test_an_acknowledgement_that_is_answered_with_a_page_is_not_repeated(self):
        """Nobody knows whether it arrived. It did not; CPS looks by itself, too."""
        world = self.begin()
        self.start()
        world.cps.faults.replace([{"kind": "html", "count": 1, "match": "POST"}])
        self.world.run_until(lambda: not world.cps.faults.list[0]["count"])
        self.assert_production(acknowledgements=0)

    def test_a_storm_of_409_is_waited_out(self):
        world = self.begin()
        self.start(ack_lag=60)  # CPS does not look by itself
        world.cps.faults.add("409", 3600, match="POST")
        world.run(hours=1)
        self.assert_production()

    def test_a_refusal_that_names_a_time_closes_the_budget_until_then(self):
        world = self.begin()
        self.start()
        world.cps.faults.replace([{"kind": "try-after", "count": 1, "retry_after": 600}, {"kind": "429", "count": 1, "retry_after": 300}])
        world.run(minutes=5)
        self.assertEqual(len(world.requests), 1)
        self.assert_production()

    def test_a_list_that_fails_drops_no_enrollment(self):
        world = self.begin()
        self.start()
        self.until("deploy-cert-to-staging")
        world.cps.faults.add("503", 3600, match="GET /cps/v2/enrollments")
        world.run(minutes=50)
        self.assertIn(self.enrollment.number, world.inventory())
        self.assert_production()


class ClocksAndCredentials(WorldTest):
    def test_a_clock_that_is_five_minutes_off_is_noticed_and_reckoned_with(self):
        for offset in (300, -300):
            with self.subTest(offset=offset):
                self.folder = self.folder / "next"
                world = self.begin(clock=offset)
                self.start()
                self.assert_production()
                self.assertEqual(world.cps.refused["401"], 1)

    def test_the_clock_of_this_host_jumps_in_the_middle(self):
        world = self.begin()
        change = self.start()
        world.run_until(lambda: change.acknowledgements)
        world.set_clock(-300)
        self.assert_production()

    def test_credentials_that_are_revoked_and_restored(self):
        world = self.begin()
        change = self.start()
        world.run_until(lambda: change.acknowledgements)
        world.cps.gateway.revoked = True
        world.run(hours=3)
        refused = world.cps.refused["401"]
        self.assertLess(refused, 40, "an account that refuses is not hammered")
        world.cps.gateway.revoked = False
        self.assert_production()

    def test_credentials_that_are_revoked_before_anything_was_acknowledged(self):
        world = self.begin()
        change = self.start()
        world.run_until(lambda: change.state == "suspended", step=1)
        world.cps.gateway.revoked = True
        world.run(hours=2)
        self.assertEqual(change.acknowledgements, [])
        world.cps.gateway.revoked = False
        self.assert_production()


class Tokens(WorldTest):
    def test_tokens_that_end_are_withdrawn_and_their_successors_are_answered(self):
        world = self.begin()
        change = self.start("www.example.org", "api.example.org", ack_lag=3600)
        world.run_until(lambda: change.acknowledgements)
        world.steering.expire({"enrollment": self.enrollment.number})
        change.wish["ack_lag"] = 60
        self.assert_production(acknowledgements=None)
        told = [token for _, generation in change.acknowledgements for token in generation]
        self.assertEqual(len(told), len(set(told)), "no token is told of twice")

    def test_an_answer_that_the_authority_does_not_find_is_tried_with_a_new_token(self):
        world = self.begin()
        change = self.start()
        sight, world.cps.authority.shows = world.cps.authority.shows, lambda _fqdn: set()
        world.run_until(lambda: "Error" in {n.status for n in change.names})
        world.cps.authority.shows = sight
        self.assert_production(acknowledgements=2)

    def test_a_name_server_that_lags_for_a_day_is_waited_for(self):
        world = self.begin()
        change = self.start()
        world.spoil("example.org", LAGS)
        world.run(days=1)
        self.assertEqual(change.acknowledgements, [])
        self.assertIn("192.0.2.2", world.inventory()[self.enrollment.number]["waits_for"])
        world.spoil("example.org", 0)
        self.assert_production()

    def test_tokens_that_end_while_a_name_server_lags_are_followed_by_new_ones(self):
        world = self.begin()
        change = self.start()
        world.spoil("example.org", LAGS)
        world.run(days=8)
        world.spoil("example.org", 0)
        self.assert_production(acknowledgements=None, days=5)
        self.assertGreater(change.names[0].generation, 1)


class Changes(WorldTest):
    def test_of_two_pending_changes_the_newest_is_driven(self):
        world = self.begin()
        first = self.start()
        world.run_until(lambda: first.state == "suspended", step=1)
        second = self.enrollment.begin("modify-san")
        self.assert_production(second)
        self.assertLessEqual(len(first.acknowledgements), 1)

    def test_a_change_that_is_cancelled_behind_our_back_leaves_nothing(self):
        world = self.begin()
        change = self.start(ack_lag=7200)
        world.run_until(lambda: change.acknowledgements)
        change.cancel()
        world.run(hours=3)
        self.assertEqual(len(change.acknowledgements), 1)
        self.assert_clean()

    def test_a_renewal_that_is_cancelled_is_begun_again_by_cps_and_driven(self):
        world = self.begin()
        self.enrollment = world.enroll("www.example.org", ends_in_days=26, renew_before_days=25, life_days=90)
        world.start()
        world.run_until(lambda: self.enrollment.changes)
        self.enrollment.changes[0].cancel()
        world.run_until(lambda: len(self.enrollment.changes) == 2)
        self.assert_production()

    def test_a_warning_after_the_acknowledgement_holds_until_it_is_allowed(self):
        world = self.begin()
        change = self.start(late_warnings=text_of("DNS_NAME_NOT_CNAMED"))
        world.run(hours=12)
        self.assertEqual((change.status, change.acked), ("wait-review-pre-verification-safety-checks", {}))
        self.assertIn("DNS_NAME_NOT_CNAMED", world.inventory()[self.enrollment.number]["waits_for"])
        change.cancel()

    def test_a_warning_after_the_acknowledgement_is_acknowledged_where_the_policy_says_so(self):
        world = self.begin("follow: production, acknowledge-warnings: [DNS_NAME_NOT_CNAMED]")
        change = self.start(late_warnings=text_of("DNS_NAME_NOT_CNAMED"))
        self.assert_production()
        self.assertEqual(list(change.acked), ["pre"])

    def test_every_warning_of_the_table_holds_where_no_policy_lists_it(self):
        world = self.begin("follow: production, acknowledge-warnings: [DNS_NAME_NOT_CNAMED]")
        codes = list(dict.fromkeys(code for code, _ in templates() if code != "DNS_NAME_NOT_CNAMED"))
        held = {code: world.enroll(f"w{i}.example.org", pre_warnings=text_of(code)) for i, code in enumerate(codes)}
        world.start()
        world.run(hours=6)
        known = world.inventory()
        for code, enrollment in held.items():
            self.assertEqual(enrollment.change.acked, {}, code)
            self.assertIn(code, known[enrollment.number]["waits_for"] or "")

    def test_a_change_in_error_is_told_and_not_driven_on(self):
        world = self.begin()
        change = self.start()
        self.until("check-for-cert")
        change.fail("order-failed", "the authority refuses")
        world.run(hours=4)
        found = world.inventory()[self.enrollment.number]
        self.assertIn("the authority refuses", json.dumps(found) + self.said())
        self.assert_clean()

    def test_warnings_in_all_three_places_and_change_management_in_one_life(self):
        world = self.begin("follow: production, change-management: acknowledge, acknowledge-warnings: [DNS_NAME_NOT_CNAMED, "
                           "CERTIFICATE_ADDED_TO_TRUST_CHAIN]")
        change = self.start(pre_warnings=text_of("DNS_NAME_NOT_CNAMED"), post_warnings=text_of("CERTIFICATE_ADDED_TO_TRUST_CHAIN"),
                            change_management=True, spelling="coordinate")
        self.assert_production()
        self.assertEqual(sorted(change.acked), ["change", "post", "pre"])

    def test_change_management_waits_for_a_person_and_not_for_another_hash(self):
        world = self.begin("follow: production, change-management: approve")
        change = self.start(change_management=True)
        self.until("wait-ack-change-management")
        world.run(hours=2)
        self.assertNotIn("change", change.acked)
        change.hash = "hash-2"
        world.approve(self.enrollment, change, "hash-1", "alice")
        world.run(hours=2)
        self.assertNotIn("change", change.acked)
        world.run(hours=2)
        world.approve(self.enrollment, change, "hash-2", "alice")
        self.assert_production()

    def test_a_third_party_enrollment_waits_and_nothing_is_done_to_it(self):
        world = self.begin()
        change = self.start(third_party="both")
        world.run(days=1)
        self.assertEqual((change.status, change.acked, change.acknowledgements), ("wait-upload-third-party", {}, []))
        self.assertEqual([r for r in world.requests if r.method != "GET"], [])
        change.cancel()


if __name__ == "__main__":
    unittest.main()
