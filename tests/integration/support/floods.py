"""Floods on loopback, bounded in count and time: connections that say a little and hold, drip, or go away in the middle.

    with Dripping(port, 10200, b"GET /") as flood: …
"""
import errno
import resource
import socket
import threading
import time

HALF = b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"


def allow_files(count):
    """Raises the limit of this process; False when the system does not let it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    return True


def half_requests(port, count, address="127.0.0.1"):
    """Each sends a part of a request and closes at once."""
    for _ in range(count):
        with socket.create_connection((address, port), timeout=5) as connection:
            connection.sendall(HALF)


class Dripping:
    """Keeps `count` connections open that send `first` and then a byte a second each; whom the server drops comes again."""

    def __init__(self, port, count, first=b"G", drip=b"a", address="127.0.0.1"):
        self.port, self.count, self.first, self.drip, self.address = port, count, first, drip, address
        self.connections, self.dropped, self.stopping = [], 0, False
        self.full = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        for connection in self.connections:
            connection.close()

    def connect(self):
        connection = socket.socket()
        connection.setblocking(False)
        try:
            connection.connect((self.address, self.port))
        except BlockingIOError:
            pass
        return connection

    def fill(self):
        while len(self.connections) < self.count and not self.stopping:
            try:
                self.connections.append(self.connect())
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EMFILE, errno.EAGAIN):
                    raise
                return
            if len(self.connections) % 200 == 0:
                time.sleep(0.005)  # the backlog of the listener

    def run(self):
        fresh = 0
        while not self.stopping:
            self.fill()
            started = time.monotonic()
            alive = []
            for number, connection in enumerate(self.connections):
                try:
                    connection.send(self.first if number >= fresh else self.drip)
                    alive.append(connection)
                except BlockingIOError:
                    alive.append(connection)
                except OSError:
                    connection.close()
                    self.dropped += 1
            self.connections, fresh = alive, len(alive)
            self.full.set()
            while not self.stopping and time.monotonic() - started < 1:
                time.sleep(0.02)
