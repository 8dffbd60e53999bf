"""`dcvd serve` as a child process, and its REST API.

    with Service(folder, "routes: …") as service:
        order = service.call("POST", "/v1/orders?wait=ready&timeout=20s", {...})
"""
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

from .pebble import free_port

START_SECONDS = 20


def program():
    """The dcvd under test: $DCVD."""
    path = os.environ.get("DCVD")
    if not path:
        raise SystemExit("set DCVD to the dcvd binary under test")
    return path


class ApiError(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status, self.problem = status, problem


class Died(RuntimeError):
    """The process ended before it was ready."""


class Service:
    def __init__(self, folder, config="", environment=None, **ports):
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.http_port = ports.get("http_port") or free_port()
        self.dns_port = ports.get("dns_port") or free_port()
        self.api_port = ports.get("api_port") or free_port()
        self.config, self.environment = config, environment or {}
        # The names of the tests are not public, and no root leads to their servers.
        self.authority = ports.get("authority", ["--set", "check.authority=pebble", "--set", "check.authority-view=false",
                                                "--set", "check.allow-addresses=[127.0.0.0/8]"])
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def token(self):
        return (self.state / "operator.token").read_text().strip()

    @property
    def log(self):
        return (self.folder / "dcvd.log").read_text(errors="replace")

    def arguments(self):
        """The options that every dcvd command needs to see the same world."""
        file = self.folder / "dcvd.yaml"
        return ["--config", str(file), "--set", f"state-dir={self.state}", *self.authority,
                "--set", f"http.listen=['127.0.0.1:{self.http_port}']", "--set", f"check.http-port={self.http_port}",
                "--set", f"dns.listen=['127.0.0.1:{self.dns_port}']", "--set", f"api.listen=['127.0.0.1:{self.api_port}']"]

    def start(self, wait=True):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "dcvd.yaml").write_text(self.config)
        with open(self.folder / "dcvd.log", "ab") as log:
            self.process = subprocess.Popen([program(), "serve", *self.arguments()], stderr=log, stdout=log,
                                            env={**os.environ, **self.environment})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Died(f"dcvd ended with {self.process.returncode}:\n{self.log}")
            try:
                with urllib.request.urlopen(f"{self.url}/v1/health/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"dcvd was not ready within {START_SECONDS} s:\n{self.log}")

    def stop(self):
        """SIGTERM; the exit status, which sanitizers turn bad when something leaked."""
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self.process = None
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)
        self.process = None

    def call(self, method, path, body=None, token=None, timeout=60):
        """The JSON of the reply; ApiError for a problem."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = text.decode(errors="replace")
            raise ApiError(error.code, problem) from None
        return json.loads(text) if text.strip() else None

    def command(self, *arguments, **named):
        """Runs another dcvd command beside the service."""
        environment = {**os.environ, "DCVD_SERVER": self.url, "DCVD_TOKEN": self.token}
        return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60,
                              env=environment, **named)

    def wait_gone(self, order_id, seconds=20):
        """Until every challenge of a released order is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            order = self.call("GET", f"/v1/orders/{order_id}")
            if all(c["state"] in ("gone", "failed") for c in order["challenges"]):
                return order
            time.sleep(0.05)
        raise AssertionError(f"order {order_id} is not gone: {order}\n{self.log}")
