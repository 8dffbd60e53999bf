"""Where the record goes, at real servers: child zones on the parent's servers, servers that share some zones, views, wildcards."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.servers import Bind, Key, Knot, PowerDns, Server, free_port, program
from support.service import Service
from support.service import program as dcvd

ZONE, CHILD = "example.test", "_acme-challenge.www.example.test"
VALUE = "A" * 43
WILDCARD = ("*.home.example.test 60 CNAME park.example.test.", "park.example.test 60 A 127.0.0.1")
WAIT = "?wait=ready&timeout=15s"


class Delegating:
    delegates = True

    """All zones have the name server ns1.example.test, and each delegates those below it."""

    def _zone_records(self, zone):
        rows = [(name, ttl, kind, data.replace(f"ns1.{zone}.", f"ns1.{ZONE}.").replace(f"hostmaster.{zone}.", f"hostmaster.{ZONE}.")) for name, ttl, kind, data in super()._zone_records(zone)
                if zone == ZONE or name != f"ns1.{zone}"]
        return rows + [(child, 60, "NS", f"ns1.{ZONE}.") for child in self.zones if self.delegates and child.endswith("." + zone)]


class DelegatingBind(Delegating, Bind):
    pass


class SilentBind(DelegatingBind):
    """It has the child zone, but no delegation of it."""
    delegates = False


class DelegatingKnot(Delegating, Knot):
    pass


class DelegatingPowerDns(Delegating, PowerDns):
    pass


class Nsd(Delegating, Server):
    """nsd: it takes no updates."""

    def _prepare(self):
        text = f"""server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{self.folder}/xfrd"
  zonelistfile: "{self.folder}/zones"
  server-count: 1
remote-control:
  control-enable: no
"""
        for zone in self.zones:
            self.write(f"{zone}.zone", self._zone_text(zone))
            text += f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone"\n'
        return [program("nsd"), "-d", "-c", self.write("nsd.conf", text)]


class Views(Bind):
    """The key's view has one zone; everybody else's view has a child zone below it."""

    def _prepare(self):
        argv = super()._prepare()
        text = pathlib.Path(argv[-1]).read_text()
        head = text[:text.index("zone ")]
        self.write("ext.zone", "".join("%s. %d IN %s %s\n" % row for row in super()._zone_records(ZONE)))
        inside = "".join(f'zone "{z}" {{ type primary; file "{z}.zone"; }}; ' for z in self.zones)
        self.write("named.conf", f"""{head}
view ext {{ match-clients {{ key "{self.key.name}"; }};
  zone "{ZONE}" {{ type primary; file "ext.zone"; allow-update {{ key "{self.key.name}"; }}; }}; }};
view int {{ match-clients {{ any; }}; {inside} }};
""")
        return argv


class Shared(Delegating, Bind):
    """One of two servers of the zone."""

    def _zone_records(self, zone):
        rows = [row for row in super()._zone_records(zone) if not (zone == ZONE and row[0] == "ns1." + ZONE)]
        if zone != ZONE:
            return rows
        return rows + [(f"ns1.{ZONE}", 60, "A", "127.0.0.2"), (f"ns2.{ZONE}", 60, "A", "127.0.0.3"), (ZONE, 60, "NS", f"ns2.{ZONE}.")]


class Places(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def start(self, thing):
        thing.start()
        self.addCleanup(thing.stop)
        return thing

    def service_for(self, server, route=""):
        at = f"{server.address}:{server.port}"
        return self.start(Service(self.folder / "dcvd", f"""
resolver: {{servers: ["{at}"], authority-port: {server.port}}}
providers:
  corp: {{type: rfc2136, server: "{at}", key-name: {server.key.name}, key-secret: {{env: TSIG_SECRET}}}}
