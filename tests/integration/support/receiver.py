"""Whom dcvd calls back in the tests."""
import http.server
import queue
import threading

from support.pebble import free_port

RECEIVER_PORT = free_port()  # the configuration says which URLs may be called
RECEIVER_RULE = f'callbacks: [{{secret: tests, urls: ["http://127.0.0.1:{RECEIVER_PORT}/hook"]}}]\n'


class Receiver:
    """Takes callbacks; answers with the statuses given, then 200."""

    def __init__(self, *statuses):
        self.calls, waiting = queue.Queue(), list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(waiting.pop(0) if waiting else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.calls.put((dict(self.headers), body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", RECEIVER_PORT), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
