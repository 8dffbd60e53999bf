"""The account at CPS: signed requests in, replies out."""
import argparse
import collections
import json
import re
import threading
import traceback
import urllib.parse

from . import contract, views, warning_texts
from .edgegrid import Gateway
from .enrollment import Enrollment
from .faults import Faults
from .limits import Limits
from .reading import Reading
from .refusal import Refusal, bad_request, not_found
from .writing import Writing

MEDIA = "application/vnd.akamai.cps.{}+json"
NEWER = {"enrollments.v11": "enrollments.v12", "enrollment.v11": "enrollment.v12", "deployment.v7": "deployment.v8",
         "deployments.v7": "deployments.v8", "change-management-info.v5": "change-management-info.v6"}
HEARTBEAT = re.compile(r"/cps/v2/enrollments|/contract-api/.*|/cps/v2/active-certificates")
SETTINGS = {"client_token": "akab-client-token", "client_secret": "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg==", "access_token": "akab-access-token",
            "per_minute": 35, "burst": 20, "limit_form": "retry-after", "contracts": "C-1,C-2", "creation_pause": 0.0, "media": "new",
            "clock": 0.0}


def settings(**others):
    return argparse.Namespace(**{**SETTINGS, **others})


class Emulator(Reading, Writing):
    """`authority` validates and issues; `background` does what takes a while and tells the result: at once, or later under the lock."""

    def __init__(self, arguments, clock, pace, authority, scheme="http"):
        self.arguments, self.clock, self.pace, self.authority = arguments, clock, pace, authority
        self.is_virtual, self.sampled = scheme == "https", None   # sampled: another authority, for enrollments with "sampled"
        self.lock = threading.RLock()
        self.limits = Limits(clock, [(arguments.per_minute, 60.0), (arguments.burst, 2.0)], arguments.limit_form)
        self.certificate_limits = Limits(clock, [(10, 60.0)], arguments.limit_form)
        self.gateway, self.faults = Gateway(arguments, clock, scheme), Faults(clock)
        self.enrollments, self.removed, self.created_at = {}, [], {}
        self.requests, self.limited, self.refused, self.log = 0, 0, collections.Counter(), []
        self.drop_answers, self.broken, self.query, self.status, self.numbers = 0, [], {}, 200, 10000

    # -- time

    def background(self, work, done):
        if self.is_virtual:
            self.clock.after(0, lambda: done(work()))
        else:
            threading.Thread(target=self.run_in_thread, args=(work, done), daemon=True).start()

    def run_in_thread(self, work, done):
        try:
            result = work()
            with self.lock:
                done(result)
        except Exception:  # a thread has nobody to tell
            self.log.append(traceback.format_exc())

    # -- what there is

    def authority_of(self, enrollment):
        return self.sampled if enrollment.wish.get("sampled") else self.authority

    def warning_text(self, codes):
        return warning_texts.text_of(*codes) if codes else None

    def add(self, wish):
        enrollment = Enrollment(self, self.numbers, wish)
        self.enrollments[self.numbers] = enrollment
        self.numbers += 2 if not self.is_virtual else 100
        return enrollment

    def remove(self, enrollment):
        self.removed.append(self.enrollments.pop(enrollment.number))

    def find(self, number, change=None):
        enrollment = self.enrollments.get(int(number))
        if not enrollment:
            raise not_found()
        if change is None:
            return enrollment
        found = enrollment.find(int(change))
        if not found:
            raise not_found()
        return found

    # -- one request

    def handle(self, method, target, headers, body):
        """(status, media type, text, headers) of a signed request. Silence: nobody answers."""
        try:
            status, media, text = self.signed(method, target, headers, body)
            return status, media, text, {}
        except Refusal as refusal:
            self.refused[str(refusal.status)] += 1
            if refusal.raw is not None:
                return refusal.status, "text/html", refusal.raw, refusal.headers
            return refusal.status, "application/problem+json", json.dumps(refusal.body), refusal.headers

    def signed(self, method, target, headers, body):
        split = urllib.parse.urlsplit(target)
        self.requests += 1
        self.log.append(f"{method} {target}")
        self.faults.strike(method, split.path)
        self.take_limit()
        self.query = dict(urllib.parse.parse_qsl(split.query))
        self.query.pop("accountSwitchKey", None)
        self.gateway.verify(method, target, headers["Host"], headers["Authorization"], body)
        if split.path == "/contract-api/v1/contracts/identifiers":
            return self.contract_ids()
        result = self.answer(method, split.path, headers, body)
        if self.drop_answers and method in ("POST", "PUT"):
            self.drop_answers -= 1
            raise Refusal(502, "", "", raw="<html>Bad gateway</html>")
        return result

    def take_limit(self):
        try:
            self.limits.take()
        except Refusal:
            self.limited += 1
            raise

    def contract_ids(self):
        if not self.arguments.contracts:
            raise Refusal(403, "-/pep-authz/deny", "Forbidden", "The client does not have the grant")
        return 200, "application/json", json.dumps(self.arguments.contracts.split(","))

    def answer(self, method, path, headers, body):
        for pattern, wanted, media, sent, function in ROUTES:
            match = pattern.fullmatch(path)
            if match and method == wanted:
                return self.perform(match, function, media, sent, method, path[len("/cps/v2"):], headers, body)
        raise not_found(f"{method} {path}")

    def perform(self, match, function, media, sent, method, path, headers, body):
        spoken = self.version(headers.get("Accept"), media, 406, "Not acceptable")
        if sent:
            self.version((headers.get("Content-Type") or "").split(";")[0], sent, 415, "Unsupported media type")
        self.hold(contract.check_request, method, path, self.query, headers, body)
        self.status = 200
        result = getattr(self, function)(match, json.loads(body) if body else None)
        if isinstance(result, str):  # was held to the contract when it was made
            return self.status, spoken, result
        text = json.dumps(result)
        self.hold(contract.check_reply, method, path, self.status, spoken, text)
        return self.status, spoken, text

    def hold(self, check, *arguments):
        """A break of the contract is nobody's expectation: it is refused, and the tests look for it at their end."""
        try:
            check(*arguments)
        except contract.Broken as broken:
            self.broken.append(str(broken))
            raise bad_request(str(broken)) from None

    def version(self, got, known, status, title):
        """The media type that is spoken: the newest only when the emulator knows it, the one before always."""
        newer = NEWER.get(known)
        wanted = [known] if isinstance(known, str) else list(known)
        spoken = [MEDIA.format(w) for w in wanted] + ([MEDIA.format(newer)] if newer and self.arguments.media == "new" else [])
        if got not in spoken:
            raise Refusal(status, "error-types/not-acceptable", title, f"wanted {spoken}")
        return got

    def as_listed(self, enrollment):
        fresh = enrollment.text is None
        text = enrollment.as_text(views.enrollment_json)
        if fresh:
            self.hold(contract.check_reply, "GET", "/enrollments", 200, MEDIA.format("enrollments.v11"), '{"enrollments": [' + text + "]}")
        return text


