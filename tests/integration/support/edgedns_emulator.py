#!/usr/bin/env python3
"""An emulator of Akamai Edge DNS (config-dns v2), as far as dcvd uses it.

It is strict where the real API is: EdgeGrid signatures, nonces that are never repeated, timestamps, name and type
of the body equal to those of the path, record data in presentation format, one writer per zone at a time, creates
that fail as a whole. Plain HTTP on 127.0.0.1; the first line it prints is its port.

    edgedns_emulator.py --port 0 --zone example.com [--zone …] [--edgerc FILE] [--write-time 0.02]

--edgerc writes credentials that fit. For tests, unsigned:

    GET  /_test/state     {"calls": n, "log": [{method, path, status}], "zones": {zone: {name: {type: {ttl, rdata}}}},
                           "txt": {name: [values, unquoted]}, "ttl": {name: seconds}, "forbidden": n}
    POST /_test/faults    [{"kind": …, "count": 1, "method": "POST", "path": "part of it"}]; see FAULTS
    POST /_test/records   {"zone", "name", "type", "ttl", "rdata"}: what a stranger put there; empty rdata removes it
    POST /_test/reset     forgets records, calls and faults
"""
import argparse
import base64
import calendar
import hashlib
import hmac
import json
import re
import signal
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT_TOKEN = "akab-emulator-client-token"
CLIENT_SECRET = "ZW11bGF0b3JzZWNyZXRlbXVsYXRvcnNlY3JldA=="
ACCESS_TOKEN = "akab-emulator-access-token"
MAX_SIGNED_BODY = 131072
MAX_BODY = 4 << 20
CLOCK_TOLERANCE = 30
PROBLEM = "https://problems.luna.akamaiapis.net/authoritative-dns/"
GATEWAY = "https://problems.luna.akamaiapis.net/-/"

FAULTS = {
    "concurrent": "409 concurrentZoneModification",
    "conflict": "409 that does not say which kind",
    "exists": "a stranger creates the set just before, so that a create meets it",
    "stranger": "a stranger's value is added to the set just before the call has its effect",
    "rate": "429 with Retry-After: 2",
    "rate-text": "429 with 'Please try after <time>'",
    "error": "500 with a problem document",
    "html": "502 with an HTML page",
    "unsigned": "401 of the gateway",
    "ungranted": "403 of the gateway",
    "unread": "the connection ends before the call has an effect",
    "lost": "the call has its effect, then the connection ends without a reply",
}


class Problem(Exception):
    def __init__(self, status, kind, title, detail, base=PROBLEM, headers=()):
        super().__init__(detail)
        self.status, self.headers = status, dict(headers)
        self.body = {"type": base + kind, "title": title, "detail": detail, "status": status,
                     "instance": base + kind + "/" + str(uuid.uuid4())}


def unquote_txt(text):
    """The value of a TXT record in presentation format (RFC 1035 section 5.1); ValueError for nonsense."""
    value, place = "", 0
    while place < len(text):
        if text[place] == " ":
            place += 1
            continue
        piece = re.match(r'"((?:[^"\\]|\\[0-9]{3}|\\[^0-9])*)"(?= |$)|((?:[^"\\ ]|\\[0-9]{3}|\\[^0-9])+)(?= |$)', text[place:])
        if not piece:
            raise ValueError("not in master file format")
        raw = piece.group(1) if piece.group(1) is not None else piece.group(2)
        plain = re.sub(r"\\([0-9]{3}|.)", lambda m: chr(int(m.group(1))) if len(m.group(1)) == 3 else m.group(1), raw)
        if len(plain) > 255:
            raise ValueError("a character-string is longer than 255 bytes")
        value, place = value + plain, place + piece.end()
    return value


def quote_txt(value):
    pieces = [value[i:i + 255] for i in range(0, len(value), 255)] or [""]
    escape = lambda c: "\\" + c if c in '"\\' else c if " " <= c <= "~" else "\\%03d" % ord(c)
    return " ".join('"' + "".join(map(escape, piece)) + '"' for piece in pieces)


class Zone:
    def __init__(self, name):
        self.name, self.sets, self.version, self.changed = name, {}, str(uuid.uuid4()), time.time()
        self.writing = threading.Lock()

    def holds(self, name):
        return name == self.name or name.endswith("." + self.name)

    def describe(self):
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.changed))
        return {"zone": self.name, "type": "PRIMARY", "contractId": "C-EMULATOR", "activationState": "ACTIVE",
                "versionId": self.version, "lastModifiedDate": when, "lastActivationDate": when,
                "lastModifiedBy": "emulator", "aliasCount": 0, "signAndServe": False}

    def put(self, record):
        self.sets[(record["name"], record["type"])] = record
        self.touch()

    def touch(self):
        self.version, self.changed = str(uuid.uuid4()), time.time()


