"""The whole lab in one thread with an event loop of its own: name servers and web servers of all worlds."""
import asyncio
import pathlib
import subprocess
import threading

from .dns_server import DnsServer
from .tree import Tree
from .web_server import WebServers


PUBLIC = ("198.41.0.0/24", "193.0.14.0/24", "2001:503:ba3e::/48", "2001:7fd::/48")  # of root servers: they stand for the world


def prepare_network():
    """IPv6 addresses of the scenarios are this machine's own. Needs a network namespace of one's own."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "-6", "route", "replace", "local", "fd00::/16", "dev", "lo"], check=True)
    for public in PUBLIC:
        subprocess.run(["ip", "route", "replace", "local", public, "dev", "lo"], check=True)


class Lab:
    def __init__(self, folder, worlds):
        self.folder = pathlib.Path(folder)
        self.tree = Tree(self.folder)
        for world in worlds:
            self.tree.add(world)
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._complain)
        self.complaints = []
        self.dns, self.web = DnsServer(self.tree), None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _complain(self, _, context):
        """A connection that a checker cut short is no news; a mistake in a server is."""
        error = context.get("exception")
        if error is not None and not isinstance(error, (OSError, asyncio.CancelledError)):
            self.complaints.append(repr(error))

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tree.build()
        self.web = WebServers(self.folder)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(60)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def renew(self, world):
        """Serves new contents for a world of the tree."""
        self.tree.renew(world)
        asyncio.run_coroutine_threadsafe(self.web.renew(world), self.loop).result(30)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _open(self):
        self.dns.open(self.loop)
        await self.dns.listen()
        for world in self.tree.worlds:
            await self.web.add(world)

    async def _close(self):
        self.web.close()
        self.dns.close(self.loop)
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
