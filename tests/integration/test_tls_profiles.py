"""The TLS profiles by name: every cipher suite that OpenSSL knows is offered alone, and exactly those of the profile get through."""
import http.client
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

from cryptography.hazmat.primitives import hashes

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority, rsa_key
from support.pebble import free_port
from support.service import Service, program

TLS13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
ALL_TLS13 = TLS13 | {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}
# What Mozilla's "intermediate" has with elliptic curves; an authentication goes with the key of the certificate.
TLS12 = {key: {f"ECDHE-{key}-{cipher}" for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")} for key in ("ECDSA", "RSA")}
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def all_suites():
    text = subprocess.run(["openssl", "ciphers", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True, check=True).stdout
    return sorted(set(text.strip().split(":")) - ALL_TLS13)


def insecure_context(suite="ALL"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    return context


def offer(port, suite="ALL", version=ssl.TLSVersion.TLSv1_2):
    """The suite that was agreed, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = insecure_context(suite)
        context.minimum_version = context.maximum_version = version
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as secure:
            return secure.cipher()[0]
    except (ssl.SSLError, ConnectionError):
        return None


def s_client(port, *options):
    """What OpenSSL's own client says."""
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options], input="", capture_output=True, text=True, timeout=20, check=False)


def agreed(port, *options):
    done = s_client(port, *options)
    found = re.search(r"Cipher is (\S+)", done.stdout)
    return None if done.returncode or not found or found[1] == "(NONE)" else found[1]


class Profiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        authority = Authority(folder / "ca", "servers")
        cls.clients = Authority(folder / "clients", "clients")
        files = {"ECDSA": authority.issue("ecdsa", ["127.0.0.1"]), "RSA": authority.issue("rsa", ["127.0.0.1"], key=rsa_key())}
        cls.ports = {}
        # One service with ECDSA at the API and RSA at the tokens, and one the other way round; the default is "intermediate".
        for name, (profile, api, http) in {"a": ("", "ECDSA", "RSA"), "b": ("", "RSA", "ECDSA"), "c": (", tls-profile: modern", "ECDSA", "RSA")}.items():
            ports = {"api": free_port(), "http": free_port()}
            options = [f'{section}: {{tls-listen: ["127.0.0.1:{ports[section]}"], tls-certificate: {files[key].certificate}, tls-key: {files[key].key}{profile}{more}}}\n'
                       for section, key, more in (("api", api, f", tls-client-ca: {cls.clients.certificate}"), ("http", http, ""))]
            service = Service(folder / name, "".join(options))
            service.start()
            cls.addClassCleanup(service.stop)
            cls.ports[name] = {("api", api): ports["api"], ("http", http): ports["http"]}

    def listeners(self, *services):
        return [(key, port) for service in services for (_, key), port in self.ports[service].items()]

    def test_intermediate_agrees_to_its_suites_with_tls_1_2_and_to_no_other(self):
        suites = all_suites()
        self.assertGreater(len(suites), 100)
        for key, port in self.listeners("a", "b"):
            self.assertEqual({suite for suite in suites if offer(port, suite)}, TLS12[key])

    def test_both_agree_to_their_suites_with_tls_1_3_and_to_no_other(self):
        for _, port in self.listeners("a", "c"):
            self.assertEqual({suite for suite in ALL_TLS13 if agreed(port, "-tls1_3", "-ciphersuites", suite)}, TLS13)

    def test_modern_speaks_tls_1_3_only(self):
        for _, port in self.listeners("c"):
            self.assertIsNone(offer(port))
            self.assertIn(offer(port, version=ssl.TLSVersion.TLSv1_3), TLS13)

    def test_nobody_speaks_tls_1_1(self):
        for _, port in self.listeners("a", "c"):
            self.assertEqual([offer(port, version=version) for version in OLD], [None, None])

    def test_nothing_is_signed_with_sha_1(self):
        for key, port in self.listeners("a", "b"):
            options = ("-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs")
            self.assertIsNone(agreed(port, *options, f"{key}+SHA1"))
            self.assertIsNotNone(agreed(port, *options, f"{key}+SHA256"))

    def test_curves_are_those_of_the_profiles(self):
        for _, port in self.listeners("a", "c"):
            taken = {group for group in ("X25519", "P-256", "P-384", "P-521", "X448", "ffdhe2048") if agreed(port, "-tls1_3", "-groups", group)}
            self.assertEqual(taken, {"X25519", "P-256", "P-384"})

    def test_renegotiation_ends_the_connection(self):
        for _, port in self.listeners("a"):
            with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
                client.stdin.write("R\n")  # its letter for "renegotiate"; standard input stays open
                client.stdin.flush()
                client.wait(timeout=10)
                self.assertRegex(client.stdout.read(), r"RENEGOTIATING\n(closed|.*alert)")

    def test_there_is_no_compression(self):
        for _, port in self.listeners("a", "c"):
            self.assertIn("Compression: NONE", s_client(port, "-comp").stdout)

    def test_a_client_certificate_that_was_signed_with_sha_1_counts_for_nothing(self):
        context = insecure_context()
        for digest, said in ((hashes.SHA256(), "no client has the certificate"), (hashes.SHA1(), "insecure algorithm")):
            files = self.clients.issue(f"signed with {digest.name}", digest=digest)
            context.load_cert_chain(files.certificate, files.key)
            connection = http.client.HTTPSConnection("127.0.0.1", self.ports["a"]["api", "ECDSA"], timeout=20, context=context)
            self.addCleanup(connection.close)
            connection.request("GET", "/v1/challenges")
            self.assertIn(said, connection.getresponse().read().decode())


# OpenSSL's own default may refuse old versions already; whoever loosened it for another program did not mean dcvd.
LOOSE = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
EDGERC = "[default]\nclient_secret = c\nhost = 127.0.0.1:{port}\naccess_token = a\nclient_token = t\n"


class OurClients(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.authority = Authority(self.folder / "ca", "servers")
        (self.folder / "loose.cnf").write_text(LOOSE)
        self.environment = {**os.environ, "OPENSSL_CONF": str(self.folder / "loose.cnf"), "DCVD_TOKEN": "x"}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]

    def handshake(self, version):
        """The version that the next client agreed to, or None."""
        files = self.authority.issue("server", ["127.0.0.1"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.certificate, files.key)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
        plain, _ = self.listener.accept()
        plain.settimeout(20)
        try:
            with context.wrap_socket(plain, server_side=True) as secure:
                return secure.version()
        except (ssl.SSLError, ConnectionError):
            plain.close()
            return None

    def test_the_command_line_speaks_tls_1_2_at_least(self):
        for version, expected in ((ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
            with subprocess.Popen([program(), "client", "list", "--server", f"https://127.0.0.1:{self.port}", "--ca-file", str(self.authority.certificate)],
                                  env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                self.assertEqual(self.handshake(version), expected)

    def test_the_service_speaks_tls_1_2_at_least(self):
        (self.folder / "edgerc").write_text(EDGERC.format(port=self.port))
        service = Service(self.folder / "service", f"cps: {{edgerc: {self.folder}/edgerc, ca-file: {self.authority.certificate}}}\n", self.environment)
        service.start()
        self.addCleanup(service.stop)
        for version, expected in ((ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
            with subprocess.Popen([program(), "cps", "list", *service.arguments()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asks:
                self.assertEqual(self.handshake(version), expected)
                asks.kill()


if __name__ == "__main__":
    unittest.main()
