"""Asks the dcvd under test about a world, and compares what it says with what is expected."""
import datetime
import json
import os
import subprocess
import tempfile
import threading
import time

ERROR_PREFIX = "urn:ietf:params:acme:error:"
EXIT_CODES = {"pass": 0, "fail": 1, "flaky": 4, "unknown": 5}
KILL_SECONDS = 90
LIMIT_SECONDS = 40  # of one check


class Prediction:
    def __init__(self, result, problem=None, stage=None, detail="", seconds=0.0, memory_kib=0, raw=None):
        self.result, self.problem, self.stage, self.detail = result, problem, stage, detail
        self.seconds, self.memory_kib, self.raw = seconds, memory_kib, raw

    @property
    def mends(self):
        """What it tells the owner to do, the first thing first."""
        return (self.raw or {}).get("mends") or []

    @property
    def short(self):
        return self.result + (f" {self.problem}" if self.problem and self.result != "pass" else "") + (f" @{self.stage}" if self.stage else "")


def settings(tree):
    sets = [f"check.root-hints={tree.hints}", f"check.trust-anchor={tree.anchor}", "check.allow-addresses=[127.0.0.0/8, 'fd00::/8']",
            f"check.limit={LIMIT_SECONDS}s"]
    return [word for s in sets for word in ("--set", s)]


def command(program, world, tree, extra=()):
    line = [program, "check", "--type", world.kind, "--authority", world.authority, "--json", "--account-uri", world.account]
    if world.kind in ("http-01", "tls-alpn-01"):
        line += ["--token", world.token, "--key-authorization", world.key_authorization]
    elif world.kind != "dns-persist-01":
        line += ["--value", world.value]
    return line + settings(tree) + list(extra) + ["--", world.identifier]


