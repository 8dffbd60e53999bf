"""The hooks of other ACME clients: Debian's certbot, dehydrated, uacme and lego, from nothing to a certificate of Pebble."""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import Pebble
from support.servers import Bind, Key
from support.service import Service, program

ROOT = pathlib.Path(__file__).parents[2]
WRAPPERS = ROOT / "deploy" / "hooks"
APEX = ["example.test", "*.example.test"]
TWENTY = [f"host{n}.example.test" for n in range(20)]
VALUE = "-" + "v" * 42
CONFIG = """
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
check: {{authority: pebble, authority-view: false, allow-addresses: [127.0.0.0/8]}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: {key.name}, key-algorithm: {key.algorithm},
         key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: example.test, type: dns-01, provider: corp}}
  - {{suffix: "", type: http-01}}
"""


def documented(client):
    """What the README's tour says about a client, for the names of the lab."""
    text = (ROOT / "README.md").read_text().split(f"### {client}\n\n", 1)[1]
    lines = [line[4:] for line in text[:text.index("\n\n")].split("\n")]
    return "\n".join(lines).replace("example.com", "example.test").replace("/usr/local/bin", str(WRAPPERS))


def has(name):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


class Lab(unittest.TestCase):
    """A name server, Pebble that asks it, and dcvd with a client that may use example.test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.server = Bind(zones=("example.test",), key=Key(), records=("www.example.test 60 A 127.0.0.1", "web.example.test 60 A 127.0.0.1"))
        self.server.start()
        self.addCleanup(self.server.stop)
        (self.folder / "dcvd-bin").mkdir()
        (self.folder / "dcvd-bin" / "dcvd").symlink_to(program())
        self.environment = {**os.environ, "TSIG_SECRET": self.server.key.secret, "HOME": str(self.folder),
                            "PATH": f"{self.folder / 'dcvd-bin'}:{os.environ['PATH']}"}
        self.environment.pop("DCVD", None)
        for name in ("DCVD_TOKEN", "DCVD_SERVER"):
            self.environment.pop(name, None)

    def start_service(self):
        self.service = Service(self.folder / "dcvd", CONFIG.format(port=self.server.port, key=self.server.key),
                               {"TSIG_SECRET": self.server.key.secret})
        self.service.start()
        self.addCleanup(lambda: self.assertEqual(self.service.stop(), 0, self.service.log))
        added = self.service.command("client", "add", "web1", "--grant", ".example.test", "--wildcard")
        self.assertEqual(added.returncode, 0, added.stderr)
        token = self.folder / "token"
        token.write_text(added.stdout)
        self.environment.update(DCVD_SERVER=self.service.url, DCVD_TOKEN_FILE=str(token))

    def start_pebble(self):
        self.pebble = Pebble(self.folder, http_port=getattr(self, "service", None) and self.service.http_port or 80,
                             dns_server=f"127.0.0.1:{self.server.port}")
        self.pebble.start()
        self.addCleanup(self.pebble.stop)
        ca = str(self.pebble.ca_file)
        self.environment.update(REQUESTS_CA_BUNDLE=ca, CURL_CA_BUNDLE=ca, LEGO_CA_CERTIFICATES=ca)

    def start_all(self):
        self.start_service()
        self.start_pebble()

    def run_client(self, *command, **more):
        """Runs it to success; returns what it said."""
        run = subprocess.run(command, env={**self.environment, **more}, cwd=self.folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        log = self.service.log if hasattr(self, "service") else ""
        self.assertEqual(run.returncode, 0, f"{run.stdout}\n{self.pebble.log[-3000:]}\n{log[-3000:]}")
        return run.stdout

    def hook(self, *arguments, status=0, **environment):
        run = subprocess.run([program(), "hook", *arguments], env={**self.environment, **environment}, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, status, f"{run.stdout}{run.stderr}")
        return run

    def start_hook(self, *arguments):
        return subprocess.Popen([program(), "hook", *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until(self, is_true, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), deadline, f"{what} did not come")
            time.sleep(0.05)

    def assert_names(self, file, names):
        text = subprocess.run(["openssl", "x509", "-in", str(file), "-noout", "-ext", "subjectAltName"], check=True,
                              capture_output=True, text=True).stdout
        found = sorted(part.strip().removeprefix("DNS:") for part in text.split("\n", 1)[1].split(","))
        self.assertEqual(found, sorted(names))

    def assert_clean(self, names):
        """Every record is withdrawn again."""
        deadline = time.monotonic() + 10
        records = {"_acme-challenge." + n.removeprefix("*.") for n in names}
        while any(self.server.values(r) for r in records) and time.monotonic() < deadline:
            time.sleep(0.05)
        for record in records:
            self.assertEqual(self.server.values(record), [], f"{record} was left behind")

    def challenges(self):
        return self.service.call("GET", "/v1/challenges?limit=1000")["challenges"]


class Certbot(Lab):
    def options(self):
        folders = [f"--{f}-dir={self.folder / f}" for f in ("config", "work", "logs")]
        return ["-n", "--agree-tos", "-m", "a@example.test", "--no-eff-email", "--server", self.pebble.directory, *folders]

    def assert_issued(self, names):
        self.assert_names(next((self.folder / "config" / "live").glob("*/cert.pem")), names)

    def issue(self, names, kind, hook):
        self.run_client("certbot", "certonly", *self.options(), "--manual", "--preferred-challenges", kind, "--manual-auth-hook", f"{hook} auth",
                        "--manual-cleanup-hook", f"{hook} cleanup", *[f"--domain={n}" for n in names])
        self.assert_issued(names)

    @has("certbot")
    def test_certbot_gets_apex_and_wildcard(self):
        self.start_all()
        self.run_client("sh", "-c", documented("certbot") + ' "$@"', "sh", *self.options())
        self.assert_issued(APEX)
        self.assert_clean(APEX)

    @has("certbot")
    def test_certbot_gets_twenty_names_with_one_wait(self):
        self.start_all()
        self.issue(TWENTY, "dns", f"{program()} hook certbot")
        self.assert_clean(TWENTY)

    @has("certbot")
    def test_certbot_gets_two_names_by_http_01(self):
        self.start_all()
        names = ["www.example.test", "web.example.test"]
        self.issue(names, "http", WRAPPERS / "dcvd-hook-certbot")
        self.assertEqual([c["type"] for c in self.challenges()], ["http-01"] * 2)
        self.assertTrue(all(c["state"] in ("withdrawing", "gone") for c in self.challenges()))

    @has("certbot")
    def test_certbot_gets_apex_and_wildcard_without_a_service(self):
        self.start_pebble()
        config = self.folder / "alone.yaml"
        config.write_text(CONFIG.format(port=self.server.port, key=self.server.key) + f"state-dir: {self.folder / 'state'}\n")
        self.issue(APEX, "dns", f"{program()} hook certbot --standalone --config {config}")
        self.assert_clean(APEX)

    def test_only_the_last_call_waits(self):
        self.start_service()
        more = {"CERTBOT_DOMAIN": "www.example.test", "CERTBOT_ALL_DOMAINS": "www.example.test,web.example.test"}
        first = self.hook("certbot", "auth", CERTBOT_VALIDATION=VALUE, CERTBOT_REMAINING_CHALLENGES="1", **more)
        self.assertRegex(first.stdout, r"^ch_[a-z0-9]{26}\n$")
        self.assertEqual(first.stderr, "")
        more["CERTBOT_DOMAIN"] = "web.example.test"
        self.hook("certbot", "auth", CERTBOT_VALIDATION=VALUE, CERTBOT_REMAINING_CHALLENGES="0", **more)
        self.assertEqual([c["state"] for c in self.challenges()], ["ready"] * 2)
        self.hook("certbot", "cleanup", CERTBOT_VALIDATION=VALUE, CERTBOT_AUTH_OUTPUT=first.stdout.strip(), CERTBOT_DOMAIN="www.example.test")
        self.hook("certbot", "cleanup", CERTBOT_VALIDATION=VALUE, CERTBOT_DOMAIN="web.example.test")
        self.hook("certbot", "cleanup", CERTBOT_VALIDATION=VALUE, CERTBOT_DOMAIN="web.example.test")
        self.assert_clean(["www.example.test", "web.example.test"])

    def test_the_last_call_fails_for_an_earlier_one(self):
        self.start_service()
        more = {"CERTBOT_ALL_DOMAINS": "a.example.test,b.example.test", "DCVD_HOOK_DEADLINE": "1s"}
        self.server.kill()
        self.hook("certbot", "auth", CERTBOT_DOMAIN="a.example.test", CERTBOT_VALIDATION=VALUE, CERTBOT_REMAINING_CHALLENGES="1", **more)
        last = self.hook("certbot", "auth", CERTBOT_DOMAIN="b.example.test", CERTBOT_VALIDATION=VALUE, CERTBOT_REMAINING_CHALLENGES="0", status=1, **more)
        self.assertIn("dcvd hook certbot: a.example.test (dns-01) is", last.stderr)
        self.assertIn("dcvd hook certbot: b.example.test (dns-01) is", last.stderr)
        self.assertNotIn(VALUE, last.stderr)

    def test_what_is_not_a_certbot_call_is_refused(self):
        self.start_service()
        self.hook("certbot", "auth", status=2)
        self.hook("certbot", status=2)
        self.hook("certbot", "auth", CERTBOT_DOMAIN="www.example.test", CERTBOT_VALIDATION="short", status=1)
        refused = self.hook("certbot", "auth", CERTBOT_DOMAIN="www.example.org", CERTBOT_VALIDATION=VALUE, status=1)
        self.assertIn("www.example.org", refused.stderr)


class Dehydrated(Lab):
    def issue(self, names, **more):
        config = self.folder / "dehydrated.conf"
        config.write_text(f"""{documented("dehydrated")}
