#!/usr/bin/env python3
"""Receives dcvd's callbacks, verifies them, and runs a command once for each event.

    receiver.py --listen 127.0.0.1:9000 --secret-file /etc/ci/dcvd.secret -- ./continue-enrollment.sh

The command gets the event (a CloudEvent, JSON) on its standard input. When it fails, dcvd is told and comes again; when it has
succeeded, repetitions of the event are answered without running it. Standard library only: an example to take over.
"""
import argparse
import collections
import hashlib
import hmac
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
BODY_MAX = 4 * 1024 * 1024
IDS_MAX = 10000


class Refused(Exception):
    """Not from dcvd, or not new."""


def verify(secret, timestamp, signature, body, now):
    """The event of a genuine call; raises Refused. Nothing is parsed before the signature is known to be right."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise Refused("no Dcvd-Timestamp")
    expected = "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Refused("the signature does not match")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Refused("the timestamp is more than five minutes off")
    return json.loads(body)


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, secret, command):
        super().__init__(address, Handler)
        self.secret, self.command = secret, command
        self.done, self.lock = collections.OrderedDict(), threading.Lock()

    def take(self, event):
        """Runs the command unless this event was done before; True when it is done."""
        with self.lock:  # one at a time: a repetition waits for the first
            if event["id"] in self.done:
                return True
            if subprocess.run(self.command, input=json.dumps(event).encode(), check=False).returncode:
                return False
            self.done[event["id"]] = True
            while len(self.done) > IDS_MAX:
                self.done.popitem(last=False)
            return True


class Handler(BaseHTTPRequestHandler):
    timeout = 30

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            return self.answer(413)
        body = self.rfile.read(int(length))
        try:
            event = verify(self.server.secret, self.headers.get("Dcvd-Timestamp", ""), self.headers.get("Dcvd-Signature", ""), body, time.time())
        except Refused as why:
            self.log_error("refused: %s", why)
            return self.answer(403)
        return self.answer(204 if self.server.take(event) else 500)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:9000", metavar="ADDRESS:PORT")
    parser.add_argument("--secret-file", required=True, help="the secret under callback-secrets of dcvd's configuration")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    address, _, port = arguments.listen.rpartition(":")
    with open(arguments.secret_file, "rb") as file:
        secret = file.read().strip()
    Receiver((address.strip("[]"), int(port)), secret, arguments.command).serve_forever()


if __name__ == "__main__":
    main()
