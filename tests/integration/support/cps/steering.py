"""What tests tell the emulator, and what they ask it. Without signatures:

    POST /_test/enrollments  {"names": [...], …}  -> {enrollment, change}. Further wishes: "contract", "spelling": "coordinate",
                             "pre_warnings", "post_warnings", "late_warnings" (after the acknowledgement): texts; "vanishing": the
                             first are gone when they are read; "ack_lag", "expires": seconds; "change_management", "hash",
                             "change_errors"; "third_party": "RSA" or "both"; "set": {path: value}; "ends_in_days", "life_days",
                             "renew_before_days": in production from the start, renewed by itself
    GET  /_test/enrollments/N   what happened: acknowledgements, names, certificate, history of states
    POST /_test/expire       {"enrollment": N}: the tokens are spent; new ones come after a while
    POST /_test/lose         {"answers": N}: so many requests that write arrive, and their answers do not
    POST /_test/cancel       {"enrollment": N}: somebody cancels the newest change
    POST /_test/begin        {"enrollment": N, "kind": "renewal"}: one more change, beside those that are pending
    POST /_test/fail         {"enrollment": N, "code", "description"}: the newest change is in error
    POST /_test/hash         {"enrollment": N, "hash"}: the result that waits for change management is another one
    POST /_test/revoke       {"revoked": true}: the credentials do not count any more
    POST /_test/faults       [{"kind": "429|409|404|503|try-after|html", "count" or "until", "match": part of METHOD path, "retry_after"}]
    GET  /_test/stats        {"requests", "limited", "refused": {status: count}, "log": [...], "broken": [...]}
"""
import json

from . import views


def seen(enrollment):
    change = enrollment.change
    return {"status": change.status, "history": [s for c in enrollment.changes for s in c.history], "document": enrollment.document,
            "written": enrollment.written, "change": change.number, "schedule": change.schedule, "changes": len(enrollment.changes), "pending": len(enrollment.pending),
            "acknowledgements": sum(len(c.acknowledgements) for c in enrollment.changes), "acked_warnings": sorted(change.acked),
            "certificate": change.deployment and (change.deployment.pem or "(validated in several orders)"),
            "names": {n.domain: {"status": n.status, "error": n.error, "kind": n.kind} for n in change.names}}


class Steering:
    def __init__(self, emulator):
        self.emulator = emulator

    def steer(self, method, path, body):
        wish, parts = json.loads(body) if body else None, path.split("/")[2:]
        if method == "GET":
            return self.stats() if parts == ["stats"] else seen(self.emulator.enrollments[int(parts[1])])
        return getattr(self, parts[0])(wish) or {}

    def stats(self):
        e = self.emulator
        return {"requests": e.requests, "limited": e.limited, "refused": dict(e.refused), "log": e.log, "broken": e.broken,
                "enrollments": sorted(e.enrollments)}

    def change_of(self, wish):
        return self.emulator.enrollments[wish["enrollment"]].change

    def enrollments(self, wish):
        enrollment = self.emulator.add(wish)
        return {"enrollment": enrollment.number, "change": enrollment.change and enrollment.change.number}

    def faults(self, wish):
        self.emulator.faults.replace(wish)

    def expire(self, wish):
        change = self.change_of(wish)
        for name in change.names:
            if name.status == "Awaiting user":
                change.spend(name, "Expired authorization", "EXPIRED")

    def lose(self, wish):
        self.emulator.drop_answers = wish["answers"]

    def cancel(self, wish):
        self.change_of(wish).cancel()

    def begin(self, wish):
        return {"change": views.path(self.emulator.enrollments[wish["enrollment"]].begin(wish["kind"]))}

    def fail(self, wish):
        self.change_of(wish).fail(wish["code"], wish["description"])

    def hash(self, wish):
        self.change_of(wish).hash = wish["hash"]

    def revoke(self, wish):
        self.emulator.gateway.revoked = wish["revoked"]
