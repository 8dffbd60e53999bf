"""Real DNS servers for tests: BIND, Knot, PowerDNS and NSD, each in its own temporary folder.

    with Bind(zones=["example.test"]) as server:
        server.address          # "127.0.0.1"
        server.port             # a free port, UDP and TCP
        server.key              # Key: name, algorithm, secret (base64)
        server.query("_acme-challenge.example.test", "TXT")   # (rcode name, [values], authoritative)

Each zone has SOA and NS (ns1.<zone>, at the server's address) and allows updates with the key. Servers
listen on 127.0.0.0/8 only and are stopped by their pid. `start()` returns when the server answers
authoritatively for its zones. A missing program raises unittest.SkipTest.
"""
import base64
import os
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH", 10: "NOTZONE"}
START_SECONDS = 20


class Key:
    """A TSIG key."""

    def __init__(self, name="dcvd-test", algorithm="hmac-sha256", secret=None):
        self.name = name
        self.algorithm = algorithm
        self.secret = secret or base64.b64encode(os.urandom(32)).decode()


def program(name):
    """The path of a program, also in the folders that are not on every user's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise unittest.SkipTest(name + " is not installed")
    return path


def free_port(address="127.0.0.1"):
    """A port that is free for both UDP and TCP."""
    for _ in range(100):
        port = random.randint(20000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
                udp.bind((address, port))
                tcp.bind((address, port))
                return port
        except OSError:
            continue
    raise RuntimeError("no free port")


def _name_to_wire(name):
    wire = b""
    for label in name.rstrip(".").split("."):
        if label:
            wire += bytes([len(label)]) + label.encode()
    return wire + b"\0"


def _skip_name(wire, at):
    while wire[at]:
        if wire[at] >= 0xC0:
            return at + 2
        at += wire[at] + 1
    return at + 1


def _read_name(wire, at):
    labels = []
    for _ in range(128):
        length = wire[at]
        if length == 0:
            break
        if length >= 0xC0:
            at = (length & 0x3F) << 8 | wire[at + 1]
            continue
        labels.append(wire[at + 1:at + 1 + length].decode("latin-1"))
        at += length + 1
    return ".".join(labels)


def _recv_exactly(stream, count):
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise OSError("connection closed")
        data += part
    return data


def query(address, port, name, rtype="TXT", timeout=2.0):
    """Asks over TCP without recursion: (rcode name, [data of the records of that type], authoritative)."""
    ident = random.randint(0, 65535)
    message = struct.pack("!6H", ident, 0, 1, 0, 0, 0) + _name_to_wire(name) + struct.pack("!2H", TYPES[rtype], 1)
    with socket.create_connection((address, port), timeout=timeout) as stream:
        stream.sendall(struct.pack("!H", len(message)) + message)
        reply = _recv_exactly(stream, struct.unpack("!H", _recv_exactly(stream, 2))[0])
    rident, flags, questions, answers = struct.unpack("!4H", reply[:8])
    if rident != ident:
        raise OSError("reply to another question")
    at = 12
    for _ in range(questions):
        at = _skip_name(reply, at) + 4
    values = []
    for _ in range(answers):
        at = _skip_name(reply, at)
        got, _, _, length = struct.unpack("!2HIH", reply[at:at + 10])
        at += 10
        if got == TYPES[rtype]:
            values.append(_data_text(reply, at, length, got))
        at += length
    return RCODES.get(flags & 15, str(flags & 15)), values, bool(flags & 0x0400)


def _data_text(wire, at, length, rtype):
    if rtype == TYPES["TXT"]:
        text, end = b"", at + length
        while at < end:
            text += wire[at + 1:at + 1 + wire[at]]
            at += wire[at] + 1
        return text.decode("latin-1")
    if rtype == TYPES["A"]:
        return socket.inet_ntop(socket.AF_INET, wire[at:at + length])
    if rtype == TYPES["AAAA"]:
        return socket.inet_ntop(socket.AF_INET6, wire[at:at + length])
    return _read_name(wire, at)


class Server:
    """What the three have in common: a folder, a process, a port."""

    def __init__(self, zones=("example.test",), key=None, address="127.0.0.1", port=None, records=()):
        """records: zone file lines with absolute names, each added to the zone it is in."""
        self.zones = [z.rstrip(".").lower() for z in zones]
        self.key = key or Key()
        self.address = address
        self.port = port or free_port(address)
        self.records = list(records)
        self.folder = None
        self.process = None
        self.log = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="dcvd-dns-")
        try:
            self._run(self._prepare())
        except BaseException:
            self.stop()
            raise
        return self

    def restart(self):
        """Ends the process and starts it again with what stands in its folder."""
        self.kill(signal.SIGTERM)
        self._run(self.argv)

    def _run(self, argv):
        self.argv = argv
        self.log = open(self.path("log"), "ab")
        self.process = subprocess.Popen(argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)
        self._wait()

    def stop(self):
        self.kill(signal.SIGTERM)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def kill(self, number=signal.SIGKILL):
        """Ends the process and keeps the folder."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        if self.log:
            self.log.close()
            self.log = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)
        return self.path(name)

    def log_text(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def query(self, name, rtype="TXT"):
        return query(self.address, self.port, name, rtype)

    def values(self, name):
        """The TXT values of a name, sorted."""
        return sorted(self.query(name, "TXT")[1])

    def _wait(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("%s ended at once:\n%s" % (type(self).__name__, self.log_text()[-2000:]))
            try:
                if all(self.query(zone, "SOA")[::2] == ("NOERROR", True) for zone in self.zones):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("%s does not answer:\n%s" % (type(self).__name__, self.log_text()[-2000:]))

    def _zone_records(self, zone):
        """Name, TTL, type, data of every record of a zone."""
        rows = [(zone, 60, "SOA", "ns1.%s. hostmaster.%s. 1 3600 600 86400 5" % (zone, zone)),
                (zone, 60, "NS", "ns1.%s." % zone),
                ("ns1." + zone, 60, "A", self.address)]
        for line in self.records:
            name, ttl, rtype, data = line.split(None, 3)
            name = name.rstrip(".").lower()
            holders = [z for z in self.zones if name == z or name.endswith("." + z)]
            if holders and max(holders, key=len) == zone:
                rows.append((name, int(ttl), rtype, data))
        return rows

    def _zone_text(self, zone):
        return "".join("%s. %d IN %s %s\n" % row for row in self._zone_records(zone))


class Bind(Server):
    """named of BIND 9. `zone_options` replaces what a zone allows (and more), by its name; `options` adds to the global ones."""

    def __init__(self, *args, options="notify no;", zone_options=None, **named):
        super().__init__(*args, **named)
        self.options = options
        self.zone_options = zone_options or {}

    def _prepare(self):
        text = """options { directory "%(folder)s"; pid-file none; listen-on port %(port)d { %(address)s; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; allow-transfer { any; }; session-keyfile none; empty-zones-enable no; %(options)s };
controls { };
key "%(name)s" { algorithm %(algorithm)s; secret "%(secret)s"; };
""" % dict(vars(self), **vars(self.key))
        return [program("named"), "-g", "-n", "1", "-c", self.write("named.conf", text + "".join(map(self._zone_conf, self.zones)))]

    def _zone_conf(self, zone):
        self.write("%s.zone" % zone, self._zone_text(zone))
        rest = self.zone_options.get(zone, 'allow-update { key "%s"; };' % self.key.name)
        return 'zone "%s" { type primary; file "%s.zone"; %s };\n' % (zone, zone, rest)


class Secondary(Bind):
    """named as a secondary that forwards updates to its primary."""

    def __init__(self, *args, primary, **named):
        super().__init__(*args, **named)
        self.primary = primary

    def _zone_conf(self, zone):
        return 'zone "%s" { type secondary; primaries { %s; }; allow-update-forwarding { any; }; masterfile-format text; };\n' % (zone, self.primary)


class Views(Bind):
    """named with two views of each zone: one for who signs with the key `other`, one for everybody else."""

    def __init__(self, *args, other, **named):
        super().__init__(*args, **named)
        self.other = other

    def _zone_conf(self, zone):
        text = 'key "%s" { algorithm %s; secret "%s"; };\n' % (self.other.name, self.other.algorithm, self.other.secret)
        for view, clients, key in (("other", 'key "%s"' % self.other.name, self.other), ("public", "any", self.key)):
            self.write("%s-%s.zone" % (view, zone), self._zone_text(zone))
            text += 'view "%s" { match-clients { %s; }; zone "%s" { type primary; file "%s-%s.zone"; allow-update { key "%s"; }; }; };\n' % (
                view, clients, zone, view, zone, key.name)
        return text


class Root(Bind):
    """The root zone, which delegates by `records`, and full recursion from it."""

    def __init__(self, **named):
        super().__init__(zones=["."], options="notify no; recursion yes; allow-recursion { any; }; max-cache-ttl 1; max-ncache-ttl 1;", **named)
        self.options = self.options.replace("recursion yes;", "")

    def _prepare(self):
        argv = super()._prepare()
        with open(argv[-1], encoding="utf-8") as conf:
            text = conf.read().replace("recursion no;", "recursion yes;")
        self.write("named.conf", text)
        return argv

    def _zone_conf(self, zone):
        self.write("root.zone", ". 60 IN SOA ns.root. h.root. 1 3600 600 86400 5\n. 60 IN NS ns.root.\nns.root. 60 IN A %s\n" % self.address +
                   "".join("%s %s IN %s %s\n" % tuple(line.split(None, 3)) for line in self.records))
        return 'zone "." { type primary; file "root.zone"; };\n'


class Knot(Server):
    """knotd of Knot DNS. `owners`: the only names that can be updated, by zone; `signed`: zones that Knot signs."""

    def __init__(self, *args, owners=None, signed=(), **named):
        super().__init__(*args, **named)
        self.owners = owners or {}
        self.signed = signed

    def _prepare(self):
        text = """server:
    listen: %(address)s@%(port)d
    rundir: %(folder)s
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: %(folder)s/db
    journal-db-max-size: 16M
key:
  - id: %(name)s
    algorithm: %(algorithm)s
    secret: %(secret)s
acl:
  - id: update
    key: %(name)s
    action: [update, transfer]
  - id: transfer
    address: 127.0.0.0/8
    action: transfer
%(owner_acls)szone:
""" % dict(owner_acls=self._owner_acls(), folder=self.folder, port=self.port, address=self.address, **vars(self.key))
        os.makedirs(self.path("db"))
        for zone in self.zones:
            path = self.write("%s.zone" % zone, self._zone_text(zone))
            acl = ["owners-" + zone] if zone in self.owners else ["update"]
            text += "  - domain: %s\n    file: %s\n    acl: [%s]\n    zonefile-sync: -1\n    zonefile-load: difference\n    journal-content: all\n" % (
                zone, path, ", ".join(acl + ["transfer"]))
            if zone in self.signed:
                text += "    dnssec-signing: on\n"
        return [program("knotd"), "-c", self.write("knot.conf", text)]


    def _owner_acls(self):
        return "".join("  - id: owners-%s\n    key: %s\n    action: update\n    update-owner: name\n    update-owner-match: equal\n"
                       "    update-owner-name: [%s]\n" % (zone, self.key.name, ", ".join(name + "." for name in names))
                       for zone, names in self.owners.items())


PDNS_SCHEMAS = ("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql", "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql")


class PowerDns(Server):
    """pdns_server with the SQLite backend, its API at `api_url` with `api_key`, and DNS UPDATE with the key."""

    def __init__(self, *args, api_key="pdns-test-key", api_port=None, server_id="localhost", **named):
        super().__init__(*args, **named)
        self.api_key = api_key
        self.api_port = api_port or free_port(self.address)
        self.server_id = server_id
        self.api_url = "http://%s:%d" % (self.address, self.api_port)

    def _prepare(self):
        path = program("pdns_server")
        self._fill_database()
        return [path, "--config-dir=" + os.path.dirname(self.write("pdns.conf", """launch=gsqlite3
gsqlite3-database=%(folder)s/pdns.db
gsqlite3-pragma-synchronous=0
gsqlite3-dnssec=yes
local-address=%(address)s
local-port=%(port)d
socket-dir=%(folder)s
daemon=no
guardian=no
disable-syslog=yes
write-pid=no
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
api=yes
api-key=%(api_key)s
webserver=yes
webserver-address=%(address)s
webserver-port=%(api_port)d
webserver-allow-from=127.0.0.0/8
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
allow-axfr-ips=127.0.0.0/8
primary=yes
resolver=127.0.0.1:1
security-poll-suffix=
""" % vars(self)))]

    def _fill_database(self):
        db = sqlite3.connect(self.path("pdns.db"))
        schema = [path for path in PDNS_SCHEMAS if os.path.exists(path)]
        if not schema:
            raise unittest.SkipTest("the schema of pdns-backend-sqlite3 is not installed")
        with open(schema[0], encoding="utf-8") as text:
            db.executescript(text.read())
        db.execute("INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, ?, ?)",
                   (self.key.name, self.key.algorithm, self.key.secret))
        for number, zone in enumerate(self.zones, 1):
            db.execute("INSERT INTO domains (id, name, type) VALUES (?, ?, 'NATIVE')", (number, zone))
            db.execute("INSERT INTO domainmetadata (domain_id, kind, content) VALUES (?, 'TSIG-ALLOW-DNSUPDATE', ?)",
                       (number, self.key.name))
            for name, ttl, rtype, data in self._zone_records(zone):
                content = data.rstrip(".") if rtype in ("NS", "CNAME") else data.replace(". ", " ") if rtype == "SOA" else data
                db.execute("INSERT INTO records (domain_id, name, type, content, ttl, auth) VALUES (?, ?, ?, ?, ?, 1)",
                           (number, name, rtype, content, ttl))
        db.commit()
        db.close()

    def _wait(self):
        super()._wait()
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection((self.address, self.api_port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the API of PowerDNS does not answer:\n" + self.log_text()[-2000:])


class Nsd(Server):
    """nsd of NSD, a secondary of all its zones."""

    def __init__(self, *args, primary, **named):
        super().__init__(*args, **named)
        self.primary = primary

    def _prepare(self):
        text = """server:
  ip-address: %(address)s@%(port)d
  zonesdir: "%(folder)s"
  database: ""
  zonelistfile: "%(folder)s/zone.list"
  xfrdfile: "%(folder)s/xfrd.state"
  xfrdir: "%(folder)s"
  pidfile: ""
  username: ""
  server-count: 1
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
""" % vars(self)
        for zone in self.zones:
            text += "zone:\n  name: %s\n  zonefile: %s.zone\n  request-xfr: %s NOKEY\n  allow-notify: 127.0.0.0/8 NOKEY\n  provide-xfr: 127.0.0.0/8 NOKEY\n" % (
                zone, zone, self.primary)
        return [program("nsd"), "-d", "-c", self.write("nsd.conf", text)]
