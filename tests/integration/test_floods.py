"""Nobody without credentials, and no single client, takes the service away: floods on loopback, bounded in count and time."""
import http.client
import itertools
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority
from support.floods import Dripping, allow_files, half_requests
from support.pebble import free_port
from support.service import ApiError, Service, program

TOKEN = "token_of-a-test-authority"
AUTHORIZATION = TOKEN + "." + "T" * 43
SOON = 5            # seconds in which an authority, or an operator, must have an answer
EVENTS = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"


def seconds(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def client_hello():
    """The first flight of a TLS handshake."""
    out = ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


class FloodTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def service(self, config=""):
        service = Service(self.folder / "dcvd", config)
        service.start()
        self.addCleanup(service.stop)
        return service

    def is_answered(self, service):
        """By a new connection, in time."""
        self.assertLess(seconds(lambda: service.call("GET", "/v1/health/ready", timeout=SOON)), SOON)

    def metrics(self, service):
        request = urllib.request.Request(service.url + "/metrics", headers={"Authorization": f"Bearer {service.token}"})
        with urllib.request.urlopen(request, timeout=SOON) as reply:
            return reply.read().decode()

    def present(self, service):
        done = service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
        self.assertEqual(done["state"], "ready", done)

    def publish_token(self, service):
        service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "localhost", "token": TOKEN, "key_authorization": AUTHORIZATION})
        self.wait_for(lambda: self.token_of(service) == AUTHORIZATION)

    def wait_for(self, condition):
        deadline = time.monotonic() + SOON
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def token_of(self, service):
        """As the authority asks for it."""
        connection = http.client.HTTPConnection("127.0.0.1", service.http_port, timeout=SOON)
        connection.request("GET", f"/.well-known/acme-challenge/{TOKEN}", headers={"Host": "localhost"})
        try:
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def test_half_requests_that_close_leave_the_api_able_to_hear(self):
        """Bytes and end come together, because the service stands still meanwhile: an epoll that reads once an event misses the end."""
        service = self.service()
        for _ in range(2):
            service.process.send_signal(signal.SIGSTOP)
            half_requests(service.api_port, 800)  # what the kernel's queue takes
            service.process.send_signal(signal.SIGCONT)
            self.is_answered(service)

    def test_dripping_connections_leave_the_api_able_to_hear(self):
        service = self.service("api: {connections: 500}")
        with Dripping(service.api_port, 1000, b"POST /v1/orders HTTP/1.1\r\nX: ") as flood:
            flood.full.wait()
            for _ in range(5):
                self.is_answered(service)
            self.present(service)

    def test_tls_handshakes_that_stop_half_way_leave_the_service_able_to_hear(self):
        port, port01 = free_port(), free_port()
        authority = Authority(self.folder, "test authority")
        files = authority.issue("server", ["localhost"])
        service = self.service(f"""
api: {{tls-listen: ["127.0.0.1:{port}"], tls-certificate: {files.certificate}, tls-key: {files.key}}}
http: {{tls-listen: ["127.0.0.1:{port01}"], tls-certificate: {files.certificate}, tls-key: {files.key}}}
""")
        hello = client_hello()
        for target in (port, port01) * 100:
            half = socket.create_connection(("127.0.0.1", target), timeout=SOON)
            self.addCleanup(half.close)
            half.sendall(hello)
        for _ in range(3):
            self.is_answered(service)
        self.present(service)
        context = ssl.create_default_context(cafile=authority.certificate)
        with socket.create_connection(("127.0.0.1", port), timeout=SOON) as connection:
            context.wrap_socket(connection, server_hostname="localhost").close()

    def test_one_address_gets_its_share_unless_it_is_a_trusted_proxy(self):
        for address in ("192.0.2.10", "192.0.2.11"):
            if subprocess.run(["ip", "address", "replace", address + "/32", "dev", "lo"], capture_output=True).returncode != 0:
                self.skipTest("no address can be added here")
        service = self.service("api: {connections-per-address: 5, trusted-proxies: [192.0.2.11]}")

        def answered(source):
            connection = socket.create_connection(("127.0.0.1", service.api_port), SOON, (source, 0))
            self.addCleanup(connection.close)
            try:
                connection.sendall(b"GET /v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return connection.recv(12) == b"HTTP/1.1 200"
            except ConnectionError:
                return False

        self.assertEqual([answered("192.0.2.10") for _ in range(10)], [True] * 5 + [False] * 5)
        self.assertTrue(all([answered("192.0.2.11") for _ in range(10)]))
        self.assertTrue(all([answered("127.0.0.1") for _ in range(10)]))
        self.assertIn('dcvd_connections_refused_total{listener="api",limit="address"} 5', self.metrics(service))

    def test_who_does_not_read_the_replies_makes_room_too(self):
        service = self.service("api: {connections: 50}")
        request = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(150):
            deaf = socket.socket()
            self.addCleanup(deaf.close)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", service.api_port))
            deaf.sendall(request * 100)
        for _ in range(3):
            self.is_answered(service)

    def test_bodies_of_strangers_do_not_fill_the_memory(self):
        """A million bytes each but the last."""
        service = self.service()
        head = b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer unknown\r\nContent-Length: 1000000\r\n\r\n"
        before = resident_mb(service.process.pid)
        for _ in range(400):
            stranger = socket.create_connection(("127.0.0.1", service.api_port), timeout=SOON)
            self.addCleanup(stranger.close)
            stranger.sendall(head + b" " * 999999)
        self.is_answered(service)
        self.assertLess(resident_mb(service.process.pid) - before, 200)
        stranger.sendall(b" ")
        self.assertIn(b"413", stranger.recv(4096))

    def test_the_body_of_a_client_may_be_long(self):
        with self.assertRaises(ApiError) as refused:
            self.service().call("POST", "/v1/orders", b" " * 500000)
        self.assertEqual(refused.exception.status, 400)

    def test_who_does_not_finish_a_request_head_is_dropped_after_ten_seconds(self):
        """However it drips; also within a TLS handshake, and at the responder."""
        port = free_port()
        files = Authority(self.folder, "test authority").issue("server", ["localhost"])
        service = self.service(f"""
api: {{tls-listen: ["127.0.0.1:{port}"], tls-certificate: {files.certificate}, tls-key: {files.key}}}
""")
        drip = itertools.chain(b"\x16\x03\x01\x3f\xff", itertools.repeat(1))  # a long record of TLS
        started = time.monotonic()
        waiting = [socket.create_connection(("127.0.0.1", port), timeout=20) for port in (service.api_port, port, service.http_port)]
        for connection in waiting:
            self.addCleanup(connection.close)
        while waiting:
            byte = bytes([next(drip)])
            for connection in waiting[:]:
                try:
                    connection.sendall(byte)
                    connection.settimeout(0.5)
                    self.assertEqual(connection.recv(1), b"")
                except TimeoutError:
                    self.assertLess(time.monotonic() - started, 15)
                    continue
                except ConnectionError:
                    pass
                self.assertGreater(time.monotonic() - started, 9)
                waiting.remove(connection)

    def test_idle_connections_leave_the_api_able_to_hear_with_forty_descriptors(self):
        """More connections than the process may have: libmicrohttpd alone would not accept until one of them ends."""
        service = Service(self.folder / "dcvd")
        with mock.patch.dict("os.environ", {"DCVD": str(self.limited(40))}):
            service.start()
        self.addCleanup(service.stop)
        for _ in range(60):
            idle = socket.create_connection(("127.0.0.1", service.api_port), timeout=SOON)
            self.addCleanup(idle.close)
        self.is_answered(service)
        self.is_answered(service)

    def test_what_was_refused_and_closed_is_counted_and_logged(self):
        service = self.service("api: {connections: 20}")
        with Dripping(service.api_port, 60, b"GET /") as flood:
            flood.full.wait()
            metrics = self.metrics(service)
            self.assertRegex(metrics, 'dcvd_connections_closed_total{listener="api",reason="newcomer"} [1-9]')
            self.wait_for(lambda: "api: there are too many connections" in service.log)

    def test_event_streams_of_one_client_leave_room_for_the_others(self):
        service = self.service("api: {connections: 600, requests-per-client: 200}")
        added = service.command("client", "add", "greedy", "--grant", "greedy.test")
        token = next(word for word in added.stdout.split() if len(word) > 30)
        def stream():
            connection = socket.create_connection(("127.0.0.1", service.api_port), timeout=20)
            self.addCleanup(connection.close)
            connection.sendall(EVENTS % token.encode())
            return connection, connection.recv(12)

        streams = [stream() for _ in range(1000)]
        statuses = [status for _, status in streams]
        self.assertEqual(statuses.count(b"HTTP/1.1 200"), 200)
        self.assertEqual(statuses.count(b"HTTP/1.1 429"), 800)
        self.is_answered(service)
        self.present(service)
        for connection, _ in streams:
            connection.close()
        self.wait_for(lambda: stream()[1] == b"HTTP/1.1 200")

    def test_an_authority_is_answered_while_ten_thousand_connections_drip(self):
        if not allow_files(10800):
            self.skipTest("this process may not open 10,800 files")
        service = self.service()
        self.publish_token(service)
        with Dripping(service.http_port, 10200, b"GET /.well-known/acme-challenge/") as flood:
            flood.full.wait()
            until = time.monotonic() + SOON
            while time.monotonic() < until:
                self.assertLess(seconds(lambda: self.assertEqual(self.token_of(service), AUTHORIZATION)), SOON)
            self.is_answered(service)
        self.assertGreater(flood.dropped, 1000, "the table was never full: this was no flood")

    def test_forged_queries_get_no_more_bytes_than_they_bring(self):
        """From an address that is not loopback, beyond the rate: TC and nothing but the question; by TCP the answer."""
        if subprocess.run(["ip", "address", "add", "192.0.2.10/32", "dev", "lo"], capture_output=True).returncode != 0:
            self.skipTest("no address can be added here")
        service = self.service("dns: {rate-limit: 100}")
        query = b"\x12\x34\0\0\0\1\0\0\0\0\0\0\4dcvd\4test\0\0\6\0\1"  # SOA dcvd.test
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.bind(("192.0.2.10", 0))
            asker.settimeout(SOON)
            replies = []
            for _ in range(1000):
                asker.sendto(query, ("127.0.0.1", service.dns_port))
                replies.append(asker.recv(4096))
            cut = [reply for reply in replies if reply[2] & 2]
            self.assertTrue(500 <= len(cut) <= 800, len(cut))
            self.assertEqual({len(reply) for reply in cut}, {len(query)})
        with socket.create_connection(("127.0.0.1", service.dns_port), SOON, ("192.0.2.10", 0)) as asker:
            asker.sendall(len(query).to_bytes(2, "big") + query)
            self.assertGreater(int.from_bytes(asker.recv(2), "big"), len(query))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as local:
            local.settimeout(SOON)
            for _ in range(1000):
                local.sendto(query, ("127.0.0.1", service.dns_port))
                self.assertFalse(local.recv(4096)[2] & 2)

    def limited(self, files):
        """A dcvd that may open so many files."""
        wrapper = self.folder / "limited"
        wrapper.write_text(f"#!/bin/sh\nulimit -n {files}\nexec {program()} \"$@\"\n")
        wrapper.chmod(0o755)
        return wrapper

    def test_a_flood_of_port_80_stops_no_provider(self):
        """With 256 descriptors, of which the responder may take a part only."""
        called = self.folder / "called"
        provider = self.folder / "provider"
        provider.write_text(f"#!/bin/sh\necho \"$@\" >> {called}\n")
        provider.chmod(0o755)
        service = Service(self.folder / "dcvd", f"""
providers: {{program: {{type: exec, command: {provider}}}}}
routes: [{{suffix: dcvd.test, type: dns-01, provider: program, zone: dcvd.test, preflight: "off"}}, {{suffix: "", type: http-01}}]
""")
        with mock.patch.dict("os.environ", {"DCVD": str(self.limited(256))}):
            service.start()
        self.addCleanup(service.stop)
        with Dripping(service.http_port, 600, b"GET /") as flood:
            flood.full.wait()
            service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
            self.wait_for(called.exists)


if __name__ == "__main__":
    unittest.main()