CA={self.pebble.directory}
BASEDIR={self.folder}
WELLKNOWN={self.folder}
CONTACT_EMAIL=a@example.test
KEY_ALGO=prime256v1
ACCOUNT_KEYSIZE=2048
""" + "".join(f"{key}={value}\n" for key, value in more.items()))
        self.run_client("dehydrated", "--config", str(config), "--register", "--accept-terms")
        self.run_client("dehydrated", "--config", str(config), "--cron", "--alias", "lab", *[w for n in names for w in ("--domain", n)])
        self.assert_names(self.folder / "certs" / "lab" / "cert.pem", names)

    @has("dehydrated")
    def test_dehydrated_gets_two_names_in_one_chain(self):
        self.start_all()
        self.issue(TWENTY[:2])
        self.assert_clean(TWENTY[:2])
        self.assertEqual(len({c["order"] for c in self.challenges()}), 1)

    @has("dehydrated")
    def test_dehydrated_gets_apex_and_wildcard_one_by_one(self):
        self.start_all()
        self.issue(APEX, HOOK_CHAIN="no")
        self.assert_clean(APEX)
        self.assertEqual(len({c["order"] for c in self.challenges()}), 2)

    @has("dehydrated")
    def test_dehydrated_gets_a_name_by_http_01(self):
        self.start_all()
        self.issue(["www.example.test"], CHALLENGETYPE="http-01")
        self.assertEqual([c["type"] for c in self.challenges()], ["http-01"])

    def test_verbs_of_other_releases_succeed(self):
        for verb in ("startup_hook", "exit_hook", "deploy_cert", "something_new"):
            self.hook("dehydrated", verb, "-x", "--y", DCVD_SERVER="http://127.0.0.1:1")
        self.hook("dehydrated")
        self.hook("dehydrated", "deploy_challenge", "one", "two", status=2)

    def test_a_failed_deploy_leaves_nothing(self):
        self.start_service()
        failed = self.hook("dehydrated", "deploy_challenge", "www.example.test", "t1", VALUE, "www.example.org", "t2", VALUE, status=1)
        self.assertIn("www.example.org", failed.stderr)
        self.assertEqual(self.challenges(), [])
        self.hook("dehydrated", "--lifetime", "1s", "deploy_challenge", "www.example.test", "-t1", VALUE)
        self.assert_clean(["www.example.test"])  # nobody cleaned up: the lifetime did

    def test_the_service_cannot_be_reached(self):
        lost = self.hook("dehydrated", "--server", "http://127.0.0.1:1", "deploy_challenge", "www.example.test", "t", VALUE, status=3)
        self.assertIn("cannot be reached", lost.stderr)


class Uacme(Lab):
    def need_mounts(self):
        if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("a mount namespace needs root")

    def run_uacme(self, *arguments):
        """uacme trusts only the system's certificates: its own view of the file system has those of Pebble."""
        script = 'mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && shift && exec uacme "$@"'
        return self.run_client("unshare", "--mount", "sh", "-c", script, "sh", str(self.pebble.ca_file), "--yes", "--confdir",
                               str(self.folder / "uacme"), "--acme-url", self.pebble.directory, *arguments)

    @has("uacme")
    def test_uacme_gets_apex_and_wildcard(self):
        self.need_mounts()
        self.start_all()
        link = self.folder / "dcvd-hook-uacme"
        link.symlink_to(program())
        setting, command = documented("uacme").replace(str(WRAPPERS), str(self.folder)).split("\n")
        self.environment.update([shlex.split(setting, comments=True)[1].split("=")])
        self.run_uacme("new")
        self.run_uacme(*shlex.split(command)[1:])
        self.assert_names(self.folder / "uacme" / "example.test" / "cert.pem", APEX)
        self.assert_clean(APEX)

    @has("uacme")
    def test_uacme_gets_a_name_by_http_01(self):
        self.need_mounts()
        self.start_all()
        self.environment["DCVD_HOOK_TYPES"] = "http-01"
        self.run_uacme("new")
        self.run_uacme("--hook", str(WRAPPERS / "dcvd-hook-uacme"), "issue", "www.example.test")
        self.assert_names(self.folder / "uacme" / "www.example.test" / "cert.pem", ["www.example.test"])
        self.assertEqual([c["type"] for c in self.challenges()], ["http-01"])

    def test_types_that_are_not_served_are_declined(self):
        self.start_service()
        for kind, proof in (("tls-alpn-01", VALUE), ("http-01", "t.abc"), ("unknown-01", "x")):
            declined = self.hook("uacme", "--types", "dns-01", "begin", kind, "www.example.test", "t", proof, status=1)
            self.assertIn(kind, declined.stderr)
        self.assertEqual(self.challenges(), [])

    def test_an_interrupt_withdraws(self):
        self.start_service()
        run = self.start_hook("uacme", "begin", "http-01", "nowhere.example.test", "t" * 22, "t" * 22 + "." + "k" * 43)
        self.wait_until(lambda: self.challenges(), "the challenge")
        run.terminate()
        _, said = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 1, said)
        self.assertIn("interrupted", said)
        self.assertIn(self.challenges()[0]["state"], ("withdrawing", "gone"))

    def requests(self, own=1):
        """How many requests there were beside ours."""
        request = urllib.request.Request(f"{self.service.url}/metrics", headers={"Authorization": f"Bearer {self.service.token}"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            count = int(re.search(r"api_requests_total (\d+)", reply.read().decode()).group(1))
        self.asked = getattr(self, "asked", 0) - own
        return count + self.asked

    def test_the_service_may_restart_meanwhile(self):
        self.start_service()
        self.server.process.send_signal(signal.SIGSTOP)
        self.asked = -self.requests(0)
        run = self.start_hook("uacme", "begin", "dns-01", "www.example.test", "t", VALUE)
        self.wait_until(lambda: self.requests() >= 2, "the question of the hook, after its order")
        self.service.stop()
        self.server.process.send_signal(signal.SIGCONT)
        self.service.start()
        _, said = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, said)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [VALUE])

    def test_done_and_failed_withdraw(self):
        self.start_service()
        for verb in ("done", "failed"):
            self.hook("uacme", "begin", "dns-01", "www.example.test", "-t", VALUE)
            self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [VALUE])
            self.hook("uacme", verb, "dns-01", "www.example.test", "-t", VALUE)
            self.assert_clean(["www.example.test"])
            self.hook("uacme", verb, "dns-01", "www.example.test", "-t", VALUE)


