"""The gateway: EdgeGrid signatures (EG1-HMAC-SHA256), its clock, credentials that were revoked."""
import base64
import datetime
import hashlib
import hmac
import re

from .refusal import Refusal

SKEW_SECONDS = 30
HEADER = re.compile(r"(EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);timestamp=([^;]+);nonce=([^;]+);)signature=(\S+)")


def hmac64(key, message):
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def denied(detail):
    return Refusal(401, "-/pep-authn/deny", "Not authorized", detail)


class Gateway:
    def __init__(self, arguments, clock, scheme="http"):
        self.arguments, self.clock, self.scheme = arguments, clock, scheme
        self.nonces, self.revoked = set(), False

    def now(self):
        return self.clock.now() + self.arguments.clock

    def verify(self, method, target, host, header, body):
        match = HEADER.fullmatch(header or "")
        if not match:
            raise denied("Invalid authorization header")
        unsigned, client, access, timestamp, nonce, signature = match.groups()
        if self.revoked or (client, access) != (self.arguments.client_token, self.arguments.access_token):
            raise denied("Inactive client token")
        signed_at = datetime.datetime.strptime(timestamp, "%Y%m%dT%H:%M:%S%z").timestamp()
        if abs(signed_at - self.now()) > SKEW_SECONDS:
            raise denied("Invalid timestamp")
        content = ""
        if method == "POST" and body:
            content = base64.b64encode(hashlib.sha256(body[:131072]).digest()).decode()
        data = "\t".join([method, self.scheme, host.lower(), target, "", content, unsigned])
        if not hmac.compare_digest(hmac64(hmac64(self.arguments.client_secret, timestamp), data), signature):
            raise denied("The signature does not match")
        if nonce in self.nonces:
            raise denied("Nonce was used before")
        self.nonces.add(nonce)
