"""Zones behind the API of PowerDNS, without sockets: what the name servers of a virtual world show."""
import json
import re


class Zones:
    """{name: {value}} of TXT records. `changes` are the lines that somebody else has not heard of yet."""

    ZONE = re.compile(r"/api/v1/servers/localhost/zones/([^/?]+)\.")

    def __init__(self, names):
        self.names, self.records, self.changes, self.requests, self.written = names, {}, [], 0, 0
        self.hidden = set()   # zones whose servers do not show what they have

    def shows(self, fqdn):
        """To the authority."""
        return set() if any(fqdn.endswith("." + zone) for zone in self.hidden) else self.records.get(fqdn, set())

    def count(self):
        return sum(len(v) for v in self.records.values())

    def put(self, fqdn, value):
        if value not in self.records.setdefault(fqdn, set()):
            self.records[fqdn].add(value)
            self.changes.append(f"+ {fqdn} {value}")

    def take(self, fqdn, value):
        if value in self.records.get(fqdn, ()):
            self.records[fqdn].remove(value)
            self.changes.append(f"- {fqdn} {value}")

    def lines(self):
        """All of it, as changes from nothing."""
        self.changes = []
        return "".join(f"+ {fqdn} {value}\n" for fqdn, values in self.records.items() for value in values)

    def take_changes(self):
        changes, self.changes = self.changes, []
        return "".join(c + "\n" for c in changes)

    # -- the API

    def handle(self, method, target, body):
        """(status, text)"""
        self.requests += 1
        path, _, query = target.partition("?")
        if path == "/api/v1/servers/localhost":
            return 200, json.dumps({"version": "5.1.0"})
        zone = self.ZONE.fullmatch(path)
        if not zone or zone[1] not in self.names:
            return 404, json.dumps({"error": "Not Found"})
        if method == "GET":
            return 200, json.dumps({"rrsets": self.sets(query)})
        for rrset in json.loads(body)["rrsets"]:
            self.change(rrset)
        self.written += 1
        return 204, ""

    def sets(self, query):
        wanted = re.search(r"rrset_name=([^&]*)\.", query)
        chosen = [wanted[1]] if wanted else list(self.records)
        return [{"name": n + ".", "type": "TXT", "ttl": 60, "records": [{"content": f'"{v}"', "disabled": False} for v in sorted(self.records[n])]}
                for n in chosen if self.records.get(n)]

    def change(self, rrset):
        fqdn = rrset["name"].rstrip(".")
        for record in rrset["records"]:
            value = record["content"].strip('"')
            if rrset["changetype"] == "EXTEND":
                self.put(fqdn, value)
            else:
                self.take(fqdn, value)
