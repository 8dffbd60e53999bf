"""Certificates for the scripted web servers: a self-signed one of a wrong name, and those of TLS-ALPN-01."""
import datetime
import hashlib
import pathlib
import ssl
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


def write(path, key, certificate):
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pathlib.Path(path).write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def make(path, names, extensions=(), subject="lab", key=None):
    """A self-signed certificate; `extensions` are (extension, critical)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=2))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return write(path, key, builder.sign(key, hashes.SHA256()))


def make_acme(path, identifier, key_authorization, options):
    """What RFC 8737 asks for, but for what the options change."""
    digest = bytearray(hashlib.sha256(key_authorization.encode()).digest())
    if options.get("digest") == "wrong":
        digest[0] ^= 1
    names = options.get("san", identifier).split(",")
    extensions = []
    if options.get("extension") != "no":
        value = x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + bytes(digest))
        extensions.append((value, options.get("critical") != "no"))
    return make(path, names, extensions)


def make_rsa(path, names):
    return make(path, names, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))


def server_context(path, version=None, alpn=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if version == "1.1":
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is old on purpose
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    if ciphers:
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        context.set_alpn_protocols([alpn])
    return context
