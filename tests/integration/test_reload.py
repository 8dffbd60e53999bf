"""SIGHUP: the service takes over what changed, keeps what did not, and loses nothing on the way."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority
from support.pebble import free_port
from support.servers import query
from support.service import Service

ROUTES = "routes: [{suffix: '', type: http-01}, {suffix: '', type: dns-01}]\n"
TOKEN = "token_of-a-test-authority"
AUTHORIZATION = TOKEN + "." + "T" * 43
GROWTH_KIB = 4096  # of 270 reloads; one snapshot that is kept is more than 16 KiB
# The quarantine of AddressSanitizer keeps what was freed, which is not what is measured here.
ENVIRONMENT = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1", "thread_local_quarantine_size_kb=64"]))}


class Reloaded(Service):
    """All options stand in the file, so that a reload finds others."""

    def arguments(self):
        return ["--config", str(self.folder / "dcvd.yaml"), "--set", f"state-dir={self.state}", *self.authority]

    def write(self, text):
        (self.folder / "next.yaml").write_text(text)
        (self.folder / "next.yaml").rename(self.folder / "dcvd.yaml")

    def said(self, pattern):
        """How many lines of the log match."""
        return len(re.findall(pattern, self.log))

    def reload(self, text=None, expected="configuration reloaded", seconds=20):
        """Writes the file, sends SIGHUP, and waits for the line that says what became of it."""
        before = self.said(expected)
        if text is not None:
            self.write(text)
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + seconds
        while self.said(expected) == before:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"no \"{expected}\" within {seconds} s:\n{self.log[-8000:]}")
            time.sleep(0.002)

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M).group(1))


class ReloadTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def service(self, make, **ports):
        """`make(service)` is the text of the configuration."""
        service = Reloaded(self.folder / "dcvd", environment=ENVIRONMENT, **ports)
        service.config = make(service)
        service.start()
        self.addCleanup(service.stop)
        return service


def check(service):
    return f"check: {{http-port: {service.http_port}}}\n"


def listen(service, **others):
    """The listeners of a service, one option a line; `others` replace them."""
    values = {"http": f"{{listen: ['127.0.0.1:{service.http_port}']}}", "dns": f"{{listen: ['127.0.0.1:{service.dns_port}']}}",
              "api": f"{{listen: ['127.0.0.1:{service.api_port}']}}", **others}
    return "".join(f"{name}: {value}\n" for name, value in values.items())


class Memory(ReloadTest):
    def test_each_reload_frees_what_the_one_before_held(self):
        exact = "providers: {p: {type: exec, command: /bin/true}}\nroutes: [{suffix: dcvd.test, provider: embedded}, {suffix: example.test, provider: p}]\n"
        service = self.service(lambda s: listen(s) + exact)
        service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
        ports = [[free_port() for _ in range(3)] for _ in range(2)]
        texts = [listen(service, http=f"{{listen: ['127.0.0.1:{ports[i][0]}']}}", dns=f"{{listen: ['127.0.0.1:{ports[i][1]}']}}",
                        api=f"{{listen: ['127.0.0.1:{service.api_port}', '127.0.0.1:{ports[i][2]}']}}", resolver=f"{{tries: {1 + i}}}") + exact +
                 f"callback-secrets: {{s{i}: {'x' * 32}}}\n" for i in range(2)]
        for i in range(30):
            service.reload(texts[i % 2])
        before = service.memory_kib()
        for i in range(270):
            service.reload(texts[i % 2])
        self.assertLess(service.memory_kib() - before, GROWTH_KIB)
        self.assertEqual(service.stop(), 0, service.log[-4000:])


class Http(ReloadTest):
    def present(self, service):
        service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "http-01", "domain": "localhost", "token": TOKEN,
                                                                       "key_authorization": AUTHORIZATION, "raw": True})

    def get(self, port):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/.well-known/acme-challenge/{TOKEN}", headers={"Host": "localhost"})
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.read().decode()

    def test_http_listeners_come_and_go_and_what_is_connected_is_answered(self):
        service = self.service(lambda s: listen(s) + check(s) + ROUTES)
        self.present(service)
        ports = [service.http_port, free_port()]
        connected = [socket.create_connection(("127.0.0.1", service.http_port), 5) for _ in range(3)]
        for one in connected:
            one.sendall(f"GET /.well-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: loc".encode())
        for _ in range(3):
            service.reload(listen(service, http=f"{{listen: ['127.0.0.1:{ports[0]}', '127.0.0.1:{ports[1]}'], threads: 2}}") + check(service) + ROUTES)
            self.assertEqual([self.get(p) for p in ports], [AUTHORIZATION] * 2)
            service.reload(listen(service, http=f"{{listen: ['127.0.0.1:{ports[1]}']}}") + check(service) + ROUTES)
            self.assertEqual(self.get(ports[1]), AUTHORIZATION)
            self.assertRaises(OSError, self.get, ports[0])
        for one in connected:
            one.sendall(b"alhost\r\n\r\n")
            with one.makefile("rb") as reply:
                self.assertIn(AUTHORIZATION.encode(), reply.read())
            one.close()
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_addresses_that_were_opened_for_a_configuration_that_is_refused_close_again_and_the_others_stay(self):
        service = self.service(lambda s: listen(s) + check(s) + ROUTES)
        self.present(service)
        port = free_port()
        http = f"{{listen: ['127.0.0.1:{service.http_port}', '127.0.0.1:{port}'], connections: 500}}"
        dns = f"{{listen: ['127.0.0.1:{service.dns_port}', '127.0.0.1:{port}']}}"
        for _ in range(3):
            service.reload(listen(service, http=http) + ROUTES.replace("type: http-01", "type: http-01, authority: nobody"), "stays in force")
            service.reload(listen(service, dns=dns) + ROUTES.replace("type: http-01", "type: http-01, authority: nobody"), "stays in force")
            self.assertRaises(OSError, self.get, port)
            self.assertEqual(self.get(service.http_port), AUTHORIZATION)
            self.assertEqual(query("127.0.0.1", service.dns_port, "dcvd.test", "NS")[0], "NOERROR")
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_no_answer_is_wrong_or_lost_while_reloads_never_end(self):
        service = self.service(lambda s: listen(s) + check(s) + ROUTES)
        self.present(service)
        service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
        texts = [listen(service, http=f"{{listen: ['127.0.0.1:{service.http_port}'], connections: {n}}}",
                        dns=f"{{listen: ['127.0.0.1:{service.dns_port}'], rate-limit: {n}}}") + check(service) + ROUTES for n in (1000, 2000)]
        over, wrong, asked = threading.Event(), [], [0, 0]

        def ask():
            while not over.is_set():
                try:
                    if self.get(service.http_port) != AUTHORIZATION:
                        wrong.append("http")
                    asked[0] += 1
                    if "V" * 43 not in query("127.0.0.1", service.dns_port, "_acme-challenge.dcvd.test")[1]:
                        wrong.append("dns")
                    asked[1] += 1
                except OSError as error:
                    wrong.append(repr(error))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for i in range(40):
                service.reload(texts[i % 2])
                if i % 10 == 0:
                    done = service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": f"a{i}.dcvd.test", "value": "V" * 43})
                    self.assertEqual(done["state"], "ready", service.log[-4000:])
        finally:
            over.set()
            thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(min(asked), 20)
        self.assertEqual(service.stop(), 0, service.log[-4000:])


class Kept(ReloadTest):
    def test_an_option_that_is_read_at_the_start_only_is_named_at_each_reload_and_stays_in_force(self):
        service = self.service(lambda s: listen(s) + ROUTES)
        other = listen(service, user="nobody", sandbox="{files: false, writable: [/tmp]}") + ROUTES
        for count in (1, 2):
            service.reload(other)
            for option in ("user", "sandbox.files", "sandbox.writable"):
                self.assertEqual(service.said(rf"read at the start only.*option={re.escape(option)}\b"), count, service.log[-4000:])
        self.assertTrue(service.call("GET", "/v1/health/ready"))
        service.reload(listen(service) + ROUTES)
        self.assertEqual(service.said("read at the start only"), 6)
        self.assertEqual(service.stop(), 0)

    def test_the_example_marks_what_is_read_at_the_start_only(self):
        service = self.service(lambda s: listen(s) + ROUTES)
        lines = service.command("config", "example").stdout.splitlines()
        marked = {lines[i + 1].split(":")[0].strip().lstrip("#") for i, line in enumerate(lines) if line.endswith("Read at the start only.")}
        self.assertEqual(marked, {"state-dir", "user", "system-calls", "files", "writable"})


class Certified(ReloadTest):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.authority = Authority(pathlib.Path(holder.name), "servers")
        cls.files = cls.authority.issue("server", ["127.0.0.1"])

    def config(self, service, **others):
        return listen(service, **others) + check(service) + ROUTES


class Api(Certified):
    """The API's own listeners, with and without TLS."""

    def api(self, *listen_on, tls=(), more=""):
        return (f"{{listen: {json.dumps([f'127.0.0.1:{p}' for p in listen_on])}, tls-listen: {json.dumps([f'127.0.0.1:{p}' for p in tls])}, "
                f"tls-certificate: {self.files.certificate}, tls-key: {self.files.key}{more}}}")

    def ask(self, port, path="/v1/health/live", tls=False, **named):
        context = ssl.create_default_context(cafile=str(self.authority.certificate)) if tls else None
        with urllib.request.urlopen(f"http{'s' if tls else ''}://127.0.0.1:{port}{path}", timeout=5, context=context, **named) as reply:
            return reply.status

    def test_addresses_come_and_go_with_and_without_tls(self):
        service = self.service(self.config)
        plain, tls = free_port(), free_port()
        for _ in range(3):
            service.reload(self.config(service, api=self.api(service.api_port, plain, tls=[tls])))
            self.assertEqual([self.ask(service.api_port), self.ask(plain), self.ask(tls, tls=True)], [200] * 3)
            service.reload(self.config(service, api=self.api(service.api_port)))
            self.assertRaises(OSError, self.ask, plain)
            self.assertRaises(OSError, self.ask, tls, tls=True)
        service.reload(self.config(service, api=self.api(plain)))
        self.assertEqual(self.ask(plain), 200)
        self.assertRaises(OSError, self.ask, service.api_port)
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_an_address_may_become_a_wider_one_or_get_tls_in_the_same_reload(self):
        service = self.service(self.config)
        port = service.api_port
        service.reload(self.config(service, api=f"{{listen: ['0.0.0.0:{port}']}}"))
        self.assertEqual(self.ask(port), 200)
        service.reload(self.config(service, api=self.api(tls=[port])))
        self.assertEqual(self.ask(port, tls=True), 200)
        service.reload(self.config(service))
        self.assertEqual(self.ask(port), 200)
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_a_busy_address_leaves_all_of_the_old_ones_in_force_and_is_named(self):
        service = self.service(self.config)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            busy, free = taken.getsockname()[1], free_port()
            for api in (self.api(free, busy), self.api(free, tls=[busy])):
                service.reload(self.config(service, api=api, http=f"{{listen: ['127.0.0.1:{free_port()}']}}"), "stays in force")
                self.assertEqual(self.ask(service.api_port), 200)
                self.assertRaises(OSError, self.ask, free)
        self.assertEqual(service.said(rf"stays in force.*listen on 127.0.0.1:{busy}: Address already in use"), 2)
        self.assertIn("api.tls-listen", service.log)
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_who_waits_at_an_address_that_goes_is_answered_and_its_streams_end(self):
        service = self.service(self.config)
        token, other = service.token, free_port()
        answers = []

        def wait():
            answers.append(service.call("POST", "/v1/orders?wait=ready&timeout=3s", {"challenges": [
                {"type": "http-01", "domain": "localhost", "token": TOKEN, "key_authorization": AUTHORIZATION, "raw": True}]}))

        service.reload(self.config(service).replace(f"http-port: {service.http_port}", "http-port: 1"))  # so that it never becomes ready
        thread = threading.Thread(target=wait)
        thread.start()
        idle = http.client.HTTPConnection("127.0.0.1", service.api_port, timeout=20)
        idle.request("GET", "/v1/health/live")
        idle.getresponse().read()
        stream = urllib.request.urlopen(urllib.request.Request(f"{service.url}/v1/events", headers={"Authorization": f"Bearer {token}"}), timeout=20)
        while not service.call("GET", "/v1/challenges")["challenges"]:
            self.assertTrue(thread.is_alive(), service.log[-4000:])
        service.reload(self.config(service, api=self.api(other)))
        stream.read()  # to its end, which is no error
        self.assertEqual(self.ask(other), 200)
        self.assertRaises(OSError, self.ask, service.api_port)
        idle.request("GET", "/v1/health/live")  # once more
        reply = idle.getresponse()
        self.assertEqual((reply.status, reply.getheader("Connection")), (200, "close"))
        thread.join(20)
        self.assertEqual(len(answers), 1, service.log[-4000:])
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_streams_and_connections_of_an_address_that_stays_outlive_any_number_of_reloads(self):
        service = self.service(self.config)
        other = free_port()
        events = urllib.request.Request(f"{service.url}/v1/events", headers={"Authorization": f"Bearer {service.token}"})
        idle = http.client.HTTPConnection("127.0.0.1", service.api_port, timeout=20)
        self.addCleanup(idle.close)
        idle.request("GET", "/v1/health/live")  # a connection without any request is closed after ten seconds
        idle.getresponse().read()
        connected = idle.sock
        with urllib.request.urlopen(events, timeout=20) as stream:
            for i in range(10):
                service.reload(self.config(service, api=self.api(service.api_port, *[other] * (i % 2), more=f", connections: {500 + i}")))
            service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
            self.assertTrue(stream.readline().startswith(b"id:"))
        idle.request("GET", "/v1/health/live")
        self.assertEqual(idle.getresponse().status, 200)
        self.assertIs(idle.sock, connected)
        self.assertEqual(service.stop(), 0, service.log[-4000:])


