"""dcvd under load is killed at random instants, several hundred times, also while it starts and recovers:
every order that was confirmed becomes ready, every release that was confirmed holds, and when all are
released no record is left anywhere.

DCVD_KILLS says how often (300), DCVD_SEED repeats a run.
"""
import collections
import os
import pathlib
import random
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import Bind, query
from support.service import Service
from test_crash import DEAD, RECORDS, STRANGER, ZONE, config

KILLS = int(os.environ.get("DCVD_KILLS", "300"))
CALLERS = 3
SWEEP_EVERY = 20    # kills; in between the orders without a confirmation pile up
LIVE_MAX = 8        # orders that one caller keeps before it releases the oldest
ALIVE_SECONDS = 0.4 # longest time from the start, or from the first answer, to the kill
END_SECONDS = 60

Order = collections.namedtuple("Order", "id challenges")


class Caller(threading.Thread):
    """Submits and releases until the service dies."""
    numbers = iter(range(10**9)).__next__ # of every challenge ever asked for

    def __init__(self, service, book, seed):
        super().__init__()
        self.service, self.book, self.random = service, book, random.Random(seed)
        self.problem = None

    def challenge(self):
        number = Caller.numbers()
        kind = self.random.choice(("http-01", "shared", "own", "embedded"))
        if kind == "http-01":
            return {"type": kind, "domain": f"www.{ZONE}", "token": f"token-{number:016}", "key_authorization": f"token-{number:016}.{'P' * 43}"}
        domain = {"shared": ZONE, "own": f"host{number}.{ZONE}", "embedded": "dcvd.test"}[kind]
        return {"type": "dns-01", "domain": domain, "value": f"value-{number:037}"}

    def turn(self):
        challenges = [self.challenge() for _ in range(self.random.randint(1, 4))]
        self.book.asked(challenges)
        reply = self.service.call("POST", "/v1/orders", {"challenges": challenges}, timeout=10)
        self.book.confirmed(Order(reply["id"], challenges))
        old = self.book.take_oldest()
        if old:
            self.service.call("DELETE", f"/v1/orders/{old.id}", timeout=10)
            self.book.released(old)

    def run(self):
        try:
            while True:
                self.turn()
        except DEAD + (TimeoutError, FileNotFoundError):
            pass # no service, or not yet a token
        except Exception as problem: # pylint: disable=broad-except
            self.problem = problem


