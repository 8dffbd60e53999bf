#!/usr/bin/env python3
"""An emulator of Akamai CPS (cps/v2), as far as domain validation goes, in a process of its own.

It verifies EdgeGrid signatures, media types and the account's limits, takes each change through the real
sequence of states, and is a customer of Pebble: an enrollment is an ACME order there, its challenges are
Pebble's, an acknowledgement makes Pebble validate, and a name is Valid only when Pebble says so.

    cps_emulator.py --port 0 --pebble https://127.0.0.1:14000/dir --ca ca.pem --http 127.0.0.1:5002

prints its port. Tests steer it without signatures:

    POST /_test/enrollments  {"names": [...], "pre_warnings": "...", "post_warnings": "...", "vanishing": true,
                              "spelling": "coordinate", "ack_lag": seconds, "expires": seconds}  -> {enrollment, change}
    GET  /_test/enrollments/N   what happened: acknowledgements, names, certificate, history of states
    POST /_test/expire       {"enrollment": N}: the tokens are spent; new ones come after --regenerate seconds
    POST /_test/lose         {"answers": N}: so many requests that write arrive, and their answers do not
    POST /_test/cancel       {"enrollment": N}: somebody cancels the change
    POST /_test/faults       [{"kind": "429|409|404|503|try-after", "count": 3, "match": "substring of METHOD path",
                               "retry_after": seconds}]
    GET  /_test/stats        {"requests", "limited", "refused": {status: count}, "log": [...]}
"""
import argparse
import base64
import collections
import datetime
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
import traceback
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509

import cps_contract
from acme_client import AcmeClient, b64

MEDIA = "application/vnd.akamai.cps.{}+json"
SKEW_SECONDS = 30
ACK = {"acknowledgement": "acknowledge"}


class Refusal(Exception):
    def __init__(self, status, kind, title, detail="", headers=None, raw=None):
        super().__init__(title)
        self.status, self.headers, self.raw = status, headers or {}, raw
        self.body = {"type": f"https://problems.example.net/cps/v2/{kind}", "title": title, "detail": detail,
                     "status": status}


# ---- EdgeGrid

def hmac64(key, message):
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def verify_signature(arguments, nonces, method, target, host, header, body):
    match = re.fullmatch(r"(EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);timestamp=([^;]+);"
                         r"nonce=([^;]+);)signature=(\S+)", header or "")
    if not match:
        raise Refusal(401, "-/pep-authn/deny", "Not authorized", "Invalid authorization header")
    unsigned, client, access, timestamp, nonce, signature = match.groups()
    if (client, access) != (arguments.client_token, arguments.access_token):
        raise Refusal(401, "-/pep-authn/deny", "Not authorized", "Inactive client token")
    signed_at = datetime.datetime.strptime(timestamp, "%Y%m%dT%H:%M:%S%z").timestamp()
    if abs(signed_at - time.time() - arguments.clock) > SKEW_SECONDS:
        raise Refusal(401, "-/pep-authn/deny", "Not authorized", "Invalid timestamp")
    content = ""
    if method == "POST" and body:
        content = base64.b64encode(hashlib.sha256(body[:131072]).digest()).decode()
    data = "\t".join([method, "http", host.lower(), target, "", content, unsigned])
    if not hmac.compare_digest(hmac64(hmac64(arguments.client_secret, timestamp), data), signature):
        raise Refusal(401, "-/pep-authn/deny", "Not authorized", "The signature does not match")
    if nonce in nonces:
        raise Refusal(401, "-/pep-authn/deny", "Not authorized", "Nonce was used before")
    nonces.add(nonce)


# ---- limits

class Limits:
    def __init__(self, per_minute, burst):
        self.windows = [(per_minute, 60.0), (burst, 2.0)]
        self.times = collections.deque(maxlen=max(per_minute, burst))

    def take(self):
        now = time.monotonic()
        for most, seconds in self.windows:
            recent = [t for t in self.times if now - t < seconds]
            if len(recent) >= most:
                wait = int(seconds - (now - recent[-most])) + 1
                raise Refusal(429, "error-types/rate-limit", "Too many requests", "",
                              {"Retry-After": str(wait)})
        self.times.append(now)


# ---- enrollments

