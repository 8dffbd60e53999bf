"""The same DNS-01 order of 20 names, by ACME clients alone and with their challenges handed to dcvd, each to a certificate of
Pebble with Knot as the name server.

    DCVD=…/dcvd clients.py

lego alone: its own rfc2136, sequence interval 1 s, and its own check of propagation. Most of lego's time is not DNS: it looks at
each authorization at once, and 5 s later when Pebble was not ready yet. So lego runs once more with DNS that costs nothing, at a
Pebble that believes everything: what is above that is the price of DNS. The runs of lego mostly sleep and go side by side.
certbot alone: `--manual` with hooks that call nsupdate and wait for nothing, which only this one server forgives; through dcvd it
waits for the verdict. Wants port 53 of 127.0.0.1.
"""
import concurrent.futures
import http.server
import pathlib
import tempfile
import threading

from common import Connection, row, run_client, run_lego
from names import ZONE, config, lego
from support.pebble import Pebble
from support.servers import Knot
from support.service import Service, program

COUNT = 20
HOOK = """#!/bin/sh
nsupdate -k {key} <<END
server 127.0.0.1 53
zone {zone}
update {verb}
send
END
"""


class Agrees(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Lab:
    def __init__(self, folder, knot, pebble, service):
        self.folder, self.knot, self.pebble, self.service = pathlib.Path(folder), knot, pebble, service
        client = Connection(service.api_port, service.token).call(
            "POST", "/v1/clients", {"name": "bench", "grants": {"identifiers": [f".{ZONE}"], "wildcard": True}})
        self.token = client["token"]
        self.token_file = self.write("token", self.token + "\n", 0o600)

    def write(self, name, text, mode=0o755):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def names(self, label):
        return [f"h{number}-{label}.{ZONE}" for number in range(COUNT)]

    # ---- through dcvd ----

    def hook_settings(self):
        return {"DCVD_SERVER": self.service.url, "DCVD_TOKEN_FILE": str(self.token_file)}

    def lego_httpreq(self, label, path, options):
        """One of the modes of the door."""
        environment = {"HTTPREQ_ENDPOINT": self.service.url + path, "HTTPREQ_USERNAME": "bench", "HTTPREQ_PASSWORD": self.token}
        return run_lego(self.knot, self.pebble, self.folder / label, self.names(label), "httpreq", environment, options)

    def lego_exec(self):
        hook = self.write("hook", f'#!/bin/sh\nexec {program()} hook lego-exec "$@"\n')
        environment = {"EXEC_PATH": str(hook), "EXEC_SEQUENCE_INTERVAL": "1", **self.hook_settings()}
        return run_lego(self.knot, self.pebble, self.folder / "exec", self.names("exec"), "exec", environment, ["--dns.disable-cp"])

    def lego_without_dns(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agrees) as agrees, \
             Pebble(self.folder / "believer", dns_server="127.0.0.1:53", environment={"PEBBLE_VA_ALWAYS_VALID": "1"}) as pebble:
            threading.Thread(target=agrees.serve_forever).start()
            try:
                return run_lego(self.knot, pebble, self.folder / "without", self.names("without"), "httpreq",
                                {"HTTPREQ_ENDPOINT": f"http://127.0.0.1:{agrees.server_port}"}, ["--dns.disable-cp"])
            finally:
                agrees.shutdown()

    # ---- certbot ----

    def certbot(self, label, auth, cleanup):
        folders = [f"--{kind}-dir={self.folder / label / kind}" for kind in ("config", "work", "logs")]
        argv = ["certbot", "certonly", "-n", "--agree-tos", "-m", "bench@example.test", "--no-eff-email", "--server", self.pebble.directory, *folders,
                "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", auth, "--manual-cleanup-hook", cleanup,
                *[f"--domain={name}" for name in self.names(label)]]
        return run_client(argv, {"REQUESTS_CA_BUNDLE": str(self.pebble.ca_file), **self.hook_settings()})

    def certbot_alone(self):
        key = self.knot.key
        key_file = self.write("key", f'key "{key.name}" {{ algorithm {key.algorithm}; secret "{key.secret}"; }};\n', 0o600)
        record = "_acme-challenge.$CERTBOT_DOMAIN."
        auth = self.write("auth", HOOK.format(key=key_file, zone=ZONE, verb=f"add {record} 1 TXT $CERTBOT_VALIDATION"))
        cleanup = self.write("cleanup", HOOK.format(key=key_file, zone=ZONE, verb=f"delete {record} TXT $CERTBOT_VALIDATION"))
        return self.certbot("alone", str(auth), str(cleanup))

    def certbot_through_dcvd(self):
        return self.certbot("through", f"{program()} hook certbot auth", f"{program()} hook certbot cleanup")


def compare(way, seconds, peer, alone):
    row(f"{COUNT} names to a certificate, {way}", f"{seconds:.1f} s", f"{peer} alone {alone:.1f} s", f"{alone / seconds:.1f}", "")


def compare_lego(lab, folder):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        alone = pool.submit(lego, lab.knot, lab.pebble, folder, COUNT)
        without = pool.submit(lab.lego_without_dns)
        ours = {"lego httpreq, verified": pool.submit(lab.lego_httpreq, "verified", "/verified", ["--dns.disable-cp"]),
                "lego httpreq, quick, and lego's own check": pool.submit(lab.lego_httpreq, "quick", "", []),
                "lego exec, dcvd hook": pool.submit(lab.lego_exec)}
    row(f"{COUNT} names to a certificate, lego with DNS that costs nothing", "", f"{without.result():.1f} s", "", "")
    for way, result in ours.items():
        compare(way, result.result(), "lego", alone.result())


def main():
    with tempfile.TemporaryDirectory() as folder, Knot(zones=(ZONE,), port=53) as knot, \
         Pebble(folder, dns_server="127.0.0.1:53") as pebble, \
         Service(pathlib.Path(folder) / "dcvd", config(knot), {"TSIG_SECRET": knot.key.secret}) as service:
        lab = Lab(folder, knot, pebble, service)
        compare_lego(lab, folder)
        alone = lab.certbot_alone()
        compare("certbot, dcvd hook", lab.certbot_through_dcvd(), "certbot", alone)


if __name__ == "__main__":
    main()
