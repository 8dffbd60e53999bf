"""Plays scenarios: worlds in one lab, predictions in parallel, the slow ones first."""
import concurrent.futures
import pathlib

from . import notation
from .lab import Lab, prepare_network
from .prediction import Outcome, predict
from .world import World

SCENARIOS = pathlib.Path(__file__).parent.parent / "scenarios"
SLOW_WORDS = ("drop", "drops", "delay", "after=", "drip", "drips", "silent", "hold", "floods", "short", "wrong-id", "garbage",
              "no-edns", "wrong-question")


def zone_name(scenario, suffix=""):
    return scenario.id.lower().replace(".", "-") + suffix + ".com"


def slowness(world):
    """The scenarios that wait for time-outs are started first."""
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
        self.mutants = []
        for scenario in scenarios if mutations else ():
            for number, mutation in enumerate(scenario.mutations):
                slot = len(self.worlds) + len(self.mutants)
                self.mutants.append(World(scenario.mutated(mutation), zone_name(scenario, f"-m{number}"), slot))
        first = len(self.worlds) + len(self.mutants)
        self.live = [World(s, zone_name(s, "-live"), first + n) for n, s in enumerate(live)]
        self.lab = Lab(self.folder, self.worlds + self.mutants + self.live)

    def __enter__(self):
        prepare_network()
        self.lab.__enter__()
        return self

    def __exit__(self, *arguments):
        self.lab.__exit__(*arguments)

    def play(self, program, worlds, jobs=16, each=None):
        """Outcomes in the order of the worlds; `each` hears of every one as it comes."""
        def one(world):
            outcome = Outcome(world.scenario, predict(program, world, self.lab.tree))
            if each:
                each(outcome)
            return outcome
        ordered = sorted(worlds, key=slowness, reverse=True)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            found = dict(zip((w.zone for w in ordered), pool.map(one, ordered)))
        return [found[w.zone] for w in worlds]
