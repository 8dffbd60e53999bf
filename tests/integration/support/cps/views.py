"""Enrollments, changes, names, deployments and histories as JSON."""
from .authority import dns_value
from .clock import stamp

INPUTS = {
    "wait-review-pre-verification-safety-checks": ("pre-verification-warnings-acknowledgement", "pre-verification-warnings",
                                                   "pre-verification-warnings-ack", True),
    "wait-review-cert-warning": ("post-verification-warnings-acknowledgement", "post-verification-warnings",
                                 "post-verification-warnings-ack", True),
    "wait-review-third-party-cert": ("post-verification-warnings-acknowledgement", "post-verification-warnings",
                                     "post-verification-warnings-ack", True),
    "wait-ack-change-management": ("change-management", "change-management-info", "change-management-ack", True),
    "wait-upload-third-party": ("third-party-certificate", "third-party-csr", "third-party-cert-and-trust-chain", True),
}
CHALLENGES = ("lets-encrypt-challenges", "lets-encrypt-challenges", "lets-encrypt-challenges-completed", False)
ACTIONS = {"new-certificate": "new-certificate", "renewal": "renew", "modify-san": "modify-san", "removal": "modify-san"}
STATUSES = {"complete": "completed", "cancelled": "cancelled"}


def path(change, rest=""):
    return f"/cps/v2/enrollments/{change.enrollment.number}/changes/{change.number}{rest}"


# ---- a change

def allowed(change):
    found = CHALLENGES if change.proves and change.state == "suspended" else INPUTS.get(change.status)
    if not found or change.state in ("error", "cancelled"):
        return []
    kind, info, update, required = found
    return [{"type": kind, "requiredToProceed": required, "info": path(change, "/input/info/" + info),
             "update": path(change, "/input/update/" + update)}]


def change_json(change):
    error = change.error and {**change.error, "timestamp": stamp(change.error["timestamp"])}
    return {"statusInfo": {"status": change.status, "state": change.state, "description": f"({change.status})", "error": error,
                           "deploymentSchedule": change.schedule}, "allowedInput": allowed(change)}


# ---- names

def challenge_json(name, kind, challenge, authority):
    token, status = challenge["token"], {"Valid": "valid", "Pending": "processing"}.get(name.status, "pending")
    authorization = authority.key_authorization(token)
    if kind == "http-01":
        where = f"{name.base}/.well-known/acme-challenge/{token}"
        return {"type": kind, "status": status, "error": None, "token": token, "fullPath": f"http://{where}",
                "redirectFullPath": f"http://dcv.akamai.com/.well-known/acme-challenge/{token}",
                "responseBody": authorization, "validationRecords": []}
    return {"type": kind, "status": status, "error": None, "token": token, "redirectFullPath": "",
            "fullPath": f"_acme-challenge.{name.base}.", "validationRecords": [], "responseBody": dns_value(authorization)}


def name_json(name, authority):
    offered = name.authorization["challenges"] if name.authorization and name.status != "Error" else {}
    challenges = [challenge_json(name, kind, offered[kind], authority) for kind in ("http-01", "dns-01") if kind in offered]
    return {"domain": name.domain, "status": name.status, "error": name.error, "validationStatus": name.validation,
            "requestTimestamp": stamp(name.requested), "validatedTimestamp": stamp(name.validated), "expires": stamp(name.expires),
            "challenges": challenges}


def past_name_json(name, authority):
    return {**{k: v for k, v in name_json(name, authority).items() if v is not None}, "validationRecords": []}


# ---- an enrollment

def enrollment_json(enrollment):
    pending = [{"location": path(c), "changeType": "modify-certificate" if c.kind == "removal" else c.kind} for c in enrollment.pending]
    renewal = stamp(enrollment.renewal_at()) if enrollment.production and not pending and not enrollment.is_third_party else None
    return {**enrollment.document, "id": enrollment.number, "location": f"/cps-api/enrollments/{enrollment.number}",
            "pendingChanges": pending, "assignedSlots": [4711], "stagingSlots": [], "productionSlots": [4711] if enrollment.production else [],
            "maxAllowedSanNames": 100, "maxAllowedWildcardSanNames": 25,
            "autoRenewalStartTime": enrollment.wish.get("auto_renewal_start", renewal)}


# ---- deployments

def certificate_json(deployment):
    return {"certificate": deployment.pem, "trustChain": None, "keyAlgorithm": deployment.algorithm, "signatureAlgorithm": "SHA-256",
            "expiry": stamp(deployment.expiry)}


def deployment_json(enrollment, deployment):
    network = enrollment.document["networkConfiguration"]
    kept = {k: network[k] for k in ("geography", "mustHaveCiphers", "preferredCiphers", "ocspStapling", "quicEnabled", "secureNetwork", "sniOnly")
            if network.get(k) is not None}
    return {"ocspStapled": False, "ocspUris": [], "networkConfiguration": {**kept, "dnsNames": enrollment.names()},
            "primaryCertificate": certificate_json(deployment), "multiStackedCertificates": [certificate_json(d) for d in deployment.others]}


# ---- histories

def request_json(change):
    """What the history of changes tells of a certificate; the CSR stands there when the change is over, too."""
    csrs = change.requests.csrs if change.requests else {}
    pems = {d.algorithm: d.pem for d in ([change.deployment, *change.deployment.others] if change.deployment else [])}
    found = [{"certificate": pems.get(a), "csr": csrs.get(a, "-----BEGIN CERTIFICATE REQUEST-----"), "keyAlgorithm": a, "trustChain": None}
             for a in dict.fromkeys([*csrs, *pems])]
    return found[:1], found[1:]


def change_history_json(change):
    primary, others = request_json(change)
    return {"action": ACTIONS[change.kind], "actionDescription": change.kind.replace("-", " ").capitalize(), "businessCaseId": None,
            "createdBy": "tests", "createdOn": stamp(change.created), "lastUpdated": stamp(change.updated),
            "ra": change.enrollment.document["ra"], "multiStackedCertificates": others, "primaryCertificate": primary[0] if primary else None,
            "primaryCertificateOrderDetails": None, "status": STATUSES.get(change.status, "incomplete")}


def certificate_history_json(enrollment):
    return [{"deploymentStatus": "active" if d is enrollment.production else "inactive",
             "stagingStatus": "active" if d is enrollment.staging else "inactive", "geography": "worldwide", "ra": enrollment.document["ra"],
             "slots": [4711], "type": enrollment.document["certificateType"],
             "primaryCertificate": {k: v for k, v in certificate_json(d).items() if k != "signatureAlgorithm"}, "multiStackedCertificates": []}
            for _, d, _ in reversed(enrollment.deployments)]
