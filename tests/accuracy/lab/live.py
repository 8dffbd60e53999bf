"""Follows predictions with real orders: Pebble validates over Unbound on the private root, in the same lab.

Each scenario gets an order first; its world is then made with Pebble's token, dcvd is asked, and then Pebble.
"""
import concurrent.futures
import ipaddress
import pathlib
import sys

from .prediction import predict
from .unbound import Unbound
from .world import World

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "integration"))
from support.acme_client import AcmeClient  # noqa: E402
from support.pebble import Pebble  # noqa: E402

PEBBLE_SECONDS = 60


class Confirmation:
    """What was predicted and what came."""

    def __init__(self, scenario, prediction, valid, complaint):
        self.scenario, self.prediction, self.valid, self.complaint = scenario, prediction, valid, complaint

    @property
    def agrees(self):
        """A toss may fall either way, where the scenario is one."""
        if self.prediction.result == "flaky" and "flaky" in self.scenario.expected[0]:
            return True
        return self.prediction.result == ("pass" if self.valid else "fail")


def order(acme, identifier):
    """(authorization, {type: challenge}) of a new order for one identifier."""
    try:
        kind = "ip" if ipaddress.ip_address(identifier) else "dns"
    except ValueError:
        kind = "dns"
    made, _ = acme.post(acme.directory["newOrder"], {"identifiers": [{"type": kind, "value": identifier}]})
    url = made["authorizations"][0]
    authorization, _ = acme.post(url)
    return {"url": url, "challenges": {c["type"]: c for c in authorization["challenges"]}}


def confirm(suite, program, acme, shell):
    authorization = order(acme, shell.identifier)
    token = authorization["challenges"][shell.kind]["token"]
    world = World(shell.scenario, shell.zone, shell.slot, token, acme.thumbprint)
    suite.lab.renew(world)
    prediction = predict(program, world, suite.lab.tree)
    complaint = acme.validate(authorization, shell.kind, PEBBLE_SECONDS)
    return Confirmation(shell.scenario, prediction, complaint is None, complaint)


def play_live(suite, program, jobs=8):
    """Confirmations of all live worlds of the suite."""
    with Unbound(suite.folder, suite.lab.tree) as unbound:
        pebble = Pebble(suite.folder, dns_server=f"{unbound.address}:{unbound.port}")
        with pebble:
            acme = AcmeClient(pebble.directory, str(pebble.ca_file))
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                return list(pool.map(lambda shell: confirm(suite, program, acme, shell), suite.live))


def report_live(confirmations):
    different = [c for c in confirmations if not c.agrees]
    print(f"\n{len(confirmations)} orders at Pebble, {len(confirmations) - len(different)} as predicted")
    for c in different:
        print(f"  {c.scenario}: predicted {c.prediction.short}, Pebble says {'valid' if c.valid else c.complaint}")
    return not different
