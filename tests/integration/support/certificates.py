"""Certificate authorities for one test, with the certificates they issue as files."""
import datetime
import ipaddress
import pathlib
import typing

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DAY = datetime.timedelta(days=1)


def read(files):
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


class Files(typing.NamedTuple):
    certificate: pathlib.Path
    key: pathlib.Path


def name_of(common_name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


class Authority:
    """Authority(folder, name).issue("client") gives Files(certificate, key)."""

    def __init__(self, folder, common_name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name, self.secret = name_of(common_name), ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.write("ca", self.build(self.name, self.secret.public_key(), True), self.secret).certificate

    def build(self, subject, public_key, is_ca, names=(), before=-DAY, after=DAY, digest=None):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now + before).not_valid_after(now + after)
                   .add_extension(x509.BasicConstraints(is_ca, None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([self.general_name(n) for n in names]), critical=False)
        return builder.sign(self.secret, digest or hashes.SHA256())

    @staticmethod
    def general_name(text):
        try:
            return x509.IPAddress(ipaddress.ip_address(text))
        except ValueError:
            return x509.DNSName(text)

    def write(self, stem, certificate, key):
        files = Files(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.touch(0o600)
        files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return files

    def issue(self, common_name, names=(), stem=None, before=-DAY, after=DAY, key=None, digest=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        return self.write(stem or common_name, self.build(name_of(common_name), key.public_key(), False, names, before, after, digest), key)

    def revocation_list(self, *revoked, before=-DAY, after=DAY, scope=None, encoding=serialization.Encoding.PEM):
        """A list that names the certificates of these Files; bytes."""
        now = datetime.datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now + before).next_update(now + after)
        if scope:
            builder = builder.add_extension(scope, critical=True)
        for files in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(read(files).serial_number).revocation_date(now + before).build())
        return builder.sign(self.secret, hashes.SHA256()).public_bytes(encoding)
