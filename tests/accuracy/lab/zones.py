"""Authoritative answers from zone data, with denial of existence (NSEC, NSEC3) where the zone is signed."""
import bisect

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdatatype as T
import dns.rrset
import dns.zone

IN = dns.rdataclass.IN


class Answer:
    def __init__(self, rcode=0, authoritative=True):
        self.rcode, self.authoritative = rcode, authoritative
        self.answer, self.authority, self.additional = [], [], []


class Zone:
    def __init__(self, text, origin):
        self.origin = dns.name.from_text(origin)
        self.nodes = {}  # name -> {(type, covers): rdataset}
        zone = dns.zone.from_text(text, origin=self.origin, relativize=False, check_origin=False)
        for name, node in zone.nodes.items():
            self.nodes[name] = {(r.rdtype, r.covers): r for r in node.rdatasets}
        self.parents = set()
        for name in self.nodes:
            while name != self.origin and len(name) > len(self.origin):
                name = name.parent()
                self.parents.add(name)
        self.denials = sorted(n for n in self.nodes if (T.NSEC, T.NONE) in self.nodes[n])
        self.hashed = {n.labels[0].lower(): n for n in self.nodes if (T.NSEC3, T.NONE) in self.nodes[n]}
        self.hashes = sorted(self.hashed)
        self.signed = bool(self.denials or self.hashes)

    # ---- pieces ----

    def rrset(self, name, kind, covers=T.NONE, owner=None):
        data = self.nodes.get(name, {}).get((kind, covers))
        if data is None:
            return None
        found = dns.rrset.RRset(owner or name, IN, kind, covers)
        found.update_ttl(data.ttl)
        for item in data:
            found.add(item)
        return found

    def put(self, section, name, kind, want_signatures, owner=None):
        found = self.rrset(name, kind, owner=owner)
        if found is None:
            return False
        if found not in section:
            section.append(found)
            signature = self.rrset(name, T.RRSIG, kind, owner) if want_signatures else None
            if signature:
                section.append(signature)
        return True

    def exists(self, name):
        return name in self.nodes and any(k[0] not in (T.RRSIG, T.NSEC, T.NSEC3) for k in self.nodes[name]) or name in self.parents

    # ---- denial ----

    def _nsec(self, section, name):
        """The NSEC of `name`, or the one that covers it."""
        if self.denials:
            at = bisect.bisect_right(self.denials, name) - 1
            self.put(section, self.denials[at], T.NSEC, True)

    def _nsec3(self, section, name, cover=False):
        """The NSEC3 that matches `name`, or the one that covers it. Whether it matched."""
        parameters = self.nodes[self.origin][(T.NSEC3PARAM, T.NONE)][0]
        digest = dns.dnssec.nsec3_hash(name, parameters.salt, parameters.iterations, parameters.algorithm).lower().encode()
        if digest in self.hashed and not cover:
            self.put(section, self.hashed[digest], T.NSEC3, True)
            return True
        at = bisect.bisect_right(self.hashes, digest) - 1
        self.put(section, self.hashed[self.hashes[at]], T.NSEC3, True)
        return False

    def _closest(self, name):
        """The closest encloser and the name one label below it."""
        below = name
        while name != self.origin and not self.exists(name):
            below, name = name, name.parent()
        return name, below

    def deny_type(self, section, name):
        if self.hashes:
            if not self._nsec3(section, name):  # opt-out: prove the encloser instead
                self._nsec3(section, self._closest(name)[0])
        else:
            self._nsec(section, name)

    def deny_name(self, section, name):
        encloser, below = self._closest(name)
        wildcard = dns.name.Name((b"*",) + encloser.labels)
        if self.hashes:
            self._nsec3(section, encloser)
            self._nsec3(section, below, cover=True)
            self._nsec3(section, wildcard, cover=True)
        else:
            self._nsec(section, name)
            self._nsec(section, wildcard)

    # ---- the answer ----

    def _cut(self, name, kind):
        """The delegation at or above `name`, below the origin; a DS is the parent's to answer."""
        for depth in range(len(self.origin) + 1, len(name) + 1):
            at = name.split(depth)[1]
            if (T.NS, T.NONE) in self.nodes.get(at, {}) and not (kind == T.DS and at == name):
                return at
        return None

    def _dname(self, name):
        for depth in range(len(self.origin), len(name)):
            at = name.split(depth)[1]
            if (T.DNAME, T.NONE) in self.nodes.get(at, {}):
                return at
        return None

    def lookup(self, name, kind, secure):
        secure = secure and self.signed
        found = Answer()
        cut = self._cut(name, kind)
        if cut is not None:
            return self._refer(cut, secure)
        dname = self._dname(name)
        if dname is not None:
            self.put(found.answer, dname, T.DNAME, secure)
            target = dns.name.Name(name.relativize(dname).labels + self.nodes[dname][(T.DNAME, T.NONE)][0].target.labels)
            found.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target.to_text()))
            return found
        owner = name if self.exists(name) else dns.name.Name((b"*",) + self._closest(name)[0].labels)
        if owner not in self.nodes and owner not in self.parents:
            found.rcode = 3
            return self._negative(found, name, secure, self.deny_name)
        if kind == T.NS and owner == name:
            self._add_addresses(found, owner)
        if self.put(found.answer, owner, kind, secure, name) or self.put(found.answer, owner, T.CNAME, secure, name):
            return found
        return self._negative(found, owner, secure, self.deny_type)

    def _negative(self, found, name, secure, deny):
        self.put(found.authority, self.origin, T.SOA, secure)
        if secure:
            deny(found.authority, name)
        return found

    def _refer(self, cut, secure):
        found = Answer(authoritative=False)
        self.put(found.authority, cut, T.NS, False)
        if secure and not self.put(found.authority, cut, T.DS, True):
            self.deny_type(found.authority, cut)
        self._add_addresses(found, cut)
        return found

    def _add_addresses(self, found, owner):
        for server in self.nodes.get(owner, {}).get((T.NS, T.NONE), ()):
            for kind in (T.A, T.AAAA):
                self.put(found.additional, server.target, kind, False)