class Emulator:
    def __init__(self, zones, write_time):
        self.zone_names, self.write_time = zones, write_time
        self.lock = threading.RLock()
        self.nonces = set()
        self.reset()

    def reset(self):
        with self.lock:
            self.zones = {name: Zone(name) for name in self.zone_names}
            self.log, self.faults, self.forbidden = [], [], 0

    def zone(self, name):
        if name.lower() not in self.zones:
            raise Problem(404, "notFound", "Not Found", "Zone %s does not exist, or is not yours" % name)
        return self.zones[name.lower()]

    def fault(self, method, path):
        with self.lock:
            for fault in self.faults:
                if fault["count"] > 0 and fault.get("method", method) == method and fault.get("path", "") in path:
                    fault["count"] -= 1
                    return fault["kind"]
        return None

    def state(self):
        with self.lock:
            zones, txt, ttl = {}, {}, {}
            for zone in self.zones.values():
                names = zones.setdefault(zone.name, {})
                for (name, kind), record in zone.sets.items():
                    names.setdefault(name, {})[kind] = {"ttl": record["ttl"], "rdata": record["rdata"]}
                    if kind == "TXT":
                        txt[name] = sorted(map(unquote_txt, record["rdata"]))
                        ttl[name] = record["ttl"]
            return {"calls": len(self.log), "log": self.log, "zones": zones, "txt": txt, "ttl": ttl, "forbidden": self.forbidden}


