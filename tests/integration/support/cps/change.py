"""The life of a change, state by state."""
from . import third_party
from .clock import parse
from .names import Name

DV = "{}-domain-validation"
HOLDS = {"pre": "wait-review-pre-verification-safety-checks", "post": "wait-review-cert-warning", "uploaded": "wait-review-third-party-cert"}
PUSH_SECONDS = 7 * 86400  # before the old certificate ends, CPS does not wait for an acknowledgement any more


class Deployment:
    """A certificate on a network."""

    def __init__(self, pem, expiry, algorithm="ECDSA", others=()):
        self.pem, self.expiry, self.algorithm, self.others = pem, expiry, algorithm, list(others)


class Change:
    def __init__(self, enrollment, number, kind):
        self.enrollment, self.number, self.kind = enrollment, number, kind
        self.emulator, self.wish, self.clock = enrollment.emulator, enrollment.wish, enrollment.emulator.clock
        self.names = [Name(n) for n in enrollment.names()]
        self.created = self.updated = self.clock.now()
        self.turn, self.over, self.error, self.patrols = 0, False, None, False
        self.history, self.acknowledgements, self.acked, self.hash = [], [], {}, self.wish.get("hash", "hash-1")
        self.schedule = {"notBefore": None, "notAfter": None}
        self.requests, self.deployment, self.texts = None, None, {k: self.wish.get(f"{k}_warnings") for k in ("pre", "post")}
        self.times = {}

    # -- moving

    def enter(self, state, status):
        self.state, self.status = state, status
        self.turn += 1
        self.updated = self.clock.now()
        self.times.setdefault(status, self.updated)
        self.history.append(status)
        self.enrollment.touch()

    def then(self, step, seconds=None):
        """After the time that CPS takes there, unless the change has gone somewhere else by then."""
        turn = self.turn
        self.clock.after(self.emulator.pace.of(self.status) if seconds is None else seconds, lambda: turn == self.turn and step())

    def begin(self):
        if self.kind == "removal":
            self.enter("running", "abandon-slots-action")
            self.then(self.abandoned)
        else:
            self.enter("new", "generate-csr")
            self.then(self.check_safety)

    def check_safety(self):
        self.enter("running", "pre-verification-safety-checks")
        self.then(self.safety_checked)

    def safety_checked(self):
        if not self.texts["pre"]:
            self.prove()
            return
        self.hold("pre")
        if self.wish.get("vanishing"):
            self.then(self.prove, self.emulator.pace.of("vanish"))

    def hold(self, kind):
        self.enter("awaiting-input", HOLDS[kind])

    # -- warnings and change management

    def held_kind(self):
        """pre, post or None"""
        for kind, status in HOLDS.items():
            if status == self.status:
                return "post" if kind == "uploaded" else kind
        return None

    def acknowledge_warnings(self, kind):
        self.acked.setdefault(kind, self.clock.now())
        after = {HOLDS["pre"]: self.prove, HOLDS["post"]: self.reviewed, HOLDS["uploaded"]: self.assemble}[self.status]
        self.then(after, self.wish.get("ack_lag", 0))

    def reviewed(self):
        if self.kind == "removal":
            self.deprovision()
        else:
            self.assemble()

    def deadline(self):
        live = self.enrollment.production
        return live.expiry - PUSH_SECONDS if live else None

    def acknowledge_change(self):
        self.acked["change"] = self.clock.now()
        self.then(self.to_production, 0)

    # -- proving

    @property
    def dv_status(self):
        return DV.format(self.wish.get("spelling", "coodinate"))

    @property
    def proves(self):
        return not self.over and self.status == self.dv_status

    def prove(self):
        if self.enrollment.is_third_party:
            self.enter("awaiting-input", "wait-upload-third-party")
            return
        missing = [n for n in self.names if not n.authorization]
        self.enter("running" if missing else "suspended", self.dv_status)
        if missing:
            self.then(lambda: self.ask_for_tokens(missing), self.emulator.pace.of("tokens"))
        elif self.acknowledgements:
            self.clock.after(self.emulator.pace.of("look"), self.look)  # it was told of these tokens

    def ask_for_tokens(self, names):
        authority = self.emulator.authority_of(self.enrollment)
        self.emulator.background(lambda: authority.order([n.domain for n in names]), lambda found: self.offer(names, *found))

    def offer(self, names, found, order_url):
        now = self.clock.now()
        if not self.proves:
            return
        for name in names:
            name.offer(found[name.domain], order_url, now, self.wish.get("expires", 7 * 86400))
            self.clock.at(name.expires, lambda name=name, generation=name.generation: self.expire(name, generation))
        if all(n.authorization for n in self.names):
            self.state = "suspended"
            self.times.setdefault("asks", now)
            self.patrol()
        self.enrollment.touch()

    def patrol(self):
        """CPS looks by itself, too; an acknowledgement only makes it look sooner."""
        period = self.emulator.pace.of("patrol")
        if period and not self.patrols and "ack_lag" not in self.wish:
            self.patrols = True
            self.clock.after(period, self.look_by_itself)

    def look_by_itself(self):
        self.patrols = False
        if self.proves and self.state == "suspended":
            self.look(asked=False)
            self.patrol()

    def expire(self, name, generation):
        if self.proves and name.generation == generation and name.status == "Awaiting user":
            self.spend(name, "Expired authorization", "EXPIRED")

    def spend(self, name, error, validation):
        """CPS obtains a new token by itself after a while."""
        name.spend(error, validation)
        self.wish.pop("expires", None)
        self.clock.after(self.emulator.pace.of("regenerate") + self.emulator.pace.of("tokens"),
                         lambda: self.proves and name.status == "Error" and self.ask_for_tokens([name]))

    def generation(self):
        return sorted(f"{n.domain} {n.authorization['challenges']['dns-01']['token']}" for n in self.names if n.status == "Awaiting user")

    def acknowledge_names(self):
        self.acknowledgements.append((self.clock.now(), self.generation()))
        self.times.setdefault("acknowledged", self.clock.now())
        self.clock.after(self.wish.get("ack_lag", self.emulator.pace.of("look")), self.look)

    def look(self, asked=True):
        """The authority looks at every name that waits; unasked CPS sends it only where the answer is in place."""
        authority = self.emulator.authority_of(self.enrollment)
        if not self.proves:
            return
        if asked and self.wish.get("late_warnings") and "pre" not in self.acked:
            self.texts["pre"] = self.wish["late_warnings"]
            self.hold("pre")
            return
        for name in [n for n in self.names if n.status == "Awaiting user"]:
            if asked or authority.in_place(name):
                name.look()
                self.ask_authority(name, authority)
            else:
                name.error = f"{name.domain} is not ready for DNS validation"

    def ask_authority(self, name, authority):
        generation = name.generation
        self.emulator.background(lambda: authority.validate(name), lambda found: self.judge(name, generation, *found))

    def judge(self, name, generation, kind, complaint):
        if not self.proves or name.generation != generation or name.status != "Pending":
            return
        if complaint:
            self.spend(name, complaint, "RESPONSE_ERROR")
        else:
            name.accept(kind, self.clock.now())
        if all(n.status == "Valid" for n in self.names):
            self.order_certificate()

    def order_certificate(self):
        self.enter("running", "check-for-cert")
        begun = self.clock.now()
        self.emulator.background(lambda: self.emulator.authority_of(self.enrollment).certificate(self.names, self.enrollment.life),
                                 lambda pem: self.issued(pem, begun))

    def issued(self, pem, begun):
        if self.status != "check-for-cert":
            return
        self.deployment = Deployment(pem, self.enrollment.expiry_of(pem))
        self.then(self.certificate_checked, max(0, begun + self.emulator.pace.of(self.status) - self.clock.now()))

    def certificate_checked(self):
        if self.texts["post"]:
            self.hold("post")
        else:
            self.assemble()

    # -- third party

    def make_requests(self):
        if not self.requests:
            algorithms = ("RSA", "ECDSA") if self.enrollment.document["enableMultiStackedCertificates"] else ("RSA",)
            self.requests = third_party.Requests(self.enrollment.names(), algorithms)
        return self.requests

    def upload(self, pairs):
        """[(algorithm, PEM)]; what is wrong with them becomes warnings."""
        requests = self.make_requests()
        requests.uploaded = dict(pairs)
        self.texts["post"] = self.emulator.warning_text([c for c in (requests.complaint(*p) for p in pairs) if c]) or self.wish.get("post_warnings")
        stacked = [Deployment(pem, self.enrollment.expiry_of(pem), algorithm) for algorithm, pem in pairs]
        self.deployment, self.deployment.others = stacked[0], stacked[1:]
        self.enter("running", "verify-third-party-cert")
        self.then(lambda: self.hold("uploaded") if self.texts["post"] else self.assemble())

    # -- deploying

    def assemble(self):
        self.enter("running", "create-slot-files")
        self.then(self.check_live)

    def check_live(self):
        self.enter("running", "live-check-action")
        self.then(self.to_staging)

    def to_staging(self):
        self.enter("running", "deploy-cert-to-staging")
        self.then(self.staged)

    def staged(self):
        self.enrollment.staging = self.deployment
        if not self.enrollment.document["changeManagement"]:
            self.to_production()
            return
        self.enter("awaiting-input", "wait-ack-change-management")
        if self.deadline():
            self.then(self.to_production, max(0, self.deadline() - self.clock.now()))

    def to_production(self):
        not_before = self.schedule.get("notBefore")
        wait = parse(not_before) - self.clock.now() if not_before else 0
        self.enter("suspended" if wait > 0 else "running", "deploy-cert-to-production")
        if wait > 0:
            self.then(self.to_production, wait)
        else:
            self.then(self.deployed)

    def reschedule(self, schedule):
        self.schedule = schedule
        if (self.state, self.status) == ("suspended", "deploy-cert-to-production"):
            self.to_production()

    def deployed(self):
        self.enrollment.deploy(self.deployment, self)
        self.complete()

    def abandoned(self):
        if self.texts["post"]:
            self.hold("post")
        else:
            self.deprovision()

    def deprovision(self):
        self.enter("running", "deprovision-cert")
        self.then(self.complete)

    # -- the end

    def complete(self):
        self.enter("completed", "complete")
        self.then(self.end)

    def cancel(self):
        self.enter("cancelled", "cancelled")
        self.then(self.end)

    def fail(self, code, description):
        self.error = {"code": code, "description": description, "timestamp": self.clock.now()}
        self.enter("error", self.status)

    def end(self):
        self.over = True
        self.enrollment.finish(self)
