"""The few steps of ACME (RFC 8555) that the CPS emulator needs to be a customer of Pebble."""
import base64
import hashlib
import json
import ssl
import threading
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AcmeClient:
    """One account. Calls are serialised: a nonce is used once."""

    def __init__(self, directory, ca_file):
        self.context = ssl.create_default_context(cafile=ca_file)
        self.lock = threading.Lock()
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32, "big")),
                    "y": b64(numbers.y.to_bytes(32, "big"))}
        self.account = self.nonce = None
        with urllib.request.urlopen(directory, context=self.context, timeout=10) as reply:
            self.directory = json.load(reply)
        _, headers = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})
        self.account = headers["Location"]

    @property
    def thumbprint(self):
        return b64(hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest())

    def key_authorization(self, token):
        return f"{token}.{self.thumbprint}"

    def _fresh_nonce(self):
        request = urllib.request.Request(self.directory["newNonce"], method="HEAD")
        with urllib.request.urlopen(request, context=self.context, timeout=10) as reply:
            return reply.headers["Replay-Nonce"]

    def _signed(self, url, payload):
        header = {"alg": "ES256", "nonce": self.nonce or self._fresh_nonce(), "url": url}
        header.update({"kid": self.account} if self.account else {"jwk": self.jwk})
        self.nonce = None
        protected = b64(json.dumps(header).encode())
        body = "" if payload is None else b64(json.dumps(payload).encode())
        r, s = decode_dss_signature(self.key.sign(f"{protected}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
        signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return json.dumps({"protected": protected, "payload": body, "signature": signature}).encode()

    def post(self, url, payload=None):
        """POST, or POST-as-GET without a payload; returns (object, headers)."""
        with self.lock:
            request = urllib.request.Request(url, self._signed(url, payload),
                                             {"Content-Type": "application/jose+json"})
            try:
                with urllib.request.urlopen(request, context=self.context, timeout=30) as reply:
                    text = reply.read()
                    self.nonce = reply.headers["Replay-Nonce"]
                    is_json = "json" in reply.headers.get("Content-Type", "")
                    return (json.loads(text) if is_json and text else text), reply.headers
            except urllib.error.HTTPError as error:
                raise RuntimeError(f"ACME {url}: {error.code} {error.read().decode(errors='replace')}") from None

    def new_order(self, names):
        """{name: {"url": …, "challenges": {type: {url, token}}}} and the order's URL."""
        order, headers = self.post(self.directory["newOrder"],
                                   {"identifiers": [{"type": "dns", "value": n} for n in names]})
        found = {}
        for url in order["authorizations"]:
            authorization, _ = self.post(url)
            name = ("*." if authorization.get("wildcard") else "") + authorization["identifier"]["value"]
            found[name] = {"url": url, "challenges": {c["type"]: c for c in authorization["challenges"]}}
        return found, headers["Location"]

    def validate(self, authorization, kind, seconds=60):
        """Asks the authority to look; returns None when it is satisfied, or its complaint."""
        self.post(authorization["challenges"][kind]["url"], {})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state, _ = self.post(authorization["url"])
            if state["status"] == "valid":
                return None
            if state["status"] != "pending":
                return self._complaint(state)
            time.sleep(0.1)
        return "the authority did not decide in time"

    @staticmethod
    def _complaint(authorization):
        for challenge in authorization["challenges"]:
            if challenge.get("error"):
                return challenge["error"].get("detail", "refused")
        return f"authorization is {authorization['status']}"

    def certificate(self, order_url, names, seconds=60):
        """Finalises an order whose names are all valid; returns the chain as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        csr = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        order, _ = self.post(order_url)
        self.post(order["finalize"], {"csr": b64(csr)})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            order, _ = self.post(order_url)
            if order["status"] == "valid":
                return self.post(order["certificate"])[0].decode()
            if order["status"] == "invalid":
                break
            time.sleep(0.1)
        raise RuntimeError(f"no certificate: {order}")
