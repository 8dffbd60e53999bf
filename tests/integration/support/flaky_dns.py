#!/usr/bin/env python3
"""A way to a name server on which updates get lost: a UDP and TCP proxy, in a process of its own.

    with FlakyDns(server) as way:
        way.address             # "127.0.0.1:port", to be given to a provider
        way.calm()              # from now on everything passes
        way.counts()            # {"pass": 812, "servfail": 31, ...}: what became of the messages

Each message meets a fate at random: it passes, is late, is answered SERVFAIL or REFUSED, is dropped, or reaches
the server and its reply is dropped. "dead" and "deaf" are drop and lost for the message with all its
repetitions. A repetition of what was answered already is not passed on, so that nothing overtakes.
"""
import asyncio
import json
import random
import socket
import subprocess
import sys

ODDS = {"pass": 58, "late": 10, "servfail": 6, "refused": 6, "drop": 6, "lost": 10, "dead": 1, "deaf": 3}
RCODES = {"servfail": 2, "refused": 5}
LATE_MAX = 0.3      # s; less than the wait before a repetition, so that a late one is not overtaken either
ANSWER_SECONDS = 5
REMEMBERED = 4096   # messages
UPDATE = 5          # opcode


class FlakyDns:
    def __init__(self, server, seed=None, odds=None):
        """server: something with `address` and `port`, or the same as "address:port"."""
        self.server = server if isinstance(server, str) else f"{server.address}:{server.port}"
        self.seed = seed if seed is not None else random.randrange(10**9)
        self.odds, self.process, self.address = odds or ODDS, None, None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-B", __file__, self.server, str(self.seed), json.dumps(self.odds)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            self.stop()
            raise RuntimeError("flaky_dns.py ended at once")
        return self

    def stop(self):
        if self.process:
            self.process.stdin.close()  # it ends with that
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def calm(self):
        return self.say("calm")

    def counts(self):
        return self.say("counts")


class Way:
    """What happens to messages, over UDP and TCP alike."""

    def __init__(self, server, seed, odds):
        self.server, self.random = server, random.Random(seed)
        self.fates, self.weights = list(odds), list(odds.values())
        self.counts = dict.fromkeys(odds, 0)
        self.sticky, self.answered, self.is_calm = {}, {}, False

    def fate(self, message):
        if self.is_calm:
            return "pass"
        fate = self.sticky.get(message) or self.random.choices(self.fates, self.weights)[0]
        if fate in ("dead", "deaf"):
            self.sticky[message] = fate
            self.forget(self.sticky)
        self.counts[fate] += 1
        return fate

    @staticmethod
    def forget(table):
        while len(table) > REMEMBERED:
            del table[next(iter(table))]

    async def reply(self, message, ask):
        """The reply, or None; `ask` takes a message to the server."""
        fate = self.fate(message)
        if fate in RCODES and len(message) >= 12:
            return message[:2] + bytes([message[2] | 0x80, RCODES[fate]]) + bytes(8)
        if fate in ("drop", "dead"):
            return None
        if fate == "late":
            await asyncio.sleep(self.random.uniform(0.02, LATE_MAX))
        if message in self.answered:
            return None
        answer = await ask(message)
        if fate in ("lost", "deaf"):
            return None
        if len(message) > 2 and message[2] >> 3 & 15 == UPDATE:
            self.answered[message] = True
            self.forget(self.answered)
        return answer

    async def ask_udp(self, message):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.connect(self.server)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(channel, message)
            return await asyncio.wait_for(loop.sock_recv(channel, 65535), ANSWER_SECONDS)

    async def ask_tcp(self, message):
        reader, writer = await asyncio.open_connection(*self.server)
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            return await asyncio.wait_for(read_message(reader), ANSWER_SECONDS)
        finally:
            writer.close()


async def read_message(reader):
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


class Udp(asyncio.DatagramProtocol):
    def __init__(self, way):
        self.way, self.transport, self.tasks = way, None, set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.handle(data, addr))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def handle(self, data, addr):
        try:
            answer = await self.way.reply(data, self.way.ask_udp)
        except (OSError, asyncio.TimeoutError):
            return
        if answer:
            self.transport.sendto(answer, addr)


async def serve_tcp(way, reader, writer):
    """A connection whose reply is lost is closed, as by a middlebox that forgot it."""
    try:
        while True:
            answer = await way.reply(await read_message(reader), way.ask_tcp)
            if not answer:
                break
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
        pass
    finally:
        writer.close()


def bind_both():
    """UDP and TCP on the same free port."""
    for _ in range(100):
        udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
        try:
            udp.bind(("127.0.0.1", 0))
            tcp.bind(udp.getsockname())
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()
    raise RuntimeError("no free port")


async def obey(way):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while word := (await reader.readline()).strip():
        way.is_calm = way.is_calm or word == b"calm"
        print(json.dumps(way.counts), flush=True)


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    way = Way((host, int(port)), int(sys.argv[2]), json.loads(sys.argv[3]))
    udp, tcp = bind_both()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Udp(way), sock=udp)
    await asyncio.start_server(lambda r, w: serve_tcp(way, r, w), sock=tcp)
    print("{}:{}".format(*udp.getsockname()), flush=True)
    await obey(way)


if __name__ == "__main__":
    asyncio.run(main())
