"""Time, and what is to happen later."""
import datetime
import heapq
import itertools
import time


def stamp(seconds):
    """2026-11-21T14:20:00Z, or None."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00")).timestamp()


class Clock:
    """Seconds since 1970; events run in the order of their time."""

    def __init__(self):
        self.events, self.numbers = [], itertools.count()

    def at(self, when, event):
        heapq.heappush(self.events, (when, next(self.numbers), event))

    def after(self, seconds, event):
        self.at(self.now() + seconds, event)

    def run_due(self, until):
        while self.events and self.events[0][0] <= until:
            when, _, event = heapq.heappop(self.events)
            self.reach(when)
            event()

    def reach(self, when):
        """The next event is due."""


class RealClock(Clock):
    def now(self):
        return time.time()

    def run(self):
        self.run_due(self.now())


class VirtualClock(Clock):
    """Moves only when it is told to, and never back."""

    def __init__(self, start):
        super().__init__()
        self.time = start

    def now(self):
        return self.time

    def reach(self, when):
        self.time = max(self.time, when)

    def advance(self, until):
        self.run_due(until)
        self.reach(until)
