"""The peer of the CPS measurements: a client as they are common, which looks at each change every ten seconds, has its answers in place at
once, acknowledges, and follows to the end. It keeps no budget; what CPS refuses is asked again when CPS says so, and a little later."""
import base64
import collections
import datetime
import hashlib
import json
import random

from cps.edgegrid import hmac64
from world import CREDENTIALS

PERIOD = 10
MEDIA = "application/vnd.akamai.cps.{}+json"


def sign(method, target, now, nonce, body=b""):
    stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y%m%dT%H:%M:%S+0000")
    unsigned = (f"EG1-HMAC-SHA256 client_token={CREDENTIALS['AKAMAI_CLIENT_TOKEN']};access_token={CREDENTIALS['AKAMAI_ACCESS_TOKEN']};"
                f"timestamp={stamp};nonce={nonce};")
    content = base64.b64encode(hashlib.sha256(body).digest()).decode() if body else ""
    data = "\t".join([method, "https", CREDENTIALS["AKAMAI_HOST"], target, "", content, unsigned])
    return f"{unsigned}signature={hmac64(hmac64(CREDENTIALS['AKAMAI_CLIENT_SECRET'], stamp), data)}"


class Poller:
    def __init__(self, world, change, offset):
        self.world, self.change, self.requests, self.published = world, change, 0, []
        self.dice, self.pause = random.Random(change.number), PERIOD
        world.clock.after(offset, self.look)

    def ask(self, method, path, accept, body=b"", content=None):
        self.requests += 1
        target = f"/cps/v2/enrollments/{self.change.enrollment.number}/changes/{self.change.number}{path}"
        headers = collections.defaultdict(lambda: None, {
            "Host": CREDENTIALS["AKAMAI_HOST"], "Accept": MEDIA.format(accept), "Content-Type": content and MEDIA.format(content),
            "Authorization": sign(method, target, self.world.clock.now(), f"{id(self)}-{self.requests}", body)})
        status, _, text, extra = self.world.cps.handle(method, target, headers, body)
        self.pause = int(extra.get("Retry-After", 0)) + self.dice.uniform(0, PERIOD) if status == 429 else PERIOD
        return status, json.loads(text) if status == 200 else None

    def look(self):
        status, found = self.ask("GET", "", "change.v2")
        if status == 404:
            self.withdraw()
            return
        if status == 200 and any(i["type"] == "lets-encrypt-challenges" for i in found["allowedInput"]) and not self.change.acknowledgements:
            self.prove()
        self.world.clock.after(self.pause, self.look)

    def prove(self):
        if not self.published:
            status, found = self.ask("GET", "/input/info/lets-encrypt-challenges", "dv-challenges.v2")
            for name in found["dv"] if status == 200 else []:
                challenge = next(c for c in name["challenges"] if c["type"] == "dns-01")
                self.published.append((challenge["fullPath"].rstrip("."), challenge["responseBody"]))
                self.world.zones.put(*self.published[-1])
        if self.published:
            self.ask("POST", "/input/update/lets-encrypt-challenges-completed", "change-id.v1", b'{"acknowledgement":"acknowledge"}',
                     "acknowledgement.v1")

    def withdraw(self):
        for record in self.published:
            self.world.zones.take(*record)
