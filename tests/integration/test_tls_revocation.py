"""Client certificates that were revoked, by certificate revocation lists: at the handshake, at each request and on what is open."""
import contextlib
import datetime
import http.client
import pathlib
import signal
import socket
import ssl
import sys
import tempfile
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import IDENTITY, fresh_value
from support.certificates import DAY, Authority
from support.pebble import free_port
from support.service import Service
from test_access_tls import Tls

SOON = datetime.timedelta(seconds=3)


def scope(**only):
    unset = {"full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False, "only_some_reasons": None,
             "indirect_crl": False, "only_contains_attribute_certs": False}
    return x509.IssuingDistributionPoint(**{**unset, **only})


class Revocation(Tls):
    """Each test has a client certificate of its own, and all lists of the authority are in one file."""

    @classmethod
    def tls_options(cls, files, port, more=""):
        cls.list, cls.proxy_list = cls.folder / "clients.crl", cls.folder / "proxies.crl"
        cls.put(cls.list, cls.clients.revocation_list())
        cls.put(cls.proxy_list, cls.proxies.revocation_list())
        return super().tls_options(files, port, f", tls-client-crl: {cls.list}, front-proxy-crl: [{cls.proxy_list}]{more}")

    @staticmethod
    def put(file, data):
        new = file.with_suffix(".new")
        new.write_bytes(data)
        new.rename(file)

    def setUp(self):
        self.put(self.list, self.clients.revocation_list())
        self.files = self.clients.issue(self.id())
        self.client(self.id().rsplit(".", 1)[-1][:40].replace("_", "-"), certificates=[self.id()])
        self.becomes(200)

    @classmethod
    def connect(cls, files, port=None):
        context = cls.context(cls, files)
        return contextlib.closing(http.client.HTTPSConnection("127.0.0.1", port or cls.tls_port, timeout=20, context=context))

    @staticmethod
    def on(connection):
        """Status and text of a request on a connection that is open already."""
        connection.request("GET", "/v1/challenges")
        reply = connection.getresponse()
        return reply.status, reply.read().decode()

    def becomes(self, status, files=None, connection=None, **headers):
        """Asks until that is the answer, on new connections or on the one given; its text."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            said = self.on(connection) if connection else self.over_tls(files or self.files, **headers)
            if said[0] == status:
                return said[1]
            time.sleep(0.1)
        self.fail(f"{said} {self.service.log[-3000:]}")

    def test_a_revoked_certificate_is_refused_also_on_a_connection_that_is_open(self):
        other = self.clients.issue("stays")
        self.client("stays", certificates=["stays"])
        with self.connect(self.files) as old:
            self.assertEqual(self.on(old)[0], 200)
            self.put(self.list, self.clients.revocation_list(self.files))
            self.assertIn("was revoked by CN=clients", self.becomes(401, connection=old))
            self.assertIn("was revoked by CN=clients", self.over_tls(self.files)[1])
        self.assertEqual(self.over_tls(other)[0], 200)

    def test_a_stream_of_a_revoked_certificate_tells_nothing_more(self):
        with self.connect(self.files) as stream:
            stream.request("GET", "/v1/events")
            reply = stream.getresponse()
            self.put(self.list, self.clients.revocation_list(self.files, encoding=serialization.Encoding.DER))
            self.becomes(401)
            self.service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": "host.dcvd.test", "value": fresh_value()})
            text = b""
            with contextlib.suppress(http.client.IncompleteRead, OSError):
                while part := reply.read1(4096):
                    text += part
            self.assertNotIn(b"host.dcvd.test", text)

    def test_a_list_that_is_out_of_date_refuses_and_says_so(self):
        self.put(self.list, self.clients.revocation_list(after=SOON))
        self.assertIn("the revocation list of CN=clients is out of date", self.becomes(401))
        self.log_says("a revocation list is out of date; certificates of its issuer are refused")
        self.assertIn(str(self.list), self.service.log)
        self.put(self.list, self.clients.revocation_list())
        self.becomes(200)

    def test_a_list_of_another_scope_covers_nothing(self):
        self.put(self.list, self.clients.revocation_list(scope=scope(only_contains_ca_certs=True)))
        self.assertIn("covers", self.becomes(401))
        self.put(self.list, self.clients.revocation_list(scope=scope(only_contains_user_certs=True)))
        self.becomes(200)

    def test_a_broken_list_leaves_the_old_one_in_force(self):
        self.put(self.list, self.clients.revocation_list(self.files))
        self.becomes(401)
        self.put(self.list, b"nonsense")
        self.log_says(f"the changed files cannot be used; the old ones stay in force error=\"api.tls-client-crl: {self.list}")
        self.assertEqual(self.over_tls(self.files)[0], 401)

    def test_a_list_that_another_authority_of_that_name_signed_covers_nothing(self):
        self.put(self.list, self.strangers.revocation_list())
        self.assertIn("cannot be looked at", self.becomes(401))

    def test_a_revoked_front_proxy_speaks_for_nobody(self):
        proxy = self.proxies.issue("front-proxy-client")
        self.client("kubernetes", identities=[IDENTITY])
        self.becomes(200, proxy, X_Remote_User=IDENTITY)
        self.put(self.proxy_list, self.proxies.revocation_list(proxy))
        self.becomes(401, proxy, X_Remote_User=IDENTITY)

    def test_where_a_certificate_is_required_a_revoked_one_has_no_connection(self):
        port = free_port()
        self.make_service("required", self.CONFIG + self.tls_options(self.certificate, port, ", tls-client-certificate: required"))
        with self.connect(self.files, port) as old:
            self.on(old)
            self.put(self.list, self.clients.revocation_list(self.files))
            with self.assertRaises((OSError, http.client.HTTPException)):
                while True:
                    old.auto_open = False
                    self.on(old)
        with self.assertRaises((OSError, http.client.HTTPException)), self.connect(self.files, port) as fresh:
            self.on(fresh)

    def session(self, files, version, ticket=None, port=None):
        """A connection that asked once: what it was told, whether a ticket resumed it, and its ticket for the next."""
        context = self.contexts.setdefault((files, version), self.context(files))
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port or self.tls_port), timeout=20) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1", session=ticket) as secure:
            secure.sendall(b"GET /v1/challenges HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = b""
            while part := secure.recv(4096):
                said += part
            return said.split(b" ")[1:2], secure.session_reused, secure.session

    def test_a_ticket_resumes_a_session_and_outlives_no_change_of_the_files(self):
        self.contexts = {}
        self.put(self.list, self.clients.revocation_list(self.files))
        self.becomes(401)  # the list that setUp wrote has been read: it cannot change the key any more
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            files = self.clients.issue(f"resumes {version.name}")
            self.client(f"resumes-{version.name.lower()}", certificates=[f"resumes {version.name}"])
            status, reused, ticket = self.session(files, version)
            self.assertEqual((status, reused), ([b"200"], False))
            status, reused, _ = self.session(files, version, ticket)
            self.assertEqual((status, reused), ([b"200"], True), version)
            # A client that ends is asked for at each request.
            self.service.call("DELETE", f"/v1/clients/resumes-{version.name.lower()}")
            self.assertEqual(self.session(files, version, ticket)[:2], ([b"403"], True))
            self.put(self.list, self.clients.revocation_list(files))
            self.becomes(401, files)
            self.assertEqual(self.session(files, version, ticket)[:2], ([b"401"], False))

    def test_a_resumed_session_is_verified_as_of_now(self):
        self.contexts = {}
        port = free_port()
        self.make_service("resumed", self.CONFIG + self.tls_options(self.certificate, port, ", tls-client-certificate: required"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            files = self.clients.issue(f"short {version.name}", after=2 * SOON)
            status, _, ticket = self.session(files, version, None, port)
            self.assertEqual(status, [b"403"])  # it is verified, and no client has it
            self.assertEqual(self.session(files, version, ticket, port)[:2], ([b"403"], True))
            deadline = time.monotonic() + 20
            while (said := self.session(files, version, ticket, port)[0]) != []:  # the certificate ends while the ticket is good
                self.assertIn(said, ([b"403"], [b"401"]))  # 401: it ended between handshake and request
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.2)
            self.assertEqual(self.session(files, version, ticket, port)[1], True)

    def log_says(self, text):
        deadline = time.monotonic() + 15
        while text not in self.service.log and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn(text, self.service.log)


class Options(Tls):
    def test_soft_lets_pass_where_there_is_no_list_and_refuses_what_is_named(self):
        port, crl = free_port(), self.folder / "soft.crl"
        named, other = self.clients.issue("soft-named"), self.clients.issue("soft-other")
        crl.write_bytes(self.clients.revocation_list(named, before=-2 * DAY, after=-DAY))
        self.make_service("soft", self.CONFIG + self.tls_options(self.certificate, port, f", tls-client-crl: {crl}, tls-crl-check: soft"))
        self.assertIn("is not trusted", self.over_tls(named, port)[1])
        self.assertEqual(self.over_tls(other, port)[0], 403)  # it is verified, and no client has it

    def test_a_ca_that_is_taken_away_takes_open_connections_with_it(self):
        port, files = free_port(), self.clients.issue("orphan")
        service = self.make_service("orphan", self.CONFIG + self.tls_options(self.certificate, port))
        service.call("POST", "/v1/clients", {"name": "orphan", "grants": {"identifiers": ["x.dcvd.test"], "certificates": ["orphan"]}})
        with Revocation.connect.__func__(type(self), files, port) as old:
            self.assertEqual(Revocation.on(old)[0], 200)
            (service.folder / "dcvd.yaml").write_text((service.folder / "dcvd.yaml").read_text().replace(str(self.clients.certificate), str(self.strangers.certificate)))
            service.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while (said := Revocation.on(old))[0] != 401:
                self.assertLess(time.monotonic(), deadline, said)
                time.sleep(0.1)

    def test_what_does_not_fit_is_refused_at_the_start(self):
        for options, sentence in (("tls-client-crl: /nowhere/x.crl", "api.tls-client-crl needs api.tls-client-ca"),
                                  (f"front-proxy-crl: [{self.certificate.key}], tls-client-ca: {self.clients.certificate}", "api.front-proxy-crl needs api.front-proxy-ca")):
            service = Service(self.folder / "refused", f'api: {{tls-listen: ["127.0.0.1:{free_port()}"], tls-certificate: {self.certificate.certificate}, tls-key: {self.certificate.key}, {options}}}\n')
            with self.assertRaises(RuntimeError) as caught:
                service.start()
            self.assertIn(sentence, str(caught.exception))


def load_tests(loader, _tests, _pattern):
    """Only what is new in these classes: the tests of the one they build on have been run where it stands."""
    return unittest.TestSuite(c(name) for c in (Revocation, Options) for name in loader.getTestCaseNames(c) if name in vars(c))


if __name__ == "__main__":
    unittest.main()
