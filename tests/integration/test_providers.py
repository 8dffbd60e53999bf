"""The contract suite of the providers against real servers: BIND, Knot and PowerDNS, and against the
emulator of Edge DNS.

Needs the program contract_provider; DCVD_BUILD names the build folder (default: build/ in the project).
"""
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from support.servers import Bind, Key, Knot, PowerDns, program  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("DCVD_BUILD", os.path.join(ROOT, "build"))
CONTRACT = os.path.join(BUILD, "tests", "contract", "contract_provider")
ZONE = "example.test"
STRANGER = ("_acme-challenge.stranger." + ZONE, "a stranger's words")
RECORDS = ['%s. 3600 TXT "%s"' % STRANGER]


class Contract(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(CONTRACT):
            self.skipTest("contract_provider is not built: " + CONTRACT)

    def run_suite(self, server, provider, options, *more):
        """Runs the whole suite, and looks that the server is left as it was."""
        argv = [CONTRACT, "--type", provider, "--look", "dns:%s:%d" % (server.address, server.port), "--zone", ZONE,
                "--stranger", "=".join(STRANGER), *more, *["%s=%s" % pair for pair in options]]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(server.values(STRANGER[0]), [STRANGER[1]])
        return done.stdout

    def update_options(self, server):
        return [("server", "%s:%d" % (server.address, server.port)), ("key-name", server.key.name),
                ("key-algorithm", server.key.algorithm), ("key-secret", server.key.secret)]

    def run_update(self, kind, key=None, more=()):
        with kind(zones=[ZONE], key=key, records=RECORDS) as server:
            return self.run_suite(server, "rfc2136", self.update_options(server) + list(more), "--calls-max", "1")


class Rfc2136(Contract):
    def test_bind(self):
        self.run_update(Bind)

    def test_bind_with_hmac_sha384_over_tcp(self):
        self.run_update(Bind, Key(algorithm="hmac-sha384"), [("tcp", "true")])

    def test_bind_with_a_key_in_capitals_and_hmac_sha512(self):
        self.run_update(Bind, Key(name="Upper.Case", algorithm="hmac-sha512"))

    def test_knot(self):
        self.run_update(Knot)

    def test_knot_with_hmac_sha512(self):
        self.run_update(Knot, Key(algorithm="hmac-sha512"))

    def test_powerdns(self):
        self.run_update(PowerDns)

    def test_small_messages_are_several_updates(self):
        with Bind(zones=[ZONE], records=RECORDS) as server:
            out = self.run_suite(server, "rfc2136", self.update_options(server) + [("max-message", "512")], "--calls-max", "10")
            self.assertNotIn("20 names: 1 calls", out)


class PowerDnsApi(Contract):
    def test_powerdns(self):
        with PowerDns(zones=[ZONE], records=RECORDS) as server:
            out = self.run_suite(server, "powerdns", [("url", server.api_url), ("api-key", server.api_key)], "--calls-max", "3")
            self.assertIn("20 names: ", out)

    def test_powerdns_with_notify_and_a_url_that_ends_in_the_path(self):
        with PowerDns(zones=[ZONE], records=RECORDS) as server:
            self.run_suite(server, "powerdns", [("url", server.api_url + "/api/v1/"), ("api-key", server.api_key), ("notify", "true")])


HOOK = r"""#!/bin/sh
# What a user would write: lego's calling convention around nsupdate. A record set that stands there keeps its TTL.
value=\"$(printf '%s' "$3" | sed 's/[\\"]/\\&/g')\"
ttl=$(dig -p "$DNS_PORT" "@$DNS_SERVER" +noall +answer +norecurse "$2" TXT | awk '{ print $2; exit }')
case "$1" in
present) change="update add $2 ${ttl:-$DCVD_TTL} TXT $value" ;;
cleanup) change="update delete $2 TXT $value" ;;
*) exit 64 ;;
esac
[ "$DCVD_ACTION $DCVD_FQDN $DCVD_VALUE" = "$*" ] || { echo "environment and arguments differ" >&2; exit 78; }
printf 'server %s %s\nkey %s:%s %s\nzone %s\n%s\nsend\n' $DNS_SERVER $DNS_PORT $KEY_ALGORITHM $KEY_NAME $KEY_SECRET "$DCVD_ZONE" "$change" | nsupdate
"""

BATCH = """#!%(python)s -B
import json, os, subprocess, sys
job = json.load(sys.stdin)
e = os.environ
text = "server %%s %%s\\nkey %%s:%%s %%s\\nzone %%s\\n" %% (e["DNS_SERVER"], e["DNS_PORT"], e["KEY_ALGORITHM"], e["KEY_NAME"], e["KEY_SECRET"], job["zone"])
for c in job["changes"]:
    value = '"' + c["value"].replace("\\\\", "\\\\\\\\").replace('"', '\\\\"') + '"'
    stands = subprocess.run(["dig", "-p", e["DNS_PORT"], "@" + e["DNS_SERVER"], "+noall", "+answer", "+norecurse", c["fqdn"], "TXT"],
                            text=True, capture_output=True).stdout.split()
    ttl = (stands[1] if stands else c["ttl"]) if c["op"] == "add" else ""
    text += "update %%s %%s. %%s TXT %%s\\n" %% ("add" if c["op"] == "add" else "delete", c["fqdn"], ttl, value)
done = subprocess.run(["nsupdate"], input=text + "send\\n", text=True, capture_output=True)
status = "done" if done.returncode == 0 else "fatal" if "NOTZONE" in done.stderr else "retry"
print(json.dumps({"results": [{"status": status, "handle": "h1", "message": done.stderr} for c in job["changes"]]}))
"""


class Exec(Contract):
    def run_hook(self, text, options, *more):
        program("nsupdate")
        program("dig")
        with Bind(zones=[ZONE], records=RECORDS) as server, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "hook")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(path, stat.S_IRWXU)
            env = {"DNS_SERVER": server.address, "DNS_PORT": server.port, "KEY_ALGORITHM": server.key.algorithm,
                   "KEY_NAME": server.key.name, "KEY_SECRET": server.key.secret}
            self.run_suite(server, "exec", [("command", path)] + [("environment", "%s=%s" % pair) for pair in env.items()] + options, *more)

    def test_a_hook_called_as_lego_does(self):
        self.run_hook(HOOK, [])

    def test_a_program_that_takes_a_job_as_json(self):
        self.run_hook(BATCH % {"python": sys.executable}, [("mode", "batch-json")], "--calls-max", "1")


class EdgeDns(Contract):
    """The emulator checks signatures, nonces, one writer a zone and presentation format."""

    def test_emulator(self):
        with tempfile.TemporaryDirectory() as folder:
            edgerc = os.path.join(folder, "edgerc")
            argv = [sys.executable, "-B", os.path.join(HERE, "support", "edgedns_emulator.py"), "--port", "0", "--zone", ZONE,
                    "--edgerc", edgerc, "--write-time", "0"]
            with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as emulator:
                try:
                    url = "http://127.0.0.1:" + emulator.stdout.readline().strip()
                    self.run_emulator(url, edgerc)
                finally:
                    emulator.terminate()

    def run_emulator(self, url, edgerc):
        fqdn, value = STRANGER
        record = {"zone": ZONE, "name": fqdn, "type": "TXT", "ttl": 3600, "rdata": ['"%s"' % value]}
        urllib.request.urlopen(urllib.request.Request(url + "/_test/records", json.dumps(record).encode(), method="POST"), timeout=5)
        argv = [CONTRACT, "--type", "edgedns", "--look", "state:" + url + "/_test/state", "--zone", ZONE,
                "--stranger", "=".join(STRANGER), "edgerc=" + edgerc, "base-url=" + url]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
