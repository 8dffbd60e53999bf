"""Signs zones with BIND's tools: the private root, com, and the zones of the DNSSEC scenarios."""
import pathlib
import shutil
import subprocess
import time

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    if not path:
        raise RuntimeError(f"{name} is not installed (package bind9-utils)")
    return path


def stamp(seconds):
    """A moment so many seconds from now, as DNSSEC writes it."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + seconds))


class Signer:
    """The key of one zone."""

    def __init__(self, folder, origin):
        self.folder, self.origin = pathlib.Path(folder), origin
        self.folder.mkdir(parents=True, exist_ok=True)
        made = subprocess.run([tool("dnssec-keygen"), "-q", "-K", str(self.folder), "-a", "ECDSAP256SHA256", "-f", "KSK", origin],
                              check=True, capture_output=True, text=True)
        self.name = made.stdout.strip()
        line = [l for l in (self.folder / f"{self.name}.key").read_text().splitlines() if not l.startswith(";")][0]
        self.dnskey = line.split("DNSKEY", 1)[1].strip()

    def anchor(self):
        return f"{self.origin} 3600 IN DNSKEY {self.dnskey}\n"

    def ds(self):
        """Data of the DS record for the parent."""
        key = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, self.dnskey)
        return dns.dnssec.make_ds(dns.name.from_text(self.origin), key, "SHA256").to_text()

    def sign(self, text, start=-3600, end=30 * 86400, nsec3=False, optout=False):
        """The signed zone as text."""
        source, target = self.folder / "zone", self.folder / "zone.signed"
        source.write_text(text + self.anchor())
        command = [tool("dnssec-signzone"), "-P", "-z", "-N", "keep", "-O", "full", "-s", stamp(start), "-e", stamp(end),
                   "-o", self.origin, "-K", str(self.folder), "-d", str(self.folder), "-f", str(target)]
        if nsec3 or optout:
            command += ["-3", "-", "-H", "0"] + (["-A"] if optout else [])
        done = subprocess.run(command + [str(source), self.name], capture_output=True, text=True, cwd=self.folder)
        if done.returncode:
            raise RuntimeError(f"dnssec-signzone {self.origin}: {done.stderr}")
        return target.read_text()
