"""The same 100 names through BIND, Knot, PowerDNS and NSD (as a secondary of BIND): child zones on their parent's server, views,
update-policy, signed zones, a secondary that forwards updates, a primary that restarts every second.

What must hold everywhere: a name that the server refuses fails alone; every value stands in the zone that it belongs to and nowhere
else; the records of others keep their TTL; after the withdrawal every zone holds what it held before.

Servers listen on port 53 of 127.0.0.N, so this needs root and a network namespace of its own.
"""
import base64
import contextlib
import hashlib
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import dns.query
import dns.rdatatype

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from support.service import Service  # noqa: E402
from support.servers import Bind, Key, Knot, Nsd, PowerDns, Root, Secondary, Views  # noqa: E402

PORT = 53
SECONDS = 60  # for 100 names, on a slow machine with sanitizers
KEY = Key()
OTHER_KEY = Key("other-key")
UNSTABLE = ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "TYPE65534")  # what signing changes

CONFIG = """
resolver: {servers: ['127.0.0.1:53'], timeout: 500ms, tries: 2}
challenge: {deadline: 90s}
check: {poll-first: 200ms, poll-max: 1s, recheck: 0s}
providers:
  bind: {type: rfc2136, server: 127.0.0.2, KEY}
  knot: {type: rfc2136, server: 127.0.0.3, KEY}
  pdns: {type: powerdns, url: 'PDNS', api-key: pdns-test-key}
  pdns-update: {type: rfc2136, server: 127.0.0.4, KEY}
  forward: {type: rfc2136, server: 127.0.0.6, KEY}
  restless: {type: rfc2136, server: 127.0.0.7, KEY}
routes:
  - {suffix: bind.test, type: dns-01, provider: bind}
  - {suffix: signed-bind.test, type: dns-01, provider: bind}
  - {suffix: knot.test, type: dns-01, provider: knot}
  - {suffix: signed-knot.test, type: dns-01, provider: knot}
  - {suffix: pdns.test, type: dns-01, provider: pdns}
  - {suffix: pdns-update.test, type: dns-01, provider: pdns-update}
  - {suffix: forward.test, type: dns-01, provider: forward}
  - {suffix: restless.test, type: dns-01, provider: restless}
"""
BIND = ["bind.test", "child.bind.test", "signed-bind.test", "child.signed-bind.test", "forward.test", "child.forward.test"]
KNOT = ["knot.test", "child.knot.test", "signed-knot.test", "child.signed-knot.test"]
PDNS = ["pdns.test", "child.pdns.test", "pdns-update.test", "child.pdns-update.test"]
RESTLESS = ["restless.test", "child.restless.test"]
GRANT = 'update-policy { deny %s name _acme-challenge.%s TXT; grant %s zonesub TXT; };'


def value_of(domain):
    return base64.urlsafe_b64encode(hashlib.sha256(domain.encode()).digest()).decode().rstrip("=")


def hundred(zone):
    """Plain names, names in the child zone, wildcards, deep names. n05 is refused where one is, at n07 and n60 a stranger has a record."""
    return (["n%02d.%s" % (i, zone) for i in range(60)] + ["n%02d.child.%s" % (i, zone) for i in range(60, 80)] +
            ["*.n%02d.%s" % (i, zone) for i in range(80, 90)] + ["a.b.n%02d.%s" % (i, zone) for i in range(90, 100)])


def records(zones, others=()):
    """What strangers have, and the other name servers of the zones."""
    lines = []
    for zone in zones:
        lines += ['_acme-challenge.n07.%s. 3600 TXT "a stranger"' % zone, '_acme-challenge.n60.%s. 3600 TXT "a stranger"' % zone]
        for number, other in enumerate(others, 2):
            lines += ["%s. 60 NS ns%d.%s." % (zone, number, zone), "ns%d.%s. 60 A %s" % (number, zone, other)]
    return lines


def delegations(zones, address, others=()):
    """As the parent zone has them."""
    lines = []
    for zone in zones:
        for number, server in enumerate([address, *others], 1):
            lines += ["%s. 60 NS ns%d.%s." % (zone, number, zone), "ns%d.%s. 60 A %s" % (number, zone, server)]
    return lines


def snapshot(address, zone):
    """{(name, type): (TTL, values)} of all that a zone holds and that does not change by itself."""
    found = {}
    for message in dns.query.xfr(address, zone + ".", port=PORT, lifetime=10, relativize=False):
        for rrset in message.answer:
            kind = dns.rdatatype.to_text(rrset.rdtype)
            if kind not in UNSTABLE:
                _, values = found.get((rrset.name.to_text(True), kind), (0, []))
                found[rrset.name.to_text(True), kind] = rrset.ttl, sorted(values + [r.to_text() for r in rrset])
    return found


