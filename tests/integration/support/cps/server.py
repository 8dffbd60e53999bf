"""HTTP around the emulator, in real time."""
import argparse
import json
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .authority import Pebble
from .clock import RealClock
from .pace import Steps
from .service import SETTINGS, Emulator
from .steering import Steering


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    emulator = steering = None

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.emulator.gateway.now(), usegmt=True)

    def reply(self, status, media, body, headers):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.emulator.lock:
            if self.path.startswith("/_test/"):
                result = 200, "application/json", json.dumps(self.steering.steer(self.command, self.path, body)), {}
            else:
                result = self.emulator.handle(self.command, self.path, self.headers, body)
        self.reply(*result)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request


def live(emulator):
    """Changes move on by themselves, whether anybody looks or not."""
    while True:
        time.sleep(0.02)
        with emulator.lock:
            emulator.clock.run()


def read_arguments():
    parser = argparse.ArgumentParser(description="An emulator of Akamai CPS.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pebble", required=True, help="directory URL")
    parser.add_argument("--ca", required=True, help="PEM that trusts Pebble")
    parser.add_argument("--http", help="where HTTP-01 answers are served, HOST:PORT")
    parser.add_argument("--step", type=float, default=0.2, help="seconds in a state that only waits")
    parser.add_argument("--regenerate", type=float, default=1.0, help="seconds until spent tokens are replaced")
    for name, value in SETTINGS.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    return parser.parse_args()


def main():
    arguments = read_arguments()
    pace = Steps(arguments.step, look=0, regenerate=arguments.regenerate, vanish=4 * arguments.step)
    emulator = Emulator(arguments, RealClock(), pace, Pebble(arguments.pebble, arguments.ca, arguments.http))
    Handler.emulator, Handler.steering = emulator, Steering(emulator)
    threading.Thread(target=live, args=(emulator,), daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
