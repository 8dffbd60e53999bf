"""The scripted name servers: every address of 127.0.0.0/8 and fd00::/16, port 53, UDP and TCP, in one process.

One wildcard socket per family and protocol; the address that was asked decides what is answered. The faults of a site are
applied in the order they were written.
"""
import asyncio
import copy
import os
import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from .zones import Answer

IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_FREEBIND = 8, 49, 50, 78
PORT = 53
UDP_SIZE = 1232
CODES = {"servfail": 2, "refused": 5, "notimp": 4, "nxdomain": 3, "formerr": 1}


class Reply:
    """What becomes of one question on its way through the faults."""

    def __init__(self, query, transport):
        self.query, self.transport = query, transport
        self.question = query.question[0]
        self.delay, self.drip = 0.0, 0.0
        self.flags = set()   # "no-aa", "no-soa", "lower-case", "truncate", …
        self.lacks = []      # (name or None, types or None)
        self.adds = []       # lines of records that stand in the answer instead
        self.rcode = None
        self.wire = None     # raw bytes
        self.silent = self.reset = False


def fault_delay(reply, arguments):
    reply.delay += float(arguments[0])


def fault_drop(reply, _):
    reply.silent = True


def fault_reset(reply, _):
    reply.reset = True


def fault_drip(reply, arguments):
    reply.drip = float(arguments[0]) if arguments else 1.0


def fault_garbage(reply, _):
    reply.wire = struct.pack("!H", reply.query.id) + b"\x84\x00" + os.urandom(60)


def fault_short(reply, _):
    reply.wire = struct.pack("!H", reply.query.id) + b"\x84"


def fault_compression_loop(reply, _):
    question = reply.question.name.to_wire() + struct.pack("!HH", reply.question.rdtype, 1)
    at = 12 + len(question)
    loop = struct.pack("!HHHIH", 0xC000 | at, reply.question.rdtype, 1, 60, 4) + b"\x03abc"
    reply.wire = struct.pack("!HHHHHH", reply.query.id, 0x8400, 1, 1, 0, 0) + question + loop



def fault_says(reply, arguments):
    reply.adds.append(" ".join(arguments))


# What a server does instead of, or before, an honest answer; FLAGS change the answer.
FAULTS = {"delay": fault_delay, "drop": fault_drop, "reset": fault_reset, "drip": fault_drip, "garbage": fault_garbage,
          "short": fault_short, "compression-loop": fault_compression_loop, "says": fault_says}
FLAGS = {"no-aa", "no-soa", "lower-case", "truncate", "wrong-id", "wrong-question", "nodata", "no-edns", "case-nodata", "bad-referral"}


def applies(fault, reply):
    question = reply.question
    kind = dns.rdatatype.to_text(question.rdtype)
    return ((fault.types is None or kind in fault.types) and fault.transport in (None, reply.transport)
            and (fault.name is None or fault.name == question.name.to_text().lower()))


def apply_faults(site, reply):
    for fault in site.faults:
        if not applies(fault, reply):
            continue
        if fault.verb in CODES:
            reply.rcode = CODES[fault.verb]
        elif fault.verb in FAULTS:
            FAULTS[fault.verb](reply, fault.arguments)
        elif fault.verb in FLAGS:
            reply.flags.add(fault.verb)
        else:
            raise ValueError(f"a server cannot {fault.verb}")


def look_up(site, reply):
    question = reply.question
    zone = site.zone_for(question.name) if site else None
    if zone is not None and question.rdtype == dns.rdatatype.DS and question.name == zone.origin:
        above = [z for z in site.zones if z is not zone and question.name.is_subdomain(z.origin)]
        zone = max(above, key=lambda z: len(z.origin), default=zone)
    if zone is None:
        return Answer(rcode=5, authoritative=False)
    query = reply.query
    found = zone.lookup(question.name, question.rdtype, query.edns >= 0 and bool(query.ednsflags & dns.flags.DO))
    if "nodata" in reply.flags or ("case-nodata" in reply.flags and question.name.to_text() != question.name.to_text().lower()):
        found = zone._negative(Answer(), question.name, False, None)
    return found


def said(name, line):
    ttl, kind, data = line.split(None, 2)
    return dns.rrset.from_text(name, int(ttl), "IN", kind, data)


def message_of(site, reply):
    found = look_up(site, reply)
    query = reply.query
    message = dns.message.make_response(query, recursion_available=False)
    if query.edns >= 0 and "no-edns" in reply.flags:
        message = dns.message.Message(id=query.id)
        message.flags = dns.flags.QR
        message.set_rcode(dns.rcode.FORMERR)
        return message
    message.use_edns(0 if query.edns >= 0 else -1, query.ednsflags & dns.flags.DO if query.edns >= 0 else 0, UDP_SIZE)
    message.set_rcode(reply.rcode if reply.rcode is not None else found.rcode)
    if found.authoritative and "no-aa" not in reply.flags:
        message.flags |= dns.flags.AA
    if reply.rcode is None:
        message.answer, message.authority, message.additional = found.answer, found.authority, found.additional
    if reply.adds:
        message.answer = [said(reply.question.name, line) for line in reply.adds]
        message.set_rcode(0)
    return shape(message, reply)


