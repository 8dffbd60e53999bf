"""A fleet of enrollments over a long time, and what must be true of it."""
import collections
import re

from world import DAY, HOUR, MINUTE, Died, World

OF_ENROLLMENT = re.compile(r"/cps/v2/enrollments/(\d+)(/.*|\?.*|)")


class Fleet(World):
    """Enrollments that are in production already and are renewed by themselves, every 60 to 90 days."""

    def __init__(self, folder, count, **options):
        super().__init__(folder, **options)
        self.spent = collections.Counter()   # requests by (enrollment, change)
        self.noticed = {}                    # (enrollment, change) -> when the first of them came
        self.heartbeats = self.inventory_reads = 0
        self.on_request = self.count
        dice = self.cps.pace.random
        for enrollment in range(count):
            period, lead = dice.uniform(60, 90), dice.uniform(20, 30)
            self.enroll_one(enrollment, period + lead, lead, dice.uniform(lead + 0.1, period + lead))

    def enroll_one(self, number, life, lead, ends_in):
        zone = ("example.org", "example.net", "example.com")[number % 3]
        names = [f"n{number}.{zone}"] + [f"{w}.n{number}.{zone}" for w in ("www", "api")[:number % 3]]
        self.enroll(*names, contract=f"C-{number % 3 + 1}", life_days=life, renew_before_days=lead, ends_in_days=ends_in)

    def count(self, request):
        match = OF_ENROLLMENT.fullmatch(request.target)
        if not match:
            self.heartbeats += 1
            return
        enrollment = self.cps.enrollments.get(int(match[1]))
        change = enrollment.change if enrollment else None
        if not change or (change.over and request.at - change.updated > 2 * HOUR):
            self.inventory_reads += 1  # once a day, when a certificate ends soon: not for a renewal
        else:
            key = enrollment.number, change.number
            self.spent[key] += 1
            self.noticed.setdefault(key, request.at)

    # -- kills

    def kill_at_random(self, dice, count, days):
        """Killed so often while so many days pass: half of the kills while a change is driven, at any request or between two."""
        end, kills = self.clock.now() + days * DAY, 0
        while kills < count:
            self.run_to(min(end, self.clock.now() + dice.uniform(0, 2 * days * DAY / count)))
            if dice.random() < 0.5:
                self.run_until(lambda: any(e.pending for e in self.cps.enrollments.values()), 5 * MINUTE, days=30)
            self.die(dice.randrange(1, 12))
            self.run_clock_only(dice.choice((0, 1, 30, 600, 7200)))
            self.start()
            kills += 1
        self.run_to(max(end, self.clock.now()))

    def die(self, requests):
        """SIGKILL while the reply to one of the next requests, of CPS or of the zones, is on its way; or after an hour without one."""
        self.fuse = requests
        try:
            self.run(hours=1)
            self.kill()
        except Died:
            self.reap()
        self.fuse = None

    fuse = None

    def answer(self, *request):
        super().answer(*request)
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse <= 0:
                self.child.kill()

    # -- what came of it

    def changes(self):
        return [c for e in self.cps.enrollments.values() for c in e.changes]

    def renewals(self):
        """Those that are over and complete."""
        return [c for c in self.changes() if c.over and c.status == "complete"]

    def costs(self):
        return sorted(self.spent[c.enrollment.number, c.number] for c in self.renewals())

    def gaps(self):
        """Enrollments without a certificate in production for a while: (enrollment, seconds)."""
        found = []
        for enrollment in self.cps.enrollments.values():
            for (_, before, _), (when, _, _) in zip(enrollment.deployments, enrollment.deployments[1:]):
                if when > before.expiry:
                    found.append((enrollment.number, when - before.expiry))
            if enrollment.production.expiry < self.clock.now():
                found.append((enrollment.number, self.clock.now() - enrollment.production.expiry))
        return found

    def lost(self, after=3 * DAY):
        """Changes that are open for longer than that."""
        return [c for c in self.changes() if not c.over and self.clock.now() - c.created > after]

    def acknowledged_twice(self):
        """Tokens that CPS was told of more than once, although they were good."""
        found = []
        for change in self.changes():
            tokens = collections.Counter(t for _, generation in change.acknowledgements for t in generation)
            found += [t for t, count in tokens.items() if count > 1]
        return found

    def waits(self):
        """Seconds from "asks for challenges" to "acknowledged", sorted."""
        return sorted(c.times["acknowledged"] - c.times["asks"] for c in self.changes() if "acknowledged" in c.times)

    def delays(self):
        """Seconds from the start of a change to the first request about it, sorted."""
        return sorted(self.noticed[c.enrollment.number, c.number] - c.created for c in self.changes()
                      if (c.enrollment.number, c.number) in self.noticed)

    def settle(self, days=3):
        """Until no change is open and no record stands."""
        self.run_until(lambda: not any(e.pending for e in self.cps.enrollments.values()) and self.zones.count() == 0, 15 * MINUTE, days)

    def summary(self):
        costs, waits, delays = self.costs(), self.waits(), self.delays()
        return {"enrollments": len(self.cps.enrollments), "changes": len(self.changes()), "renewals": len(costs),
                "requests": len(self.requests), "heartbeats": self.heartbeats, "reads of the inventory": self.inventory_reads,
                "requests a renewal": f"{sum(costs) / max(1, len(costs)):.2f} (at most {costs[-1] if costs else 0})",
                "most in a minute": self.most_within(60), "most in two seconds": self.most_within(2),
                "noticed after, at most": f"{delays[-1] if delays else 0:.0f} s",
                "asked to acknowledged": f"{waits[len(waits) // 2] if waits else 0:.0f} s (at most {waits[-1] if waits else 0:.0f} s)",
                "without a certificate": self.gaps(), "lost": [c.number for c in self.lost()],
                "acknowledged twice": self.acknowledged_twice(), "contract broken": self.cps.broken, "refused": dict(self.cps.refused),
                "records": self.zones.count()}
