"""Unmodified clients through the doors, from nothing to a certificate of Pebble: lego's httpreq, its acme-dns where the lego
has it ($LEGO names one), and acme.sh's dns_acmeproxy and dns_acmedns where $ACME_SH names the script with its dnsapi/ beside it."""
import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import dns.query
import dns.tsigkeyring
import dns.update

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.acme_client import AcmeClient
from support.pebble import Pebble, free_port
from support.servers import Bind, Key
from support.service import Service

CONFIG = """
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
dns: {{zones: [acme.test]}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: {key.name}, key-algorithm: {key.algorithm}, key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: example.test, type: dns-01, provider: corp}}
  - {{suffix: acme.test, type: dns-01, provider: embedded, delegation: on}}
"""
README = pathlib.Path(__file__).parents[2] / "README.md"
APEX = ["example.test", "*.example.test"]
ACME_SH = os.environ.get("ACME_SH")
LEGO = os.environ.get("LEGO", "lego")


class Resolver(Bind):
    """Serves example.test, and looks into dcvd's own zone for those who ask, as an authority's resolver would."""

    def __init__(self, dcvd_port, **named):
        super().__init__(zones=("example.test",), key=Key(), **named)
        self.dcvd_port = dcvd_port

    def _prepare(self):
        argv = super()._prepare()
        file = pathlib.Path(self.path("named.conf"))
        text = file.read_text().replace("recursion no;", "recursion yes; allow-recursion { 127.0.0.0/8; }; max-cache-ttl 1; max-ncache-ttl 1;")
        file.write_text(text + 'zone "acme.test" { type forward; forward only; forwarders { 127.0.0.1 port %d; }; };\n' % self.dcvd_port)
        return argv

    def add(self, name, rtype, data):
        update = dns.update.UpdateMessage("example.test", keyring=dns.tsigkeyring.from_text({self.key.name: self.key.secret}),
                                          keyalgorithm=self.key.algorithm)
        update.replace(name + ".", 60, rtype, data)
        reply = dns.query.tcp(update, self.address, port=self.port, timeout=5)
        assert reply.rcode() == 0, reply


def documented(client):
    """What the README's tour says about a client."""
    text = README.read_text().split(f"### {client}\n\n", 1)[1]
    return "\n".join(line[4:] for line in text[:text.index("\n\n")].split("\n"))


