"""`dcvd config check` refuses what `dcvd serve` refuses, says where, and says all of it at once."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
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
                self.refused("providers:\n  corp: {%s}\n" % options.replace("{{", "{").replace("}}", "}"), f"{self.file}:2:3: providers.corp: ", said)

    def test_an_authority_that_there_is_not_is_named_with_its_line(self):
        self.refused("check: {authority: lets-encrypt}\n", f"{self.file}:1:20: check.authority: ", "letsencrypt")
        self.refused("routes:\n  - {suffix: a.test, authority: nobody}\n", f"{self.file}:2:33: routes[0].authority: ", "nobody")

    def test_files_and_options_of_tls_that_do_not_fit_are_told(self):
        self.refused("api: {tls-listen: ['127.0.0.1:8443']}\n", "api.tls-listen needs api.tls-certificate")
        self.refused("http: {tls-listen: ['127.0.0.1:8443'], listen: []}\n", "http.tls-listen needs http.tls-certificate")

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
""", ":1:", "http.listen", "unknown key 'thread'", ":2:", "poll-first", "lets-encrypt", f"{self.file}:4:3: providers.one", "'rfc2135'",
                            f"{self.file}:6:3: providers.three", "there is no provider 'four'", ":9:")
        self.assertEqual(len(text.splitlines()), 9, text)

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
