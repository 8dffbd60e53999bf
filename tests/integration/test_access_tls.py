"""TLS at the front doors: who may shake hands, which certificate counts, and that files may change at any time."""
import contextlib
import hashlib
import http.client
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.access import Access, CONFIG, HOUR, IDENTITY, fresh_value
from support.certificates import DAY, Authority
from support.pebble import free_port
from support.service import ApiError, Service, program


class Tls(Access):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.servers = Authority(cls.folder / "servers", "servers")
        cls.clients = Authority(cls.folder / "clients", "clients")
        cls.proxies = Authority(cls.folder / "proxies", "front proxies")
        cls.strangers = Authority(cls.folder / "strangers", "clients")
        cls.certificate = cls.servers.issue("server", ["127.0.0.1"])
        cls.tls_port, cls.strict_port = free_port(), free_port()
        cls.service = cls.make_service("dcvd", CONFIG + cls.tls_options(cls.certificate, cls.tls_port))

    @classmethod
    def tls_options(cls, files, port, more=""):
        return (f'api: {{tls-listen: ["127.0.0.1:{port}"], tls-certificate: {files.certificate}, tls-key: {files.key}, '
                f'tls-client-ca: {cls.clients.certificate}, front-proxy-ca: {cls.proxies.certificate}{more}}}\n')

    def context(self, files=None, version=None, authority=None):
        context = ssl.create_default_context(cafile=str((authority or self.servers).certificate))
        if files:
            context.load_cert_chain(files.certificate, files.key)
        if version:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        return context

    def over_tls(self, files=None, port=None, **headers):
        return self.ask("GET", "/v1/challenges", context=self.context(files), port=port or self.tls_port, **headers)

    def test_a_token_and_plain_http_go_on_as_before(self):
        _, token = self.client()
        self.assertEqual(self.over_tls(Authorization=f"Bearer {token}")[0], 200)
        self.assertEqual(self.status("GET", "/v1/challenges", Authorization=f"Bearer {token}"), 200)
        self.assertEqual(self.over_tls()[0], 401)

    def test_a_certificate_by_common_name_subject_and_fingerprint(self):
        for name, rule in (("tls-by-name", lambda f: "tls-by-name"), ("tls-by-subject", lambda f: "CN=tls-by-subject"), ("tls-by-print", self.fingerprint)):
            files = self.clients.issue(name)
            self.client(name, certificates=[rule(files)])
            self.assertEqual(self.over_tls(files)[0], 200, name)
            # The same name from another authority, and one that is no longer or not yet valid.
            self.assertEqual(self.over_tls(self.strangers.issue(name))[0], 401, name)
            self.assertEqual(self.over_tls(self.clients.issue(name, stem="old", before=-2 * DAY, after=-HOUR))[0], 401, name)
            self.assertEqual(self.over_tls(self.clients.issue(name, stem="young", before=HOUR))[0], 401, name)
        again = self.clients.issue("tls-by-print", stem="again")
        self.assertEqual(self.over_tls(again)[0], 403, "a fingerprint is one certificate, not its name")
        self.assertEqual(self.over_tls(self.clients.issue("nobody"))[0], 403)
        self.assertEqual(self.over_tls(self.servers.issue("tls-by-name"))[0], 401)

    @staticmethod
    def fingerprint(files):
        der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
        return "sha256:" + hashlib.sha256(der).hexdigest()

    def test_a_certificate_belongs_to_one_client(self):
        self.client("first", certificates=["CN=shared,O=x"], identities=["user-of-one"])
        for grants in ({"certificates": ["O=x, CN=shared"]}, {"identities": ["user-of-one"]}):
            with self.assertRaises(ApiError) as caught:
                self.client("second", **grants)
            self.assertEqual(caught.exception.status, 409)
        self.service.call("DELETE", "/v1/clients/first")
        self.client("second", certificates=["O=x, CN=shared"])

    def test_the_command_line_over_tls(self):
        said = subprocess.run([program(), "client", "list", "--server", f"https://127.0.0.1:{self.tls_port}", "--ca-file", str(self.servers.certificate)],
                              capture_output=True, text=True, timeout=30, env={**os.environ, "DCVD_TOKEN": self.service.token})
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("operator", said.stdout)

    def test_a_revoked_client_ends_with_its_certificate(self):
        files = self.clients.issue("leaver")
        self.client("leaver", certificates=["leaver"])
        self.assertEqual(self.over_tls(files)[0], 200)
        self.service.call("DELETE", "/v1/clients/leaver")
        self.assertEqual(self.over_tls(files)[0], 403)

    def test_a_front_proxy_speaks_for_users_and_nobody_else_does(self):
        self.client("kubernetes", identities=[IDENTITY])
        proxy = self.proxies.issue("front-proxy-client")
        self.assertEqual(self.over_tls(proxy, X_Remote_User=IDENTITY)[0], 200)
        self.assertEqual(self.over_tls(proxy)[0], 403)
        self.assertEqual(self.over_tls(proxy, X_Remote_User="system:anonymous")[0], 403)
        self.assertEqual(self.over_tls(proxy, X_Remote_User=f"{IDENTITY}, x")[0], 403)
        # Another name from its CA, its name from another CA, a client's certificate, and none at all.
        self.assertEqual(self.over_tls(self.proxies.issue("another"), X_Remote_User=IDENTITY)[0], 401)
        self.assertEqual(self.over_tls(self.strangers.issue("front-proxy-client"), X_Remote_User=IDENTITY)[0], 401)
        self.assertEqual(self.over_tls(self.clients.issue("front-proxy-client"), X_Remote_User=IDENTITY)[0], 403)
        self.assertEqual(self.over_tls(X_Remote_User=IDENTITY)[0], 401)
        self.assertEqual(self.status("GET", "/v1/challenges", X_Remote_User=IDENTITY), 401)
        # A token goes before what its connection says.
        self.assertEqual(self.over_tls(proxy, X_Remote_User=IDENTITY, Authorization="Bearer x")[0], 401)

    def test_only_tls_1_2_and_newer(self):
        for version, works in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            try:
                said = self.ask("GET", "/v1/health/live", context=self.context(version=version), port=self.tls_port)[0] == 200
            except OSError:
                said = False
            self.assertEqual(said, works, version)
        self.assertEqual(self.status("GET", "/v1/health/live", port=self.service.api_port), 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask("GET", "/v1/health/live", port=self.tls_port)

    def test_where_a_certificate_is_required_there_is_no_connection_without(self):
        self.make_service("strict", CONFIG + self.tls_options(self.certificate, self.strict_port, ", tls-client-certificate: required"))
        for files in (None, self.strangers.issue("robot"), self.clients.issue("late", before=-2 * DAY, after=-HOUR)):
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.ask("GET", "/v1/health/live", context=self.context(files), port=self.strict_port)
        self.assertEqual(self.ask("GET", "/v1/health/live", context=self.context(self.clients.issue("robot")), port=self.strict_port)[0], 200)

    def test_a_long_stream_and_many_connections(self):
        _, token = self.client()
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.tls_port, timeout=10, context=self.context())) as stream:
            stream.request("GET", "/v1/events", headers={"Authorization": f"Bearer {token}"})
            reply = stream.getresponse()
            value = fresh_value()
            self.assertTrue(self.rest("host.dcvd.test", token, value)[0])
            text = b""
            while b"dcvd.test" not in text and len(text) < 100000:
                text += reply.read1(4096)
            self.assertIn(b"host.dcvd.test", text)
        self.assertEqual({self.over_tls(Authorization=f"Bearer {token}")[0] for _ in range(30)}, {200})


