"""Plays scenarios: worlds in one lab, predictions in parallel, the slow ones first."""
import collections
import concurrent.futures
import os
import pathlib

from . import abilities, notation
from .lab import Lab, prepare_network
from .prediction import Outcome, predict
from .world import World

QUICK_JOBS = 2 * (os.cpu_count() or 2)
SLOW_JOBS = 12
SCENARIOS = pathlib.Path(__file__).parent.parent / "scenarios"
SLOW_WORDS = ("drop", "drops", "delay", "after=", "drip", "drips", "silent", "hold", "floods", "short", "wrong-id", "garbage",
              "no-edns", "wrong-question")


def zone_name(scenario, suffix=""):
    return scenario.id.lower().replace(".", "-") + suffix + ".com"


def slowness(world):
    """How much of a scenario waits for time-outs."""
    text = "\n".join(world.scenario.lines)
    return sum(word in text for word in SLOW_WORDS)


def select(filters):
    """Scenarios whose id is one of the filters, or begins with one that has no digit."""
    scenarios = notation.read_all(SCENARIOS)
    if not filters:
        return scenarios
    exact = [f for f in filters if any(c.isdigit() for c in f)]
    groups = tuple(f for f in filters if f not in exact)
    return [s for s in scenarios if s.id in exact or (groups and s.id.startswith(groups))]


class Suite:
    """The scenarios as worlds of one lab, with their mutations."""

    def __init__(self, folder, scenarios, mutations=True, live=()):
        self.folder = pathlib.Path(folder)
        self.worlds = [World(s, zone_name(s), n) for n, s in enumerate(scenarios)]
        self.mutants, self.repeated = [], []
        for scenario in scenarios if mutations else ():
            for number, mutation in enumerate(scenario.mutations):
                slot = len(self.worlds) + len(self.mutants)
                self.mutants.append(World(scenario.mutated(mutation), zone_name(scenario, f"-m{number}"), slot))
        first = len(self.worlds) + len(self.mutants)
        self.live = [World(s, zone_name(s, "-live"), first + n) for n, s in enumerate(live)]
        self.lab = Lab(self.folder, self.worlds + self.mutants + self.live)

    def __enter__(self):
        prepare_network()
        abilities.prepare_rules()
        self.lab.__enter__()
        return self

    def __exit__(self, *arguments):
        self.lab.__exit__(*arguments)

    def play(self, program, worlds, jobs=QUICK_JOBS):
        """Outcomes in the order of the worlds. Those that wait for time-outs wait together; the others take turns, so that what
        is measured is dcvd and not a crowded machine. A verdict that differs is asked for once more, alone, for the same reason;
        a false PASS is not."""
        def one(world):
            return Outcome(world, predict(program, world, self.lab.tree))
        slow = sorted((w for w in worlds if slowness(w)), key=slowness, reverse=True)
        quick = [w for w in worlds if not slowness(w)]
        with concurrent.futures.ThreadPoolExecutor(SLOW_JOBS) as waiting, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            later, now = waiting.map(one, slow), pool.map(one, quick)
            found = dict(zip((w.zone for w in slow + quick), list(later) + list(now)))
        return [self.again(program, w, found[w.zone]) for w in worlds]

    def play_lacking(self, program, outcomes, jobs=QUICK_JOBS):
        """For each inability its name, how often each result came, and (scenario, complaint) of every verdict that changed into another than
        UNKNOWN. What differs is asked for once more, alone."""
        worlds = {w.scenario.id: w for w in self.worlds}
        pairs = [(worlds[o.scenario.id], o.prediction) for o in outcomes if not worlds[o.scenario.id].perspectives and not worlds[o.scenario.id].day]

        def one(pair, ability):
            got = predict(program, pair[0], self.lab.tree, ability)
            return got.result, abilities.complaint(pair[1], got, ability, pair[0].scenario.stays)
        with abilities.Liar():
            for ability in abilities.LACKS:
                with abilities.lacking(ability), concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                    said = list(pool.map(lambda pair: one(pair, ability), pairs))
                    said = [one(pair, ability) if answer[1] else answer for pair, answer in zip(pairs, said)]
                results = collections.Counter(result for result, _ in said)
                yield ability.name, results, [(pair[0].scenario, text) for pair, (_, text) in zip(pairs, said) if text]

    def again(self, program, world, outcome):
        if outcome.result_equal or outcome.false_pass:
            return outcome
        second = Outcome(world, predict(program, world, self.lab.tree))
        self.repeated.append(outcome)
        return second
