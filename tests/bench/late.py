"""The late servers (late_server.c) as a child process, and a dcvd that looks at them as in the open: delegations from a root,
four name servers a zone, unsigned updates."""
import pathlib
import subprocess

RESOLVER, WITNESS, ROOT = "127.0.0.1", "127.0.0.2", "127.0.53.1"


class Name:
    """What the servers know of one identifier; times in milliseconds of the wall clock."""

    def __init__(self, words):
        self.name = words[0]
        self.taken, self.shown, self.asked_most, self.asked_all, self.witness = (int(word) for word in words[1:])


class LateServers:
    def __init__(self, program):
        self.program, self.process = program, None

    def __enter__(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _answer(self):
        lines = []
        for line in self.process.stdout:
            if line == ".\n":
                return lines
            lines.append(line.split())
        raise RuntimeError("the late servers ended")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def report(self):
        """({name: Name}, {address: (questions, most within a second)})"""
        lines = self.tell("report")
        return ({words[1]: Name(words[1:]) for words in lines if words[0] == "name"},
                {words[1]: (int(words[2]), int(words[3])) for words in lines if words[0] == "address"})


def zone_name(number):
    return f"z{number}.example.com"


def is_zone_server(address):
    return address.startswith("127.1.")


def configuration(folder, zones, extra=""):
    """Each zone has a provider of its own, so that what is learned of one delay does not help another."""
    hints = pathlib.Path(folder) / "root.hints"
    hints.write_text(f". 3600000 NS ns1.\nns1. 3600000 A {ROOT}\n")
    providers = "".join(f"  p{zone}: {{type: rfc2136, server: '{RESOLVER}:53'}}\n" for zone in zones)
    routes = "".join(f"  - {{suffix: {zone_name(zone)}, type: dns-01, provider: p{zone}}}\n" for zone in zones)
    return f"""
log: {{level: warning}}
resolver: {{servers: ["{RESOLVER}:53"]}}
check: {{authority: pebble, root-hints: "{hints}", allow-addresses: [127.0.0.0/8]{extra}}}
providers:
{providers}routes:
{routes}"""


AUTHORITY = ["--set", "check.authority=pebble"]