class Reload(Access):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)

    def served(self, authority):
        context = ssl.create_default_context(cafile=str(authority.certificate))
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)) as connection:
            connection.request("GET", "/v1/health/live")
            self.assertEqual(connection.getresponse().status, 200)
            return connection.sock.getpeercert()["serialNumber"]

    def serial_becomes(self, authority, serial):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.served(authority) == serial:
                    return
            time.sleep(0.1)
        self.fail(self.service.log[-3000:])

    def put(self, files):
        for source, name in zip(files, ("live.pem", "live.key")):
            shutil.copy(source, self.folder / (name + ".new"))
            (self.folder / (name + ".new")).rename(self.folder / name)

    @staticmethod
    def serial(files):
        text = subprocess.run(["openssl", "x509", "-in", str(files.certificate), "-noout", "-serial"], capture_output=True, text=True, check=True).stdout
        return text.strip().split("=")[1]

    def test_a_certificate_that_comes_changes_and_breaks(self):
        authority = Authority(self.folder / "ca", "servers")
        one, two = (authority.issue(stem, ["127.0.0.1"], stem=stem) for stem in ("one", "two"))
        self.port = free_port()
        self.service = self.make_service("dcvd", f'api: {{tls-listen: ["127.0.0.1:{self.port}"], tls-certificate: {self.folder}/live.pem, tls-key: {self.folder}/live.key}}\n')
        # There is none yet: it may be issued through this very service.
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.served(authority)
        self.assertIn("there is no certificate yet", self.service.log)
        self.put(one)
        self.serial_becomes(authority, self.serial(one))
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=ssl.create_default_context(cafile=str(authority.certificate)))) as old:
            old.request("GET", "/v1/health/live")
            old.getresponse().read()
            self.put(two)
            self.serial_becomes(authority, self.serial(two))
            old.request("GET", "/v1/health/live")  # what is open goes on
            self.assertEqual(old.getresponse().status, 200)
        # A key that does not belong to the certificate leaves the old pair in force.
        shutil.copy(one.key, self.folder / "live.key")
        self.log_says("is not the key of")
        self.assertEqual(self.served(authority), self.serial(two))
        (self.folder / "live.pem").write_text("nonsense")
        self.log_says("the old ones stay in force")
        self.assertEqual(self.served(authority), self.serial(two))
        self.put(one)
        self.serial_becomes(authority, self.serial(one))

    def test_tokens_are_served_with_tls_too(self):
        authority = Authority(self.folder / "ca3", "servers")
        files, self.port = authority.issue("web", ["127.0.0.1"]), free_port()
        self.service = self.make_service("web", f'http: {{tls-listen: ["127.0.0.1:{self.port}"], tls-certificate: {files.certificate}, tls-key: {files.key}, '
                                         'redirect-unknown: "http://dcv.example.test/"}\n')
        authorization = "token-of-the-access-test." + "A" * 43
        self.service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "www.dcvd.test", "token": "token-of-the-access-test", "key_authorization": authorization})
        place, context = "/.well-known/acme-challenge/", ssl.create_default_context(cafile=str(authority.certificate))
        deadline = time.monotonic() + 10
        while (said := self.ask("GET", place + "token-of-the-access-test", context=context, port=self.port, Host="www.dcvd.test")) != (200, authorization):
            self.assertLess(time.monotonic(), deadline, said)
            time.sleep(0.05)
        self.assertEqual(self.ask("GET", place + "token-of-the-access-test", context=context, port=self.port, Host="other.dcvd.test")[0], 302)
        self.assertEqual(self.headers["Location"], "http://dcv.example.test/.well-known/acme-challenge/token-of-the-access-test")
        for method, path, status in (("GET", "/", 404), ("GET", place + "../x", 404), ("POST", place + "token-of-the-access-test", 405)):
            self.assertEqual(self.ask(method, path, context=context, port=self.port, Host="www.dcvd.test")[0], status, path)

    def log_says(self, text):
        deadline = time.monotonic() + 15
        while text not in self.service.log and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn(text, self.service.log)

    def test_options_that_do_not_fit_are_refused_at_the_start(self):
        authority = Authority(self.folder / "ca2", "servers")
        one = authority.issue("one", ["127.0.0.1"], stem="one")
        for options, sentence in ((f"tls-certificate: {one.certificate}", "needs api.tls-certificate and api.tls-key"),
                                  (f"tls-certificate: {one.certificate}, tls-key: {one.key}, tls-client-certificate: required", "tls-client-ca")):
            service = Service(self.folder / "refused", f'api: {{tls-listen: ["127.0.0.1:{free_port()}"], {options}}}\n')
            with self.assertRaises(RuntimeError) as caught:
                service.start()
            self.assertIn(sentence, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