def shape(message, reply):
    if "no-soa" in reply.flags:
        message.authority = [r for r in message.authority if r.rdtype != dns.rdatatype.SOA]
    if "lower-case" in reply.flags or "wrong-question" in reply.flags:
        question = copy.copy(message.question[0])
        question.name = dns.name.from_text(question.name.to_text().lower())
        if "wrong-question" in reply.flags:
            question.name = dns.name.from_text("wrong." + question.name.to_text())
        message.question = [question]
    if "wrong-id" in reply.flags:
        message.id ^= 1
    if "truncate" in reply.flags and reply.transport == "udp":
        message.answer = message.authority = message.additional = []
        message.flags |= dns.flags.TC
    return message


def to_wire(message, reply):
    query = reply.query
    limit = 65535
    if reply.transport == "udp":
        limit = min(max(query.payload, 512), UDP_SIZE) if query.edns >= 0 else 512
    try:
        return message.to_wire(max_size=limit)
    except dns.exception.TooBig:
        message.answer, message.authority, message.additional = [], [], []
        message.flags |= dns.flags.TC
        return message.to_wire()


class DnsServer:
    def __init__(self, tree):
        self.tree = tree
        self.sockets, self.listeners, self.asked = [], [], 0

    def respond(self, wire, address, transport):
        """A Reply that is ready to be sent, or None for bytes that are no question."""
        self.asked += 1
        try:
            query = dns.message.from_wire(wire)
        except Exception:  # whatever it is, it is no question
            return None
        if not query.question or query.flags & dns.flags.QR:
            return None
        reply = Reply(query, transport)
        site = self.tree.sites.get(address)
        if site:
            apply_faults(site, reply)
        if not reply.silent and not reply.reset and reply.wire is None:
            reply.wire = to_wire(message_of(site, reply), reply)
        return reply

    # ---- UDP ----

    def open(self, loop):
        for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            if family == socket.AF_INET6:
                udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                udp.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
                udp.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
            else:
                udp.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            udp.bind((any_address, PORT))
            udp.setblocking(False)
            loop.add_reader(udp, self._udp_readable, loop, udp)
            self.sockets.append(udp)

    def close(self, loop):
        for udp in self.sockets:
            loop.remove_reader(udp)
            udp.close()
        for listener in self.listeners:
            listener.close()

    def _udp_readable(self, loop, udp):
        for _ in range(64):
            try:
                wire, ancillary, _, peer = udp.recvmsg(4096, 256)
            except BlockingIOError:
                return
            level, kind, data = ancillary[0]
            if level == socket.IPPROTO_IPV6:
                address, back = socket.inet_ntop(socket.AF_INET6, data[:16]), data[:16] + bytes(4)
            else:
                address, back = socket.inet_ntop(socket.AF_INET, data[8:12]), bytes(4) + data[8:12] + bytes(4)
            reply = self.respond(wire, address, "udp")
            if reply is None or reply.wire is None:
                continue
            send = [udp, reply.wire, [(level, IPV6_PKTINFO if level == socket.IPPROTO_IPV6 else IP_PKTINFO, back)], peer]
            if reply.delay:
                loop.call_later(reply.delay, self._send, *send)
            else:
                self._send(*send)

    @staticmethod
    def _send(udp, wire, ancillary, peer):
        try:
            udp.sendmsg([wire], ancillary, 0, peer)
        except OSError:
            pass  # the asker is gone

    # ---- TCP ----

    async def listen(self):
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            tcp = socket.socket(family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tcp.bind((address, PORT))
            self.listeners.append(await asyncio.start_server(self._serve_tcp, sock=tcp, backlog=256))

    async def _serve_tcp(self, reader, writer):
        try:
            address = writer.get_extra_info("sockname")[0]
            while True:
                length, = struct.unpack("!H", await reader.readexactly(2))
                reply = self.respond(await reader.readexactly(length), address, "tcp")
                if reply is None or reply.reset:
                    writer.transport.abort()
                    return
                await asyncio.sleep(reply.delay)
                if reply.wire is not None:
                    await self._write(writer, struct.pack("!H", len(reply.wire)) + reply.wire, reply.drip)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _write(writer, wire, drip):
        if not drip:
            writer.write(wire)
            await writer.drain()
            return
        for byte in wire:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(drip)