def check_record(zone, record):
    """A record set of a request body, tidied; Problem when the API would not take it."""
    bad = lambda detail: Problem(400, "badRequest", "Bad Request", detail)
    if not isinstance(record, dict) or set(record) != {"name", "type", "ttl", "rdata"}:
        raise bad("a record set has name, type, ttl and rdata, and nothing else")
    name, kind, ttl, rdata = record["name"], record["type"], record["ttl"], record["rdata"]
    if not isinstance(name, str) or name.endswith(".") or not zone.holds(name.lower()):
        raise bad("name must be a fully qualified name in the zone, without a dot at the end")
    if len(name) > 253 or any(not 0 < len(label) < 64 for label in name.split(".")):
        raise bad("name has an empty or too long label")
    if not isinstance(kind, str) or not kind.isupper():
        raise bad("type must be a record type")
    if type(ttl) is not int or not 0 < ttl <= 2147483647:
        raise bad("ttl must be a positive integer")
    if not isinstance(rdata, list) or not rdata or not all(isinstance(text, str) for text in rdata):
        raise bad("rdata must be a list of at least one text")
    if kind == "TXT":
        try:
            rdata = [quote_txt(unquote_txt(text)) for text in rdata]
        except ValueError as error:
            raise bad("rdata: %s" % error)
    if len(set(rdata)) != len(rdata):
        raise bad("rdata holds the same record twice")
    return {"name": name.lower(), "type": kind, "ttl": ttl, "rdata": rdata}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    emulator = None

    def log_message(self, *_):
        pass

    # --- signatures ---

    def check_signature(self, body):
        deny = lambda detail: Problem(401, "pep-authn/deny", "Not authorized", detail, GATEWAY)
        header = self.headers.get("Authorization", "")
        match = re.fullmatch(r"(EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);timestamp=([^;]+);"
                             r"nonce=([^;]+);)signature=(\S+)", header)
        if not match:
            raise deny("The authorization header is malformed")
        unsigned, client, access, stamp, nonce, signature = match.groups()
        if (client, access) != (CLIENT_TOKEN, ACCESS_TOKEN):
            raise deny("Invalid authorization client token or access token")
        self.check_fresh(deny, stamp, nonce)
        if not hmac.compare_digest(signature, self.sign(stamp, unsigned, body)):
            raise deny("The signature does not match")

    def check_fresh(self, deny, stamp, nonce):
        try:
            when = time.strptime(stamp, "%Y%m%dT%H:%M:%S+0000")
        except ValueError:
            raise deny("Invalid timestamp")
        if abs(time.time() - calendar.timegm(when)) > CLOCK_TOLERANCE:
            raise deny("Invalid timestamp")
        with self.emulator.lock:
            if nonce in self.emulator.nonces:
                raise deny("The nonce was used before")
            self.emulator.nonces.add(nonce)

    def sign(self, stamp, unsigned, body):
        mac = lambda key, text: base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
        digest = ""
        if self.command == "POST" and body:
            digest = base64.b64encode(hashlib.sha256(body[:MAX_SIGNED_BODY]).digest()).decode()
        data = "\t".join([self.command, "http", self.headers["Host"].lower(), self.path, "", digest, unsigned])
        return mac(mac(CLIENT_SECRET, stamp), data)

    # --- one call ---

    def read_body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            raise Problem(413, "tooLarge", "Payload Too Large", "the body is too large")
        return self.rfile.read(length)

    def reply(self, status, body=None, headers=(), content_type="application/json"):
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if text:
            self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_call(self):
        body = self.read_body()
        if self.path.startswith("/_test/"):
            return self.handle_test(body)
        entry = {"method": self.command, "path": self.path, "status": 0}
        with self.emulator.lock:
            self.emulator.log.append(entry)
        try:
            self.check_signature(body)
            kind = self.emulator.fault(self.command, self.path)
            status, result = self.serve(body, kind)
            if kind == "lost":
                self.close_connection = True
                return None
            entry["status"] = status
            return self.reply(status, result)
        except Page as page:
            entry["status"] = page.status
            return self.reply(page.status, page.text, content_type="text/html")
        except Problem as problem:
            entry["status"] = problem.status
            return self.reply(problem.status, problem.body, problem.headers, "application/problem+json")
        except ConnectionAbortedError:
            self.close_connection = True
            return None

    do_GET = do_POST = do_PUT = do_DELETE = handle_call

    def serve(self, body, kind):
        if kind == "html":
            raise Page(502, b"<html><body>Bad Gateway</body></html>")
        self.injected(kind)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        parts = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
        if parts[:3] != ["config-dns", "v2", "zones"] or len(parts) < 4:
            raise Problem(404, "notFound", "Not Found", "no such path")
        zone = self.emulator.zone(parts[3])
        rest = parts[4:]
        if not rest and self.command == "GET":
            return 200, zone.describe()
        if rest == ["recordsets"]:
            return self.serve_many(zone, query, body, kind)
        if len(rest) == 4 and rest[0] == "names" and rest[2] == "types":
            return self.serve_one(zone, rest[1].lower(), rest[3], body, kind)
        raise Problem(404, "notFound", "Not Found", "no such path")

    def injected(self, kind):
        if kind == "concurrent":
            raise Problem(409, "concurrentZoneModification", "Concurrent Zone Modification",
                          "The zone is being modified by another request. Please try again.")
        if kind == "conflict":
            raise Problem(409, "conflict", "Conflict", "Conflict")
        if kind == "rate":
            raise Problem(429, "rate-limit", "Too Many Requests", "Too many requests", headers={"Retry-After": "2"})
        if kind == "rate-text":
            then = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3))
            raise Problem(429, "rate-limit", "Too Many Requests",
                          "You have reached the limit for your account. Please try after " + then)
        if kind == "error":
            raise Problem(500, "internal", "Internal Server Error", "Something failed inside")
        if kind == "unsigned":
            raise Problem(401, "pep-authn/deny", "Not authorized", "The signature does not match", GATEWAY)
        if kind == "ungranted":
            raise Problem(403, "pep-authz/deny", "Not authorized", "The client does not have the needed access", GATEWAY)
        if kind == "unread":
            raise ConnectionAbortedError()

    def read_json(self, body):
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            raise Problem(415, "unsupportedMediaType", "Unsupported Media Type", "application/json is expected")
        try:
            return json.loads(body)
        except ValueError:
            raise Problem(400, "badRequest", "Bad Request", "the body is not JSON")

    def serve_many(self, zone, query, body, kind):
        if self.command == "GET":
            return 200, self.list_records(zone, query)
        if self.command == "PUT":
            self.emulator.forbidden += 1
            raise Problem(400, "badRequest", "Bad Request", "replacing a whole zone is not for a challenge")
        if self.command != "POST":
            raise Problem(405, "methodNotAllowed", "Method Not Allowed", self.command)
        wish = self.read_json(body)
        if not isinstance(wish, dict) or set(wish) != {"recordsets"} or not isinstance(wish["recordsets"], list) \
                or not wish["recordsets"]:
            raise Problem(400, "badRequest", "Bad Request", "recordsets must be a list of at least one record set")
        records = [check_record(zone, record) for record in wish["recordsets"]]
        if len({(r["name"], r["type"]) for r in records}) != len(records):
            raise Problem(400, "badRequest", "Bad Request", "a record set stands twice in the list")
        with self.writing(zone, records, kind):
            for record in records:
                self.refuse_existing(zone, record)
            for record in records:
                zone.put(record)
        return 204, None

    def list_records(self, zone, query):
        kinds = set(query["types"].split(",")) if query.get("types") else None
        search = query.get("search", "").lower()
        with self.emulator.lock:
            found = [r for r in zone.sets.values() if (not kinds or r["type"] in kinds) and
                     (search in r["name"] or any(search in text.lower() for text in r["rdata"]))]
        found.sort(key=lambda r: (r["name"], r["type"]))
        page, size = int(query.get("page", 1)), int(query.get("pageSize", 25))
        shown = found if query.get("showAll") == "true" else found[(page - 1) * size:page * size]
        return {"metadata": {"zone": zone.name, "types": sorted(kinds or ()), "page": page, "pageSize": size,
                             "totalElements": len(found), "showAll": query.get("showAll") == "true"}, "recordsets": shown}

    def serve_one(self, zone, name, kind_of_record, body, kind):
        key = (name, kind_of_record)
        absent = Problem(404, "notFound", "Not Found", "The record set %s %s does not exist" % key)
        if self.command == "GET":
            with self.emulator.lock:
                if key not in zone.sets:
                    raise absent
                return 200, zone.sets[key]
        record = {"name": name, "type": kind_of_record}
        if self.command in ("POST", "PUT"):
            record = check_record(zone, self.read_json(body))
            if (record["name"], record["type"]) != key:
                raise Problem(400, "badRequest", "Bad Request", "name and type must be those of the path")
        with self.writing(zone, [record], kind):
            if self.command == "POST":
                self.refuse_existing(zone, record)
            elif key not in zone.sets:
                raise absent
            if self.command == "DELETE":
                del zone.sets[key]
                zone.touch()
            else:
                zone.put(record)
        return {"POST": 201, "PUT": 200, "DELETE": 204}[self.command], None if self.command == "DELETE" else record

    def refuse_existing(self, zone, record):
        if (record["name"], record["type"]) in zone.sets:
            raise Problem(409, "recordsetAlreadyExists", "Record set already exists",
                          "The record set %s %s already exists" % (record["name"], record["type"]))

    def writing(self, zone, records, kind):
        return Writing(self.emulator, zone, records, kind)

    # --- for tests ---

    def handle_test(self, body):
        emulator = self.emulator
        if (self.command, self.path) == ("GET", "/_test/state"):
            return self.reply(200, emulator.state())
        wish = json.loads(body or b"null")
        if self.path == "/_test/reset":
            emulator.reset()
        elif self.path == "/_test/faults":
            faults = [dict({"count": 1}, **fault) for fault in (wish if isinstance(wish, list) else [wish])]
            unknown = {fault["kind"] for fault in faults} - set(FAULTS)
            if unknown:
                return self.reply(400, {"detail": "unknown faults: %s" % sorted(unknown)})
            with emulator.lock:
                emulator.faults += faults
        elif self.path == "/_test/records":
            self.put_stranger(wish)
        else:
            return self.reply(404, {"detail": "no such path"})
        return self.reply(200, {"ok": True})

    def put_stranger(self, wish):
        with self.emulator.lock:
            zone = self.emulator.zone(wish["zone"])
            if wish["rdata"]:
                zone.put(dict({"ttl": 300, "type": "TXT"}, **{k: v for k, v in wish.items() if k != "zone"}))
            else:
                zone.sets.pop((wish["name"], wish.get("type", "TXT")), None)