def run_measured(line, environment=None, prepare=None):
    """(exit status, stdout, stderr, seconds, peak KiB) of a program; it is killed when it takes far too long. The peak is never
    less than that of this process, which the kernel counts until exec."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(line, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
                                 preexec_fn=prepare)
        timer = threading.Timer(KILL_SECONDS, child.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"), time.monotonic() - started, usage.ru_maxrss


def read_verdict(status, out, err, seconds, memory):
    try:
        verdict = json.loads(out)
        if EXIT_CODES.get(verdict["result"]) != status:
            raise ValueError("the exit status is another")
        problem = (verdict.get("error_type") or "").removeprefix(ERROR_PREFIX) or None
        return Prediction(verdict["result"], problem, verdict.get("stage"), verdict.get("detail") or "", seconds, memory, verdict)
    except (ValueError, KeyError, AttributeError):
        return Prediction("error", None, None, f"exit {status}: {err.strip()[-400:] or out.strip()[-400:]}", seconds, memory)


def predict(program, world, tree, ability=None):
    """What dcvd says of a world; with what perspectives elsewhere say, if the scenario has some. Under an inability nobody else is asked."""
    if ability:
        extra = [word for s in ability.settings for word in ("--set", s)]
        return read_verdict(*run_measured(command(program, world, tree, extra), prepare=ability.limit))
    if world.perspectives or world.day:
        return replay(program, tree, predict_recorded(program, world, tree), world.perspectives, world.day)
    return read_verdict(*run_measured(command(program, world, tree)))


def predict_recorded(program, world, tree):
    return read_verdict(*run_measured(command(program, world, tree, ["--evidence"])))


def replay(program, tree, recorded, perspectives=(), day=None):
    """The recorded evidence judged again, as if these perspectives had been asked, or as if it had been collected on another day."""
    if recorded.result == "error":
        return recorded
    evidence = dict(recorded.raw["evidence"])
    if perspectives:
        evidence["perspectives"] = list(perspectives)
    if day:
        evidence["at_ms"] = int(datetime.datetime.fromisoformat(day + "T12:00:00+00:00").timestamp() * 1000)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"evidence": evidence}, file)
        file.flush()
        return read_verdict(*run_measured([program, "check", "--json", "--replay", file.name, *settings(tree)]))


class Outcome:
    """One scenario with its prediction."""

    def __init__(self, world, prediction):
        self.world, self.scenario, self.prediction = world, world.scenario, prediction
        self.results, self.types, self.stage = world.scenario.expected

    @property
    def may_pass(self):
        return "pass" in self.results or "accepted" in self.results

    @property
    def false_pass(self):
        return self.prediction.result == "pass" and not self.may_pass

    @property
    def false_fail(self):
        if "accepted" in self.results:
            return self.prediction.stage == "identifier" and self.prediction.result == "fail"
        return self.prediction.result == "fail" and "fail" not in self.results

    @property
    def result_equal(self):
        if "accepted" in self.results:
            return not self.false_fail and self.prediction.result != "error"
        return self.prediction.result in self.results

    @property
    def type_counts(self):
        return bool(self.types) and self.result_equal and self.prediction.result in ("fail", "flaky")

    @property
    def type_equal(self):
        return self.prediction.problem in self.types

    @property
    def stage_equal(self):
        return not self.stage or self.prediction.result == "pass" or self.prediction.stage == self.stage

    @property
    def sentence_equal(self):
        return not self.scenario.sentence or self.scenario.sentence in self.prediction.detail

    @property
    def advice_counts(self):
        """A PASS needs advice only where nothing but a PASS is expected."""
        return self.result_equal and bool(self.scenario.advice) and (self.prediction.result != "pass" or self.results == ("pass",))

    @property
    def advice_equal(self):
        mends, wanted = self.prediction.mends, [self.world.fill(text) for text in self.scenario.advice]
        unwanted = [self.world.fill(text) for text in self.scenario.no_advice]
        if any(text in mend for text in unwanted for mend in mends):
            return False
        if not self.advice_counts:
            return True
        if wanted == ["none"]:
            return not mends
        return bool(mends) and all(text in mends[0] for text in wanted)

    @property
    def mark(self):
        if self.false_pass:
            return "FALSE PASS"
        if self.false_fail:
            return "FALSE FAIL"
        if not self.result_equal:
            return "differs"
        if self.type_counts and not self.type_equal:
            return "type"
        if not self.stage_equal:
            return "stage"
        if not self.sentence_equal:
            return "sentence"
        return "" if self.advice_equal else "advice"


class Tally:
    def __init__(self, outcomes):
        self.outcomes = outcomes
        self.false_pass = [o for o in outcomes if o.false_pass]
        self.false_fail = [o for o in outcomes if o.false_fail]
        self.differing = [o for o in outcomes if not o.result_equal]
        typed = [o for o in outcomes if o.type_counts]
        self.types = len(typed)
        self.types_equal = [o for o in typed if o.type_equal]
        self.advice_differs = [o for o in outcomes if not o.advice_equal]
        self.flaky = {o.scenario.id: o.prediction.result for o in outcomes if o.scenario.id in ("D27", "H37")}

    @property
    def type_share(self):
        return len(self.types_equal) / self.types if self.types else 1.0

    @property
    def holds(self):
        return not self.false_pass and not self.false_fail and not self.advice_differs and self.type_share >= 0.95 and all(r == "flaky" for r in self.flaky.values())

    def lines(self):
        count = len(self.outcomes)
        yield f"{count} scenarios, {count - len(self.differing)} verdicts equal"
        yield f"false PASS {len(self.false_pass)} {' '.join(o.scenario.id for o in self.false_pass)}".rstrip()
        yield f"false FAIL {len(self.false_fail)} {' '.join(o.scenario.id for o in self.false_fail)}".rstrip()
        yield f"otherwise different {len(self.differing) - len(self.false_pass) - len(self.false_fail)}"
        yield f"error types equal {len(self.types_equal)} of {self.types} ({100 * self.type_share:.1f} %)"
        yield "stages different: " + (" ".join(o.scenario.id for o in self.outcomes if o.result_equal and not o.stage_equal) or "none")
        yield "advice different: " + (" ".join(o.scenario.id for o in self.advice_differs) or "none")
        yield "D27 and H37: " + (", ".join(f"{k} {v}" for k, v in sorted(self.flaky.items())) or "not played")
