"""CSRs of CPS, and whether what is uploaded belongs to them."""
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM, SPKI = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


def make_key(algorithm):
    return rsa.generate_private_key(65537, 2048) if algorithm == "RSA" else ec.generate_private_key(ec.SECP256R1())


def make_csr(key, names):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
    return (x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(alternatives, critical=False)
            .sign(key, hashes.SHA256()).public_bytes(PEM).decode())


class Requests:
    """The CSRs of one change; the keys never leave."""

    def __init__(self, names, algorithms):
        self.names = names
        self.keys = {a: make_key(a) for a in algorithms}
        self.csrs = {a: make_csr(key, names) for a, key in self.keys.items()}
        self.uploaded = {}

    def complaint(self, algorithm, pem):
        """The code of the warning that an upload leads to, or None."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            return "CERTIFICATE_NOT_PEM_FORMAT"
        if algorithm not in self.keys:
            return "CSR_VS_CERTIFICATE_KEY_MISMATCH"
        wanted = self.keys[algorithm].public_key().public_bytes(PEM, SPKI)
        if certificate.public_key().public_bytes(PEM, SPKI) != wanted:
            return "CSR_VS_CERTIFICATE_KEY_MISMATCH"
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        return None if set(self.names) <= set(found) else "CSR_VS_CERTIFICATE_MISSING_SAN_FROM_SAN_LIST_IN_CERTIFICATE"
