"""What the measurements in Python share: the lines of the table, a quick API client, the memory of a process."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
sys.dont_write_bytecode = True
CLIENT_SECONDS = 600


def row(what, ours, peer, ratio, target):
    """One line of the table, in the columns of run.sh."""
    print(f"| {what} | {ours} | {peer} | {ratio} | {target} |", flush=True)


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


class Connection:
    """A kept connection to the API; bodies may be prepared beforehand, so that the client costs little."""

    def __init__(self, port, token):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method, path, body=None):
        self.http.request(method, path, body, self.headers)
        reply = self.http.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text[:300]!r}")
        return text

    def call(self, method, path, body=None):
        text = self.send(method, path, None if body is None else json.dumps(body).encode())
        return json.loads(text) if text.strip() else None


def value(number):
    """A TXT value of the usual 43 characters, another for each number."""
    return f"{number:010d}" + "gfj9Xq_Rg85nM_cheRnpAbzOpfGGQDK3x"


def fill_journal(state, count):
    """A state folder whose journal holds that many challenges that are ready: dns-01 in the zone dcvd.test, in orders of 100."""
    state.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([os.environ["FILL_JOURNAL"], str(state), str(count)], check=True)


def dns_order(first, count, zone):
    """The body of an order of `count` dns-01 challenges, one a name."""
    return json.dumps({"challenges": [
        {"type": "dns-01", "domain": f"n{number:06d}.{zone}", "value": value(number)}
        for number in range(first, first + count)]}).encode()


def run_client(argv, environment):
    """Seconds that an ACME client took, to success."""
    start = time.monotonic()
    result = subprocess.run(argv, env={**os.environ, **environment}, capture_output=True, text=True, timeout=CLIENT_SECONDS)
    if result.returncode:
        raise RuntimeError(f"{argv[0]}: {result.stdout[-1000:]}{result.stderr[-2000:]}")
    return time.monotonic() - start


def run_lego(server, pebble, home, names, provider, environment, options=()):
    """Seconds of `lego run`. It asks the system for the address of the zone's server."""
    home.mkdir(parents=True)
    hosts = home / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{server.address} ns1.{zone}\n" for zone in server.zones))
    domains = [word for name in names for word in ("--domains", name)]
    argv = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts), "lego", "--path", str(home / "lego"),
            "--server", pebble.directory, "--email", "bench@example.test", "--accept-tos", "--dns", provider,
            "--dns.resolvers", f"{server.address}:{server.port}", *options, *domains, "run"]
    return run_client(argv, {"LEGO_CA_CERTIFICATES": str(pebble.ca_file), **environment})