class Name:
    def __init__(self, domain):
        self.domain, self.status, self.error, self.validation = domain, "Preparing", None, "IN_PROGRESS"
        self.authorization, self.order_url, self.requested, self.expires = None, None, None, None

    def offer(self, authorization, order_url, lifetime):
        self.authorization, self.order_url = authorization, order_url
        self.status, self.validation, self.error = "Awaiting user", "DATA_NOT_READY", None
        self.requested, self.expires = time.time(), time.time() + lifetime


def stamp(seconds):
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def document_of(wish):
    """An enrollment with all its members, as the test wants it."""
    network = {"geography": "core", "secureNetwork": "enhanced-tls", "mustHaveCiphers": "ak-akamai-2020q1", "quicEnabled": True,
               "preferredCiphers": "ak-akamai-2020q1", "sniOnly": True, "ocspStapling": "on", "disallowedTlsVersions": ["TLSv1"],
               "dnsNameSettings": {"cloneDnsNames": True, "dnsNames": None}, "clientMutualAuthentication": None}
    person = {"firstName": "A", "lastName": "B", "phone": "1", "email": "a@example.test", "addressLineOne": "x", "addressLineTwo": None,
              "city": "x", "country": "US", "organizationName": "x", "postalCode": "1", "region": "MA", "title": None}
    org = {"name": "x", "addressLineOne": "x", "addressLineTwo": None, "city": "x", "region": "MA", "postalCode": "1",
           "country": "US", "phone": "1"}
    document = {"ra": "lets-encrypt", "validationType": "dv", "certificateType": "san", "certificateChainType": "default",
                "signatureAlgorithm": "SHA-256", "changeManagement": bool(wish.get("change_management")),
                "enableMultiStackedCertificates": False, "networkConfiguration": network, "org": org, "orgId": None,
                "adminContact": person, "techContact": person, "thirdParty": None,
                "csr": {"cn": wish["names"][0], "sans": list(wish["names"]), "c": "US", "st": "MA", "l": "x", "o": "x", "ou": None,
                        "preferredTrustChain": None}}
    for path, value in wish.get("set", {}).items():
        *above, last = path.split(".")
        target = document
        for key in above:
            target = target[key]
        target[last] = value
    return document


