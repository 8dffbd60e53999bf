"""Operations that only look."""
from . import views
from .clock import stamp
from .refusal import not_found


class Reading:
    def list(self, _match, _body):
        contract = self.query.get("contractId")
        chosen = [self.as_listed(e) for e in self.enrollments.values() if contract in (None, e.contract)]
        return '{"enrollments": [' + ",".join(chosen) + "]}"

    def show(self, match, _body):
        return self.as_listed(self.find(match[1]))

    def active(self, _match, _body):
        self.certificate_limits.take()
        return {"enrollments": [{"id": e.number, "productionSlots": [4711], "stagingSlots": [], "certificates": [
            {"expiry": stamp(e.production.expiry), "sans": e.names()}]} for e in self.enrollments.values() if e.production]}

    def show_change(self, match, _body):
        return views.change_json(self.find(match[1], match[2]))

    def challenges(self, match, _body):
        change = self.find(match[1], match[2])
        if not change.proves:
            raise not_found("no challenges now")
        return {"dv": [views.name_json(n, self.authority_of(change.enrollment)) for n in change.names]}

    def warnings(self, match, _body):
        change = self.find(match[1], match[2])
        if change.held_kind() != match[3] or change.wish.get("vanishing"):
            raise not_found("no warnings now")
        return {"warnings": change.texts[match[3]]}

    def change_management(self, match, _body):
        change = self.find(match[1], match[2])
        if change.status != "wait-ack-change-management":
            raise not_found("nothing waits")
        network = change.enrollment.document["networkConfiguration"]
        kept = {k: network[k] for k in ("mustHaveCiphers", "preferredCiphers", "quicEnabled", "sniOnly")}
        certificate = {"certificateType": "san", "fullCertificate": change.deployment.pem or "", "signatureAlgorithm": "SHA-256",
                       "keyAlgorithm": change.deployment.algorithm, "ocspStapled": False, "ocspUris": []}
        return {"acknowledgementDeadline": stamp(change.deadline()), "validationResultHash": change.hash,
                "pendingState": {"pendingCertificates": [certificate], "pendingNetworkConfiguration": kept},
                "validationResult": {"errors": change.wish.get("change_errors"), "warnings": [{"message": "look at it", "messageCode": "no-code"}]}}

    def csr(self, match, _body):
        change = self.find(match[1], match[2])
        if change.status != "wait-upload-third-party":
            raise not_found("no CSR is waited for")
        return {"csrs": [{"csr": csr, "keyAlgorithm": a} for a, csr in change.make_requests().csrs.items()]}

    def schedule(self, match, _body):
        return self.find(match[1], match[2]).schedule

    # -- what is deployed, and what was

    def on(self, enrollment, network):
        found = getattr(enrollment, network)
        return views.deployment_json(enrollment, found) if found and found.pem else None

    def deployment(self, match, _body):
        found = self.on(self.find(match[1]), match[2])
        if not found:
            raise not_found("nothing is deployed")
        return found

    def deployments(self, match, _body):
        enrollment = self.find(match[1])
        return {network: self.on(enrollment, network) for network in ("production", "staging")}

    def dv_history(self, match, _body):
        enrollment, found = self.find(match[1]), {}
        for change in reversed(enrollment.changes):
            for name in change.names if not enrollment.is_third_party else []:
                found.setdefault(name.domain, []).append(views.past_name_json(name, self.authority_of(enrollment)))
        return {"results": [{"domain": d, "domainHistory": records} for d, records in found.items()]}

    def change_history(self, match, _body):
        return {"changes": [views.change_history_json(c) for c in reversed(self.find(match[1]).changes)]}

    def certificate_history(self, match, _body):
        return {"certificates": views.certificate_history_json(self.find(match[1]))}