class Page(Exception):
    def __init__(self, status, text):
        super().__init__(status)
        self.status, self.text = status, text


class Writing:
    """One writer of a zone for the time of a write; another one meanwhile is refused, as the API does it."""

    def __init__(self, emulator, zone, records, kind):
        self.emulator, self.zone, self.records, self.kind = emulator, zone, records, kind

    def __enter__(self):
        if not self.zone.writing.acquire(blocking=False):
            raise Problem(409, "concurrentZoneModification", "Concurrent Zone Modification",
                          "The zone is being modified by another request. Please try again.")
        time.sleep(self.emulator.write_time)
        self.emulator.lock.acquire()
        if self.kind in ("stranger", "exists"):
            self.meet_stranger()

    def meet_stranger(self):
        first = self.records[0]
        old = self.zone.sets.get((first["name"], "TXT"), {"rdata": [], "ttl": 300})
        self.zone.put({"name": first["name"], "type": "TXT", "ttl": old["ttl"], "rdata": old["rdata"] + ['"stranger"']})

    def __exit__(self, *_):
        self.emulator.lock.release()
        self.zone.writing.release()


def main():
    parser = argparse.ArgumentParser(description="Emulator of Akamai Edge DNS")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--zone", action="append", default=[])
    parser.add_argument("--edgerc")
    parser.add_argument("--write-time", type=float, default=0.005)
    options = parser.parse_args()
    Handler.emulator = Emulator([zone.lower() for zone in options.zone] or ["example.com"], options.write_time)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    if options.edgerc:
        with open(options.edgerc, "w", encoding="ascii") as file:
            file.write("[default]\nhost = 127.0.0.1:%d\nclient_token = %s\nclient_secret = %s\naccess_token = %s\n"
                       % (port, CLIENT_TOKEN, CLIENT_SECRET, ACCESS_TOKEN))
    print(port, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
