"""Operations that change something."""
from . import views
from .refusal import bad_request, conflict

ANSWERS = ("acknowledge", "deny")
PEOPLE = ("adminContact", "techContact", "org")


class Writing:
    def status_of(self, enrollment, status):
        self.status = status
        changes = [views.path(enrollment.change)] if status == 202 else []
        return {"enrollment": f"/cps/v2/enrollments/{enrollment.number}", "changes": changes}

    def create(self, _match, body):
        contract = self.query["contractId"]
        if self.clock.now() - self.created_at.get(contract, -1000) < self.arguments.creation_pause:
            raise conflict("creation-too-soon", "another enrollment was just created for the contract")
        self.created_at[contract] = self.clock.now()
        return self.status_of(self.add({"document": body, "contract": contract}), 202)

    def drop_pending(self, enrollment):
        if enrollment.pending and self.query.get("allow-cancel-pending-changes") != "true":
            raise conflict("cannot-cancel-pending-change", "a change is pending")
        for change in list(enrollment.pending):
            change.cancel()

    def update(self, match, body):
        enrollment = self.find(match[1])
        enrollment.written.append({"query": self.query, "body": body})
        self.drop_pending(enrollment)
        same = all(enrollment.document.get(k) == body.get(k) for k in {*enrollment.document, *body} if k not in PEOPLE)
        enrollment.document = body
        enrollment.touch()
        if same and self.query.get("force-renewal") != "true":
            return self.status_of(enrollment, 200)
        enrollment.begin("renewal" if same else "modify-san")
        return self.status_of(enrollment, 202)

    def delete(self, match, _body):
        enrollment = self.find(match[1])
        self.drop_pending(enrollment)
        if enrollment.production:
            enrollment.begin("removal")
            return self.status_of(enrollment, 202)
        self.remove(enrollment)
        return self.status_of(enrollment, 200)

    def cancel(self, match, _body):
        change = self.find(match[1], match[2])
        if change.status in ("complete", "cancelled", "deploy-cert-to-production"):
            raise conflict("cannot-cancel-pending-change", "it is too late")
        change.cancel()
        return {"change": views.path(change)}

    def reschedule(self, match, body):
        change = self.find(match[1], match[2])
        change.reschedule(body)
        return {"change": views.path(change)}

    # -- inputs

    def answered(self, change, body):
        """False: it was denied, which ends the change."""
        if body.get("acknowledgement") not in ANSWERS:
            raise bad_request("acknowledge or deny")
        if body["acknowledgement"] == "deny":
            change.cancel()
            return False
        return True

    def acknowledge(self, match, body):
        change = self.find(match[1], match[2])
        if not change.proves or change.state != "suspended":
            raise conflict("invalid-enrollment-state")
        if self.answered(change, body):
            change.acknowledge_names()
        return {"change": views.path(change)}

    def acknowledge_warnings(self, match, body):
        change = self.find(match[1], match[2])
        if change.held_kind() != match[3]:
            raise conflict("invalid-enrollment-state")
        if self.answered(change, body):
            change.acknowledge_warnings(match[3])
        return {"change": views.path(change)}

    def acknowledge_change(self, match, body):
        change = self.find(match[1], match[2])
        if change.status != "wait-ack-change-management":
            raise conflict("invalid-enrollment-state")
        if body.get("hash", change.hash) != change.hash:
            raise conflict("hash-mismatch", "the validation result changed")
        if self.answered(change, body):
            change.acknowledge_change()
        return {"change": views.path(change)}

    def upload(self, match, body):
        change = self.find(match[1], match[2])
        if change.status != "wait-upload-third-party":
            raise conflict("invalid-enrollment-state")
        change.upload([(c["keyAlgorithm"], c["certificate"]) for c in body["certificatesAndTrustChains"]])
        return {"change": views.path(change)}
