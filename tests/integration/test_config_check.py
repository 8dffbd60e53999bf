"""`dcvd config check` refuses what `dcvd serve` refuses, says where, and says all of it at once."""
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority
from support.pebble import free_port
from support.service import program

QUIET = ["--set", "http.listen=[]", "--set", "dns.listen=[]", "--set", "api.listen=[]"]
# What the options of a provider hold, and what is said about them.
PROVIDERS = [
    ("type: rfc2136, server: 'ns1.example.test'", "not an address"),
    ("type: rfc2136, server: '192.0.2.1:70000'", "not an address"),
    ("type: rfc2136, server: 192.0.2.1, key-name: k", "key-secret is missing"),
    ("type: rfc2136, server: 192.0.2.1, key-name: k, key-secret: {{file: {key}}}", "not base64"),
    ("type: powerdns, url: '127.0.0.1:8081', api-key: {{file: {key}}}", "http://"),
    ("type: exec, command: hook", "absolute path"),
    ("type: edgedns, edgerc: /no/such", "/no/such"),
]


class ConfigCheck(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        (self.folder / "key").write_text("not base64")
        self.file = self.folder / "dcvd.yaml"

    def run_dcvd(self, *arguments):
        return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=30)

    def check(self, text):
        self.file.write_text(text.replace("{key}", str(self.folder / "key")))
        return self.run_dcvd("config", "check", str(self.file))

    def refused(self, text, *sentences):
        """By both commands, each with a sentence; `config check` says all of them."""
        done = self.check(text)
        serve = self.run_dcvd("serve", "--config", str(self.file), "--set", f"state-dir={self.folder}/state", *QUIET)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotEqual(serve.returncode, 0)
        self.assertNotIn("in order", done.stdout)
        for sentence in sentences:
            self.assertIn(sentence, done.stderr)
        return done.stderr

    def test_a_provider_that_cannot_be_opened_is_named_with_its_line(self):
        for options, said in PROVIDERS:
            with self.subTest(options):
                self.refused("providers:\n  corp: {%s}\n" % options.replace("{{", "{").replace("}}", "}"), f"{self.file}:2:", "providers.corp", said)

    def test_an_authority_that_there_is_not_is_named_with_its_line(self):
        self.refused("check: {authority: lets-encrypt}\n", f"{self.file}:1:20: check.authority: ", "letsencrypt")
        self.refused("routes:\n  - {suffix: a.test, authority: nobody}\n", f"{self.file}:2:33: routes[0].authority: ", "nobody")

    def test_files_and_options_of_tls_that_do_not_fit_are_told(self):
        self.refused("api: {tls-listen: ['127.0.0.1:8443']}\n", "api.tls-listen needs api.tls-certificate")
        self.refused("http: {tls-listen: ['127.0.0.1:8443'], listen: []}\n", "http.tls-listen needs http.tls-certificate")

    def files(self):
        """Names that a configuration may use in braces."""
        authority, other = (Authority(self.folder / name, name) for name in ("ca", "other"))
        pair = authority.issue("api", ["127.0.0.1"])
        (self.folder / "nonsense").write_text("nonsense\n")
        return {"certificate": pair.certificate, "private": pair.key, "ca": authority.certificate, "other": other.certificate,
                "other-key": other.issue("o", ["127.0.0.1"]).key, "nonsense": self.folder / "nonsense"}

    def test_each_file_of_tls_is_named_with_its_own_option_and_its_place(self):
        names, good = self.files(), {"tls-certificate": "certificate", "tls-key": "private", "tls-client-ca": "ca", "front-proxy-ca": "ca"}
        for option, file, said in (("tls-certificate", "nonsense", "no certificate"), ("tls-key", "nonsense", "no private key"), ("tls-key", "certificate", "no private key"),
                                   ("tls-key", "other-key", "is not the key of"), ("tls-client-ca", "nonsense", "no CA certificate"), ("tls-client-ca", "missing", "No such file"),
                                   ("front-proxy-ca", "nonsense", "no CA certificate"), ("tls-client-crl", "nonsense", "no revocation list"),
                                   ("tls-client-crl", "missing", "No such file"), ("front-proxy-crl", "nonsense", "no revocation list")):
            with self.subTest(option=option, file=file):
                wanted = {**good, option: file}
                lines = ["api:", "  tls-listen: ['127.0.0.1:8443']", *(f"  {name}: {names.get(value, self.folder / 'missing')}" for name, value in wanted.items())]
                done = self.check("\n".join(lines) + "\n")
                at = next(n for n, line in enumerate(lines, 1) if line.startswith(f"  {option}:"))
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
                self.assertTrue(done.stderr.startswith(f"{self.file}:{at}:{len(option) + 5}: api.{option}: "), done.stderr)
                self.assertIn(said, done.stderr)

    def test_files_that_cannot_be_used_close_their_door_and_no_other(self):
        names, port, web = self.files(), free_port(), free_port()
        self.file.write_text(f"state-dir: {self.folder}/state\nhttp: {{listen: ['127.0.0.1:{web}']}}\ndns: {{listen: []}}\napi: {{listen: [], tls-listen: ['127.0.0.1:{port}'], "
                             f"tls-certificate: {names['certificate']}, tls-key: {names['private']}, tls-client-ca: {names['ca']}, tls-client-crl: {names['nonsense']}}}\n")
        self.folder.chmod(0o755)
        with subprocess.Popen([program(), "serve", "--config", str(self.file)], stderr=subprocess.PIPE, text=True) as served:
            try:
                said = next(line for line in served.stderr if "cannot be used; connections are closed" in line)
                self.assertIn("api.tls-client-crl: ", said)
                ready = next(line for line in served.stderr if " ready version=" in line)
                self.assertIn(f"api=off http-tls=off api-tls=127.0.0.1:{port}", ready)
                with socket.create_connection(("127.0.0.1", web), 10) as connection:
                    connection.sendall(b"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                    self.assertIn(b" 404 ", connection.recv(100))
                with socket.create_connection(("127.0.0.1", port), 10) as connection:
                    connection.settimeout(10)
                    self.assertEqual(connection.recv(1), b"")
            finally:
                served.terminate()

    def test_a_certificate_that_is_not_there_yet_is_told(self):
        names = self.files()
        done = self.check(f"api: {{tls-listen: ['127.0.0.1:8443'], tls-certificate: /nope1, tls-key: {names['private']}}}\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r":1:56: api.tls-certificate: /nope1 cannot be read: No such file")

    def test_a_key_that_cannot_sign_the_audit_log_is_told(self):
        done = self.check("audit: {key: {file: {key}}}\n")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn(f"{self.file}:1:9: audit.key: ", done.stderr)

    def test_every_mistake_is_told_at_once(self):
        text = self.refused("""http: {listen: ['nowhere:x'], thread: 4}
check: {authority: lets-encrypt, poll-first: soon}
providers:
  one: {type: rfc2136, server: nowhere}
  two: {type: rfc2135}
  three: {type: exec, command: hook}
routes:
  - {suffix: a.test, provider: four}
  - {suffix: '*.b.test'}
""", ":1:", "http.listen", "unknown key 'thread'", ":2:", "poll-first", "lets-encrypt", f"{self.file}:4:32: providers.one.server", "'rfc2135'",
                            f"{self.file}:6:32: providers.three.command", "there is no provider 'four'", ":9:")
        self.assertEqual(len(text.splitlines()), 9, text)

    def both(self, text, *sentences):
        """The same sentences by both commands, without any override."""
        checked = self.check(text)
        served = self.run_dcvd("serve", "--config", str(self.file))
        self.assertEqual(checked.returncode, 2, checked.stderr)
        self.assertNotEqual(served.returncode, 0)
        for sentence in sentences:
            self.assertIn(sentence, checked.stderr)
            self.assertIn(sentence, served.stderr)

    def test_a_state_folder_that_cannot_be_made_or_written_is_refused(self):
        for path, said in [("/etc/passwd", "Not a directory"), (f"{self.folder}/no/such", "No such file")]:
            with self.subTest(path):
                self.both(f"state-dir: {path}\nhttp: {{listen: []}}\ndns: {{listen: []}}\napi: {{listen: []}}\n", f"{self.file}:1:12: state-dir: ", path)
                self.assertIn(said, self.check(f"state-dir: {path}\n").stderr)

    def test_an_address_that_is_taken_twice_or_not_of_this_host_is_refused(self):
        off = {"dns": "[]", "http": "[]", "api": "[]"}
        cases = [({"http": "['127.0.0.1:18080', '127.0.0.1:18080']"}, "http.listen: 127.0.0.1:18080 is taken by http.listen already"),
                 ({"http": "['127.0.0.1:18080']", "api": "['127.0.0.1:18080']"}, "api.listen: 127.0.0.1:18080 is taken by http.listen already"),
                 ({"http": "['18080']", "api": "['127.0.0.1:18080']"}, "api.listen: 127.0.0.1:18080 is taken by http.listen already"),
                 ({"http": "['127.0.0.1:15353']", "dns": "['127.0.0.1:15353']"}, "http.listen: 127.0.0.1:15353 is taken by dns.listen already"),
                 ({"dns": "['192.0.2.99:53']"}, "dns.listen: 192.0.2.99:53 is not an address of this host")]
        for listen, said in cases:
            with self.subTest(said):
                lines = [f"{part}: {{listen: {addresses}}}" for part, addresses in {**off, **listen}.items()]
                self.both(f"state-dir: {self.folder}/state\n" + "\n".join(lines) + "\n", said)

    def test_a_port_that_a_running_service_holds_is_no_mistake(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            done = self.check(f"http: {{listen: ['127.0.0.1:{holder.getsockname()[1]}']}}\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_wrong_later_is_not_hidden_by_what_is_wrong_before(self):
        self.both("""check: {allow-addresses: [10.0.0.0/33], root-hints: /no/hints, trust-anchor: /no/anchor}
state-dir: /etc/passwd
perspectives: {keys: {file: /no/keys}, peers: [one, two RIPE ftp://x]}
api: {tls-listen: ['127.0.0.1:18443'], listen: []}
http: {tls-listen: ['127.0.0.1:18444'], listen: []}
dns: {listen: []}
providers: {corp: {type: rfc2136, server: ns.example.com, key-algorithm: md4}}
""", "10.0.0.0/33", "/no/hints", "/no/anchor", "state-dir", "/no/keys", '"one" is not', "must be an https URL", "api.tls-listen needs", "http.tls-listen needs",
                  "ns.example.com", "md4")

    def test_what_is_not_there_now_is_a_warning_with_its_line(self):
        done = self.check("""api: {tls-client-ca: /no/ca}
dns: {zones: [a.test, A.test]}
cps: {edgerc: /no/edgerc}
providers: {hook: {type: exec, command: /no/program}}
routes: [{suffix: '', type: http-01, publish: folder, folder: /no/folder}]
""")
        self.assertEqual((done.returncode, "in order" in done.stdout), (0, True), done.stderr)
        for at, said in [(1, "api.tls-client-ca: /no/ca"), (2, "dns.zones: A.test is there twice"), (3, "cps.edgerc: /no/edgerc"),
                         (4, "providers.hook.command: /no/program cannot be run"), (5, "routes[0].folder: /no/folder cannot be written")]:
            self.assertRegex(done.stderr, rf"(?m)^{re.escape(str(self.file))}:{at}:\d+: {re.escape(said)}")

    def test_the_credentials_of_a_default_that_nobody_uses_are_not_missed(self):
        done = self.check("dns: {zones: [a.test]}\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_mistakes_in_the_places_that_others_look_at_do_not_end_it(self):
        self.refused('''providers: {"a b": {type: exec}, other: 5, third: {kind: exec}}
routes: [{suffix: 7, provider: thrid}, {provider: nobody}, 5]
callback-secrets: {x: {file: /no/such}, "y z": {env: NOT_SET_AT_ALL}}
check: {authority: [a], authorities: [1, 2]}
''', "a b", "other", "third", "callback-secrets.x", "y z")

    def test_what_is_sound_is_in_order_and_leaves_no_trace(self):
        done = self.check("providers: {corp: {type: rfc2136, server: 192.0.2.1}}\nroutes: [{suffix: a.test, type: dns-01, provider: corp}]\n")
        self.assertEqual((done.returncode, "in order" in done.stdout), (0, True), done.stderr)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"key", "dcvd.yaml"})


if __name__ == "__main__":
    unittest.main()
