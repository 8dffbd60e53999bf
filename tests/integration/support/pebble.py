"""Pebble, the test authority, as a child process on loopback addresses.

    with Pebble(folder, http_port=5002, dns_server="127.0.0.1:8053") as pebble:
        pebble.directory   # https://127.0.0.1:PORT/dir
        pebble.ca_file     # trusts that listener
        pebble.context()   # an ssl.SSLContext that does

Validation asks `dns_server` for everything (names of web hosts too) and fetches HTTP-01 from `http_port`.
"""
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

START_SECONDS = 15


def free_port(address="127.0.0.1"):
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def run_quiet(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_certificate(folder, address, name="pebble"):
    """A small CA and a server certificate for `address`; returns (ca, certificate, key) paths."""
    folder = pathlib.Path(folder)
    ca_key, ca = folder / f"{name}.ca.key", folder / f"{name}.ca.pem"
    key, csr, certificate = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.pem"
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName=IP:{address},DNS:localhost\nextendedKeyUsage=serverAuth\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run_quiet("openssl", "req", "-x509", *curve, "-keyout", str(ca_key), "-out", str(ca), "-days", "2",
              "-subj", f"/CN={name} test root", "-addext", "basicConstraints=critical,CA:TRUE",
              "-addext", "keyUsage=critical,keyCertSign")
    run_quiet("openssl", "req", *curve, "-keyout", str(key), "-out", str(csr), "-subj", f"/CN={name}")
    run_quiet("openssl", "x509", "-req", "-in", str(csr), "-CA", str(ca), "-CAkey", str(ca_key),
              "-CAcreateserial", "-out", str(certificate), "-days", "2", "-extfile", str(extensions))
    return ca, certificate, key


class Pebble:
    def __init__(self, folder, http_port=80, tls_port=443, dns_server=None, address="127.0.0.1", port=None,
                 management_port=None, strict=True, environment=None):
        self.folder = pathlib.Path(folder) / "pebble"
        self.address = address
        self.port = port or free_port(address)
        self.management_port = management_port or free_port(address)
        self.http_port, self.tls_port = http_port, tls_port
        self.dns_server, self.strict = dns_server, strict
        self.environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        self.environment.update(environment or {})
        self.process = None

    @staticmethod
    def available():
        return shutil.which("pebble") is not None

    @property
    def directory(self):
        return f"https://{self.address}:{self.port}/dir"

    @property
    def log(self):
        """Everything Pebble said so far: why it refused a challenge, for instance."""
        return (self.folder / "pebble.log").read_text(errors="replace")

    def context(self):
        return ssl.create_default_context(cafile=str(self.ca_file))

    def root_certificate(self):
        """PEM of the root that Pebble issues from."""
        url = f"https://{self.address}:{self.management_port}/roots/0"
        with urllib.request.urlopen(url, context=self.context(), timeout=5) as reply:
            return reply.read().decode()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca_file, certificate, key = make_certificate(self.folder, self.address)
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"{self.address}:{self.port}",
            "managementListenAddress": f"{self.address}:{self.management_port}",
            "certificate": str(certificate), "privateKey": str(key),
            "httpPort": self.http_port, "tlsPort": self.tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        command = ["pebble", "-config", str(config)]
        if self.strict:
            command.append("-strict")
        if self.dns_server:
            command += ["-dnsserver", self.dns_server]
        with open(self.folder / "pebble.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT,
                                            env={**os.environ, **self.environment})
        self._wait()
        return self

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"pebble ended at once:\n{self.log}")
            try:
                with urllib.request.urlopen(self.directory, context=self.context(), timeout=2):
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"pebble did not answer within {START_SECONDS} s:\n{self.log}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
