"""The same DNS-01 order of 20 names, by ACME clients alone and with their challenges handed to dcvd, each to a certificate of
Pebble with Knot as the name server.

    DCVD=…/dcvd clients.py

lego alone: its own rfc2136, sequence interval 1 s, and its own check of propagation. Most of lego's time is not DNS: it looks at
each authorization at once, and 5 s later when Pebble was not ready yet. So lego runs once more with an httpreq server that calls
nsupdate and looks at nothing: what is above that is the price of looking. The runs of lego mostly sleep and go side by side.
certbot alone: `--manual` with hooks that call nsupdate and wait for nothing, which only this one server forgives; through dcvd it
waits for the verdict. Wants port 53 of 127.0.0.1.
"""
import concurrent.futures
import datetime
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading

from common import Connection, row, run_client, run_lego
from names import ZONE, config, lego
from support.pebble import Pebble
from support.servers import Knot
from support.service import Service, program

COUNT = 20
WAYS = {"verified": "lego httpreq, verified", "quick": "lego httpreq, quick, and lego's own check", "exec": "lego exec, dcvd hook"}
HOOK = """#!/bin/sh
nsupdate -k {key} <<END
server 127.0.0.1 53
zone {zone}
update {verb}
send
END
"""


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Lab:
    def __init__(self, folder, knot, pebble, service):
        self.folder, self.knot, self.pebble, self.service = pathlib.Path(folder), knot, pebble, service
        client = Connection(service.api_port, service.token).call(
            "POST", "/v1/clients", {"name": "bench", "grants": {"identifiers": [f".{ZONE}"], "wildcard": True}})
        self.token = client["token"]
        self.token_file = self.write("token", self.token + "\n", 0o600)
        self.key_file = self.write("key", f'key "{knot.key.name}" {{ algorithm {knot.key.algorithm}; secret "{knot.key.secret}"; }};\n', 0o600)

    def write(self, name, text, mode=0o755):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def names(self, label):
        return [f"h{number}-{label}.{ZONE}" for number in range(COUNT)]

    # ---- through dcvd ----

    def slowest(self, label):
        """The longest of these names from its arrival until it was ready, in seconds."""
        connection, found = Connection(self.service.api_port, self.service.token), []
        for number in range(COUNT):
            listed = connection.call("GET", f"/v1/challenges?domain=h{number}-{label}.{ZONE}")["challenges"]
            events = {event["state"]: event["at"] for event in reversed(connection.call("GET", f"/v1/challenges/{listed[0]['id']}")["events"])}
            found.append((moment(events["ready"]) - moment(events["queued"])).total_seconds())
        return max(found)

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

    def lego_without_looking(self):
        class Writes(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # pylint: disable=no-self-argument
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                self.update(f"{'add' if handler.path == '/present' else 'delete'} {body['fqdn']} 1 TXT {body['value']}")
                handler.send_response(200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(handler, *_):  # pylint: disable=no-self-argument
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Writes) as writes:
            threading.Thread(target=writes.serve_forever).start()
            try:
                return run_lego(self.knot, self.pebble, self.folder / "without", self.names("without"), "httpreq",
                                {"HTTPREQ_ENDPOINT": f"http://127.0.0.1:{writes.server_port}"}, ["--dns.disable-cp"])
            finally:
                writes.shutdown()

    def update(self, line):
        subprocess.run(["nsupdate", "-k", str(self.key_file)], input=f"server 127.0.0.1 53\nzone {ZONE}\nupdate {line}\nsend\n", text=True,
                       check=True, capture_output=True)

    # ---- certbot ----

    def certbot(self, label, auth, cleanup):
        folders = [f"--{kind}-dir={self.folder / label / kind}" for kind in ("config", "work", "logs")]
        argv = ["certbot", "certonly", "-n", "--agree-tos", "-m", "bench@example.test", "--no-eff-email", "--server", self.pebble.directory, *folders,
                "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", auth, "--manual-cleanup-hook", cleanup,
                *[f"--domain={name}" for name in self.names(label)]]
        return run_client(argv, {"REQUESTS_CA_BUNDLE": str(self.pebble.ca_file), **self.hook_settings()})

    def certbot_alone(self):
        record = "_acme-challenge.$CERTBOT_DOMAIN."
        auth = self.write("auth", HOOK.format(key=self.key_file, zone=ZONE, verb=f"add {record} 1 TXT $CERTBOT_VALIDATION"))
        cleanup = self.write("cleanup", HOOK.format(key=self.key_file, zone=ZONE, verb=f"delete {record} TXT $CERTBOT_VALIDATION"))
        return self.certbot("alone", str(auth), str(cleanup))

    def certbot_through_dcvd(self):
        return self.certbot("through", f"{program()} hook certbot auth", f"{program()} hook certbot cleanup")


def compare(way, seconds, peer, alone):
    row(f"{COUNT} names to a certificate, {way}", f"{seconds:.1f} s", f"{peer} alone {alone:.1f} s", f"{alone / seconds:.1f}", "")


def compare_lego(lab, folder):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        alone = pool.submit(lego, lab.knot, lab.pebble, folder, COUNT)
        without = pool.submit(lab.lego_without_looking)
        ours = {"verified": pool.submit(lab.lego_httpreq, "verified", "/verified", ["--dns.disable-cp"]),
                "quick": pool.submit(lab.lego_httpreq, "quick", "", []), "exec": pool.submit(lab.lego_exec)}
    row(f"{COUNT} names to a certificate, lego with nsupdate, nobody looks", "", f"{without.result():.1f} s", "", "")
    for label, result in ours.items():
        seconds = result.result()
        compare(f"{WAYS[label]}; slowest name ready after {lab.slowest(label):.1f} s", seconds, "lego", alone.result())


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