class Responder(Certified):
    """The HTTP-01 responder with TLS."""

    def http(self, service, *tls, more=""):
        return (f"{{listen: ['127.0.0.1:{service.http_port}'], tls-listen: {json.dumps([f'127.0.0.1:{p}' for p in tls])}, "
                f"tls-certificate: {self.files.certificate}, tls-key: {self.files.key}{more}}}")

    def get(self, port):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=ssl.create_default_context(cafile=str(self.authority.certificate)))
        self.addCleanup(connection.close)
        connection.request("GET", "/.well-known/acme-challenge/unknown")
        reply = connection.getresponse()
        return reply.status, reply.getheader("Location")

    def test_the_responder_with_tls_comes_goes_and_redirects_as_the_reload_says(self):
        service = self.service(self.config)
        first, second = free_port(), free_port()
        service.reload(self.config(service, http=self.http(service, first)))
        self.assertEqual(self.get(first), (404, None))
        service.reload(self.config(service, http=self.http(service, first, second, more=", redirect-unknown: 'http://other.example/'")))
        self.assertEqual([self.get(p) for p in (first, second)], [(302, "http://other.example/.well-known/acme-challenge/unknown")] * 2)
        service.reload(self.config(service, http=self.http(service, second)))
        self.assertEqual(self.get(second), (404, None))
        self.assertRaises(OSError, self.get, first)
        service.reload(self.config(service))
        self.assertRaises(OSError, self.get, second)
        self.assertEqual(service.stop(), 0, service.log[-4000:])

    def test_its_limit_of_connections_is_another_after_a_reload(self):
        service = self.service(self.config)
        port = free_port()
        service.reload(self.config(service, http=self.http(service, port)))
        held = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(6)]
        for one in held:
            self.addCleanup(one.close)
        self.assertEqual(self.get(port), (404, None))
        service.reload(self.config(service, http=self.http(service, port, more=", connections: 2")))
        for one in held[:4]:  # those that have waited longest make room
            one.settimeout(10)
            self.assertEqual(one.recv(1), b"")
        self.assertEqual(service.stop(), 0, service.log[-4000:])


