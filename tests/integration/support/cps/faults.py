"""What goes wrong on demand: so many requests, or for so long."""
from .limits import refuse
from .refusal import Refusal, Silence, conflict, not_found

PAGE = "<html><body><h1>Service Unavailable</h1></body></html>"


def strike(fault, now):
    kind = fault["kind"]
    if kind in ("429", "try-after"):
        refuse(now, fault.get("retry_after", 1) - (kind == "429"), "try-after" if kind == "try-after" else "retry-after")
    if kind == "409":
        raise conflict("invalid-enrollment-state", "Try later")
    if kind == "404":
        raise not_found("it was here a moment ago")
    if kind == "503":
        raise Refusal(503, "", "", raw=PAGE)
    if kind == "html":
        raise Refusal(200, "", "", raw=PAGE)
    if kind == "silence":
        raise Silence
    raise ValueError(f"unknown fault {kind}")


class Faults:
    """Each {"kind", "count" or "until", "match": part of METHOD and path}."""

    def __init__(self, clock):
        self.clock, self.list = clock, []

    def replace(self, faults):
        self.list = [dict(f) for f in faults]

    def add(self, kind, seconds, match=""):
        self.list.append({"kind": kind, "until": self.clock.now() + seconds, "match": match})

    def strike(self, method, path):
        for fault in self.list:
            if fault.get("match", "") not in f"{method} {path}":
                continue
            if "until" in fault and self.clock.now() < fault["until"]:
                strike(fault, self.clock.now())
            if fault.get("count", 0) > 0:
                fault["count"] -= 1
                strike(fault, self.clock.now())
