"""The account's limits: so many requests a minute, so many in two seconds; refused in one of two forms."""
import collections
import datetime

from .refusal import Refusal


def iso_milliseconds(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def refuse(now, wait, form):
    """CPS says it as 429 with headers, or as text that names a time, with 429 or 503."""
    if form == "try-after":
        raise Refusal(503, "", "", raw="You have reached the limit for your account. Please try after " + iso_milliseconds(now + wait))
    raise Refusal(429, "error-types/rate-limit", "Too many requests", "",
                  {"Retry-After": str(int(wait) + 1), "X-RateLimit-Next": iso_milliseconds(now + wait)})


class Limits:
    def __init__(self, clock, windows, form="retry-after"):
        self.clock, self.windows, self.form = clock, windows, form
        self.times = collections.deque(maxlen=max(most for most, _ in windows))

    def take(self):
        now = self.clock.now()
        for most, seconds in self.windows:
            recent = [t for t in self.times if now - t < seconds]
            if len(recent) >= most:
                refuse(now, seconds - (now - recent[-most]), self.form)
        self.times.append(now)
