"""Unbound on the private root, with the resolver profile of Let's Encrypt: what Pebble asks, and what shows that the scripted
servers behave as meant."""
import pathlib
import subprocess
import time

from .signing import tool

CONFIG = """server:
  verbosity: 1
  use-syslog: no
  logfile: "{folder}/unbound.log"
  log-time-ascii: yes
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  interface: {address}@{port}
  do-daemonize: no
  num-threads: 1
  incoming-num-tcp: 200
  do-not-query-localhost: no
  root-hints: "{hints}"
  trust-anchor-file: "{anchor}"
  module-config: "validator iterator"
  use-caps-for-id: yes
  edns-buffer-size: 1232
  qname-minimisation: no
  harden-glue: yes
  harden-dnssec-stripped: yes
  harden-below-nxdomain: no
  val-sig-skew-min: 0
  val-sig-skew-max: 0
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  discard-timeout: 0
  ede: yes
  do-ip6: yes
  prefer-ip6: no
  access-control: 127.0.0.0/8 allow
remote-control:
  control-enable: no
"""


class Unbound:
    def __init__(self, folder, tree, address="127.0.0.1", port=5300):
        self.folder, self.tree = pathlib.Path(folder) / "unbound", tree
        self.address, self.port, self.process = address, port, None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        text = CONFIG.format(folder=self.folder, address=self.address, port=self.port, hints=self.tree.hints, anchor=self.tree.anchor)
        path = self.folder / "unbound.conf"
        path.write_text(text)
        checked = subprocess.run([tool("unbound-checkconf"), str(path)], capture_output=True, text=True)
        if "discard-timeout" in checked.stderr + checked.stdout:  # older ones do not know it
            path.write_text(text.replace("  discard-timeout: 0\n", ""))
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen([tool("unbound"), "-d", "-c", str(path)], stdout=output, stderr=output)
        return self._wait()

    def _wait(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            done = subprocess.run(["ss", "-Hlnu", f"sport = :{self.port}"], capture_output=True, text=True)
            if str(self.port) in done.stdout:
                return self
            time.sleep(0.05)
        raise RuntimeError((self.folder / "output").read_text() or "unbound did not start")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