ENROLLMENT, CHANGE = r"/cps/v2/enrollments/(\d+)", r"/cps/v2/enrollments/(\d+)/changes/(\d+)"
ROUTES = [(re.compile(pattern), *rest) for pattern, *rest in [
    (r"/cps/v2/enrollments", "GET", "enrollments.v11", None, "list"),
    (r"/cps/v2/enrollments", "POST", "enrollment-status.v1", "enrollment.v11", "create"),
    (r"/cps/v2/active-certificates", "GET", "active-certificates.v2", None, "active"),
    (ENROLLMENT, "GET", "enrollment.v11", None, "show"),
    (ENROLLMENT, "PUT", "enrollment-status.v1", "enrollment.v11", "update"),
    (ENROLLMENT, "DELETE", "enrollment-status.v1", None, "delete"),
    (ENROLLMENT + "/deployments", "GET", "deployments.v7", None, "deployments"),
    (ENROLLMENT + "/deployments/(production|staging)", "GET", "deployment.v7", None, "deployment"),
    (ENROLLMENT + "/dv-history", "GET", "dv-history.v1", None, "dv_history"),
    (ENROLLMENT + "/history/changes", "GET", "change-history.v5", None, "change_history"),
    (ENROLLMENT + "/history/certificates", "GET", "certificate-history.v2", None, "certificate_history"),
    (CHANGE, "GET", "change.v2", None, "show_change"),
    (CHANGE, "DELETE", "change-id.v1", None, "cancel"),
    (CHANGE + "/deployment-schedule", "GET", "deployment-schedule.v1", None, "schedule"),
    (CHANGE + "/deployment-schedule", "PUT", "change-id.v1", "deployment-schedule.v1", "reschedule"),
    (CHANGE + "/input/info/lets-encrypt-challenges", "GET", "dv-challenges.v2", None, "challenges"),
    (CHANGE + "/input/info/(pre|post)-verification-warnings", "GET", "warnings.v1", None, "warnings"),
    (CHANGE + "/input/info/change-management-info", "GET", "change-management-info.v5", None, "change_management"),
    (CHANGE + "/input/info/third-party-csr", "GET", "csr.v2", None, "csr"),
    (CHANGE + "/input/update/lets-encrypt-challenges-completed", "POST", "change-id.v1", "acknowledgement.v1", "acknowledge"),
    (CHANGE + "/input/update/(pre|post)-verification-warnings-ack", "POST", "change-id.v1", "acknowledgement.v1", "acknowledge_warnings"),
    (CHANGE + "/input/update/change-management-ack", "POST", "change-id.v1",
     ("acknowledgement-with-hash.v1", "acknowledgement.v1"), "acknowledge_change"),
    (CHANGE + "/input/update/third-party-cert-and-trust-chain", "POST", "change-id.v1", "certificate-and-trust-chain.v2", "upload"),
]]
