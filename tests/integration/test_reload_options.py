"""Each option of the table either takes effect at a reload or is named in the log; `config check --running` tells which the service waits for."""
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.service import ApiError, program
from test_reload import ENVIRONMENT, ROUTES, Reloaded, ReloadTest, listen

# Another value than the default, where the kind of the default does not tell one.
OTHER = {
    "user": "nobody", "log.format": "json", "http.redirect-unknown": "http://other.example/", "http.tls-profile": "modern", "api.tls-profile": "modern",
    "api.tls-crl-check": "soft", "api.tls-client-crl": "[/etc/hostname]", "api.front-proxy-crl": "[/etc/hostname]", "api.tls-client-certificate": "required",
    "api.front-proxy-names": "[other]", "api.trusted-proxies": "[192.0.2.0/24]", "dns.zones": "[dcvd.test, new.test]", "dns.name-servers": "[ns.example.test]",
    "dns.contact": "somebody@example.test", "dns.rate-limit-exempt": "[192.0.2.0/24]", "resolver.servers": "[127.0.0.1:{free}]",
    "check.authority": "private", "check.authorities": "[{authorities}]", "check.root-hints": "{hints}", "check.trust-anchor": "{anchor}",
    "check.stub-zones": "['stub.test 127.0.0.1@{free}']", "check.allow-addresses": "[192.0.2.0/24]", "check.user-agent": "other", "cps.base-url": "http://127.0.0.1:1",
    "cps.contracts": "[C-1]", "cps.acknowledge-warnings": "[SOME_CODE]", "cps.prefer": "http-01", "cps.watch": "off", "cps.edgerc": "/nowhere/edgerc",
    "httpreq.wait": "verified", "cert-manager.wait": "quick", "cert-manager.group": "acme.example.test", "cert-manager.solver": "other", "acme-dns.zone": "dcvd.test",
    "acme-dns.registration": "off", "acme-dns.networks": "[192.0.2.0/24]", "perspectives.peers": "['a RIPE http://127.0.0.1:1']",
    "perspectives.coordinator": "http://127.0.0.1:1", "log.level": "debug", "sandbox.writable": "[/tmp]", "perspectives.keys": "{file: {key}}",
    "audit.key": "{file: {key}}", "http.listen": "['127.0.0.1:{free}']", "api.listen": "['127.0.0.1:{api}', '127.0.0.1:{free}']",
    "dns.listen": "['127.0.0.1:{free}']",
    "cps.callbacks": "['https://receiver.example.test/']", "cps.callback-secret": "other",
}
TEXTS = {"section", "account-key", "ca-file", "tls-certificate", "tls-key", "tls-client-ca", "front-proxy-ca"}
NEEDS_FILES = {"http.tls-listen", "api.tls-listen"}  # test_reload.py has them


def options_of(example):
    """(option, default or None, whether it is read at the start only), as the example shows them."""
    section, start, found = "", False, []
    for line in example.splitlines():
        if line.startswith("#providers:"):
            break
        if line.lstrip().startswith("# "):
            start = line.endswith("Read at the start only.")
            continue
        row = re.match(r"^( {0,2})(#?)([a-z][a-z-]*):(?: (.*))?$", line)
        if not row:
            continue
        if not row[1] and not row[2] and not row[4]:
            section = row[3]
        else:
            found.append((f"{section}.{row[3]}" if row[1] else row[3], None if row[2] else row[4], start))
    return found


def other_than(option, default):
    """A value that differs from the default of the option."""
    if option in OTHER:
        return OTHER[option]
    if option.split(".")[-1] in TEXTS:
        return "/nowhere/else" if "-" in option.split(".")[-1] else "other"
    if default in ("true", "false"):
        return "false" if default == "true" else "true"
    if default and re.fullmatch(r"[0-9]+", default):
        return str(int(default) + 1)
    if default and re.fullmatch(r"[0-9]+(ms|s|m|h|d)", default):
        return {"24h": "23h", "60s": "59s", "1h": "2h"}.get(default, str(int(re.match("[0-9]+", default)[0]) + 1) + re.search("[a-z]+", default)[0])
    raise AssertionError(f"no other value is known for {option} ({default})")


