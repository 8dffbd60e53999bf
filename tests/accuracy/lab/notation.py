"""Reads scenario files. The notation is explained in tests/accuracy/README.md.

A scenario is kept as lines of text until a world is made of it: a mutation is an edit of that text.
"""
import pathlib
import re

RESULTS = ("pass", "fail", "flaky", "unknown", "accepted")


class NotationError(Exception):
    pass


class Scenario:
    def __init__(self, id, title, where):
        self.id, self.title, self.where = id, title, where
        self.lines = []           # of the world: everything but the words below
        self.expected = None      # (results, error types, stage or None)
        self.pebble = None        # "agrees", "no"
        self.mutations = []       # (old, new); old "+": the line `new` is added
        self.sentence = None      # must occur in the detail
        self.advice = []          # must all occur in the first advice; "none": there must be none
        self.no_advice = []       # may occur in no advice
        self.stays = []           # what this host may lack without any change of the verdict

    def __repr__(self):
        return f"{self.id} {self.title}"

    @property
    def result(self):
        return self.expected[0][0]

    def mutated(self, mutation):
        """A copy with one fact changed, whose verdict must not be PASS."""
        old, new = mutation
        copy = Scenario(self.id, f"{self.title}, but {new}", self.where)
        if old == "+":
            copy.lines = self.lines + [new]
        else:
            at = next((n for n, line in enumerate(self.lines) if old in line), None)
            if at is None:
                raise NotationError(f"{self.where}: nothing to mutate: {old}")
            copy.lines = list(self.lines)
            copy.lines[at] = copy.lines[at].replace(old, new, 1)
        copy.expected = (("fail", "flaky", "unknown"), (), None)
        return copy


def key_of(line):
    """What a line of `default` speaks about: a scenario that says something about it replaces it."""
    words = line.split()
    return " ".join(words[:2]) if words[0] in ("record", "web") else words[0]


def read_expectation(words, where):
    results = words[0].split("|")
    stage = words[-1][1:] if words[-1].startswith("@") else None
    types = words[1].split("|") if len(words) > 1 and not words[1].startswith("@") else []
    if any(r not in RESULTS for r in results):
        raise NotationError(f"{where}: expect {' '.join(words)}?")
    return tuple(results), tuple(types), stage


def read_line(scenario, line, where):
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if word == "expect":
        scenario.expected = read_expectation(rest.split(), where)
    elif word == "pebble":
        scenario.pebble = rest
    elif word == "sentence":
        scenario.sentence = rest
    elif word in ("advice", "no-advice"):
        getattr(scenario, word.replace("-", "_")).append(rest)
    elif word == "stays":
        scenario.stays.append(rest)
    elif word == "mutate":
        if rest.startswith("+ "):
            scenario.mutations.append(("+", rest[2:].strip()))
        else:
            old, arrow, new = rest.partition(" -> ")
            if not arrow:
                raise NotationError(f"{where}: mutate OLD -> NEW, or mutate + LINE")
            scenario.mutations.append((old.strip(), new.strip()))
    else:
        scenario.lines.append(line)


def read_file(path):
    """The scenarios of one file, in its order."""
    default, scenarios, current = [], [], None
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        where = f"{pathlib.Path(path).name}:{number}"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            if current is None:
                default.append(line.strip())
            else:
                read_line(current, line.strip(), where)
        elif line.strip() == "default":
            default, current = [], None
        else:
            id, _, title = line.strip().partition(" ")
            current = Scenario(id, title.strip(), where)
            scenarios.append(current)
            current.default = list(default)
    for scenario in scenarios:
        said = {key_of(line) for line in scenario.lines}
        scenario.lines = [line for line in scenario.default if key_of(line) not in said] + scenario.lines
        demand(scenario)
    return scenarios


def demand(scenario):
    """What every scenario must say."""
    if not scenario.expected:
        raise NotationError(f"{scenario.where}: {scenario.id} expects nothing")
    if not scenario.advice and {"fail", "flaky"} & set(scenario.expected[0]):
        raise NotationError(f"{scenario.where}: {scenario.id} may end in FAIL or FLAKY, so it needs a line `advice TEXT`: words that must stand in "
                            "the first thing the owner is told to do (`advice none` when nothing can be advised)")


def read_all(folder):
    scenarios = [s for path in sorted(pathlib.Path(folder).glob("*.txt")) for s in read_file(path)]
    seen = set()
    for scenario in scenarios:
        if scenario.id in seen:
            raise NotationError(f"{scenario.where}: a second {scenario.id}")
        seen.add(scenario.id)
    return scenarios


def expand(lines):
    """`repeat N LINE` becomes N lines with $i and $j (= $i + 1) filled in."""
    for line in lines:
        many = re.match(r"repeat (\d+) (.*)", line)
        if not many:
            yield line
            continue
        for i in range(int(many[1])):
            yield many[2].replace("$i", str(i)).replace("$j", str(i + 1))