class Lego(Lab):
    def issue(self, names, **environment):
        """As documented; lego takes its options in any order before "run", so that the lab's are put first."""
        self.start_all()
        options = ["--accept-tos", "--path", str(self.folder / "lego"), "--server", self.pebble.directory, "--email", "a@example.test",
                   "--dns.resolvers", f"127.0.0.1:{self.server.port}"]
        script = documented("lego").replace("lego --dns", f"lego {shlex.join(options)} --dns")
        script = script.replace("-d example.test -d '*.example.test'", " ".join(f"-d '{n}'" for n in names))
        self.run_client("sh", "-c", script, EXEC_POLLING_INTERVAL="1", EXEC_SEQUENCE_INTERVAL="1", **environment)
        self.assert_names(next((self.folder / "lego" / "certificates").glob("*test.crt")), names)
        self.assert_clean(names)

    @has("lego")
    def test_lego_gets_apex_and_wildcard(self):
        self.issue(APEX)

    @has("lego")
    def test_lego_gets_a_name_in_raw_mode(self):
        self.issue(["www.example.test"], EXEC_MODE="RAW")

    def test_a_name_of_its_own_needs_a_grant_of_its_own(self):
        self.start_service()
        self.hook("lego-exec", "present", "of-lego.example.test.", VALUE)
        self.assertEqual(self.server.values("of-lego.example.test"), [VALUE])
        self.hook("lego-exec", "cleanup", "of-lego.example.test.", VALUE)
        self.service.wait_gone(self.challenges()[0]["order"])
        self.assertEqual(self.server.values("of-lego.example.test"), [])
        self.hook("lego-exec", "present", "of-lego.elsewhere.test.", VALUE, status=1)

    def test_a_value_that_no_authority_asks_for_is_refused_and_its_removal_is_fine(self):
        self.start_service()
        for arguments, word in ((("_acme-challenge.example.test.", f"tok.{VALUE}"), "this is a key authorization"),
                                (("--", "example.test", "tok" * 8, VALUE), "has no dot"),
                                (("--", "example.test", "tok" * 8, "tok" * 8 + ".thumb"), "5 characters stand behind the dot")):
            self.assertIn(word, self.hook("lego-exec", "present", *arguments, status=1).stderr)
            self.hook("lego-exec", "cleanup", *arguments)
        self.assertIn("4 characters", self.hook("uacme", "begin", "dns-01", "example.test", "tok" * 8, "aaaa", status=1).stderr)
        self.assertEqual(self.server.values("_acme-challenge.example.test"), [])


