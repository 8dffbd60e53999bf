"""200 callers on all doors at once, with a provider on whose way messages get lost: no value that somebody was told of is lost, none
that was taken back stays, nobody waits too long, and memory stays within bounds.

LOAD_SECONDS says for how long (60), DCVD_SEED repeats the callers' dice.
"""
import os
import pathlib
import random
import sys
import tempfile
import time
import unittest

import dns.query
import dns.rdatatype
import dns.zone

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.load import CALLERS, LIMIT_SECONDS, SLACK_SECONDS, STRANGER, ZONES, World

SECONDS = int(os.environ.get("LOAD_SECONDS", "60"))
END_SECONDS = 120   # a removal that failed five times in a row is tried again after 20 s
GROWTH, GROWTH_MB = 1.5, 64
QUARANTINE = "quarantine_size_mb=16"  # of freed memory, which is no growth


class Load(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        options = [o for o in (os.environ.get("ASAN_OPTIONS"), QUARANTINE) if o]
        self.world = World(holder.name, {"ASAN_OPTIONS": ":".join(options)})
        self.addCleanup(self.world.stop)
        self.world.start()
        self.book = self.world.book
        self.seed = int(os.environ.get("DCVD_SEED", random.randrange(10**9)))

    def records_at_bind(self):
        """Every TXT record of every zone, those of the strangers left out."""
        found = set()
        for zone in ZONES:
            transfer = dns.zone.from_xfr(dns.query.xfr("127.0.0.1", zone, port=self.world.server.port, lifetime=30, relativize=False), relativize=False)
            for name, _, data in transfer.iterate_rdatas(dns.rdatatype.TXT):
                found.add((name.to_text(omit_final_dot=True), b"".join(data.strings).decode()))
        return found - {(f"_acme-challenge.{zone}", STRANGER) for zone in ZONES}

    def wait_bind(self, expected, what):
        """BIND holds exactly these, after the removals that were under way."""
        deadline = time.monotonic() + END_SECONDS
        while (found := self.records_at_bind()) != expected and time.monotonic() < deadline:
            time.sleep(0.5)
        missing, left = sorted(expected - found), sorted(found - expected)
        self.assertEqual((missing, left), ([], []), f"{what}: {len(missing)} missing, {len(left)} left behind\n{self.story(missing + left)}")

    def story(self, records):
        """What the service knows of some of them."""
        said = []
        for challenge in self.world.challenges():
            if (challenge["fqdn"], challenge.get("value")) in records[:5]:
                said.append(str(self.world.service.call("GET", f"/v1/challenges/{challenge['id']}")))
        return "\n".join([*said, f"DCVD_SEED={self.seed}", self.world.service.log[-3000:]])

    def sweep(self, records):
        """Withdraws what remains: the wishes of callers that hung up before the answer, and what was kept."""
        for challenge in list(self.world.challenges()):
            token = challenge["type"] == "http-01" and any(r[1] == challenge["token"] for r in records if len(r) == 3)
            if token or (challenge["fqdn"], challenge.get("value")) in records:
                self.world.service.call("DELETE", f"/v1/challenges/{challenge['id']}")

    def print_table(self, peaks):
        rows = [f"| {'operation':22} | {'requests':>8} | {'errors':>6} | {'p50 ms':>7} | {'p99 ms':>7} | {'max ms':>7} |", "|---|---|---|---|---|---|"]
        for name, *numbers in self.book.table():
            rows.append("| {:22} | {:8} | {:6} | {:7.0f} | {:7.0f} | {:7.0f} |".format(name, *numbers))
        print("\n".join([f"{sum(CALLERS.values())} callers, {SECONDS} s, seed {self.seed}; on the way: {self.world.way.counts()}", *rows,
                         f"{self.book.left} left before the answer; peak of memory {peaks[0]:.0f} MB after a third, {peaks[1]:.0f} MB at the end"]),
              file=sys.stderr, flush=True)

    def check_book(self):
        problems = self.book.problems
        self.assertEqual(problems[:10], [], f"{len(problems)} problems; DCVD_SEED={self.seed}\n{self.world.service.log[-3000:]}")
        slowest = max(most for *_, most in self.book.table())
        self.assertLess(slowest, 1000 * (LIMIT_SECONDS + SLACK_SECONDS))
        self.assertGreater(sum(errors for _, _, errors, *_ in self.book.table()), 0, "nothing failed: the test proves nothing")

    def test_no_value_is_lost_and_none_stays(self):
        peaks = self.world.run(SECONDS, self.seed)
        self.print_table(peaks)
        self.check_book()
        self.assertLess(peaks[1], peaks[0] * GROWTH + GROWTH_MB)
        self.world.way.calm()
        standing, unsure = self.book.standing(), self.book.unsure - self.book.standing()
        self.sweep(unsure)
        bind = {r for r in standing if len(r) == 2 and not r[0].endswith((".dcvd.test", ".acme.test"))}
        self.wait_bind(bind, "what was told")
        for record in standing - bind:
            self.assertTrue(self.world.stands(record), record)
        self.sweep(standing)
        self.wait_bind(set(), "at the end")
        self.wait_nothing((self.book.gone | standing | unsure) - bind)
        self.assertEqual(self.world.service.stop(), 0, self.world.service.log[-5000:])

    def wait_nothing(self, records):
        """Tokens, and names of the embedded server; acme-dns keeps its values."""
        deadline = time.monotonic() + END_SECONDS
        left = {r for r in records if len(r) == 3 or r[0].endswith(".dcvd.test")}
        while (left := {r for r in left if self.world.stands(r)}) and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(left, set())


if __name__ == "__main__":
    unittest.main()
