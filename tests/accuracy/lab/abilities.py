"""What the host of dcvd can do, as a dimension of every scenario: without something, a verdict may become UNKNOWN and nothing else.

Routing rules of the network namespace take the ability away from whoever sends: the kernel refuses to dcvd what a host without a route,
or with a firewall of its own, refuses. The lab's servers answer as before.
"""
import contextlib
import resource
import socket
import subprocess
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

LIAR = ("127.0.1.9", 5353)
PORTAL = "127.0.1.8"
WORLD = {4: ["127.0.0.0/8", "198.41.0.0/24", "193.0.14.0/24"], 6: ["fd00::/8", "2001:503:ba3e::/48", "2001:7fd::/48"]}


def without_family(family):
    return [(family, ["to", network, "type", "unreachable"]) for network in WORLD[family]]


def without_port(protocols, *ports):
    return [(family, ["ipproto", protocol, "dport", str(port), "type", "prohibit"])
            for family in (4, 6) for protocol in protocols for port in ports]


class Ability:
    """One thing that a host can lack."""

    def __init__(self, name, rules=(), settings=(), descriptors=None):
        self.name, self.rules, self.settings, self.descriptors = name, rules, settings, descriptors

    def limit(self):
        """Runs in the child before dcvd does."""
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))


LIES = (f"resolver.servers=[{LIAR[0]}:{LIAR[1]}]",)
LACKS = [
    Ability("no IPv6", without_family(6)),
    Ability("no IPv4", without_family(4)),
    Ability("no port 53", without_port(("udp", "tcp"), 53)),
    Ability("no port 80", without_port(("tcp",), 80, 443)),
    Ability("a resolver that lies", settings=LIES),
    Ability("a resolver that lies, no port 53", without_port(("udp", "tcp"), 53), LIES),
    Ability("16 descriptors", descriptors=16),
    Ability("20 descriptors", descriptors=20),
    Ability("26 descriptors", descriptors=26),
]


def ip(family, *words):
    subprocess.run(["ip", f"-{family}", *words], check=True)


def prepare_rules():
    """The rules of an inability come before the one that finds local addresses."""
    for family in (4, 6):
        ip(family, "rule", "add", "pref", "100", "lookup", "local")
        ip(family, "rule", "del", "pref", "0")


@contextlib.contextmanager
def lacking(ability):
    """For as long as it is open nobody in this namespace can do it."""
    try:
        for number, (family, words) in enumerate(ability.rules):
            ip(family, "rule", "add", "pref", str(10 + number), *words)
        yield
    finally:
        for number, (family, _) in enumerate(ability.rules):
            subprocess.run(["ip", f"-{family}", "rule", "del", "pref", str(10 + number)], check=False)


def lie_to(query):
    """As the resolver of a captive portal: every name leads to it, with every sign of truth."""
    question = query.question[0]
    reply = dns.message.make_response(query, recursion_available=True)
    reply.flags |= dns.flags.AA
    said = {"A": PORTAL, "TXT": '"portal"', "NS": "ns.portal.", "SOA": "ns.portal. host.portal. 1 1 1 1 1"}.get(dns.rdatatype.to_text(question.rdtype))
    if said:
        reply.answer.append(dns.rrset.from_text(question.name, 5, "IN", question.rdtype, said))
    return reply


class Liar:
    """A recursive resolver that answers everything, always with the same lie."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(LIAR)
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _run(self):
        while True:
            try:
                wire, sender = self.socket.recvfrom(4096)
                self.socket.sendto(lie_to(dns.message.from_wire(wire)).to_wire(), sender)
            except (OSError, ValueError):
                return


def complaint(able, lacking_prediction, ability, stays=()):
    """What is wrong with a verdict under an inability, or None: a definite one stays as it is or becomes UNKNOWN, an UNKNOWN stays. Where
    nothing depends on the ability (`stays`), UNKNOWN is wrong too, and so is another advice."""
    got = lacking_prediction.result
    if ability.name in stays:
        same = got == able.result and lacking_prediction.mends[:1] == able.mends[:1]
        return None if same else f"{able.short} became {lacking_prediction.short} ({lacking_prediction.mends[:1]})"
    if got in ("unknown", able.result):
        return None
    if got == "error" and ability.descriptors:
        return None  # it could not start, and said so
    return f"{able.short} became {lacking_prediction.short}"