class Book:
    """What the callers know; a step that died in between is known of neither way."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all_challenges = []
        self.live = collections.deque()
        self.unsure, self.gone = [], []

    def asked(self, challenges):
        with self.lock:
            self.all_challenges += challenges

    def confirmed(self, order):
        with self.lock:
            self.live.append(order)

    def take_oldest(self):
        """Its release begins now; until that is confirmed nobody can be sure of it."""
        with self.lock:
            if len(self.live) < CALLERS * LIVE_MAX:
                return None
            self.unsure.append(self.live.popleft())
            return self.unsure[-1]

    def released(self, order):
        with self.lock:
            self.unsure.remove(order)
            self.gone.append(order)


class RandomKills(unittest.TestCase):
    def setUp(self):
        self.server = Bind(zones=(ZONE,), records=RECORDS).start()
        self.addCleanup(self.server.stop)
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.service = Service(pathlib.Path(holder.name), config(self.server), {"TSIG_SECRET": self.server.key.secret})
        self.addCleanup(lambda: self.service.process and self.service.kill())
        self.seed = int(os.environ.get("DCVD_SEED", random.randrange(10**9)))
        self.random = random.Random(self.seed)
        self.book = Book()
        self.swept = set()

    def end_of_log(self):
        return f"DCVD_SEED={self.seed}\n" + "\n".join(self.service.log.split("\n")[-60:])

    def live_and_die(self):
        """Callers start as soon as the API answers. The kill waits for that in every second life: a slow machine would never be loaded otherwise."""
        begin = time.monotonic()
        life = self.random.uniform(0.02, ALIVE_SECONDS)
        waits = self.random.random() < 0.5
        self.service.start(wait=False)
        callers = [Caller(self.service, self.book, self.random.random()) for _ in range(CALLERS)]
        while (waits or time.monotonic() - begin < life) and not self.answers():
            self.assertIsNone(self.service.process.poll(), self.end_of_log())
        if waits:
            begin = time.monotonic()
        for caller in callers:
            caller.start()
        self.hold(begin + life)
        self.assertIsNone(self.service.process.poll(), self.end_of_log())
        self.service.kill()
        for caller in callers:
            caller.join()
            self.assertIsNone(caller.problem, self.end_of_log())

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.service.url}/v1/health/ready", timeout=1):
                return True
        except OSError:
            time.sleep(0.005)
            return False

    def hold(self, until):
        """The instant of the kill is the subject of this test, not a pause in it."""
        threading.Event().wait(max(0, until - time.monotonic()))

    def wait_until(self, order, state):
        until = time.monotonic() + END_SECONDS
        while time.monotonic() < until:
            found = self.service.call("GET", f"/v1/orders/{order}")
            if all(c["state"] == state for c in found["challenges"]):
                return
            time.sleep(0.02)
        self.fail(f"order {order} is not {state}: {found}\n{self.end_of_log()}")

    def all_orders(self):
        """Of the journal, also those whose confirmation never came."""
        orders, after = set(), ""
        while True:
            page = self.service.call("GET", f"/v1/challenges?limit=100{after}")
            orders.update(c["order"] for c in page["challenges"])
            if not page.get("next"):
                return orders
            after = f"&after={page['next']}"

    def shown(self, challenge):
        """Whether the world sees the answer."""
        if challenge["type"] == "http-01":
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.service.http_port}/.well-known/acme-challenge/{challenge['token']}",
                headers={"Host": challenge["domain"]})
            try:
                with urllib.request.urlopen(request, timeout=5) as reply:
                    return reply.read().decode() == challenge["key_authorization"]
            except urllib.error.HTTPError:
                return False
        name = f"_acme-challenge.{challenge['domain']}"
        if challenge["domain"] == "dcvd.test":
            return challenge["value"] in query("127.0.0.1", self.service.dns_port, name)[1]
        return challenge["value"] in self.server.values(name)

    def sweep(self):
        """Releases what no caller knows of; a name server holds about a hundred values of one name."""
        self.service.start()
        known = {order.id for order in self.book.live}
        for order in self.all_orders() - known - self.swept:
            self.service.call("DELETE", f"/v1/orders/{order}")
            self.swept.add(order)
        self.service.kill()

    def test_every_order_is_finished_and_no_record_is_left(self):
        for number in range(1, KILLS + 1):
            self.live_and_die()
            if number % SWEEP_EVERY == 0:
                self.sweep()
        self.service.start()
        self.assertGreater(len(self.book.gone), KILLS / 4, "hardly any load: the test proves nothing")
        for order in self.book.live:
            self.wait_until(order.id, "ready")
            for challenge in order.challenges:
                self.assertTrue(self.shown(challenge), f"{challenge}\n{self.end_of_log()}")
        for order in self.book.gone:
            self.wait_until(order.id, "gone")
        orders = self.all_orders()
        self.assertLessEqual({o.id for o in self.book.live} | {o.id for o in self.book.gone}, orders)
        for order in orders:
            self.service.call("DELETE", f"/v1/orders/{order}")
        for order in orders:
            self.wait_until(order, "gone")
        left = [c for c in self.book.all_challenges if self.shown(c)]
        self.assertEqual(left, [], self.end_of_log())
        self.assertEqual(self.server.values(f"_acme-challenge.{ZONE}"), [STRANGER])
        self.assertEqual(self.service.stop(), 0, self.end_of_log())
        print(f"{KILLS} kills, {len(orders)} orders, {len(self.book.all_challenges)} challenges", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