class AcmeSh(Lab):
    """dns_dcvd.sh with helpers in the manner of acme.sh's; with acme.sh itself where $ACME_SH names it."""
    SCRIPT = ROOT / "deploy" / "acme.sh" / "dns_dcvd.sh"
    HELPERS = pathlib.Path(__file__).parent / "support" / "acme_sh.sh"

    def setUp(self):
        super().setUp()
        self.start_service()
        self.home = self.folder / "home"
        self.home.mkdir()
        self.environment["ACME_SH_HOME"] = str(self.home)

    def call(self, function, name, value=VALUE, status=0, shell="sh", **environment):
        run = subprocess.run([shell, "-c", '. "$1" && . "$2" && "$3" "$4" "$5"', shell, str(self.HELPERS), str(self.SCRIPT), function, name, value],
                             env={**self.environment, **environment}, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, status, f"{run.stdout}{run.stderr}\n{self.service.log[-2000:]}")
        return run

    def test_a_value_comes_and_goes(self):
        for shell in filter(shutil.which, ("sh", "bash")):
            self.call("dns_dcvd_add", "_acme-challenge.www.example.test", shell=shell)
            self.call("dns_dcvd_add", "_acme-challenge.www.example.test", "w" * 43, shell=shell)
            self.assertEqual(self.server.values("_acme-challenge.www.example.test"), sorted([VALUE, "w" * 43]))
            self.call("dns_dcvd_rm", "_acme-challenge.www.example.test", shell=shell)
            self.call("dns_dcvd_rm", "_acme-challenge.www.example.test", "w" * 43, shell=shell)
            self.assert_clean(["www.example.test"])
        self.call("dns_dcvd_rm", "_acme-challenge.www.example.test")

    def test_the_settings_are_remembered_and_the_token_is_on_no_command_line(self):
        self.call("dns_dcvd_add", "_acme-challenge.www.example.test")
        for name in ("DCVD_SERVER", "DCVD_TOKEN_FILE"):
            self.environment.pop(name)
        self.call("dns_dcvd_rm", "_acme-challenge.www.example.test")
        self.assertNotIn((self.folder / "token").read_text().strip(), (self.home / "argv").read_text() + (self.home / "account.conf").read_text())

    def test_failures_are_told(self):
        self.assertIn("www.example.org", self.call("dns_dcvd_add", "_acme-challenge.www.example.org", status=1).stderr)
        self.assertIn("cannot be read", self.call("dns_dcvd_add", "_acme-challenge.www.example.test", status=1, DCVD_TOKEN_FILE="/nowhere").stderr)
        self.assertIn("cannot be reached", self.call("dns_dcvd_rm", "_acme-challenge.www.example.test", status=1, DCVD_SERVER="http://127.0.0.1:1").stderr)
        (self.folder / "token").write_text("wrong\n")
        self.assertIn("refused", self.call("dns_dcvd_rm", "_acme-challenge.www.example.test", status=1).stderr)

    @unittest.skipUnless(os.environ.get("ACME_SH"), "$ACME_SH does not name acme.sh")
    def test_acme_sh_itself_gets_apex_and_wildcard(self):
        self.start_pebble()
        (self.home / "dnsapi").mkdir()
        script = documented("acme.sh").replace("deploy/", f"{ROOT}/deploy/").replace("~/.acme.sh", str(self.home)).replace("\nacme.sh", f"\nsh {os.environ['ACME_SH']}")
        self.run_client("sh", "-c", script + ' "$@"', "sh", "--home", str(self.home), "--ca-bundle", str(self.pebble.ca_file), "--server", self.pebble.directory)
        self.assert_names(next(self.home.glob("example.test*/example.test.cer")), APEX)
        self.assert_clean(APEX)