class Enrollment:
    """One enrollment with one change at a time, and the thread of its validation."""

    DV = "{}-domain-validation"

    def __init__(self, emulator, number, wish):
        self.emulator, self.number, self.change, self.wish = emulator, number, number, wish
        self.document = wish.get("document") or document_of(wish)
        self.acknowledgements, self.history, self.certificate = [], [], None
        self.changes, self.written, self.contract = [], [], wish.get("contract", "C-1")
        self.schedule = {"notBefore": None, "notAfter": None}
        self.begin("new-certificate")

    def begin(self, kind):
        """A change: every name is proved again."""
        self.change, self.kind, self.created = self.change + 1, kind, time.time()
        csr = self.document["csr"]
        names = [csr["cn"]] + [s for s in csr.get("sans") or [] if s != csr["cn"]]
        self.names = [Name(n) for n in (names if kind != "new-certificate" or "names" not in self.wish else self.wish["names"])]
        self.acked = {}              # kind of warning -> when
        self.changes.append(self)
        self.enter("new", "generate-csr")

    def enter(self, state, status):
        self.state, self.status, self.entered = state, status, time.monotonic()
        self.history.append(status)

    def aged(self, steps=1.0):
        return time.monotonic() - self.entered >= steps * self.emulator.arguments.step

    def dv_status(self):
        return self.DV.format(self.wish.get("spelling", "coodinate"))

    def advance(self):
        """Takes the change as far as time and names allow; called under the lock."""
        while self.step():
            pass

    def step(self):
        step = getattr(self, "on_" + re.sub(r"^coo?r?dinate", "coordinate", self.status).replace("-", "_"), None)
        return step() if step else False

    def on_generate_csr(self):
        return self.aged() and (self.enter("running", "pre-verification-safety-checks") or True)

    def on_pre_verification_safety_checks(self):
        if not self.aged():
            return False
        if self.wish.get("pre_warnings") and "pre" not in self.acked:
            self.enter("awaiting-input", "wait-review-pre-verification-safety-checks")
        else:
            self.enter("running", self.dv_status())
            self.emulator.background(self.request_tokens, self.names)
        return True

    def lag_over(self, kind):
        return kind in self.acked and time.monotonic() - self.acked[kind] >= self.wish.get("ack_lag", 0)

    def on_wait_review_pre_verification_safety_checks(self):
        vanished = self.wish.get("vanishing") and self.aged(4)
        if not vanished and not self.lag_over("pre"):
            return False
        self.enter("running", self.dv_status())
        self.emulator.background(self.request_tokens, self.names)
        return True

    def on_coordinate_domain_validation(self):
        for name in self.names:
            if name.expires and name.expires < time.time() and name.status == "Awaiting user":
                self.spend(name, "Expired authorization", "EXPIRED")
        if self.state == "running" and all(n.authorization for n in self.names):
            self.state = "suspended"
        if not all(n.status == "Valid" for n in self.names):
            return False
        self.enter("running", "check-for-cert")
        self.emulator.background(self.issue)
        return True

    def on_check_for_cert(self):
        if not self.certificate or not self.aged():
            return False
        if self.wish.get("post_warnings"):
            self.enter("awaiting-input", "wait-review-cert-warning")
        else:
            self.enter("running", "create-slot-files")
        return True

    def on_wait_review_cert_warning(self):
        return self.lag_over("post") and (self.enter("running", "create-slot-files") or True)

    def on_create_slot_files(self):
        return self.aged() and (self.enter("running", "deploy-cert-to-staging") or True)

    def on_deploy_cert_to_staging(self):
        if not self.aged():
            return False
        if self.document["changeManagement"]:
            self.enter("awaiting-input", "wait-ack-change-management")
        else:
            self.enter("running", "deploy-cert-to-production")
        return True

    def on_wait_ack_change_management(self):
        return "change" in self.acked and (self.enter("running", "deploy-cert-to-production") or True)

    def on_deploy_cert_to_production(self):
        return self.aged() and (self.enter("completed", "complete") or True)

    @property
    def over(self):
        return self.status in ("complete", "cancelled") and self.aged()

    # -- with the authority, in the background

    def request_tokens(self, names):
        time.sleep(self.emulator.arguments.step)
        found, order_url = self.emulator.acme.new_order([n.domain for n in names])
        with self.emulator.lock:
            for name in names:
                name.offer(found[name.domain], order_url, self.wish.get("expires", 7 * 86400))

    def spend(self, name, error, validation):
        """The token is used up; CPS obtains a new one by itself after a while."""
        name.status, name.error, name.validation = "Error", error, validation
        self.emulator.background(self.renew, name)

    def renew(self, name):
        time.sleep(self.emulator.arguments.regenerate)
        self.wish.pop("expires", None)
        self.request_tokens([name])

    def validate(self, name):
        kind = "http-01" if self.emulator.serves(name) else "dns-01"
        complaint = self.emulator.acme.validate(name.authorization, kind)
        with self.emulator.lock:
            if complaint is None:
                name.status, name.validation, name.error = "Valid", "VALIDATED", None
                name.kind = kind
            else:
                self.spend(name, complaint, "RESPONSE_ERROR")

    def look(self):
        """What an acknowledgement leads to: the authority looks at every name that waits."""
        time.sleep(self.wish.get("ack_lag", 0))
        with self.emulator.lock:
            waiting = [n for n in self.names if n.status == "Awaiting user"]
            for name in waiting:
                name.status, name.validation = "Pending", "IN_PROGRESS"
        threads = [threading.Thread(target=self.validate, args=(n,)) for n in waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def issue(self):
        orders = {n.order_url for n in self.names}
        if len(orders) == 1:
            self.certificate = self.emulator.acme.certificate(orders.pop(), [n.domain for n in self.names])
        else:  # names were validated in several orders; a new one reuses nothing at Pebble
            self.certificate = "(validated in several orders)"

    # -- as JSON

    def path(self, rest=""):
        return f"/cps/v2/enrollments/{self.number}/changes/{self.change}{rest}"

    def allowed(self):
        def entry(kind, info, update, required):
            return [{"type": kind, "requiredToProceed": required, "info": self.path("/input/info/" + info),
                     "update": self.path("/input/update/" + update)}]
        if self.status == "wait-review-pre-verification-safety-checks":
            return entry("pre-verification-warnings-acknowledgement", "pre-verification-warnings",
                         "pre-verification-warnings-ack", True)
        if self.status == "wait-review-cert-warning":
            return entry("post-verification-warnings-acknowledgement", "post-verification-warnings",
                         "post-verification-warnings-ack", True)
        if self.status == "wait-ack-change-management":
            return entry("change-management", "change-management-info", "change-management-ack", True)
        if self.status == self.dv_status() and self.state == "suspended":
            return entry("lets-encrypt-challenges", "lets-encrypt-challenges", "lets-encrypt-challenges-completed", False)
        return []

    def change_json(self):
        return {"statusInfo": {"status": self.status, "state": self.state, "description": f"({self.status})",
                               "error": None, "deploymentSchedule": self.schedule},
                "allowedInput": self.allowed()}

    def challenge_json(self, name, kind, challenge):
        token = challenge["token"]
        authorization = self.emulator.acme.key_authorization(token)
        base = name.domain[2:] if name.domain.startswith("*.") else name.domain
        status = "valid" if name.status == "Valid" else "pending"
        if kind == "http-01":
            path = f"{base}/.well-known/acme-challenge/{token}"
            return {"type": kind, "status": status, "error": None, "token": token, "fullPath": f"http://{path}",
                    "redirectFullPath": f"http://dcv.akamai.com/.well-known/acme-challenge/{token}",
                    "responseBody": authorization, "validationRecords": []}
        return {"type": kind, "status": status, "error": None, "token": token, "redirectFullPath": "",
                "fullPath": f"_acme-challenge.{base}.", "validationRecords": [],
                "responseBody": b64(hashlib.sha256(authorization.encode()).digest())}

    def name_json(self, name):
        offered = name.authorization["challenges"] if name.authorization and name.status != "Error" else {}
        challenges = [self.challenge_json(name, kind, offered[kind]) for kind in ("http-01", "dns-01") if kind in offered]
        if name.status == "Pending":
            for challenge in challenges:
                challenge["status"] = "processing"
        return {"domain": name.domain, "status": name.status, "error": name.error, "validationStatus": name.validation,
                "requestTimestamp": stamp(name.requested), "validatedTimestamp": None, "expires": stamp(name.expires),
                "challenges": challenges}

    def enrollment_json(self):
        pending = [] if self.over else [{"location": self.path(), "changeType": self.kind}]
        return {**self.document, "id": self.number, "location": f"/cps-api/enrollments/{self.number}", "pendingChanges": pending,
                "assignedSlots": [4711], "stagingSlots": [], "productionSlots": [], "maxAllowedSanNames": 100,
                "maxAllowedWildcardSanNames": 25, "autoRenewalStartTime": self.wish.get("auto_renewal_start")}

    def test_json(self):
        return {"status": self.status, "history": self.history, "document": self.document, "written": self.written,
                "change": self.change, "schedule": self.schedule, "changes": len(self.changes), "acknowledgements": len(self.acknowledgements),
                "acked_warnings": sorted(self.acked), "certificate": self.certificate,
                "names": {n.domain: {"status": n.status, "error": n.error, "kind": getattr(n, "kind", None)}
                          for n in self.names}}


# ---- the service

class Emulator:
    def __init__(self, arguments):
        self.arguments = arguments
        self.acme = AcmeClient(arguments.pebble, arguments.ca)
        self.lock = threading.RLock()
        self.limits = Limits(arguments.per_minute, arguments.burst)
        self.nonces, self.enrollments, self.faults = set(), {}, []
        self.requests, self.limited, self.refused, self.log = 0, 0, collections.Counter(), []
        self.drop_answers = 0
        self.broken, self.created_at, self.query, self.status = [], {}, {}, 200

    def background(self, function, *args):
        def run():
            try:
                function(*args)
            except Exception:  # a thread has nobody to tell
                self.log.append(traceback.format_exc())
        threading.Thread(target=run, daemon=True).start()

    def live(self):
        """Changes move on by themselves, whether anybody looks or not."""
        while True:
            time.sleep(0.02)
            with self.lock:
                for enrollment in self.enrollments.values():
                    enrollment.advance()

    def serves(self, name):
        """CPS looks before it lets the authority look: is the HTTP answer in place?"""
        challenge = name.authorization["challenges"].get("http-01")
        if not challenge or not self.arguments.http:
            return False
        try:
            connection = http.client.HTTPConnection(self.arguments.http, timeout=3)
            connection.request("GET", f"/.well-known/acme-challenge/{challenge['token']}", headers={"Host": name.domain})
            return connection.getresponse().read(1000).decode() == self.acme.key_authorization(challenge["token"])
        except OSError:
            return False

    def inject(self, method, path):
        for fault in self.faults:
            if fault["count"] > 0 and fault.get("match", "") in f"{method} {path}":
                fault["count"] -= 1
                self.raise_fault(fault)

    def raise_fault(self, fault):
        kind = fault["kind"]
        if kind == "429":
            raise Refusal(429, "error-types/rate-limit", "Too many requests", "",
                          {"Retry-After": str(fault.get("retry_after", 1))})
        if kind == "409":
            raise Refusal(409, "error-types/invalid-enrollment-state", "Invalid enrollment state", "Try later")
        if kind == "404":
            raise Refusal(404, "error-types/not-found", "Not found", "it was here a moment ago")
        if kind == "try-after":
            when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=fault.get("retry_after", 1))
            raise Refusal(503, "", "", raw="You have reached the limit for your account. Please try after "
                          + when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z")
        if kind == "503":
            raise Refusal(503, "", "", raw="<html><body><h1>Service Unavailable</h1></body></html>")
        raise ValueError(f"unknown fault {kind}")

    # -- what writes

    def create(self, match, body):
        wish = {"document": body, "contract": self.query["contractId"]}
        if time.monotonic() - self.created_at.get(wish["contract"], -1000) < self.arguments.creation_pause:
            raise Refusal(409, "error-types/creation-too-soon", "Conflict", "another enrollment was just created for the contract")
        self.created_at[wish["contract"]] = time.monotonic()
        enrollment = self.add(wish)
        return self.status_of(enrollment, 202)

    def add(self, wish):
        number = 10000 + 2 * len(self.enrollments)
        self.enrollments[number] = Enrollment(self, number, wish)
        return self.enrollments[number]

    def status_of(self, enrollment, status):
        self.status = status
        return {"enrollment": f"/cps/v2/enrollments/{enrollment.number}", "changes": [enrollment.path()] if status == 202 else []}

    def update(self, match, body):
        enrollment = self.find(match[1])
        enrollment.written.append({"query": self.query, "body": body})
        if not enrollment.over and self.query.get("allow-cancel-pending-changes") != "true":
            raise Refusal(409, "error-types/cannot-cancel-pending-change", "Conflict", "a change is pending")
        people = ("adminContact", "techContact", "org")
        same = all(enrollment.document.get(k) == body.get(k) for k in {*enrollment.document, *body} if k not in people)
        enrollment.document = body
        if same and self.query.get("force-renewal") != "true":
            return self.status_of(enrollment, 200)
        enrollment.begin("renewal" if same else "modify-san")
        return self.status_of(enrollment, 202)

    def delete(self, match, _body):
        enrollment = self.find(match[1])
        if enrollment.certificate:
            enrollment.begin("modify-certificate")
            return self.status_of(enrollment, 202)
        del self.enrollments[enrollment.number]
        return self.status_of(enrollment, 200)

    def cancel(self, match, _body):
        enrollment = self.find(match[1], match[2])
        enrollment.enter("cancelled", "cancelled")
        return {"change": enrollment.path()}

    def schedule(self, match, _body):
        return self.find(match[1], match[2]).schedule

    def reschedule(self, match, body):
        enrollment = self.find(match[1], match[2])
        enrollment.schedule = body
        return {"change": enrollment.path()}

    def change_management(self, match, _body):
        enrollment = self.find(match[1], match[2])
        if enrollment.status != "wait-ack-change-management":
            raise Refusal(404, "error-types/not-found", "Not found", "nothing waits")
        network = {k: v for k, v in enrollment.document["networkConfiguration"].items()}
        return {"acknowledgementDeadline": None, "validationResultHash": enrollment.wish.get("hash", "hash-1"),
                "pendingState": {"pendingCertificates": [], "pendingNetworkConfiguration": {"mustHaveCiphers": network["mustHaveCiphers"]}},
                "validationResult": {"errors": None, "warnings": [{"message": "look at it", "messageCode": "no-code"}]}}

    def acknowledge_change(self, match, body):
        enrollment = self.find(match[1], match[2])
        if body.get("hash") != enrollment.wish.get("hash", "hash-1"):
            raise Refusal(409, "error-types/hash-mismatch", "Conflict", "the validation result changed")
        enrollment.acked["change"] = time.monotonic()
        return {"change": enrollment.path()}

    def deployments(self, match, _body):
        try:
            return {"production": self.production(match, None), "staging": None}
        except Refusal:
            return {"production": None, "staging": None}

    # -- requests below /cps/v2

    def find(self, number, change=None):
        enrollment = self.enrollments.get(int(number))
        if not enrollment or (change and (int(change) != enrollment.change or enrollment.over)):
            raise Refusal(404, "error-types/not-found", "Not found", "The resource does not exist")
        return enrollment

    def answer(self, method, path, headers, body):
        """(status, media type, object) of a signed request."""
        for pattern, wanted, media, sent, function in self.ROUTES:
            match = re.fullmatch(pattern, path)
            if not match or method != wanted:
                continue
            spoken = self.version(headers.get("Accept"), media, 406, "Not acceptable")
            if sent:
                self.version(headers.get("Content-Type", "").split(";")[0], sent, 415, "Unsupported media type")
            self.hold(cps_contract.check_request, method, path[len("/cps/v2"):], self.query, headers, body)
            self.status = 200
            result = function(self, match, json.loads(body) if body else None)
            self.hold(cps_contract.check_reply, method, path[len("/cps/v2"):], self.status, spoken, json.dumps(result))
            return self.status, spoken, result
        raise Refusal(404, "error-types/not-found", "Not found", f"{method} {path}")

    def hold(self, check, *arguments):
        """A break of the contract is nobody's expectation: it is refused, and the tests look for it at their end."""
        try:
            check(*arguments)
        except cps_contract.Broken as broken:
            self.broken.append(str(broken))
            raise Refusal(400, "error-types/bad-request", "Bad request", str(broken)) from None

    def version(self, got, known, status, title):
        """The media type that is spoken: the newest only when the emulator knows it, the one before always."""
        newer = {"enrollments.v11": "enrollments.v12", "enrollment.v11": "enrollment.v12", "deployment.v7": "deployment.v8",
                 "deployments.v7": "deployments.v8", "change-management-info.v5": "change-management-info.v6"}.get(known)
        spoken = [MEDIA.format(known)] + ([MEDIA.format(newer)] if newer and self.arguments.media == "new" else [])
        if got not in spoken:
            raise Refusal(status, "error-types/not-acceptable", title, f"wanted {spoken}")
        return got

    def list(self, _match, _body):
        contract = self.query.get("contractId")
        return {"enrollments": [e.enrollment_json() for e in self.enrollments.values() if contract in (None, e.contract)]}

    def show(self, match, _body):
        return self.find(match[1]).enrollment_json()

    def production(self, match, _body):
        enrollment = self.find(match[1])
        if not enrollment.certificate or not enrollment.certificate.startswith("-----BEGIN"):
            raise Refusal(404, "error-types/not-found", "Not found", "nothing is deployed")
        certificate = x509.load_pem_x509_certificate(enrollment.certificate.encode())
        return {"multiStackedCertificates": [], "networkConfiguration": {"quicEnabled": False, "sniOnly": True},
                "primaryCertificate": {"certificate": enrollment.certificate, "trustChain": None, "keyAlgorithm": "ECDSA",
                                       "expiry": certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")}}

    def dv_history(self, match, _body):
        enrollment = self.find(match[1])
        return {"results": [{"domain": n.domain, "domainHistory": [
            {**{k: v for k, v in enrollment.name_json(n).items() if v is not None}, "validationRecords": []}]}
                            for n in enrollment.names]}

    def change_history(self, match, _body):
        enrollment = self.find(match[1])
        return {"changes": [{"action": "new-certificate", "actionDescription": "New certificate", "businessCaseId": None,
                             "createdBy": "tests", "createdOn": stamp(enrollment.created), "lastUpdated": stamp(time.time()),
                             "ra": "lets-encrypt", "multiStackedCertificates": [], "primaryCertificate": None,
                             "primaryCertificateOrderDetails": None,
                             "status": {"complete": "completed", "cancelled": "cancelled"}.get(enrollment.status, "incomplete")}]}

    def change(self, match, _body):
        return self.find(match[1], match[2]).change_json()

    def challenges(self, match, _body):
        enrollment = self.find(match[1], match[2])
        if enrollment.status != enrollment.dv_status():
            raise Refusal(404, "error-types/not-found", "Not found", "no challenges now")
        return {"dv": [enrollment.name_json(n) for n in enrollment.names]}

    def warnings(self, match, _body):
        enrollment, kind = self.find(match[1], match[2]), match[3]
        waits = {"pre": "wait-review-pre-verification-safety-checks", "post": "wait-review-cert-warning"}[kind]
        if enrollment.status != waits or enrollment.wish.get("vanishing"):
            raise Refusal(404, "error-types/not-found", "Not found", "no warnings now")
        return {"warnings": enrollment.wish[f"{kind}_warnings"]}

    def acknowledge_warnings(self, match, body):
        enrollment = self.find(match[1], match[2])
        if body != ACK:
            raise Refusal(400, "error-types/bad-request", "Bad request", "acknowledge or deny")
        enrollment.acked.setdefault(match[3], time.monotonic())
        return {"change": enrollment.path()}

    def acknowledge(self, match, body):
        enrollment = self.find(match[1], match[2])
        if body != ACK:
            raise Refusal(400, "error-types/bad-request", "Bad request", "acknowledge or deny")
        if enrollment.status != enrollment.dv_status() or enrollment.state != "suspended":
            raise Refusal(409, "error-types/invalid-enrollment-state", "Invalid enrollment state")
        enrollment.acknowledgements.append(time.time())
        self.background(enrollment.look)
        return {"change": enrollment.path()}

    CHANGE = r"/cps/v2/enrollments/(\d+)/changes/(\d+)"
    ROUTES = [
        (r"/cps/v2/enrollments", "GET", "enrollments.v11", None, list),
        (r"/cps/v2/enrollments", "POST", "enrollment-status.v1", "enrollment.v11", create),
        (r"/cps/v2/enrollments/(\d+)", "GET", "enrollment.v11", None, show),
        (r"/cps/v2/enrollments/(\d+)", "PUT", "enrollment-status.v1", "enrollment.v11", update),
        (r"/cps/v2/enrollments/(\d+)", "DELETE", "enrollment-status.v1", None, delete),
        (r"/cps/v2/enrollments/(\d+)/deployments", "GET", "deployments.v7", None, deployments),
        (CHANGE, "DELETE", "change-id.v1", None, cancel),
        (CHANGE + r"/deployment-schedule", "GET", "deployment-schedule.v1", None, schedule),
        (CHANGE + r"/deployment-schedule", "PUT", "change-id.v1", "deployment-schedule.v1", reschedule),
        (CHANGE + r"/input/info/change-management-info", "GET", "change-management-info.v5", None, change_management),
        (CHANGE + r"/input/update/change-management-ack", "POST", "change-id.v1", "acknowledgement-with-hash.v1", acknowledge_change),
        (r"/cps/v2/enrollments/(\d+)/deployments/production", "GET", "deployment.v7", None, production),
        (r"/cps/v2/enrollments/(\d+)/dv-history", "GET", "dv-history.v1", None, dv_history),
        (r"/cps/v2/enrollments/(\d+)/history/changes", "GET", "change-history.v5", None, change_history),
        (CHANGE, "GET", "change.v2", None, change),
        (CHANGE + r"/input/info/lets-encrypt-challenges", "GET", "dv-challenges.v2", None, challenges),
        (CHANGE + r"/input/info/(pre|post)-verification-warnings", "GET", "warnings.v1", None, warnings),
        (CHANGE + r"/input/update/lets-encrypt-challenges-completed", "POST", "change-id.v1", "acknowledgement.v1",
         acknowledge),
        (CHANGE + r"/input/update/(pre|post)-verification-warnings-ack", "POST", "change-id.v1", "acknowledgement.v1",
         acknowledge_warnings),
    ]

    # -- requests of the tests

    def steer(self, method, path, body):
        wish = json.loads(body) if body else None
        if (method, path) == ("POST", "/_test/enrollments"):
            enrollment = self.add(wish)
            return {"enrollment": enrollment.number, "change": enrollment.change}
        if (method, path) == ("POST", "/_test/faults"):
            self.faults = wish
            return {}
        if (method, path) == ("POST", "/_test/expire"):
            enrollment = self.enrollments[wish["enrollment"]]
            for name in enrollment.names:
                if name.status == "Awaiting user":
                    enrollment.spend(name, "Expired authorization", "EXPIRED")
            return {}
        if (method, path) == ("POST", "/_test/lose"):
            self.drop_answers = wish["answers"]
            return {}
        if (method, path) == ("POST", "/_test/cancel"):
            self.enrollments[wish["enrollment"]].enter("cancelled", "cancelled")
            return {}
        if path == "/_test/stats":
            return {"requests": self.requests, "limited": self.limited, "refused": dict(self.refused), "log": self.log,
                    "broken": self.broken, "enrollments": sorted(self.enrollments)}
        return self.enrollments[int(path.rsplit("/", 1)[1])].test_json()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    emulator = None

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + self.emulator.arguments.clock, usegmt=True)

    def reply(self, status, media, body, headers=None):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def signed(self, body):
        e, path = self.emulator, urllib.parse.urlsplit(self.path).path
        e.requests += 1
        e.log.append(f"{self.command} {self.path}")
        try:
            e.limits.take()
        except Refusal:
            e.limited += 1
            raise
        e.inject(self.command, path)
        e.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        e.query.pop("accountSwitchKey", None)
        verify_signature(e.arguments, e.nonces, self.command, self.path, self.headers["Host"],
                         self.headers["Authorization"], body)
        if path == "/contract-api/v1/contracts/identifiers":
            if not e.arguments.contracts:
                raise Refusal(403, "-/pep-authz/deny", "Forbidden", "The client does not have the grant")
            return 200, "application/json", e.arguments.contracts.split(",")
        result = e.answer(self.command, path, self.headers, body)
        if e.drop_answers and self.command in ("POST", "PUT") and path.startswith("/cps/v2"):
            e.drop_answers -= 1
            raise Refusal(502, "", "", raw="<html>Bad gateway</html>")
        return result

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.emulator.lock:
            try:
                if self.path.startswith("/_test/"):
                    result = 200, "application/json", self.emulator.steer(self.command, self.path, body)
                else:
                    result = self.signed(body)
                status, media, content, headers = *result, {}
                text = json.dumps(content)
            except Refusal as refusal:
                self.emulator.refused[str(refusal.status)] += 1
                status, headers = refusal.status, refusal.headers
                media = "text/html" if refusal.raw is not None else "application/problem+json"
                text = refusal.raw if refusal.raw is not None else json.dumps(refusal.body)
        self.reply(status, media, text, headers)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pebble", required=True, help="directory URL")
    parser.add_argument("--ca", required=True, help="PEM that trusts Pebble")
    parser.add_argument("--http", help="where HTTP-01 answers are served, HOST:PORT")
    parser.add_argument("--client-token", default="akab-client-token")
    parser.add_argument("--client-secret", default="c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg==")
    parser.add_argument("--access-token", default="akab-access-token")
    parser.add_argument("--per-minute", type=int, default=35)
    parser.add_argument("--burst", type=int, default=20)
    parser.add_argument("--step", type=float, default=0.2, help="seconds in a state that only waits")
    parser.add_argument("--regenerate", type=float, default=1.0, help="seconds until spent tokens are replaced")
    parser.add_argument("--contracts", default="C-1,C-2", help="contracts of the account; empty: they may not be asked for")
    parser.add_argument("--creation-pause", type=float, default=0.0, help="seconds between two creations for a contract")
    parser.add_argument("--media", choices=["new", "old"], default="new", help="whether the newest media types are known")
    parser.add_argument("--clock", type=float, default=0.0, help="seconds that the clock of CPS is ahead")
    arguments = parser.parse_args()
    Handler.emulator = Emulator(arguments)
    Handler.emulator.background(Handler.emulator.live)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
