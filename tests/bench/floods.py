"""Load while attacked: orders of Pebble through dcvd (HTTP-01 by the responder, DNS-01 by BIND), with each flood running beside them
and without. All on loopback, bounded in count and time.

    DCVD=…/dcvd floods.py [ORDERS]
"""
import contextlib
import itertools
import pathlib
import socket
import sys
import tempfile
import threading
import time

from common import row
from support.acme_client import AcmeClient
from support.floods import Dripping, allow_files, half_requests
from support.pebble import Pebble
from support.servers import Bind, Key
from support.service import Service

ORDERS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
ZONE = "example.test"
CONFIG = """
log: {{level: error}}
resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{port}", key-name: {key.name}, key-algorithm: {key.algorithm}, key-secret: {{env: TSIG_SECRET}}}}
routes: [{{suffix: {zone}, type: dns-01, provider: corp}}, {{suffix: "", type: http-01}}]
"""
QUERY = b"\x12\x34\0\0\0\1\0\0\0\0\0\0\4dcvd\4test\0\0\x10\0\1"


@contextlib.contextmanager
def repeated(action):
    """Runs `action` again and again beside us."""
    stopping = threading.Event()

    def run():
        while not stopping.is_set():
            with contextlib.suppress(OSError):
                action()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextlib.contextmanager
def streams(service, count):
    """Event streams of one client."""
    token = service.call("POST", "/v1/clients", {"name": "greedy", "grants": {"identifiers": ["greedy.test"]}})["token"]
    request = f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stream = stack.enter_context(socket.create_connection(("127.0.0.1", service.api_port), timeout=10))
            stream.sendall(request)
        yield


def questions(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _ in range(200):
            asker.sendto(QUERY, ("127.0.0.1", port))
    time.sleep(0.05)


class Lab:
    def __init__(self, folder):
        self.server = Bind(zones=(ZONE,), key=Key(), records=tuple(f"w{n}.{ZONE} 60 A 127.0.0.1" for n in range(500)))
        self.server.start()
        config = CONFIG.format(port=self.server.port, key=self.server.key, zone=ZONE)
        self.service = Service(pathlib.Path(folder) / "dcvd", config, {"TSIG_SECRET": self.server.key.secret}).start()
        self.pebble = Pebble(folder, http_port=self.service.http_port, dns_server=f"127.0.0.1:{self.server.port}")
        self.pebble.start()
        self.acme = AcmeClient(self.pebble.directory, str(self.pebble.ca_file))
        self.numbers = itertools.count()

    def stop(self):
        for part in (self.service, self.pebble, self.server):
            part.stop()

    def order(self, kind):
        """Seconds of dcvd from the order until it is ready; the certificate must follow."""
        name = f"w{next(self.numbers) % 500}.{ZONE}"
        authorizations, url = self.acme.new_order([name])
        token = authorizations[name]["challenges"][kind]["token"]
        challenge = {"type": kind, "domain": name, "token": token, "key_authorization": self.acme.key_authorization(token)}
        started = time.monotonic()
        done = self.service.call("POST", "/v1/orders?wait=ready&timeout=30s", {"challenges": [challenge]})
        took = time.monotonic() - started
        if done["state"] != "ready":
            raise RuntimeError(f"{name}: {done}")
        complaint = self.acme.validate(authorizations[name], kind)
        if complaint:
            raise RuntimeError(f"{name}: {complaint}")
        self.acme.certificate(url, [name])
        self.service.call("DELETE", f"/v1/orders/{done['id']}")
        return took

    def measure(self):
        took = sorted(self.order(kind) for _ in range(ORDERS) for kind in ("http-01", "dns-01"))
        return took[len(took) // 2] * 1000, took[int(len(took) * 0.99)] * 1000

    def floods(self):
        api, http = self.service.api_port, self.service.http_port
        yield "10,200 connections drip on port 80", Dripping(http, 10200, b"GET /.well-known/acme-challenge/")
        yield "1,000 connections drip on the API", Dripping(api, 1000, b"POST /v1/orders HTTP/1.1\r\nX: ")
        yield "half requests that close on the API", repeated(lambda: half_requests(api, 50))
        yield "1,000 event streams of one client", streams(self.service, 1000)
        yield "queries at the DNS server", repeated(lambda: questions(self.service.dns_port))


def main():
    if not allow_files(12000):
        raise SystemExit("this process may not open 12,000 files")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(folder)
        try:
            lab.order("http-01")
            calm = lab.measure()
            row(f"{2 * ORDERS} orders of Pebble without a flood: p50, p99", f"{calm[0]:.0f}, {calm[1]:.0f} ms", "", "", "")
            for title, flood in lab.floods():
                with flood:
                    if isinstance(flood, Dripping):
                        flood.full.wait()
                    middle, high = lab.measure()
                row(f"{2 * ORDERS} orders of Pebble while {title}: p50, p99", f"{middle:.0f}, {high:.0f} ms", f"{calm[1]:.0f} ms without",
                    f"{high / calm[1]:.1f}", "all finish")
        finally:
            lab.stop()


main()