class Alone(Lab):
    """Without a service: the journal carries what is published from one process to the next."""

    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.config = self.folder / "alone.yaml"
        self.config.write_text(CONFIG.format(port=self.server.port, key=self.server.key) + f"state-dir: {self.state}\n")
        self.environment.update(DCVD_HOOK_STANDALONE="1", DCVD_CONFIG=str(self.config))

    def test_a_later_process_withdraws(self):
        self.hook("uacme", "begin", "dns-01", "www.example.test", "t", VALUE)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [VALUE])
        self.hook("uacme", "done", "dns-01", "www.example.test", "t", VALUE)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [])

    def test_a_killed_process_leaves_its_work_to_the_next(self):
        self.server.process.send_signal(signal.SIGSTOP)
        run = self.start_hook("uacme", "begin", "dns-01", "www.example.test", "t", VALUE)
        self.wait_until((self.state / "journal.db").exists, "the journal")
        time.sleep(0.2)
        run.kill()
        run.communicate(timeout=10)
        self.server.process.send_signal(signal.SIGCONT)
        self.hook("uacme", "begin", "dns-01", "www.example.test", "t", VALUE)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [VALUE])
        self.hook("uacme", "failed", "dns-01", "www.example.test", "t", VALUE)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [])

    def test_what_is_out_of_its_lifetime_waits_for_a_clock_that_has_held_for_a_minute(self):
        self.hook("dehydrated", "--lifetime", "1s", "deploy_challenge", "www.example.test", "t", VALUE)
        time.sleep(max(0, 1 - (time.time() - (self.state / "journal.db").stat().st_mtime)))
        self.hook("dehydrated", "clean_challenge", "other.example.test", "t", VALUE)
        self.assertEqual(self.server.values("_acme-challenge.www.example.test"), [VALUE])
        self.hook("dehydrated", "clean_challenge", "www.example.test", "t", VALUE)
        self.assert_clean(["www.example.test"])

    def test_two_processes_take_turns(self):
        command = [program(), "hook", "dehydrated", "deploy_challenge"]
        runs = [subprocess.Popen([*command, f"h{n}.example.test", "t", VALUE], env=self.environment, stderr=subprocess.PIPE, text=True) for n in range(3)]
        for run in runs:
            _, said = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 0, said)
        for n in range(3):
            self.assertEqual(self.server.values(f"_acme-challenge.h{n}.example.test"), [VALUE])

    def test_what_only_a_service_can_answer_is_refused(self):
        said = self.hook("uacme", "begin", "http-01", "www.example.test", "t", "t." + "a" * 43, status=1)
        self.assertIn("dcvd serve", said.stderr)

    def test_a_broken_configuration_is_a_usage_error(self):
        self.config.write_text("routs: []\n")
        self.assertIn("routs", self.hook("uacme", "begin", "dns-01", "www.example.test", "t", VALUE, status=2).stderr)


if __name__ == "__main__":
    unittest.main()
