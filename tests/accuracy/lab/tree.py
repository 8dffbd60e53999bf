"""The private tree of names: a signed root and a signed com, and below them the zones of every world.

com has 127.0.1.2 and the root 127.0.1.1 (and fd00::ffff:1, fd00::ffff:2).
"""
import pathlib

from .signing import Signer
from .zones import Zone

ROOT = ("127.0.1.1", "fd00:0:ffff::1")
COM = ("127.0.1.2", "fd00:0:ffff::2")


class Site:
    """What one server address serves, and how it misbehaves."""

    def __init__(self):
        self.zones, self.faults = [], []

    def zone_for(self, name):
        holding = [z for z in self.zones if name.is_subdomain(z.origin)]
        return max(holding, key=lambda z: len(z.origin), default=None)


def text_of(records, address=None):
    lines = []
    for owner, kind, data, only, ttl in records:
        if only is None or address in only:
            lines.append(f"{owner} {ttl} IN {kind} {data}\n")
    return "".join(lines)


def address_line(name, address):
    return f"{name} 3600 IN {'AAAA' if ':' in address else 'A'} {address}\n"


def apex_text(origin, servers):
    name = "." if origin == "." else origin
    inside = "ns.root-lab." if origin == "." else "ns.tld-lab.com."
    lines = f"{name} 3600 IN SOA {inside} host.{inside} 1 3600 600 86400 5\n{name} 3600 IN NS {inside}\n"
    return lines + "".join(address_line(inside, a) for a in servers)


class Tree:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.sites, self.signers = {}, {}
        self.worlds = []

    @property
    def hints(self):
        return self.folder / "root.hints"

    @property
    def anchor(self):
        return self.folder / "root.key"

    def site(self, address):
        return self.sites.setdefault(address, Site())

    def signer(self, origin, name=None):
        """The key of a zone; a zone that is made anew keeps it."""
        name = name or origin
        if name not in self.signers:
            self.signers[name] = Signer(self.folder / "keys" / name, origin)
        return self.signers[name]

    def add(self, world):
        self.worlds.append(world)

    def renew(self, world):
        """Serves a world whose zones were delegated before, with other contents."""
        for zone in world.zones:
            for address in zone.addresses:
                self.sites.pop(address, None)
        self._serve_world(world)

    def _serve_world(self, world):
        """Gives the lines that delegate to it: {"com.": …, ".": …}."""
        lines = {"com.": "", ".": ""}
        delegated = dict(world.delegations())
        for zone in world.zones:
            ds = self.serve(zone)
            if zone in delegated:
                parent = "com." if zone.origin.endswith(".com.") else "."
                lines[parent] += "".join(f"{zone.origin} 3600 IN NS {name}\n{address_line(name, a)}" for name, a in delegated[zone]) + ds
        for fault in world.faults:
            for address in fault.addresses:
                self.site(address).faults.append(fault)
        return lines

    def build(self):
        """Signs everything; after this the sites can be served."""
        root_text = apex_text(".", ROOT) + "com. 3600 IN NS ns.tld-lab.com.\n" + "".join(address_line("ns.tld-lab.com.", a) for a in COM)
        com_text = apex_text("com.", COM)
        for world in self.worlds:
            lines = self._serve_world(world)
            com_text += lines["com."]
            root_text += lines["."]
        self._serve_top(root_text, com_text)

    def _serve_top(self, root_text, com_text):
        root, com = self.signer(".", "root"), self.signer("com.")
        self.hints.write_text(". 3600000 NS ns.root-lab.\n" + "".join(address_line("ns.root-lab.", a).replace(" IN", "") for a in ROOT))
        self.anchor.write_text(root.anchor())
        root_zone = Zone(root.sign(root_text + f"com. 3600 IN DS {com.ds()}\n"), ".")
        com_zone = Zone(com.sign(com_text), "com.")
        for address in ROOT:
            self.site(address).zones.append(root_zone)
        for address in COM:
            self.site(address).zones.append(com_zone)

    def serve(self, zone):
        """Puts a zone on its servers; gives the DS line for its parent."""
        if not zone.signature:
            versions = {a: text_of(zone.records, a) for a in zone.addresses}
            made = {text: Zone(text, zone.origin) for text in set(versions.values())}
            for address in zone.addresses:
                self.site(address).zones.append(made[versions[address]])
            return ""
        signer = self.signer(zone.origin)
        for address in zone.addresses:
            self.site(address).zones.append(Zone(self._signed(signer, zone, text_of(zone.records, address)), zone.origin))
        ds = self.signer(zone.origin, f"other.{zone.origin}").ds() if zone.signature == "ds-mismatch" else signer.ds()
        return f"{zone.origin} 3600 IN DS {ds}\n"

    @staticmethod
    def _signed(signer, zone, text):
        if zone.signature == "ds-unsigned":
            return text
        if zone.signature == "expired":
            return signer.sign(text, start=-10 * 86400, end=-86400)
        if zone.signature == "soon":
            return signer.sign(text, end=6 * 3600)
        return signer.sign(text, nsec3=zone.signature == "nsec3", optout=zone.signature == "optout")
