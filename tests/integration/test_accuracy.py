"""What dcvd predicts, against what an authority says: the scenarios of tests/accuracy, their mutations, orders at Pebble, and the
limits of a check whose servers mean harm."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "accuracy"))
from lab.live import play_live
from lab.prediction import LIMIT_SECONDS, Tally, predict_recorded, replay
from lab.suite import Suite, select
from support.pebble import Pebble
from support.service import program

REPLAYED = ("D01", "D27", "D38", "D39", "C12", "C44", "H21.12", "H37", "H61", "T04", "P11", "N03", "X04", "B06")
LIVE_EVERY = 3             # of the scenarios on which Pebble agrees
SLOW_LIVE = ("D25", "D35", "H46", "H63")
QUESTIONS = 18             # two servers of one address each, no CNAME
START_SECONDS = 10         # of the program, on a busy machine
MEMORY_KIB = 32 * 1024     # over what a check of a well-behaved server takes


def possible():
    return subprocess.run(["ip", "-6", "route", "replace", "local", "fd00::/16", "dev", "lo"], capture_output=True).returncode == 0


@unittest.skipUnless(possible(), "needs a network namespace of its own")
class Accuracy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        scenarios = select([])
        agreeing = [s for s in scenarios if s.pebble == "agrees" and s.id not in SLOW_LIVE]
        cls.suite = Suite(holder.name, scenarios, mutations=True, live=agreeing[::LIVE_EVERY])
        cls.suite.__enter__()
        cls.addClassCleanup(cls.suite.__exit__)
        played = cls.suite.play(program(), cls.suite.worlds + cls.suite.mutants)
        cls.outcomes, cls.mutants = played[:len(scenarios)], played[len(scenarios):]

    def names(self, outcomes):
        return [f"{o.scenario}: {o.prediction.short} {o.prediction.detail}" for o in outcomes]

    def test_no_false_pass_no_false_fail_and_the_error_types_of_the_authority(self):
        tally = Tally(self.outcomes)
        print("", *tally.lines(), "asked twice: " + " ".join(o.scenario.id for o in self.suite.repeated), sep="\n")
        self.assertEqual(self.names(tally.false_pass), [])
        self.assertEqual(self.names(tally.false_fail), [])
        self.assertEqual(self.names(o for o in self.outcomes if o.prediction.result == "error"), [])
        wrong = [o for o in self.outcomes if o.type_counts and not o.type_equal]
        self.assertGreaterEqual(tally.type_share, 0.95, self.names(wrong))
        self.assertEqual(tally.flaky, {"D27": "flaky", "H37": "flaky"})
        self.assertGreaterEqual(len(self.outcomes), 150)

    def test_a_pass_with_one_fact_changed_is_no_pass(self):
        passes = [s for s in (o.scenario for o in self.outcomes) if s.result == "pass"]
        self.assertEqual([s.id for s in passes if not s.mutations], [])
        self.assertEqual(self.names(o for o in self.mutants if o.prediction.result not in ("fail", "flaky")), [])

    def test_bad_input_stays_within_time_and_memory(self):
        usual = next(o for o in self.outcomes if o.scenario.id == "D01").prediction.memory_kib
        for outcome in self.outcomes:
            with self.subTest(outcome.scenario.id):
                self.assertLess(outcome.prediction.seconds, LIMIT_SECONDS + START_SECONDS)
                self.assertLess(outcome.prediction.memory_kib - usual, MEMORY_KIB)

    def test_recorded_evidence_is_judged_alike_again(self):
        for world in (w for w in self.suite.worlds if w.scenario.id in REPLAYED):
            with self.subTest(world.scenario.id):
                recorded = predict_recorded(program(), world, self.suite.lab.tree)
                again = replay(program(), self.suite.lab.tree, recorded)
                self.assertNotEqual(recorded.result, "error", recorded.detail)
                self.assertEqual((again.short, again.detail), (recorded.short, recorded.detail))

    def test_a_healthy_check_asks_few_questions(self):
        world = next(w for w in self.suite.worlds if w.scenario.id == "D01")
        asked = predict_recorded(program(), world, self.suite.lab.tree).raw["evidence"]["answers"]
        self.assertLessEqual(len(asked), QUESTIONS, [(a["view"], a.get("transport"), a["name"], a["type"]) for a in asked])

    def test_the_lab_made_no_mistake_of_its_own(self):
        self.assertEqual(self.suite.lab.complaints, [])

    @unittest.skipUnless(Pebble.available(), "pebble is not installed")
    def test_orders_at_pebble_end_as_predicted(self):
        confirmations = play_live(self.suite, program())
        self.assertEqual([f"{c.scenario}: {c.prediction.short}, Pebble: {c.complaint or 'valid'}" for c in confirmations if not c.agrees], [])
        self.assertGreaterEqual(len(confirmations), 20)


if __name__ == "__main__":
    unittest.main()