class Dns(ReloadTest):
    def plain(self, make=lambda s: listen(s), **ports):
        return self.service(lambda s: make(s) + ROUTES, **ports)

    def test_zones_and_name_servers_are_others_after_a_reload(self):
        service = self.plain()
        self.assertEqual(query("127.0.0.1", service.dns_port, "new.test", "NS")[0], "REFUSED")
        dns = f"{{listen: ['127.0.0.1:{service.dns_port}'], zones: [dcvd.test, new.test], name-servers: [ns1.example.net]}}"
        service.reload(listen(service, dns=dns) + ROUTES)
        self.assertEqual(query("127.0.0.1", service.dns_port, "new.test", "NS"), ("NOERROR", ["ns1.example.net"], True))
        done = service.call("POST", "/v1/challenges?wait=ready&timeout=20s", {"type": "dns-01", "domain": "a.new.test", "value": "V" * 43})
        self.assertEqual(done["state"], "ready", service.log)

    def test_a_listener_that_cannot_be_opened_leaves_all_of_the_old_configuration_in_force(self):
        service = self.plain()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            dns = f"{{listen: ['127.0.0.1:{service.dns_port}', '127.0.0.1:{taken.getsockname()[1]}'], zones: [new.test]}}"
            service.reload(listen(service, dns=dns), "stays in force")
        self.assertIn("dns.listen", service.log)
        self.assertIn("Address already in use", service.log)
        self.assertEqual(query("127.0.0.1", service.dns_port, "dcvd.test", "NS")[0], "NOERROR")
        self.assertEqual(query("127.0.0.1", service.dns_port, "new.test", "NS")[0], "REFUSED")

    def test_dns_listeners_come_and_go_while_the_others_stay(self):
        service = self.plain()
        port = free_port()
        service.reload(listen(service, dns=f"{{listen: ['127.0.0.1:{service.dns_port}', '127.0.0.1:{port}']}}") + ROUTES)
        self.assertEqual([query("127.0.0.1", p, "dcvd.test", "NS")[0] for p in (service.dns_port, port)], ["NOERROR"] * 2)
        service.reload(listen(service, dns=f"{{listen: ['127.0.0.1:{port}']}}") + ROUTES)
        self.assertEqual(query("127.0.0.1", port, "dcvd.test", "NS")[0], "NOERROR")
        self.assertRaises(ConnectionRefusedError, query, "127.0.0.1", service.dns_port, "dcvd.test", "NS")
        service.reload(listen(service, dns="{listen: []}") + ROUTES)
        self.assertRaises(ConnectionRefusedError, query, "127.0.0.1", port, "dcvd.test", "NS")
        service.reload(listen(service, dns=f"{{listen: ['{port}']}}") + ROUTES)
        self.assertEqual(query("127.0.0.1", port, "dcvd.test", "NS")[0], "NOERROR")


if __name__ == "__main__":
    unittest.main()