def children(zones):
    return [z for z in zones if z.startswith("child.")]


class NameServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid():
            raise unittest.SkipTest("servers on port 53 need root")
        for number in range(2, 9):  # BIND listens on addresses of interfaces only
            if subprocess.run(["ip", "address", "add", "127.0.0.%d/8" % number, "dev", "lo"], capture_output=True, check=False).returncode:
                raise unittest.SkipTest("127.0.0.%d cannot be added to lo" % number)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.start_primaries()
        cls.start_others()
        key = "key-name: %s, key-algorithm: %s, key-secret: '%s'" % (KEY.name, KEY.algorithm, KEY.secret)
        cls.config = CONFIG.replace("KEY", key).replace("PDNS", cls.pdns.api_url)
        cls.service = Service(pathlib.Path(cls.folder.name) / "dcvd", cls.config).start()
        cls.addClassCleanup(lambda: cls.service.stop())

    @classmethod
    def serve(cls, server):
        server.start()
        cls.addClassCleanup(server.stop)
        return server

    @classmethod
    def start_primaries(cls):
        """Each primary has its zones' child zones too, and their delegations."""
        plain, signed = 'allow-update { key "%s"; };' % KEY.name, "dnssec-policy default; inline-signing yes;"
        cls.bind = cls.serve(Bind(
            zones=BIND, key=KEY, address="127.0.0.2", port=PORT, options="notify explicit; notify-source 127.0.0.2; also-notify { 127.0.0.5; 127.0.0.6; }; notify-delay 0;",
            records=records(BIND[:4], ["127.0.0.5"]) + records(BIND[4:], ["127.0.0.6"]) +
            delegations(children(BIND[:4]), "127.0.0.2", ["127.0.0.5"]) + delegations(children(BIND[4:]), "127.0.0.2", ["127.0.0.6"]),
            zone_options={"bind.test": GRANT % (KEY.name, "n05.bind.test", KEY.name),
                          "signed-bind.test": plain + signed, "child.signed-bind.test": plain + signed}))
        cls.knot = cls.serve(Knot(
            zones=KNOT, key=KEY, address="127.0.0.3", port=PORT, records=records(KNOT) + delegations(children(KNOT), "127.0.0.3"),
            owners={"knot.test": ["_acme-challenge." + d.removeprefix("*.") for d in hundred("knot.test") if not d.startswith("n05.")]}, signed=KNOT[2:]))
        cls.pdns = cls.serve(PowerDns(zones=PDNS, key=KEY, address="127.0.0.4", port=PORT,
                                      records=records(PDNS) + delegations(children(PDNS), "127.0.0.4")))
        cls.restless = cls.serve(Bind(zones=RESTLESS, key=KEY, address="127.0.0.7", port=PORT,
                                      records=records(RESTLESS) + delegations(children(RESTLESS), "127.0.0.7")))

        cls.views = cls.serve(Views(zones=["view.test"], key=KEY, other=OTHER_KEY, address="127.0.0.8", port=PORT))

    @classmethod
    def start_others(cls):
        cls.nsd = cls.serve(Nsd(zones=BIND[:4], primary="127.0.0.2", address="127.0.0.5", port=PORT))
        cls.forward = cls.serve(Secondary(zones=BIND[4:], key=KEY, primary="127.0.0.2", address="127.0.0.6", port=PORT))
        parents = {"127.0.0.2": BIND, "127.0.0.3": KNOT, "127.0.0.4": PDNS, "127.0.0.7": RESTLESS, "127.0.0.8": ["view.test"]}
        lines = []
        for address, zones in parents.items():
            for zone in zones:
                if zone not in children(zones):
                    second = {"127.0.0.2": ["127.0.0.6" if zone == "forward.test" else "127.0.0.5"]}.get(address, [])
                    lines += delegations([zone], address, second)
        cls.root = cls.serve(Root(address="127.0.0.1", port=PORT, records=lines))

    def present(self, domains):
        """{domain: id}, asked for one by one by clients that know nothing of each other."""
        return {domain: self.service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": domain, "value": value_of(domain)})["id"]
                for domain in domains}

    def wait_all(self, ids, states):
        until = time.monotonic() + SECONDS
        found, open_ones = {}, dict(ids)
        while open_ones and time.monotonic() < until:
            found.update({domain: self.service.call("GET", "/v1/challenges/" + id) for domain, id in open_ones.items()})
            open_ones = {domain: id for domain, id in open_ones.items() if found[domain]["state"] not in states}
            time.sleep(0.2 if open_ones else 0)
        if not open_ones:
            return found
        late = [c for c in found.values() if c["state"] not in states]
        self.fail("%d of %d are not %s; the first: %s" % (len(late), len(ids), states, late[0]))

    def wait_same_zone(self, secondary, primary, zone, seconds=20):
        """The last transfer may still be on its way."""
        end = time.monotonic() + seconds
        while (held := snapshot(secondary, zone)) != (meant := snapshot(primary, zone)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(held, meant)

    def assert_in_their_zones(self, zone, address, before, ready):
        """Each zone holds what it held, plus the values that belong to it; an old set keeps its TTL."""
        for holder in (zone, "child." + zone):
            expected = dict(before[holder])
            for domain in ready:
                plain = domain.removeprefix("*.")
                if plain.endswith(".child." + zone) != holder.startswith("child."):
                    continue
                name = "_acme-challenge." + plain, "TXT"
                ttl, values = expected.get(name, (60, []))
                expected[name] = ttl, sorted(values + ['"%s"' % value_of(domain)])
            self.assertEqual(snapshot(address, holder), expected, holder)

    def hundred_names(self, zone, address, guilty=()):
        before = {z: snapshot(address, z) for z in (zone, "child." + zone)}
        ids = self.present(hundred(zone))
        found = self.wait_all(ids, ("ready", "failed"))
        failed = {domain: c["reason"] for domain, c in found.items() if c["state"] == "failed"}
        self.assertEqual(sorted(failed), sorted(guilty), failed)
        self.assert_in_their_zones(zone, address, before, [d for d in ids if d not in guilty])
        for id in ids.values():
            self.service.call("DELETE", "/v1/challenges/" + id)
        self.wait_all(ids, ("gone", "failed"))
        self.assertEqual({z: snapshot(address, z) for z in before}, before)

    def test_bind_with_an_update_policy_and_nsd_as_its_secondary(self):
        self.hundred_names("bind.test", "127.0.0.2", ["n05.bind.test"])
        self.wait_same_zone("127.0.0.5", "127.0.0.2", "bind.test")

    def test_bind_that_signs_inline(self):
        self.hundred_names("signed-bind.test", "127.0.0.2")

    def test_knot_with_a_list_of_names(self):
        self.hundred_names("knot.test", "127.0.0.3", ["n05.knot.test"])

    def test_knot_that_signs(self):
        self.hundred_names("signed-knot.test", "127.0.0.3")

    def test_powerdns_over_its_api(self):
        self.hundred_names("pdns.test", "127.0.0.4")

    def test_powerdns_with_dns_update(self):
        self.hundred_names("pdns-update.test", "127.0.0.4")

    def test_a_secondary_that_forwards_to_its_primary(self):
        self.hundred_names("forward.test", "127.0.0.2")

    def test_a_primary_that_restarts_every_second(self):
        zones = ["restless.test", "child.restless.test"]
        before = {z: snapshot("127.0.0.7", z) for z in zones}
        restarts = threading.Thread(target=self.restart_for_a_while)
        restarts.start()
        ids = self.present(hundred("restless.test"))
        restarts.join()
        self.wait_all(ids, ("ready",))
        self.assert_in_their_zones("restless.test", "127.0.0.7", before, list(ids))
        restarts = threading.Thread(target=self.restart_for_a_while)
        restarts.start()
        for id in ids.values():
            self.service.call("DELETE", "/v1/challenges/" + id)
        restarts.join()
        self.wait_all(ids, ("gone",))
        self.assertEqual({z: snapshot("127.0.0.7", z) for z in zones}, before)

    def wait_says(self, service, path, pattern):
        """Until it says what it waits for."""
        until = time.monotonic() + 30
        while not re.search(pattern, service.call("GET", path)["waiting_for"] or "") and time.monotonic() < until:
            time.sleep(0.1)
        self.assertRegex(service.call("GET", path)["waiting_for"] or "", pattern)

    def zone_is_away(self, domain, zone, address, take, give):
        """Withdrawn while the server does not know the zone, which holds the record."""
        before = snapshot(address, zone)
        ids = self.present([domain])
        self.wait_all(ids, ("ready",))
        take()
        path = "/v1/challenges/" + ids[domain]
        self.service.call("DELETE", path)
        self.wait_says(self.service, path, "NOTAUTH|has no zone|BADKEY")
        self.assertEqual(self.service.call("GET", path)["state"], "withdrawing")
        give()
        self.wait_all(ids, ("gone",))
        self.assertEqual(snapshot(address, zone), before)

    def swap(self, server, name, old, new):
        """Another configuration, and a restart."""
        text = pathlib.Path(server.path(name)).read_text(encoding="utf-8")
        self.assertIn(old, text)
        server.write(name, text.replace(old, new))
        zones, server.zones = server.zones, []  # it is not waited for: a zone may be missing
        try:
            server.restart()
        finally:
            server.zones = zones

    def test_bind_without_the_zone_at_the_withdrawal(self):
        old, new = 'zone "restless.test"', 'zone "away.test"'
        self.zone_is_away("away.restless.test", "restless.test", "127.0.0.7", lambda: self.swap(self.restless, "named.conf", old, new),
                          lambda: self.swap(self.restless, "named.conf", new, old))

    def test_knot_without_the_zone_at_the_withdrawal(self):
        old, new = "domain: signed-knot.test\n", "domain: away.test\n"
        self.zone_is_away("away.signed-knot.test", "signed-knot.test", "127.0.0.3", lambda: self.swap(self.knot, "knot.conf", old, new),
                          lambda: self.swap(self.knot, "knot.conf", new, old))

    def test_powerdns_without_the_zone_at_the_withdrawal(self):
        self.zone_is_away("away.pdns.test", "pdns.test", "127.0.0.4", lambda: self.rename("pdns.test", "away.test"),
                          lambda: self.rename("away.test", "pdns.test"))

    def rename(self, old, new):
        with contextlib.closing(sqlite3.connect(self.pdns.path("pdns.db"))) as db:
            db.execute("UPDATE domains SET name = ? WHERE name = ?", (new, old))
            db.commit()
        zones, self.pdns.zones = self.pdns.zones, []
        self.pdns.restart()
        self.pdns.zones = zones

    def test_a_key_of_another_view_does_not_make_a_record_gone(self):
        """The record stands in the public view; a removal through the other one would succeed and do nothing."""
        folder = pathlib.Path(self.folder.name) / "views"
        with Service(folder, self.view_config(KEY)) as service:
            id = service.call("POST", "/v1/challenges?wait=ready&timeout=30s",
                              {"type": "dns-01", "domain": "www.view.test", "value": value_of("www.view.test")})["id"]
        with Service(folder, self.view_config(OTHER_KEY)) as service:
            service.call("DELETE", "/v1/challenges/" + id)
            self.wait_says(service, "/v1/challenges/" + id, "written with key " + KEY.name)
            self.assertEqual(service.call("GET", "/v1/challenges/" + id)["state"], "withdrawing")
            self.assertEqual(self.views.values("_acme-challenge.www.view.test"), [value_of("www.view.test")])
        with Service(folder, self.view_config(KEY)) as service:
            until = time.monotonic() + 20
            while service.call("GET", "/v1/challenges/" + id)["state"] != "gone" and time.monotonic() < until:
                time.sleep(0.1)
            self.assertEqual(self.views.values("_acme-challenge.www.view.test"), [])

    def view_config(self, key):
        return """
resolver: {servers: ['127.0.0.1:53'], timeout: 500ms, tries: 2}
check: {poll-first: 200ms, poll-max: 1s}
providers:
  views: {type: rfc2136, server: 127.0.0.8, key-name: %s, key-secret: '%s'}
routes:
  - {suffix: view.test, type: dns-01, provider: views}
""" % (key.name, key.secret)

    def test_a_record_that_cannot_be_withdrawn_can_be_forgotten_by_an_operator(self):
        ids = self.present(["forget.restless.test"])
        self.wait_all(ids, ("ready",))
        id = ids["forget.restless.test"]
        self.assertEqual(self.service.command("forget", id).returncode, 1)  # it is not being withdrawn
        self.restless.kill()
        self.service.call("DELETE", "/v1/challenges/" + id)
        done = self.service.command("forget", id)
        self.restless._run(self.restless.argv)
        self.assertEqual((done.returncode, done.stdout), (0, id + "  gone\n"), done.stderr)
        self.assertIn("warning: it is not known whether the record at _acme-challenge.forget.restless.test was removed", done.stderr)
        self.assertIn('"forget"', self.service.command("audit", "list", "--json").stdout.replace(" ", ""))

    def restart_for_a_while(self):
        for _ in range(4):
            self.restless.restart()
            time.sleep(1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
