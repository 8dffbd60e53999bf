"""Many enrollments in every phase, for the page: the emulator of CPS stands still, so that each change stays where it was put, and the
journal of dcvd holds what its watcher would have read within hours.

    with Enrollments(folder, 1000) as far:
        service = far.service()
"""
import json
import pathlib
import random
import sqlite3
import threading
import time
from http.server import ThreadingHTTPServer

from cps.authority import Model
from cps.clock import RealClock
from cps.server import Handler, live
from cps.service import Emulator, settings
from cps.steering import Steering
from cps.warning_texts import text_of

from .service import Service

DAY = 86400
PLACES = ["www", "shop", "api", "static", "img", "pay", "login", "cdn", "mail", "blog", "docs", "data"]
BRANDS = ["alder", "birch", "cedar", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine", "rowan", "spruce", "willow", "yew"]
# Of a thousand: (how many, where the change stands)
PHASES = [(7, "approval"), (4, "warnings"), (3, "certificate-warnings"), (5, "error"), (9, "validation"), (3, "issuance"), (6, "staging"),
          (5, "production"), (30, "monitored"), (20, "ignored"), (6, "ends"), (2, "ended")]
CONFIG = """
resolver: {{servers: ["127.0.0.1:{dns}"], timeout: 300ms, tries: 1}}
check: {{authority: pebble, authority-view: false, allow-addresses: [127.0.0.0/8]}}
routes: [{{suffix: "*", type: dns-01, provider: embedded}}]
cps:
  edgerc: "{edgerc}"
  base-url: "{url}"
  per-minute: {per_minute}
  burst: {per_minute}
  watch: {watch}
  watch-interval: 1m
  poll: 1s
  policies: {{standard: {{change-management: approve, approvals: 1, follow: production}}}}
  classes:
    - {{match: {{cn: "*.partner.example"}}, class: monitored}}
    - {{match: {{cn: "*.lab.example"}}, class: ignored}}
    - {{match: {{validation: dv}}, class: managed, policy: standard}}
"""


def digest(*texts):
    """What the journal keeps beside a row (solver/store/digest.c)."""
    def mix(h, word):
        h = ((h ^ word) * 0x9fb21c651e98df25) & (2 ** 64 - 1)
        return h ^ (h >> 32)
    h = len(texts)
    for text in map(str.encode, texts):
        h = mix(mix(h, 3), len(text))  # 3: SQLITE_TEXT
        for at in range(0, len(text), 8):
            h = mix(h, int.from_bytes(text[at:at + 8], "little"))
    return (h ^ (h >> 62)) & (2 ** 62 - 1)


class Still:
    """Nothing moves by itself, but for tokens, which CPS makes."""

    def of(self, status):
        return 0 if status in ("tokens", "look") else 1e9


class Enrollments:
    def __init__(self, folder, count, watch="act", per_minute=4000):
        self.folder, self.count, self.watch, self.per_minute = pathlib.Path(folder), count, watch, per_minute
        self.random, self.rows, self.phases = random.Random(7), [], {}

    def __enter__(self):
        clock = RealClock()
        self.emulator = Emulator(settings(per_minute=100000, burst=100000, contracts="C-1"), clock, Still(), Model(lambda _: [], clock.now))
        handler = type("Bound", (Handler,), {"emulator": self.emulator, "steering": Steering(self.emulator)})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=live, args=(self.emulator,), daemon=True).start()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        with self.emulator.lock:
            self.make()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # -- enrollments

    def make(self):
        phases = [phase for number, phase in PHASES for _ in range(max(1, number * self.count // 1000))]
        for i in range(self.count):
            self.add(i, phases[i] if i < len(phases) else "quiet")

    def cn(self, i, phase):
        place, brand = PLACES[i % len(PLACES)], f"{BRANDS[i // len(PLACES) % len(BRANDS)]}{i // (len(PLACES) * len(BRANDS)) or ''}"
        ending = {"monitored": "partner.example", "ignored": "lab.example"}.get(phase, "example")
        return f"{place}.{brand}.{ending}"

    def ends_in(self, phase):
        if phase == "ended":
            return -self.random.uniform(0.5, 3)
        if phase in ("ends", "approval", "warnings", "error", "certificate-warnings"):
            return self.random.uniform(1, 13)
        return self.random.uniform(15, 26) if phase not in ("quiet", "ignored") else min(90, 22 + self.random.expovariate(1 / 28))

    def add(self, i, phase):
        days, cn = self.ends_in(phase), self.cn(i, phase)
        names = [cn] + [f"{w}.{cn.split('.', 1)[1]}" for w in ("a", "b", "c", "d")[:self.random.randrange(5)]]
        wish = {"names": names, "change_management": phase == "approval", "ends_in_days": max(days, 0.01), "renew_before_days": -1000}
        enrollment = self.emulator.add(wish)
        self.phases.setdefault(phase, []).append(enrollment.number)
        if phase not in ("quiet", "ignored", "ends", "ended"):
            self.place(enrollment.begin("renewal"), phase)
        self.note(enrollment, days)

    def place(self, change, phase):
        if phase in ("warnings", "certificate-warnings"):
            kind = "pre" if phase == "warnings" else "post"
            change.texts[kind] = text_of("SANS_REMOVED_REQUIRE_ACKNOWLEDGEMENT", "DNS_NAME_NOT_CNAMED")
            change.hold(kind)
        elif phase == "validation":
            change.prove()
        elif phase == "error":
            change.fail("order-failed", "The authority refused the order: CAA record of example forbids issuance.")
        else:
            change.deployment = change.enrollment.production
            change.enter(*{"approval": ("awaiting-input", "wait-ack-change-management"), "issuance": ("running", "check-for-cert"),
                           "staging": ("running", "deploy-cert-to-staging"), "production": ("running", "deploy-cert-to-production"),
                           "monitored": ("running", "pre-verification-safety-checks")}[phase])

    # -- what dcvd knows of them

    def note(self, enrollment, days):
        now, change = int(time.time() * 1000), enrollment.change
        expiry = now + int(days * DAY * 1000)
        row = {"account": "", "contract": "C-1", "cn": enrollment.names()[0], "type": "dv", "ra": "lets-encrypt", "id": enrollment.number,
               "sans": len(enrollment.names()), "change": change.number if change else 0, "change_type": "renewal" if change else "",
               "renewal": 0 if change else expiry - 20 * DAY * 1000, "expiry": expiry, "expiry_read": now, "change_seen": now - 3600000 if change else 0}
        self.rows.append((f"cps-enrollment/{enrollment.number}", json.dumps(row)))

    def service(self):
        edgerc = self.folder / "edgerc"
        edgerc.write_text("[default]\nhost = akab-test.luna.example.net\nclient_token = akab-client-token\n"
                          "client_secret = c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg==\naccess_token = akab-access-token\n")
        edgerc.chmod(0o600)
        config = CONFIG.format(dns=1, edgerc=edgerc, url=self.url, per_minute=self.per_minute, watch=self.watch)
        service = Service(self.folder, config).start()
        service.stop()
        with sqlite3.connect(next(service.state.glob("*.db*"))) as journal:
            journal.executemany("INSERT INTO settings (key, value, digest) VALUES (?, ?, ?)", [(*row, digest(*row)) for row in self.rows])
        journal.close()
        return service.start()
