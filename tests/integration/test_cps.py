"""Akamai CPS from the pending change to valid names: the emulator of CPS is a customer of Pebble, Knot and dcvd's
own responder carry the answers, and a name counts as valid when Pebble says so."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cps_service import PRE_WARNING, WEB_NAMES, CpsTest


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
    PRE = PRE_WARNING
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

if __name__ == "__main__":
    unittest.main()
