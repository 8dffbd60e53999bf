"""A small ACME client (RFC 8555), enough to make an authority validate what dcvd published."""
import base64
import hashlib
import json
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


class Acme:
    def __init__(self, directory, context):
        self.context = context
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.account = None
        self.nonce = None
        self.directory = json.loads(self._open(urllib.request.Request(directory)).read())
        self.account = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})[1]

    def _open(self, request):
        reply = urllib.request.urlopen(request, context=self.context, timeout=15)
        self.nonce = reply.headers.get("Replay-Nonce", self.nonce)
        return reply

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        return {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}

    def key_authorization(self, token):
        canonical = json.dumps(self.jwk(), sort_keys=True, separators=(",", ":")).encode()
        return f"{token}.{b64(hashlib.sha256(canonical).digest())}"

    def _sign(self, protected, payload):
        r, s = decode_dss_signature(self.key.sign(f"{protected}.{payload}".encode(), ec.ECDSA(hashes.SHA256())))
        return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def post(self, url, payload):
        """(document, Location); payload None is POST-as-GET."""
        if not self.nonce:
            self._open(urllib.request.Request(self.directory["newNonce"], method="HEAD"))
        header = {"alg": "ES256", "nonce": self.nonce, "url": url}
        header.update({"kid": self.account} if self.account else {"jwk": self.jwk()})
        self.nonce = None
        protected = b64(json.dumps(header).encode())
        body = "" if payload is None else b64(json.dumps(payload).encode())
        data = json.dumps({"protected": protected, "payload": body, "signature": self._sign(protected, body)}).encode()
        request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/jose+json"})
        try:
            reply = self._open(request)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url}: {error.code} {error.read().decode()}") from None
        text = reply.read()
        is_json = "json" in reply.headers.get("Content-Type", "")
        return (json.loads(text) if is_json else text.decode()), reply.headers.get("Location")

    def order(self, names):
        """(order, url, authorizations)"""
        order, url = self.post(self.directory["newOrder"], {"identifiers": [{"type": "dns", "value": n} for n in names]})
        return order, url, [self.post(a, None)[0] for a in order["authorizations"]]

    def challenges(self, authorizations, kind):
        """What dcvd is to be given, and the URLs that make the authority validate it."""
        requests, urls = [], []
        for authorization in authorizations:
            challenge = next(c for c in authorization["challenges"] if c["type"] == kind)
            name = ("*." if authorization.get("wildcard") else "") + authorization["identifier"]["value"]
            requests.append({"type": kind, "domain": name, "token": challenge["token"],
                             "key_authorization": self.key_authorization(challenge["token"])})
            urls.append(challenge["url"])
        return requests, urls

    def poll(self, url, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            document, _ = self.post(url, None)
            if document["status"] not in ("pending", "processing"):
                return document
            time.sleep(0.1)
        return document

    def validate(self, order, challenge_urls):
        """Says that the challenges are in place; the authorizations after the authority looked."""
        for url in challenge_urls:
            self.post(url, {})
        return [self.poll(a) for a in order["authorizations"]]

    def certificate(self, order, order_url, names):
        key = ec.generate_private_key(ec.SECP256R1())
        csr = (x509.CertificateSigningRequestBuilder()
               .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
               .sign(key, hashes.SHA256()))
        self.post(order["finalize"], {"csr": b64(csr.public_bytes(serialization.Encoding.DER))})
        return self.post(self.poll(order_url)["certificate"], None)[0]
