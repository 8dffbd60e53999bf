"""Who validates names and issues certificates."""
import datetime
import hashlib
import http.client
import itertools
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acme_client import AcmeClient, b64


def dns_value(key_authorization):
    return b64(hashlib.sha256(key_authorization.encode()).digest())


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)


class Pebble:
    """CPS is a customer of Pebble. Every call may take a while."""

    def __init__(self, directory, ca_file, web=None):
        self.acme, self.web = AcmeClient(directory, ca_file), web
        self.key_authorization = self.acme.key_authorization

    def order(self, domains):
        """({domain: authorization}, URL of the order)"""
        return self.acme.new_order(domains)

    def serves(self, name):
        """CPS looks before it lets the authority look: is the HTTP answer in place?"""
        challenge = name.authorization["challenges"].get("http-01")
        if not challenge or not self.web:
            return False
        try:
            connection = http.client.HTTPConnection(self.web, timeout=3)
            connection.request("GET", f"/.well-known/acme-challenge/{challenge['token']}", headers={"Host": name.domain})
            return connection.getresponse().read(1000).decode() == self.key_authorization(challenge["token"])
        except OSError:
            return False

    def validate(self, name):
        """(the type that was looked at, the complaint or None)"""
        kind = "http-01" if self.serves(name) else "dns-01"
        return kind, self.acme.validate(name.authorization, kind)

    def certificate(self, names, _life):
        """PEM, or None when the names were validated in several orders: a new one reuses nothing at Pebble."""
        orders = {n.order_url for n in names}
        return self.acme.certificate(orders.pop(), [n.domain for n in names]) if len(orders) == 1 else None


class Model:
    """An authority that looks at the world of a test: `shows(fqdn)` gives the TXT values there, `now` the time."""

    def __init__(self, shows, now):
        self.shows, self.now, self.numbers = shows, now, itertools.count(1)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the emulator")])
        self.orders = 0

    def key_authorization(self, token):
        return f"{token}.{'P' * 43}"

    def order(self, domains):
        self.orders += 1
        found = {}
        for domain in domains:
            token = b64(hashlib.sha256(f"{domain} {next(self.numbers)}".encode()).digest())
            found[domain] = {"url": token, "challenges": {kind: {"token": token} for kind in ("http-01", "dns-01")}}
            if domain.startswith("*."):
                del found[domain]["challenges"]["http-01"]
        return found, f"order-{self.orders}"

    def in_place(self, name):
        token = name.authorization["challenges"]["dns-01"]["token"]
        return dns_value(self.key_authorization(token)) in self.shows(f"_acme-challenge.{name.base}")

    def validate(self, name):
        fqdn = f"_acme-challenge.{name.base}"
        complaint = None if self.in_place(name) else f"Incorrect TXT record at {fqdn}: {json.dumps(sorted(self.shows(fqdn)))}"
        return "dns-01", complaint

    def certificate(self, names, life):
        key, domains = ec.generate_private_key(ec.SECP256R1()), [n.domain for n in names]
        certificate = (x509.CertificateBuilder().issuer_name(self.name).serial_number(x509.random_serial_number())
                       .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domains[0])])).public_key(key.public_key())
                       .not_valid_before(utc(self.now() - 3600)).not_valid_after(utc(self.now() - 3600 + life))
                       .add_extension(x509.SubjectAlternativeName([x509.DNSName(d) for d in domains]), critical=False)
                       .sign(self.key, hashes.SHA256()))
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


def expiry_of(pem):
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