class OptionTest(ReloadTest):
    def configured(self, service, option=None, value=None):
        """The listeners of the service, and one option with another value."""
        sections = {"http": {"listen": f"['127.0.0.1:{service.http_port}']"}, "dns": {"listen": f"['127.0.0.1:{service.dns_port}']"},
                    "api": {"listen": f"['127.0.0.1:{service.api_port}']"}}
        section, _, name = (option or "").rpartition(".")
        if option and section:
            sections.setdefault(section, {})[name] = value
        lines = [f"{name}: {value}"] if option and not section else []
        lines += [f"{s}: {{{', '.join(f'{k}: {v}' for k, v in rows.items())}}}" for s, rows in sections.items()]
        return "\n".join(lines) + "\n" + ROUTES

    def value(self, service, text):
        files = {"{hints}": ". 3600 IN NS a.root.\na.root. 3600 IN A 127.0.0.77\n", "{anchor}": ". IN DS 20326 8 2 " + "0" * 64 + "\n",
                 "{authorities}": '{"name": "lab", "title": "the authority of a lab", "issuers": ["lab.test"]}', "{key}": "a token of somebody\n"}
        for word, content in files.items():
            if word in text:
                path = self.folder / word.strip("{}")
                path.write_text(content)
                path.chmod(0o600)
                text = text.replace(word, str(path))
        return text.replace("{free}", str(free_port())).replace("{api}", str(service.api_port))

    def start(self):
        service = Reloaded(self.folder / "dcvd", environment=ENVIRONMENT, authority=["--set", "check.authority=pebble"])
        service.config = self.configured(service)
        service.authority = []
        service.start()
        self.addCleanup(service.stop)
        return service


class Every(OptionTest):
    def test_each_option_is_taken_over_or_named_as_one_that_needs_a_restart(self):
        service = self.start()
        options = options_of(service.command("config", "example").stdout)
        self.assertGreater(len(options), 90)
        for option, default, start in options:
            if option == "state-dir" or option in NEEDS_FILES:
                continue
            with self.subTest(option):
                value = self.value(service, other_than(option, default))
                if value == default:
                    continue
                service.write(self.configured(service, option, value))
                waits = service.call("GET", "/v1/config")
                self.assertEqual([(d["option"], d["needs"]) for d in waits["differences"]], [(option, "restart" if start else "reload")], waits)
                kept = service.said("read at the start only")
                service.reload()
                left = service.call("GET", "/v1/config")["differences"]
                self.assertEqual([d["option"] for d in left], [option] if start else [], service.log[-3000:])
                self.assertEqual(service.said("read at the start only") - kept, 1 if start else 0)
                service.reload(self.configured(service))
        self.assertEqual(service.stop(), 0, service.log[-4000:])


class Running(OptionTest):
    def check(self, service, *arguments):
        done = service.command("config", "check", "--running", *arguments)
        return done.returncode, done.stdout, done.stderr

    def test_the_command_says_what_waits_for_a_reload_and_what_for_a_restart(self):
        service = self.start()
        file = str(service.folder / "dcvd.yaml")
        self.assertEqual(self.check(service, file), (0, f"the service uses what {file} says\n", ""))
        service.write(self.configured(service, "challenge.deadline", "5m"))
        code, out, _ = self.check(service)
        self.assertEqual(code, 1)
        self.assertIn("challenge.deadline: the file has \"5m\", the service uses \"10m\"; it takes effect with a reload\n", out)
        service.reload()
        self.assertEqual(self.check(service)[0], 0)
        service.reload(self.configured(service, "sandbox.files", "false"))
        code, out, _ = self.check(service)
        self.assertEqual(code, 1)
        self.assertIn("sandbox.files: the file has false, the service uses true; it takes effect after a restart\n", out)
        self.assertIn("restart the service for that", out)
        self.assertEqual(json.loads(service.command("config", "check", "--running", "--json").stdout)["differences"][0]["needs"], "restart")

    def test_a_secret_that_changed_is_told_and_not_shown(self):
        service = self.start()
        secret = service.folder / "secret"
        secret.write_text("one secret of many\n")
        secret.chmod(0o600)
        text = self.configured(service) + f"callback-secrets: {{ci: {{file: {secret}}}}}\n"
        service.reload(text)
        self.assertEqual(self.check(service)[0], 0)
        secret.write_text("another secret of many\n")
        code, out, _ = self.check(service)
        self.assertEqual(code, 1)
        self.assertIn("callback-secrets.ci: the file has another value than the service", out)
        self.assertNotIn("secret of many", out + json.dumps(service.call("GET", "/v1/config")) + service.log)

    def test_a_file_that_the_service_cannot_take_and_one_that_it_does_not_read_are_errors(self):
        service = self.start()
        service.write("chalenge: {}\n")
        code, _, said = self.check(service)
        self.assertEqual(code, 1)
        self.assertIn("unknown key 'chalenge'", said)
        other = self.folder / "other.yaml"
        other.write_text("")
        code, _, said = self.check(service, str(other))
        self.assertEqual(code, 1)
        self.assertIn("the service reads", said)

    def test_without_a_service_and_without_the_role_it_says_so(self):
        service = self.start()
        service.call("POST", "/v1/clients", {"name": "shop", "grants": {"identifiers": ["example.com"]}})
        nobody = subprocess.run([program(), "config", "check", "--running", "--server", f"http://127.0.0.1:{free_port()}"], capture_output=True, text=True, timeout=60)
        self.assertEqual(nobody.returncode, 3)
        self.assertIn("cannot be reached", nobody.stderr)
        token = service.call("POST", "/v1/clients/shop/rotate")["token"]
        with self.assertRaises(ApiError) as refused:
            service.call("GET", "/v1/config", token=token)
        self.assertEqual(refused.exception.status, 403)


