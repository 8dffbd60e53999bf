"""What could be read in two ways is refused and the connection closed, on every HTTP listener; the requests stand in framing/requests.txt."""
import contextlib
import json
import pathlib
import re
import socket
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority
from support.pebble import free_port
from support.service import Service

REQUESTS = pathlib.Path(__file__).parent / "framing" / "requests.txt"
PLAIN = b"GET /x HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text):
    def one(match):
        name = match.group(1)
        return bytes([int(name[1:], 16)]) if name[:1] == b"x" else ESCAPES[name.decode()]
    return re.sub(rb"\\(x[0-9a-f]{2}|[rnt0\\])", one, text.replace("{H}", r"Host: www.example.com\r\n").encode())


def table():
    """(statuses, what becomes of the connection, title, bytes) of each line."""
    for line in REQUESTS.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        expected, title, request = (part.strip(" ") for part in line.split("|", 2))
        statuses, then = expected.split()
        yield {0 if s == "-" else int(s) for s in statuses.split("/")}, then, title, unescape(request)


def read_reply(connection):
    """The status of one reply, whose body is read too; 0 when the connection ends without one."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = receive(connection)
        if not got:
            return 0
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head).group(1))
    while len(body) < length:
        got = receive(connection)
        if not got:
            break
        body += got
    return int(head.split()[1])


def receive(connection):
    try:
        return connection.recv(4096)
    except ConnectionError:
        return b""


def read_all(connection):
    """The statuses of all replies until the connection ends."""
    data = b""
    while got := receive(connection):
        data += got
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3})", data)]


class FramingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        files = Authority(folder, "test authority").issue("server", ["localhost"])
        cls.ports = {"api with TLS": free_port(), "responder with TLS": free_port()}
        cls.service = Service(folder / "dcvd", f"""
api: {{tls-listen: ["127.0.0.1:{cls.ports['api with TLS']}"], tls-certificate: {files.certificate}, tls-key: {files.key}}}
http: {{tls-listen: ["127.0.0.1:{cls.ports['responder with TLS']}"], tls-certificate: {files.certificate}, tls-key: {files.key}}}
""")
        cls.service.start()
        cls.addClassCleanup(cls.service.stop)
        cls.ports.update({"api": cls.service.api_port, "responder": cls.service.http_port})

    def connect(self, listener):
        connection = socket.create_connection(("127.0.0.1", self.ports[listener]), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if "TLS" in listener:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(connection)
        self.addCleanup(connection.close)
        return connection

    def answer(self, listener, pieces, then):
        """The status of the reply, having seen what became of the connection."""
        connection = self.connect(listener)
        with contextlib.suppress(ConnectionError):  # refused before all of it was sent
            for piece in pieces:
                connection.sendall(piece)
        if then == "closed":
            statuses = read_all(connection)
            # libmicrohttpd 0.9.75 sends the head of its own refusal of a Content-Length twice
            self.assertLessEqual(len(set(statuses)), 1, "other replies followed")
            return statuses[0] if statuses else 0
        status = read_reply(connection)
        if then == "kept":
            connection.sendall(PLAIN)
            self.assertEqual(read_reply(connection), 404, "the connection is out of step")
        connection.close()
        return status

    def run_table(self, listener, cut):
        for statuses, then, title, request in table():
            with self.subTest(listener=listener, request=title):
                self.assertIn(self.answer(listener, cut(request), then), statuses)

    def test_the_api_refuses_what_could_be_read_in_two_ways(self):
        self.run_table("api", lambda request: [request])

    def test_the_responder_refuses_what_could_be_read_in_two_ways(self):
        self.run_table("responder", lambda request: [request])

    def test_the_api_with_tls_refuses_what_could_be_read_in_two_ways(self):
        self.run_table("api with TLS", lambda request: [request])

    def test_the_responder_with_tls_refuses_what_could_be_read_in_two_ways(self):
        self.run_table("responder with TLS", lambda request: [request])

    def test_a_request_in_order_may_come_byte_by_byte(self):
        for statuses, then, title, request in table():
            if 404 in statuses:
                with self.subTest(request=title):
                    self.assertIn(self.answer("api", [request[i:i + 1] for i in range(len(request))], then), statuses)

    def test_long_heads_in_order_are_taken_however_they_are_cut(self):
        """The memory of libmicrohttpd grows meanwhile: its lines must stay where they are."""
        for listener in self.ports:
            for fields in range(1, 62, 4):
                request = b"GET /x?a=b&c=%20d&e HTTP/1.1\r\nHost: www.example.com\r\nCookie: a=b; c=d\r\n" + b"".join(
                    b"X-%d: %s\r\n" % (n, b"v" * (n * 5 % 83)) for n in range(fields)) + b"\r\n"
                for size in (len(request), 1000, 7):
                    with self.subTest(listener=listener, fields=fields, pieces=size):
                        pieces = [request[i:i + size] for i in range(0, len(request), size)]
                        self.assertEqual(self.answer(listener, pieces, "kept"), 404)

    def test_a_refused_request_takes_what_is_behind_it_along(self):
        smuggled = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PLAIN
        for listener in self.ports:
            self.assertEqual(self.answer(listener, [smuggled], "closed"), 400)

    def test_the_api_says_as_problem_details_what_is_wrong(self):
        for statuses, _, title, request in (row for row in table() if row[1] == "closed"):
            connection = self.connect("api")
            connection.sendall(request)
            reply = b"".join(iter(lambda: receive(connection), b""))
            if b"application/problem+json" in reply:
                with self.subTest(request=title):
                    problem = json.loads(reply.split(b"\r\n\r\n", 1)[1])
                    self.assertIn(problem["status"], statuses)
                    self.assertTrue(problem["detail"])

    def test_requests_in_one_packet_are_answered_in_order(self):
        for listener in self.ports:
            connection = self.connect(listener)
            connection.sendall(PLAIN * 20 + PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            data = b""
            while chunk := connection.recv(65536):
                data += chunk
            self.assertEqual(data.count(b"HTTP/1.1 404"), 21)


if __name__ == "__main__":
    unittest.main()
