"""An enrollment: its document, its changes, what is deployed, and renewals that start by themselves."""
import json

from .authority import expiry_of
from .change import Change, Deployment

DAY = 86400
AFTER_CANCEL_SECONDS = 1800  # CPS waits before it renews once more


def document_of(wish):
    """An enrollment with all its members, as the test wants it."""
    network = {"geography": "core", "secureNetwork": "enhanced-tls", "mustHaveCiphers": "ak-akamai-2020q1", "quicEnabled": True,
               "preferredCiphers": "ak-akamai-2020q1", "sniOnly": True, "ocspStapling": "on", "disallowedTlsVersions": ["TLSv1"],
               "dnsNameSettings": {"cloneDnsNames": True, "dnsNames": None}, "clientMutualAuthentication": None}
    person = {"firstName": "A", "lastName": "B", "phone": "1", "email": "a@example.test", "addressLineOne": "x", "addressLineTwo": None,
              "city": "x", "country": "US", "organizationName": "x", "postalCode": "1", "region": "MA", "title": None}
    org = {"name": "x", "addressLineOne": "x", "addressLineTwo": None, "city": "x", "region": "MA", "postalCode": "1",
           "country": "US", "phone": "1"}
    third = bool(wish.get("third_party"))
    document = {"ra": "third-party" if third else "lets-encrypt", "validationType": "third-party" if third else "dv",
                "certificateType": "third-party" if third else "san", "certificateChainType": "default",
                "signatureAlgorithm": "SHA-256", "changeManagement": bool(wish.get("change_management")),
                "enableMultiStackedCertificates": wish.get("third_party") == "both", "networkConfiguration": network, "org": org, "orgId": None,
                "adminContact": person, "techContact": person, "thirdParty": {"excludeSans": False} if third else None,
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
    def __init__(self, emulator, number, wish):
        self.emulator, self.number, self.wish = emulator, number, wish
        self.contract = wish.get("contract", "C-1")
        self.document = wish.get("document") or document_of(wish)
        self.life, self.renew_before = wish.get("life_days", 90) * DAY, wish.get("renew_before_days", 25) * DAY
        self.changes, self.pending, self.written = [], [], []
        self.staging = self.production = self.certificate = None
        self.deployments = []   # (when, Deployment) on production
        self.text = None
        if "ends_in_days" in wish:
            self.deploy_first(wish["ends_in_days"] * DAY)
        else:
            self.begin("new-certificate")

    @property
    def is_third_party(self):
        return self.document["ra"] == "third-party"

    @property
    def change(self):
        """The newest."""
        return self.changes[-1] if self.changes else None

    def names(self):
        csr = self.document["csr"]
        return list(dict.fromkeys([csr["cn"], *(csr.get("sans") or [])]))

    def touch(self):
        self.text = None

    # -- changes

    def begin(self, kind):
        """Every name is proved again."""
        change = Change(self, self.number + len(self.changes) + 1, kind)
        self.changes.append(change)
        self.pending.append(change)
        change.begin()
        return change

    def find(self, number):
        return next((c for c in self.pending if c.number == number), None)

    def finish(self, change):
        self.pending.remove(change)
        self.touch()
        if change.kind == "removal" and change.status == "complete":
            self.emulator.remove(self)
        elif self.production and not self.pending:
            self.plan_renewal(AFTER_CANCEL_SECONDS if change.status == "cancelled" else 0)

    # -- certificates

    def expiry_of(self, pem):
        """Pebble's certificates live by the machine's clock, and so does its validity; in virtual time the model's counts."""
        if self.emulator.is_virtual or not pem:
            return self.emulator.clock.now() + self.life
        return expiry_of(pem)

    def deploy_first(self, ends_in):
        """It was in production before anybody looked."""
        pem = self.emulator.authority.certificate([type("N", (), {"domain": n}) for n in self.names()], ends_in)
        self.deploy(Deployment(pem, self.emulator.clock.now() + ends_in), None)
        self.staging = self.production
        self.plan_renewal()

    def deploy(self, deployment, change):
        self.production, self.certificate = deployment, deployment.pem or "(validated in several orders)"
        self.deployments.append((self.emulator.clock.now(), deployment, change))
        self.touch()

    # -- renewals that start by themselves

    def renewal_at(self):
        return self.production.expiry - self.renew_before

    def plan_renewal(self, pause=0):
        live, clock = self.production, self.emulator.clock
        clock.at(max(self.renewal_at(), clock.now() + pause), lambda: self.renew(live))

    def renew(self, live):
        if self.production is live and not self.pending and self.number in self.emulator.enrollments:
            self.begin("renewal")

    # -- as it is listed

    def as_text(self, view):
        """The JSON of the list; made and held to the contract once after each change."""
        if self.text is None:
            self.text = json.dumps(view(self))
        return self.text
