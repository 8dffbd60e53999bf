"""Memory over 10,000 reloads: what the process holds after them, beside what it held after 10. Two files take turns that differ in all that
a reload opens anew: addresses of every listener, zones, resolvers, root, providers, routes, callbacks.

    DCVD=…/dcvd reload.py [RELOADS]
"""
import pathlib
import signal
import sys
import tempfile
import time

from common import resident_mb, row
from support.pebble import free_port
from support.service import Service

WARM, SETTLED_S, MOST = 10, 3, 1.1


class Turns(Service):
    def arguments(self):
        return ["--config", str(self.folder / "dcvd.yaml"), "--set", f"state-dir={self.state}"]

    def texts(self):
        ports = [[free_port() for _ in range(3)] for _ in range(2)]
        hints = self.folder / "hints"
        hints.write_text(". 3600 IN NS a.root.\na.root. 3600 IN A 127.0.0.113\n")
        key = "{file: %s}" % self.secret()
        return [f"""log: {{level: info}}
http: {{listen: ['127.0.0.1:{self.http_port}', '127.0.0.1:{ports[i][0]}']}}
api: {{listen: ['127.0.0.1:{self.api_port}', '127.0.0.1:{ports[i][1]}'], connections: {500 + i}}}
dns: {{listen: ['127.0.0.1:{self.dns_port}', '127.0.0.1:{ports[i][2]}'], zones: [dcvd.test, {', '.join(f'z{n}-{i}.test' for n in range(200))}]}}
resolver: {{servers: ['127.0.0.1:{1 + i}']}}
check: {{authority: pebble, root-hints: {hints}, stub-zones: ['stub{i}.test 127.0.0.1'], allow-addresses: [127.0.0.0/8]}}
callback-secrets: {{s{i}: {key}}}
providers: {{p{i}: {{type: exec, command: /bin/true}}, q: {{type: rfc2136, server: 192.0.2.{1 + i}}}}}
routes: [{{suffix: dcvd.test, provider: embedded}}, {{suffix: example.test, provider: p{i}}}, {{suffix: '', provider: q}}]
""" for i in range(2)]

    def secret(self):
        path = self.folder / "key"
        path.write_text("a secret of the callbacks\n")
        path.chmod(0o600)
        return path


class Reloads:
    def __init__(self, service):
        self.service, self.log, self.texts = service, open(service.folder / "dcvd.log", "rb"), service.texts()

    def one(self, i):
        """From the signal to the line that says what became of it, in seconds."""
        (self.service.folder / "next.yaml").write_text(self.texts[i % 2])
        (self.service.folder / "next.yaml").rename(self.service.folder / "dcvd.yaml")
        self.log.seek(0, 2)
        started = time.monotonic()
        self.service.process.send_signal(signal.SIGHUP)
        said = b""
        while b"configuration reloaded" not in said:
            if b"stays in force" in said or self.service.process.poll() is not None:
                raise RuntimeError(said.decode())
            said += self.log.read()
            time.sleep(0.0005)
        return time.monotonic() - started


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder:
        service = Turns(pathlib.Path(folder))
        service.folder.mkdir(exist_ok=True)
        service.config = service.texts()[0]
        with service:
            reloads, took, held = Reloads(service), [], []
            for i in range(count):
                took.append(reloads.one(i))
                if i + 1 in (WARM, count):
                    time.sleep(SETTLED_S)  # what was replaced is given up within a second
                    held.append(resident_mb(service.process.pid))
                elif (i + 1) % 1000 == 0:
                    print(f"  {i + 1}: {resident_mb(service.process.pid):.1f} MB", file=sys.stderr)
            took.sort()
            row(f"Memory after {count:,} reloads", f"{held[1]:.1f} MB", f"{held[0]:.1f} MB after {WARM}", f"{held[1] / held[0]:.2f}", f"at most {MOST}")
            row("A reload, 200 zones", f"{took[len(took) // 2] * 1000:.1f} ms", f"99%: {took[len(took) * 99 // 100] * 1000:.1f} ms", "", "")


main()
