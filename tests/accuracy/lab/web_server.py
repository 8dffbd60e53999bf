"""The scripted web servers: one listener for each address and port that a scenario speaks of, nothing anywhere else.

What a rule can do is in tests/accuracy/README.md. An address without a rule refuses the connection.
"""
import asyncio
import gzip
import socket
import ssl
import struct

from . import certificates
from .world import multiply

IPV6_FREEBIND = 78
REQUEST_MAX = 16384
SILENT_SECONDS = 60


def text_bytes(text):
    """Bytes of the notation: \\r, \\n and \\xNN mean what they mean in Python."""
    return multiply(text).encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.path = words[1] if len(words) > 1 else ""
        self.headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}


class Listener:
    """The rules of one address and port."""

    def __init__(self, world, address, port, rules, folder):
        self.world, self.address, self.port, self.rules = world, address, port, rules
        self.folder, self.server, self.held, self.old_tls = folder, None, [], None

    def _socket(self):
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        s.bind((self.address, self.port))
        return s

    async def open(self, certificate):
        if self.rules[0].verb == "drops":
            return self._black_hole()
        tls = self._context(certificate)
        if self.rules[0].options.get("tls") == "1.1" or "alert" in self.rules[0].options:
            self.old_tls, tls = tls, None
        self.server = await asyncio.start_server(self._serve, sock=self._socket(), ssl=tls)
        return None

    def _black_hole(self):
        """Nobody accepts and the queue is full: the kernel drops every SYN."""
        listening = self._socket()
        listening.listen(0)
        self.held.append(listening)
        for _ in range(2):
            filler = socket.socket(listening.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.address, self.port))
            self.held.append(filler)

    def _context(self, certificate):
        rule = self.rules[0]
        if rule.verb == "presents":
            path = self.folder / f"{self.address.replace(':', '-')}.pem"
            certificates.make_acme(path, self.world.identifier, self.world.key_authorization, rule.options)
            return certificates.server_context(path, alpn="acme-tls/1")
        tls = rule.options.get("tls", "yes" if self.port == 443 else "no")
        ciphers = rule.options.get("ciphers")
        kind = "rsa" if ciphers and "ECDSA" not in ciphers else "ec"
        return None if tls == "no" else certificates.server_context(certificate[kind], version=tls, ciphers=ciphers)

    def close(self):
        if self.server:
            self.server.close()
        for s in self.held:
            s.close()

    # ---- one connection ----

    async def _serve(self, reader, writer):
        try:
            rule = self.rules[0]
            if self.old_tls:
                await self._old_handshake(reader, writer)
                return
            if rule.verb in ("greets", "resets-at-once", "presents"):
                await self._end(rule, reader, writer)
                return
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SILENT_SECONDS)
            request = Request(head[:REQUEST_MAX])
            rule = self._rule_for(request)
            if rule is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found")
            else:
                await asyncio.sleep(float(rule.options.get("after", 0)))
                await getattr(self, "_" + rule.verb)(rule, request, writer)
                await asyncio.sleep(float(rule.options.get("hold", 0)))
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError, ConnectionError, OSError):
            pass
        finally:
            writer.close()

    async def _old_handshake(self, reader, writer):
        """asyncio swallows the alert of a failed handshake; here the client gets it. After a good one the connection ends."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.old_tls.wrap_bio(incoming, outgoing, server_side=True)
        wanting = True
        while wanting:
            incoming.write(await asyncio.wait_for(reader.read(65536), SILENT_SECONDS))
            try:
                tls.do_handshake()
                wanting = False
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                wanting = False
            writer.write(outgoing.read())
            await writer.drain()

    async def _end(self, rule, reader, writer):
        if rule.verb == "resets-at-once":
            self._abort(writer)
        elif rule.verb == "greets":
            await asyncio.wait_for(reader.read(1), SILENT_SECONDS)
            writer.write(text_bytes(" ".join(rule.arguments)))
            await writer.drain()
        elif rule.verb == "presents":
            await asyncio.wait_for(reader.read(1), SILENT_SECONDS)

    @staticmethod
    def _abort(writer):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def _rule_for(self, request):
        for rule in self.rules:
            path = multiply(rule.options.get("path", self.world.variables["path"]))
            host = rule.options.get("host")
            if path not in ("*", request.path):
                continue
            if host and host.lower() != request.headers.get("host", "").lower():
                continue
            return rule
        return None

    # ---- what a rule can do with a request ----

    async def _says(self, rule, request, writer):
        options = rule.options
        status, body = rule.arguments[0], text_bytes(" ".join(rule.arguments[1:]))
        if options.get("agent") and options["agent"] not in request.headers.get("user-agent", ""):
            status, body = "403", b"forbidden"
        if "pad" in options:
            body += b"\n" * (int(options["pad"]) - len(body))
        headers = [f"HTTP/{options.get('http', '1.1')} {status} Lab"]
        if options.get("encoding") == "gzip":
            body = gzip.compress(body)
            headers.append("Content-Encoding: gzip")
        if "location" in options:
            headers.append("Location: " + text_bytes(options["location"]).decode("latin-1"))
        if "header" in options:
            headers.append(options["header"])
        if "chunked" in options:
            headers.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"
        elif options.get("length") != "none":
            headers.append(f"Content-Length: {options.get('length', len(body))}")
        writer.write("\r\n".join(headers + ["Connection: close", "", ""]).encode("latin-1") + body)

    async def _continues(self, rule, request, writer):
        """100 Continue first, as nobody asked."""
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._says(rule, request, writer)

    async def _raw(self, rule, request, writer):
        writer.write(text_bytes(" ".join(rule.arguments)))

    async def _floods(self, rule, request, writer):
        """An endless body."""
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(4096):
            writer.write(b"x" * 65536)
            await writer.drain()

    async def _drips(self, rule, request, writer):
        """A byte, a pause, a byte."""
        body = text_bytes(" ".join(rule.arguments[1:]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(float(rule.arguments[0]))

    async def _closes(self, rule, request, writer):
        pass

    async def _resets(self, rule, request, writer):
        self._abort(writer)

    async def _silent(self, rule, request, writer):
        await asyncio.sleep(SILENT_SECONDS)


class WebServers:
    def __init__(self, folder):
        self.folder = folder
        self.listeners = []
        names = ["wrong-name.example"]
        self.certificate = {"ec": certificates.make(folder / "wrong-name.pem", names), "rsa": certificates.make_rsa(folder / "rsa.pem", names)}

    async def add(self, world):
        places = {}
        for rule in world.webs:
            places.setdefault((rule.address, rule.port), []).append(rule)
        for (address, port), rules in places.items():
            listener = Listener(world, address, port, rules, self.folder)
            await listener.open(self.certificate)
            self.listeners.append(listener)

    async def renew(self, world):
        for listener in [l for l in self.listeners if l.world.zone == world.zone]:
            listener.close()
            self.listeners.remove(listener)
        await self.add(world)

    def close(self):
        for listener in self.listeners:
            listener.close()