class Clients(unittest.TestCase):
    """One lab for all tests of a class: a name server, dcvd, Pebble, and a client that may use example.test."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        dns_port = free_port()
        cls.server = Resolver(dns_port)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.service = Service(cls.folder / "dcvd", CONFIG.format(port=cls.server.port, key=cls.server.key),
                              {"TSIG_SECRET": cls.server.key.secret}, dns_port=dns_port)
        cls.service.start()
        cls.addClassCleanup(cls.stop)
        cls.pebble = Pebble(cls.folder, dns_server=f"127.0.0.1:{cls.server.port}")
        cls.pebble.start()
        cls.addClassCleanup(cls.pebble.stop)
        cls.token = cls.service.call("POST", "/v1/clients", {"name": "door", "grants": {
            "identifiers": [".example.test"], "wildcard": True, "doors": ["httpreq", "acme-dns"]}})["token"]

    @classmethod
    def stop(cls):
        status = cls.service.stop()
        assert status == 0, f"{status}: {cls.service.log[-5000:]}"

    @classmethod
    def run_client(cls, *command, **environment):
        ca = str(cls.pebble.ca_file)
        environment = {**os.environ, "HOME": str(cls.folder), "LEGO_CA_CERTIFICATES": ca, "CURL_CA_BUNDLE": ca, **environment}
        return subprocess.run(command, env=environment, cwd=cls.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)

    @classmethod
    def run_documented(cls, client, name, program, *common):
        """The README's lines for `name` and the names below it, with what only a lab needs behind the program's name."""
        token, tools = cls.folder / "door.token", cls.folder / f"tools-{name}"
        token.write_text(cls.token + "\n")
        tools.mkdir()
        (tools / program.split("/")[-1]).write_text(f'#!/bin/sh\nexec {shlex.join([*cls.INTERPRETER, shutil.which(program) or program, *common])} "$@"\n')
        (tools / program.split("/")[-1]).chmod(0o755)
        lines = documented(client)
        for here, there in (("http://127.0.0.1:8053", cls.service.url), ("web1", "door"), ("/etc/dcvd/door.token", str(token)), ("example.com", name)):
            lines = lines.replace(here, there)
        return cls.run_client("sh", "-ec", lines, PATH=f"{tools}:{os.environ['PATH']}")

    def assert_done(self, run):
        self.assertEqual(run.returncode, 0, f"{run.stdout}\n{self.pebble.log[-3000:]}\n{self.service.log[-5000:]}")

    def assert_names(self, file, names):
        text = subprocess.run(["openssl", "x509", "-in", str(file), "-noout", "-ext", "subjectAltName"], check=True,
                              capture_output=True, text=True).stdout
        self.assertEqual(sorted(re.findall(r"DNS:([^,\s]+)", text)), sorted(names))

    def assert_clean(self, names):
        deadline = time.monotonic() + 10
        records = {"_acme-challenge." + n.removeprefix("*.") for n in names}
        while any(self.server.values(r) for r in records) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual({r: self.server.values(r) for r in records}, {r: [] for r in records})


@unittest.skipUnless(shutil.which(LEGO), "lego is not installed")
class Lego(Clients):
    """lego looks at the authority's answer every five seconds, so its runs are started together."""
    INTERPRETER = []
    BASIC = ["basic.example.test", "*.basic.example.test"]
    RAW = ["raw.example.test", "*.raw.example.test"]
    TWENTY = [f"host{n}.example.test" for n in range(20)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        url = cls.service.url
        basic = {"HTTPREQ_USERNAME": "door", "HTTPREQ_PASSWORD": cls.token}
        cls.server.add("_acme-challenge.www.example.test", "CNAME", "www.example.test.acme.test.")
        pool = concurrent.futures.ThreadPoolExecutor()
        cls.addClassCleanup(pool.shutdown)
        cls.runs = {name: pool.submit(cls.lego, name, "httpreq", names, **environment) for name, names, environment in (
            ("raw", cls.RAW, {"HTTPREQ_ENDPOINT": f"{url}/t/{cls.token}/verified", "HTTPREQ_MODE": "RAW"}),
            ("twenty", cls.TWENTY, {"HTTPREQ_ENDPOINT": url, **basic}),
            ("denied", ["www.elsewhere.test"], {"HTTPREQ_ENDPOINT": url, **basic}),
            ("cname", ["www.example.test"], {"HTTPREQ_ENDPOINT": f"{url}/verified", "HTTPREQ_MODE": "RAW", **basic}),
            ("target", ["www.example.test"], {"HTTPREQ_ENDPOINT": url, **basic}))}
        cls.runs["basic"] = pool.submit(cls.run_documented, "lego, Traefik and Caddy over the network: httpreq", "basic.example.test", LEGO,
                                        *cls.common("basic"))

    @classmethod
    def lego(cls, folder, provider, names, **environment):
        return cls.run_client(LEGO, *cls.common(folder), "--dns", provider, "--dns.disable-cp",
                              *[w for n in names for w in ("--domains", n)], "run", **environment)

    @classmethod
    def common(cls, folder):
        return ["--accept-tos", "--path", str(cls.folder / folder), "--server", cls.pebble.directory, "--email", "a@example.test",
                "--dns.resolvers", f"127.0.0.1:{cls.server.port}"]

    def assert_issued(self, folder, names):
        self.assert_done(self.runs[folder].result())
        self.assert_names(next((self.folder / folder / "certificates").glob("*.test.crt")), names)
        self.assert_clean(names)

    def test_httpreq_with_basic_gets_apex_and_wildcard(self):
        self.assert_issued("basic", self.BASIC)

    def test_httpreq_raw_with_a_token_in_the_path_gets_apex_and_wildcard(self):
        self.assert_issued("raw", self.RAW)

    def test_httpreq_gets_twenty_names(self):
        self.assert_issued("twenty", self.TWENTY)

    def test_httpreq_without_the_grant_gets_nothing_and_the_reason(self):
        run = self.runs["denied"].result()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("not granted", run.stdout)

    def test_a_cname_into_a_delegation_zone(self):
        self.assert_done(self.runs["cname"].result())
        # Without raw, lego names the target, which belongs to the name that this client was granted.
        self.assert_done(self.runs["target"].result())

    def test_acme_dns_from_the_registration_on(self):
        names, storage = ["acme.example.test", "*.acme.example.test"], self.folder / "acme-dns.json"
        first = self.run_documented("Clients of acme-dns", names[0], LEGO, *self.common("acme-dns"))
        if "unrecognized DNS provider" in first.stdout:
            self.skipTest("this lego was built without acme-dns, as Debian's is; $LEGO names another")
        self.assertNotEqual(first.returncode, 0)  # it wants the CNAME now
        account = json.loads(storage.read_text())["acme.example.test"]
        self.assertIn(account["fulldomain"], first.stdout)
        self.server.add("_acme-challenge.acme.example.test", "CNAME", account["fulldomain"] + ".")
        self.assert_done(self.lego("acme-dns", "acme-dns", names, ACME_DNS_API_BASE=f"{self.service.url}/t/{self.token}", ACME_DNS_STORAGE_PATH=str(storage)))
        self.assert_names(next((self.folder / "acme-dns" / "certificates").glob("*.test.crt")), names)


class AcmeDnsLibrary(Clients):
    """The requests of goacmedns, which lego, Traefik and Caddy use, byte for byte, around a real order."""

    def ask(self, path, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.api_port, timeout=30)
        try:
            connection.request("POST", f"/t/{self.token}{path}", body, {"User-Agent": "cpu-goacmedns (v0.1.1; linux; amd64; go1.19)",
                                                                       "Accept": "application/json", **headers})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def test_from_the_registration_to_the_certificate(self):
        status, account = self.ask("/register", None)
        self.assertEqual(status, 201)
        self.server.add("_acme-challenge.example.test", "CNAME", account["fulldomain"] + ".")
        acme = AcmeClient(self.pebble.directory, str(self.pebble.ca_file))
        authorizations, url = acme.new_order(APEX)
        for authorization in authorizations.values():
            digest = hashlib.sha256(acme.key_authorization(authorization["challenges"]["dns-01"]["token"]).encode()).digest()
            value = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            said = self.ask("/update", json.dumps({"subdomain": account["subdomain"], "txt": value}),
                            **{"X-Api-User": account["username"], "X-Api-Key": account["password"]})
            self.assertEqual(said, (200, {"txt": value}))
        for authorization in authorizations.values():
            self.assertIsNone(acme.validate(authorization, "dns-01"), self.pebble.log)
        self.assertIn("BEGIN CERTIFICATE", acme.certificate(url, APEX))


@unittest.skipUnless(ACME_SH, "$ACME_SH does not name acme.sh")
class AcmeSh(Clients):
    INTERPRETER = ["bash"]

    def common(self):
        home = self.folder / "acme.sh"
        shutil.copytree(pathlib.Path(ACME_SH).parent / "dnsapi", home / "dnsapi", dirs_exist_ok=True)
        return ["--home", str(home), "--ca-bundle", str(self.pebble.ca_file), "--server", self.pebble.directory,
                "--accountemail", "a@example.test", "--force"]

    def issue(self, api, names, **environment):
        run = self.run_client("bash", ACME_SH, *self.common(), "--issue", "--dns", api, "--dnssleep", "0",
                              *[w for n in names for w in ("-d", n)], **environment)
        return run, self.folder / "acme.sh"

    def assert_issued(self, run, home, names):
        self.assert_done(run)
        self.assert_names(next(home.glob("*/" + names[0] + ".cer")), names)

    def test_dns_acmeproxy_gets_apex_and_wildcard(self):
        run = self.run_documented("acme.sh over the network: acmeproxy", APEX[0], ACME_SH, *self.common())
        self.assert_issued(run, self.folder / "acme.sh", APEX)
        self.assert_clean(APEX)

    def test_dns_acmeproxy_takes_no_failure_for_a_success(self):
        run, _ = self.issue("dns_acmeproxy", ["www.elsewhere.test"], ACMEPROXY_ENDPOINT=self.service.url, ACMEPROXY_USERNAME="door",
                            ACMEPROXY_PASSWORD=self.token)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("Error encountered during record addition", run.stdout)

    def test_dns_acmedns_from_the_registration_on(self):
        names, base = ["sh.example.test", "*.sh.example.test"], f"{self.service.url}/t/{self.token}"
        run, home = self.issue("dns_acmedns", names, ACMEDNS_BASE_URL=base)
        found = re.search(r"Create \S+ CNAME (\S+) DNS entry", run.stdout)
        self.assertTrue(found, run.stdout)
        self.server.add("_acme-challenge.sh.example.test", "CNAME", found[1] + ".")
        run, home = self.issue("dns_acmedns", names, ACMEDNS_BASE_URL=base)
        self.assert_issued(run, home, names)


if __name__ == "__main__":
    unittest.main()
