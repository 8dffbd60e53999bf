#!/usr/bin/env python3
"""Plays the accuracy scenarios against dcvd and prints what it predicted beside what an authority says.

    tests/accuracy/run.py [--dcvd PATH] [D27 C H21.11 …]     ids, or the letters that ids begin with; all without any

Runs in a network namespace of its own (needs root). Exits 1 when the gate does not hold: no false PASS, no false FAIL, 95 % equal
error types, D27 and H37 FLAKY, every advice as expected, and no PASS for a scenario in which one fact was changed.
"""
import argparse
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
INSIDE = "DCVD_ACCURACY_INSIDE"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dcvd", default=os.environ.get("DCVD"))
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 2))
    parser.add_argument("--no-mutations", action="store_true")
    parser.add_argument("--abilities", choices=("none", "share", "all"), default="share",
                        help="under which of the scenarios this host's own abilities are taken away one by one")
    parser.add_argument("--live", action="store_true", help="follow the predictions with orders at Pebble")
    parser.add_argument("--verbose", "-v", action="store_true", help="with the sentence of each verdict")
    parser.add_argument("ids", nargs="*")
    return parser.parse_args()


def line_of(outcome, verbose):
    scenario, got = outcome.scenario, outcome.prediction
    expected = "|".join(outcome.results) + (" " + "|".join(outcome.types) if outcome.types else "")
    line = f"{scenario.id:8} {expected[:34]:34} {got.short:34} {got.seconds:5.1f} s  {outcome.mark:10} {scenario.title}"
    more = [got.detail] if verbose or got.result == "error" else []
    if verbose or outcome.mark == "advice":
        more += [f"-> {mend}" for mend in got.mends]
    return "\n         ".join([line, *more])


def play(suite, options):
    from lab.prediction import Tally
    started = time.monotonic()
    outcomes = suite.play(options.dcvd, suite.worlds, options.jobs)
    print(f"{'id':8} {'authority':34} {'predicted':34} {'time':>7}")
    for outcome in outcomes:
        print(line_of(outcome, options.verbose))
    tally = Tally(outcomes)
    print()
    for line in tally.lines():
        print(line)
    print(f"asked twice: {' '.join(o.scenario.id for o in suite.repeated) or 'none'}")
    print(f"in {time.monotonic() - started:.0f} s")
    return tally


def play_mutations(suite, options):
    outcomes = suite.play(options.dcvd, suite.mutants, options.jobs)
    passed = [o for o in outcomes if o.prediction.result == "pass"]
    unclear = [o for o in outcomes if o.prediction.result in ("error", "unknown")]
    print(f"\n{len(outcomes)} mutations, {len(passed)} of them PASS, {len(unclear)} unknown")
    for outcome in passed + unclear:
        print(f"  {outcome.scenario}: {outcome.prediction.short} {outcome.prediction.detail}")
    return not passed


def play_lacking(suite, options, outcomes):
    """A share: what is played for its families or says what stays, and of the others that need not wait one in ten."""
    from lab.suite import slowness
    if options.abilities == "share":
        worlds = {w.scenario.id: w for w in suite.worlds}
        quick = [o for o in outcomes if not slowness(worlds[o.scenario.id])]
        outcomes = [o for n, o in enumerate(quick) if o.scenario.id.startswith("V") or o.scenario.stays or n % 10 == 0]
    print(f"\n{len(outcomes)} scenarios at a host that lacks something:")
    wrong = 0
    for name, results, complaints in suite.play_lacking(options.dcvd, outcomes, options.jobs):
        wrong += len(complaints)
        print(f"  {name:33} {', '.join(f'{result} {count}' for result, count in sorted(results.items()))}")
        for scenario, text in complaints:
            print(f"    {scenario}: {text}")
    print(f"{wrong} verdicts changed into another than UNKNOWN")
    return not wrong


def main():
    options = arguments()
    if not options.dcvd:
        sys.exit("set DCVD, or --dcvd, to the dcvd binary under test")
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, "-B", *sys.argv])
    from lab.suite import Suite, select
    scenarios = select(options.ids)
    live = [s for s in scenarios if s.pebble == "agrees"] if options.live else []
    with tempfile.TemporaryDirectory() as folder, Suite(folder, scenarios, not options.no_mutations, live) as suite:
        tally = play(suite, options)
        holds = tally.holds
        if options.abilities != "none":
            holds = play_lacking(suite, options, tally.outcomes) and holds
        if suite.mutants:
            holds = play_mutations(suite, options) and holds
        if options.live:
            from lab.live import play_live, report_live
            holds = report_live(play_live(suite, options.dcvd)) and holds
        for complaint in suite.lab.complaints[:10]:
            print(f"the lab itself: {complaint}")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
