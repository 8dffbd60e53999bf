"""One played scenario: its own zone under com, its own addresses, and the servers' behaviour there.

Slot N has the IPv4 addresses 127.(10+N/250).(N%250).x and the IPv6 addresses fd00::N:x; x is 1-4 for name servers,
11-14 for web servers.
"""
import base64
import hashlib
import re
import shlex
import time

from .notation import NotationError, expand

ACCOUNT = "https://acme-v02.api.letsencrypt.org/acme/acct/1234567"
THUMBPRINT = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
SIGNATURES = ("good", "expired", "soon", "ds-mismatch", "ds-unsigned", "nsec3", "optout")
WEB_OPTIONS = ("port", "path", "host", "tls", "after", "pad", "location", "header", "encoding", "ciphers", "alert", "http", "length", "chunked",
               "agent", "hold", "san", "digest", "critical", "extension")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def account_label(account):
    return "_" + base64.b32encode(hashlib.sha256(account.encode()).digest()[:10]).decode().lower()


def multiply(text):
    """"{ab*3}" becomes "ababab"."""
    return re.sub(r"\{([^{}]+)\*(\d+)\}", lambda many: many[1] * int(many[2]), text)


def flip(text):
    """The same text with its last character changed."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")


class ZoneSpec:
    """What one zone is to hold, and where it is served."""

    def __init__(self, origin, addresses):
        self.origin, self.addresses = origin, addresses  # origin: "d01.com."
        self.records = []      # (owner absolute, type, data, servers or None, ttl)
        self.signature = None
        self.hidden = False    # not delegated


class Fault:
    def __init__(self, addresses, types, verb, arguments, name, transport):
        self.addresses, self.types, self.verb, self.arguments = addresses, types, verb, arguments
        self.name, self.transport = name, transport


class WebRule:
    def __init__(self, address, verb, arguments, options):
        self.address, self.verb, self.arguments, self.options = address, verb, arguments, options
        self.port = int(options.get("port", 80))


class World:
    def __init__(self, scenario, zone, slot, token="", thumbprint=THUMBPRINT, account=ACCOUNT):
        self.scenario, self.zone, self.slot, self.account = scenario, zone, slot, account
        self.token = token or b64(hashlib.sha256(zone.encode()).digest())
        self.key_authorization = f"{self.token}.{thumbprint}"
        self.value = b64(hashlib.sha256(self.key_authorization.encode()).digest())
        self.variables = self._variables(thumbprint)
        self.zones, self.faults, self.webs, self.perspectives = [], [], [], []
        self.servers = [self.variables["n1"], self.variables["n2"]]
        self.serials = {}
        self.kind, self.identifier = "dns-01", f"www.{zone}"
        self.authority, self.day = "letsencrypt", None
        self._build()

    def _variables(self, thumbprint):
        v4 = f"127.{10 + self.slot // 250}.{self.slot % 250}."
        found = {f"n{x}": f"{v4}{x}" for x in range(1, 5)}
        found.update({f"m{x}": f"fd00::{self.slot + 1:x}:{x}" for x in range(1, 5)})
        found.update({f"a{x}": f"{v4}{10 + x}" for x in range(1, 5)})
        found.update({f"b{x}": f"fd00::{self.slot + 1:x}:{10 + x}" for x in range(1, 5)})
        digest = hashlib.sha256(self.key_authorization.encode()).digest()
        found.update(zone=self.zone, token=self.token, thumbprint=thumbprint, keyauth=self.key_authorization,
                     wrong=flip(self.key_authorization), value=self.value, other=flip(self.value), swapped=self.value.swapcase(), half=self.value[:20],
                     rest=self.value[20:], hex=digest.hex(), account=self.account, account0=self.account + "0",
                     label=account_label(self.account),
                     path=f"/.well-known/acme-challenge/{self.token}")
        return found

    def fill(self, line):
        def value(match):
            if match[1] == "now":
                return str(int(time.time()) + int(match[2] or 0))
            if match[1] not in self.variables:
                raise NotationError(f"{self.scenario.where}: {self.scenario.id} knows no ${match[1]}")
            return self.variables[match[1]] + (match[2] or "")
        return re.sub(r"\$([a-z]+[0-9]?)([+-]\d+)?", value, line)

    def absolute(self, name):
        """A name of the notation as an absolute one: "@" and names without a final dot are of the scenario's zone."""
        if name == "@":
            return self.zone + "."
        return name if name.endswith(".") else f"{name}.{self.zone}."

    # ---- the lines ----

    def _build(self):
        main = ZoneSpec(self.zone + ".", self.servers)
        self.zones.append(main)
        lines = [self.fill(line) for line in expand(self.scenario.lines)]
        for line in lines:
            word = line.split()[0]
            if word in ("check", "servers", "serial", "sign", "cut", "zone", "authority", "day"):
                getattr(self, "_" + word)(line.split()[1:])
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "record":
                self._record(rest.strip())
            elif word == "server":
                self._server(shlex.split(rest))
            elif word == "web":
                self._web(shlex.split(rest))
            elif word == "elsewhere":
                self._elsewhere(shlex.split(rest))
            elif word not in ("check", "servers", "serial", "sign", "cut", "zone", "authority", "day"):
                raise NotationError(f"{self.scenario.where}: {self.scenario.id}: {word}?")
        for zone in self.zones:
            self._add_apex(zone)

    def _check(self, words):
        self.kind = words[0]
        name = words[1]
        if re.fullmatch(r"[0-9.]+|[0-9a-f:]+:[0-9a-f:]*", name):
            self.identifier = name
        else:
            self.identifier = self.absolute(name)[:-1]

    def _authority(self, words):
        self.authority = words[0]

    def _day(self, words):
        self.day = words[0]

    def _servers(self, words):
        self.servers = self.zones[0].addresses = words

    def _serial(self, words):
        """serial WHO NUMBER: that server has this version of the zone."""
        self.serials[self._address(words[0])] = int(words[1])

    def _sign(self, words):
        if words[0] not in SIGNATURES:
            raise NotationError(f"{self.scenario.where}: sign {words[0]}?")
        self.zones[0].signature = words[0]

    def _cut(self, words):
        """cut NAME at ADDRESS… [hidden]: a child zone with servers of its own; hidden: the zone above does not delegate it."""
        self.zones.append(ZoneSpec(self.absolute(words[0]), [w for w in words[2:] if w != "hidden"]))
        self.zones[-1].hidden = words[-1] == "hidden"

    def _zone(self, words):
        """zone NAME. at ADDRESS…: another zone below the root."""
        self.zones.append(ZoneSpec(self.absolute(words[0]), words[2:]))

    def zone_of(self, owner, below=None):
        """The deepest zone that holds `owner`; with `below` the zone above that cut."""
        holding = [z for z in self.zones if z is not below and ("." + owner).endswith("." + z.origin)]
        return max(holding, key=lambda z: len(z.origin), default=None)

    def _record(self, rest):
        owner, kind, *data = rest.split(None, 2)
        data, only, ttl = (data[0] if data else ""), None, 5
        while option := re.search(r"\s+(on|ttl)=(\S+)$", data):
            data = data[:option.start()]
            if option[1] == "on":
                only = [self._address(s) for s in option[2].split(",")]
            else:
                ttl = int(option[2])
        if kind == "none":
            return
        owner = self.absolute(owner)
        zone = self.zone_of(owner)
        if zone is None:
            raise NotationError(f"{self.scenario.where}: no zone for {owner}")
        if kind in ("CNAME", "DNAME", "NS") and data:
            data = self.absolute(data)
        data = multiply(data)
        zone.records.append((owner, kind, data, only, ttl))

    def _address(self, name):
        """"ns2" is the second server of the scenario's zone; anything else is an address."""
        match = re.fullmatch(r"ns(\d)", name)
        return self.servers[int(match[1]) - 1] if match else name

    def _server(self, words):
        """server WHO TYPES FAULT [arguments] [name=OWNER] [udp|tcp]"""
        addresses = [a for z in self.zones for a in z.addresses] if words[0] == "all" else [self._address(words[0])]
        name = transport = None
        rest = []
        for word in words[3:]:
            if word.startswith("name="):
                name = self.absolute(word[5:]).lower()
            elif word in ("udp", "tcp"):
                transport = word
            else:
                rest.append(word)
        types = None if words[1] == "*" else set(words[1].split(","))
        self.faults.append(Fault(addresses, types, words[2], rest, name, transport))

    def _web(self, words):
        options, rest = {}, []
        for word in words[1:]:
            key, equals, value = word.partition("=")
            if equals and key in WEB_OPTIONS:
                options[key] = value
            else:
                rest.append(word)
        self.webs.append(WebRule(words[0], rest[0], rest[1:], options))

    def _elsewhere(self, words):
        """elsewhere CODE RIR dcv|caa passes|unfinished|fails [TYPE SENTENCE]"""
        said = {"code": words[0], "rir": words[1], "check": words[2], "completed": words[3] != "unfinished", "passed": words[3] == "passes",
                "elapsed_ms": 80}
        if words[3] == "fails":
            said.update(problem=words[4], detail=" ".join(words[5:]))
        self.perspectives.append(said)

    # ---- what every zone has ----

    def _add_apex(self, zone):
        for address in zone.addresses:
            serial = self.serials.get(address, 7)
            zone.records.append((zone.origin, "SOA", f"ns1.{zone.origin} host.{zone.origin} {serial} 3600 600 86400 5", [address], 60))
        parent = self.zone_of(zone.origin, below=zone)
        for number, address in enumerate(zone.addresses, 1):
            name = f"ns{number}.{zone.origin}"
            for where in (zone, None if zone.hidden else parent):
                if where is not None:
                    where.records.append((zone.origin, "NS", name, None, 60))
                    where.records.append((name, "AAAA" if ":" in address else "A", address, None, 60))

    def delegations(self):
        """The zones that com or the root must delegate to: (origin, [(server name, address)])."""
        for zone in self.zones:
            if self.zone_of(zone.origin, below=zone) is None:
                yield zone, [(f"ns{n}.{zone.origin}", a) for n, a in enumerate(zone.addresses, 1)]