routes: [{{suffix: {ZONE}, type: dns-01, provider: corp{route}}}]
""", {"TSIG_SECRET": server.key.secret}))

    def present(self, service, domain):
        return service.call("POST", "/v1/challenges" + WAIT, {"type": "dns-01", "domain": domain, "value": VALUE})

    def withdraw(self, service, challenge):
        service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        service.wait_gone(challenge["order"])

    def check(self, server, domain, *more):
        at = f"{server.address}:{server.port}"
        run = subprocess.run([dcvd(), "check", domain, "--type", "dns-01", "--value", VALUE, "--json", "--set", "check.authority=pebble",
                              "--set", "check.authority-view=false", "--set", f"resolver.servers=['{at}']",
                              "--set", f"resolver.authority-port={server.port}", *more], capture_output=True, text=True, timeout=60)
        return json.loads(run.stdout)

    # -- one server that takes updates

    def goes_into_the_child_zone(self, server):
        server = self.start(server)
        service = self.service_for(server)
        challenge = self.present(service, "www.example.test")
        self.assertEqual((challenge["state"], challenge["zone"]), ("ready", CHILD), service.log)
        self.assertEqual(server.values(CHILD), [VALUE])
        self.withdraw(service, challenge)
        self.assertEqual(server.values(CHILD), [])

    def test_a_child_zone_at_bind(self):
        self.goes_into_the_child_zone(DelegatingBind(zones=(ZONE, CHILD)))

    def test_a_child_zone_at_knot(self):
        self.goes_into_the_child_zone(DelegatingKnot(zones=(ZONE, CHILD)))

    def test_a_child_zone_at_powerdns(self):
        self.goes_into_the_child_zone(DelegatingPowerDns(zones=(ZONE, CHILD)))

    def test_a_child_zone_that_nobody_delegates(self):
        self.goes_into_the_child_zone(SilentBind(zones=(ZONE, CHILD)))

    def ends_the_wildcard(self, server):
        server = self.start(server)
        service = self.service_for(server)
        challenge = self.present(service, "*.home.example.test")
        name = "_acme-challenge.home.example.test"
        self.assertEqual((challenge["state"], challenge["fqdn"], challenge["zone"]), ("ready", name, ZONE), service.log)
        self.assertEqual(server.values(name), [VALUE])
        self.withdraw(service, challenge)
        self.assertEqual(server.values(name), [])
        self.assertEqual(server.query(name, "CNAME")[1], ["park.example.test"])

    def test_a_wildcard_at_bind(self):
        self.ends_the_wildcard(Bind(zones=(ZONE,), records=WILDCARD))

    def test_a_wildcard_at_knot(self):
        self.ends_the_wildcard(Knot(zones=(ZONE,), records=WILDCARD))

    def test_a_wildcard_at_powerdns(self):
        self.ends_the_wildcard(PowerDns(zones=(ZONE,), records=WILDCARD))

    def test_a_cname_beside_a_wildcard(self):
        server = self.start(Bind(zones=(ZONE,), records=WILDCARD + ("_acme-challenge.home.example.test 60 CNAME keeper.example.test.",)))
        challenge = self.present(self.service_for(server), "home.example.test")
        self.assertEqual((challenge["state"], challenge["fqdn"]), ("ready", "keeper.example.test"))

    # -- views

    def test_the_route_names_the_zone_of_the_keys_view(self):
        server = self.start(Views(zones=(ZONE, "sub.example.test")))
        service = self.service_for(server)
        challenge = self.present(service, "host.sub.example.test")
        self.assertIn("name the one to change with zone: in its route", json.dumps(challenge))
        service.stop()
        challenge = self.present(self.service_for(server, f", zone: {ZONE}"), "other.sub.example.test")
        self.assertEqual(challenge["zone"], ZONE)
        self.assertEqual(challenge["state"], "propagating")  # everybody else's view does not show it

    # -- servers that share some zones

    def shared(self):
        for address in ("127.0.0.2", "127.0.0.3"):  # BIND listens at addresses of interfaces only
            if subprocess.run(["ip", "addr", "replace", address + "/8", "dev", "lo"], capture_output=True).returncode:
                self.skipTest("no address can be added to this host")
        port = free_port()
        key = Key()
        first = self.start(Shared(zones=(ZONE, CHILD), key=key, address="127.0.0.2", port=port))
        self.start(Shared(zones=(ZONE,), key=key, address="127.0.0.3", port=port,
                          records=(f"{CHILD} 60 NS ns1.{ZONE}.",)))
        return first

    def test_no_server_of_the_parent_is_called_lame(self):
        server = self.shared()
        service = self.service_for(server)
        challenge = self.present(service, "www.example.test")
        self.assertEqual((challenge["state"], challenge["zone"]), ("ready", CHILD), service.log)
        for _ in range(4):
            verdict = self.check(server, "www.example.test")
            self.assertEqual(verdict["zone"], CHILD)
            self.assertEqual(verdict["mends"], [])
            self.assertEqual([look["address"] for look in verdict["looks"]], ["127.0.0.2"])

    # -- a server that takes no updates

    def test_a_child_zone_and_a_wildcard_at_nsd(self):
        server = self.start(Nsd(zones=(ZONE, CHILD), records=WILDCARD))
        self.assertEqual(self.check(server, "www.example.test")["mends"][0], f"Add a TXT record {CHILD} in the zone {CHILD} with the value {VALUE}")
        self.assertEqual(self.check(server, "home.example.test")["mends"][0],
                         f"Add a TXT record _acme-challenge.home.example.test in the zone {ZONE} with the value {VALUE}")


if __name__ == "__main__":
    unittest.main()