class Observed(OptionTest):
    """From outside, for what keeps a state of its own; listeners are in test_reload.py."""

    def reloaded(self, service, option, value):
        service.reload(self.configured(service, option, self.value(service, value)))

    def submit(self, service, name, **more):
        return service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": name, "value": "V" * 43, **more})

    def status(self, service, method, path, body=None, headers=None):
        request = urllib.request.Request(service.url + path, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def hears(self, family_and_port, ask):
        """Whether the service asks at that address."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(family_and_port)
            server.settimeout(15)
            ask()
            try:
                return len(server.recv(2048)) > 12
            except socket.timeout:
                return False

    def test_doors_answer_as_the_reload_says(self):
        service = self.start()
        self.assertEqual(self.status(service, "GET", "/v1/challenges"), 401)
        self.reloaded(service, "api.loopback-open", "true")
        self.assertEqual(self.status(service, "GET", "/v1/challenges"), 200)
        operator = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"}
        self.assertNotEqual(self.status(service, "POST", "/v1/orders", b"x" * 2000, operator), 413)
        self.reloaded(service, "api.max-body", "1024")
        self.assertEqual(self.status(service, "POST", "/v1/orders", b"x" * 2000, operator), 413)
        self.assertEqual(self.status(service, "GET", "/apis/acme.example.test"), 404)
        self.reloaded(service, "acme-dns.registration", "open")
        self.assertEqual(self.status(service, "POST", "/register"), 201)
        self.reloaded(service, "acme-dns.registration", "off")
        self.assertEqual(self.status(service, "POST", "/register") // 100, 4)

    def test_the_log_is_written_as_the_reload_says(self):
        service = self.start()
        self.reloaded(service, "log.format", "json")
        self.assertTrue(json.loads(service.log.splitlines()[-1]))
        self.reloaded(service, "log.level", "debug")
        service.call("GET", "/v1/challenges")
        self.assertIn(" debug ", service.log)

    def test_new_challenges_have_the_times_and_limits_of_the_reload(self):
        service = self.start()
        self.reloaded(service, "challenge.live-max", "1")
        self.submit(service, "a.dcvd.test")
        with self.assertRaises(ApiError) as refused:
            self.submit(service, "b.dcvd.test")
        self.assertIn(refused.exception.status, (429, 503))
        self.reloaded(service, "challenge.retention", "0s")
        one = service.call("GET", "/v1/challenges")["challenges"][0]["id"]
        service.call("DELETE", f"/v1/challenges/{one}")
        deadline = time.monotonic() + 30
        while service.call("GET", "/v1/challenges")["challenges"] and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(service.call("GET", "/v1/challenges")["challenges"], [])

    def test_the_zone_says_what_the_reload_says(self):
        service = self.start()
        question = b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04dcvd\x04test\x00\x00\x06\x00\x01"

        def soa():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(10)
                client.sendto(question, ("127.0.0.1", service.dns_port))
                return client.recv(2048)
        self.reloaded(service, "dns.contact", "somebody@example.test")
        self.assertIn(b"\x08somebody\x07example", soa())
        self.reloaded(service, "dns.negative-ttl", "77s")
        self.assertIn((77).to_bytes(4, "big"), soa())

    def test_questions_go_to_the_resolvers_roots_and_stubs_of_the_reload(self):
        service = self.start()
        port = free_port()

        def check():
            service.call("POST", "/v1/checks", {"type": "http-01", "domain": "www.stub.test"}, timeout=90)

        def ask():
            try:
                check()
            except ApiError:
                pass
        for option, value, at in (("resolver.servers", f"['127.0.0.1:{port}']", ("127.0.0.1", port)),
                                  ("check.stub-zones", f"['stub.test 127.0.0.1@{port}']", ("127.0.0.1", port)),
                                  ("check.root-hints", "{hints}", ("127.0.0.77", 53))):
            with self.subTest(option):
                text = self.configured(service, option, self.value(service, value)).replace("api: {", "check: {limit: 2s, authority: pebble}\napi: {", 1) \
                    if not option.startswith("check.") else self.configured(service, option, self.value(service, value) + ", limit: 2s, authority: pebble")
                service.reload(text)
                self.assertTrue(self.hears(at, ask), service.log[-2000:])


if __name__ == "__main__":
    unittest.main()
