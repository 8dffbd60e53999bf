"""A fleet of enrollments over a long time, in virtual time, with the real engine, driver and watcher: every renewal is found, proved,
acknowledged once and followed to production, within the account's limits, and whenever the process is killed.

The whole year with 1,000 enrollments is tests/bench/cps_year.py. DCVD_SEED repeats a run.
"""
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from world import Died, MINUTE, World, configuration, memory_folder
from year import Fleet

DAYS = 100           # every enrollment is renewed at least once
COMMITS_MAX = 200    # more than one life takes


class YearTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(dir=memory_folder())
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def assert_kept(self, fleet):
        """What holds always."""
        self.assertEqual(fleet.cps.broken, [])
        self.assertEqual(fleet.cps.refused.get("429", 0), 0)
        self.assertLessEqual(fleet.most_within(60), 35)
        self.assertLessEqual(fleet.most_within(2), 20)
        self.assertEqual(fleet.gaps(), [], "certificates that ended before their successors were in production")
        self.assertEqual(fleet.lost(), [])
        self.assertEqual(fleet.acknowledged_twice(), [])


class AFleet(YearTest):
    def test_fifty_enrollments_are_renewed_in_time_with_few_requests(self):
        fleet = Fleet(self.folder, 50).start()
        fleet.run(days=DAYS)
        fleet.settle()
        print(fleet.summary(), file=sys.stderr)
        self.assert_kept(fleet)
        self.assertGreaterEqual(len(fleet.renewals()), 50)
        self.assertLessEqual(fleet.costs()[-1], 8)
        self.assertLessEqual(fleet.delays()[-1], 15 * MINUTE + 5)
        self.assertEqual(fleet.ask("live"), 0)
        self.assertEqual(fleet.stop(), 0, fleet.log[-4000:])

    def test_two_hundred_changes_at_once_are_acknowledged_one_after_the_other(self):
        world = World(self.folder, configuration(interval="15m"))
        enrollments = world.enroll_many(200, ack_lag=300)  # CPS looks when it was told, not before
        world.run_clock_only(10 * MINUTE)
        begun = world.clock.now()
        world.start()
        world.run_until(lambda: all(e.change.acknowledgements for e in enrollments), 10)
        waits = sorted(e.change.acknowledgements[0][0] - begun for e in enrollments)
        print(f"200 changes: the first acknowledged {waits[0]:.0f} s, the last {waits[-1]:.0f} s after the start", file=sys.stderr)
        self.assertLessEqual(waits[0], MINUTE)
        self.assertLessEqual(waits[-1], 25 * MINUTE)
        self.assertLessEqual((world.most_within(60), world.most_within(2)), (35, 20))
        world.run_until(lambda: all(e.change.over for e in enrollments))
        world.run(hours=1)
        self.assertEqual((world.zones.count(), world.cps.limited, world.cps.broken), (0, 0, []))
        self.assertEqual(world.stop(), 0, world.log[-4000:])


class Kills(YearTest):
    POLICY = "follow: production, change-management: acknowledge, acknowledge-warnings: [DNS_NAME_NOT_CNAMED]"
    WARNING = "DNS name www.example.org not CNAMEd for auto validation."

    def live_once(self, folder, variable, commit):
        """One change from its beginning to production, killed once on the way. False: there is no such commit."""
        world = World(folder, configuration(self.POLICY), environment={variable: str(commit), "DCVD_CRASH_ALONE": "1"})
        enrollment = world.enroll("www.example.org", "*.example.org", "api.example.net", pre_warnings=self.WARNING, change_management=True)
        died = self.run_to_the_end(world, enrollment.change)
        world.environment = {}
        if died:
            self.assertEqual(world.reap(), -9, world.log[-4000:])
            world.start()
            self.run_to_the_end(world, enrollment.change)
        # Killed between what it journals and what it says, it does not know whether CPS heard; CPS looks by itself, too.
        self.assertLessEqual(len(enrollment.change.acknowledgements), 1, f"commit {commit}\n{world.log}")
        self.assertEqual((world.zones.count(), world.ask("live"), world.cps.broken), (0, 0, []), f"commit {commit}\n{world.log}")
        status = world.stop()
        self.assertIn(status, (0, -9), world.log[-4000:])
        return died or status == -9

    def run_to_the_end(self, world, change):
        try:
            if not world.child:
                world.start()
            world.run_until(lambda: change.over, days=5)
            self.assertEqual(change.status, "complete", world.log[-4000:])
            world.run(hours=1)
            return False
        except Died:
            return True

    def walk(self, variable):
        for commit in range(1, COMMITS_MAX):
            with self.subTest(commit=commit):
                if not self.live_once(self.folder / str(commit), variable, commit):
                    print(f"{variable}: {commit - 1} commits", file=sys.stderr)
                    return
        self.fail("it never ends")

    def test_killed_before_every_commit(self):
        self.walk("DCVD_CRASH_BEFORE_COMMIT")

    def test_killed_after_every_commit(self):
        self.walk("DCVD_CRASH_AFTER_COMMITS")

    def test_killed_at_random_instants(self):
        seed = int(os.environ.get("DCVD_SEED", random.randrange(10**6)))
        fleet = Fleet(self.folder, 20, seed=seed).start()
        fleet.kill_at_random(random.Random(seed), count=30, days=60)
        fleet.settle()
        print(f"DCVD_SEED={seed}: {fleet.starts - 1} kills, {fleet.summary()}", file=sys.stderr)
        self.assert_kept(fleet)
        self.assertEqual(fleet.ask("live"), 0)
        self.assertEqual(fleet.stop(), 0, fleet.log[-4000:])


if __name__ == "__main__":
    unittest.main()
