"""The service as an operator meets it: systemd, reload, ports that are taken, state folders, publishing modes."""
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import ApiError, Service, program

TOKEN = "token_of-a-test-authority"
AUTHORIZATION = TOKEN + "." + "T" * 43
WAIT = "?wait=ready&timeout=20s"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def fetch(url, host, method="GET"):
    """(status, headers, body), redirects not followed."""
    request = urllib.request.Request(url, headers={"Host": host}, method=method)
    try:
        reply = urllib.request.build_opener(NoRedirect).open(request, timeout=5)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.headers, reply.read().decode()


class ServiceTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def service(self, config="", environment=None, wait=True, **ports):
        service = Service(self.folder / "dcvd", config, environment, **ports)
        service.start(wait)
        self.addCleanup(service.stop)
        return service

    def refused(self, *settings):
        """What `dcvd serve` says when it cannot start."""
        arguments = [program(), "serve"]
        for setting in ("http.listen=[]", "dns.listen=[]", "api.listen=[]", *settings):
            arguments += ["--set", setting]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def wait_for_log(self, service, text, seconds=10):
        deadline = time.monotonic() + seconds
        while text not in service.log:
            self.assertLess(time.monotonic(), deadline, service.log)
            time.sleep(0.02)

    def test_a_taken_port_is_named_with_its_option(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            for option in ("http.listen", "dns.listen", "api.listen"):
                said = self.refused(f"state-dir={self.folder}/{option}", f"{option}=['127.0.0.1:{port}']")
                self.assertIn(f"127.0.0.1:{port}", said)
                self.assertIn(option, said)

    def test_a_state_folder_of_a_newer_version_is_left_alone(self):
        service = self.service()
        service.stop()
        journal = service.state / "journal.db"
        with sqlite3.connect(journal) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
        before = journal.read_bytes()
        said = self.refused(f"state-dir={service.state}")
        self.assertIn("newer", said)
        self.assertIn("journal.db", said)
        self.assertEqual(journal.read_bytes(), before)

    def test_a_second_service_on_the_same_state_is_refused(self):
        service = self.service()
        self.assertIn(str(service.state), self.refused(f"state-dir={service.state}"))

    def test_a_state_folder_that_is_a_file_is_a_sentence(self):
        (self.folder / "file").write_text("")
        self.assertIn("file", self.refused(f"state-dir={self.folder}/file"))

    def test_systemd_hears_of_ready_reload_and_stop(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(20)
            service = self.service(environment={"NOTIFY_SOCKET": path})
            self.assertEqual(listener.recv(100), b"READY=1")
            service.process.send_signal(signal.SIGHUP)
            self.assertRegex(listener.recv(100), rb"^RELOADING=1\nMONOTONIC_USEC=[0-9]+$")
            self.assertEqual(listener.recv(100), b"READY=1")
            self.assertEqual(service.stop(), 0)
            self.assertEqual(listener.recv(100), b"STOPPING=1")

    def test_systemd_hears_that_the_loop_is_alive_also_while_a_reload_hangs(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(20)
            service = self.service(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
            self.assertEqual([listener.recv(100) for _ in range(3)], [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
            (service.folder / "dcvd.yaml").unlink()
            os.mkfifo(service.folder / "dcvd.yaml")  # nobody writes to it
            service.process.send_signal(signal.SIGHUP)
            while not listener.recv(100).startswith(b"RELOADING=1"):
                pass
            self.assertEqual([listener.recv(100) for _ in range(5)], [b"WATCHDOG=1"] * 5)
            self.assertTrue(service.call("GET", "/v1/health/ready"))
            self.wait_for_log(service, "stays in force", 15)

    def test_bytes_that_are_no_text_do_not_hang_or_blank_a_reload(self):
        service = self.service("routes: [{suffix: dcvd.test, type: dns-01, provider: embedded}]")
        for content, said in (
                (b"%\x80\n", ":1:2: byte 0x80"), (b"\x80\nlog: {}\n", ":1:1: byte 0x80"), (b"% log: {}\n", ":1:1: the text holds no value"),
                (b"log: {}\0\n", ":1:8: byte 0x00"), (b"# \xed\xa0\x80\n", ":1:3: byte 0xed")):
            (service.folder / "dcvd.yaml").write_bytes(content)
            service.process.send_signal(signal.SIGHUP)
            self.wait_for_log(service, said)
        done = service.call("POST", "/v1/challenges" + WAIT, {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
        self.assertEqual(done["state"], "ready", service.log)

    def test_a_broken_configuration_leaves_the_old_one_in_force(self):
        service = self.service("routes: [{suffix: dcvd.test, type: dns-01, provider: embedded}]")
        (service.folder / "dcvd.yaml").write_text("routes: [{suffix: dcvd.test, type: dns-01, provider: nobody}]")
        service.process.send_signal(signal.SIGHUP)
        self.wait_for_log(service, "stays in force")
        done = service.call("POST", "/v1/challenges" + WAIT, {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43})
        self.assertEqual(done["state"], "ready", service.log)

    def test_a_reload_brings_new_routes(self):
        service = self.service("routes: [{suffix: dcvd.test, type: dns-01, provider: embedded}]")
        request = {"type": "http-01", "domain": "localhost", "token": TOKEN, "key_authorization": AUTHORIZATION}
        with self.assertRaises(ApiError) as refused:
            service.call("POST", "/v1/challenges", request)
        self.assertIn("routes:", refused.exception.problem["detail"])
        (service.folder / "dcvd.yaml").write_text("routes: [{suffix: '', type: http-01}]")
        service.process.send_signal(signal.SIGHUP)
        self.wait_for_log(service, "configuration reloaded")
        self.assertEqual(service.call("POST", "/v1/challenges", request)["provider"], "responder")

    def test_the_responder_answers_exactly_what_was_presented(self):
        service = self.service("http: {redirect-unknown: 'http://dcv.akamai.com'}")
        service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "LocalHost.", "token": TOKEN,
                                                "key_authorization": AUTHORIZATION})
        self.wait_for_log(service, "published")
        base = f"http://127.0.0.1:{service.http_port}/.well-known/acme-challenge/"
        status, headers, body = fetch(base + TOKEN, "localhost")
        self.assertEqual((status, body), (200, AUTHORIZATION))
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertEqual(fetch(base + TOKEN, "localhost", "HEAD")[::2], (200, ""))
        status, headers, _ = fetch(base + "unknown", "localhost")
        self.assertEqual((status, headers["Location"]),
                         (302, "http://dcv.akamai.com/.well-known/acme-challenge/unknown"))
        self.assertEqual(fetch(base + "../etc/passwd", "localhost")[0], 404)

    def test_token_files_appear_in_a_document_root_and_vanish(self):
        root = self.folder / "root"
        root.mkdir()
        server = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(root), "0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  env={**os.environ, "PYTHONUNBUFFERED": "1"})
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        port = int(server.stdout.readline().split("port ")[1].split()[0])
        service = self.service(f"routes: [{{suffix: '', type: http-01, publish: folder, folder: {root}}}]")
        made = service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "localhost", "token": TOKEN,
                                                       "key_authorization": AUTHORIZATION})
        self.wait_for_log(service, "published")
        self.assertEqual(fetch(f"http://127.0.0.1:{port}/.well-known/acme-challenge/{TOKEN}", "localhost")[2], AUTHORIZATION)
        service.call("DELETE", f"/v1/challenges/{made['id']}")
        service.wait_gone(made["order"])
        self.assertEqual(list((root / ".well-known" / "acme-challenge").iterdir()), [])

    def test_log_lines_are_json_when_asked(self):
        service = self.service("log: {format: json}")
        service.stop()
        for line in service.log.splitlines():
            self.assertIn("message", json.loads(line))

    def test_secrets_are_not_in_the_log_nor_in_the_journal_of_clients(self):
        service = self.service("log: {level: debug}")
        service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "localhost", "token": TOKEN,
                                                "key_authorization": AUTHORIZATION})
        token = service.token
        service.stop()
        self.assertNotIn(token, service.log)
        self.assertNotIn(AUTHORIZATION, service.log)
        self.assertNotIn(token.encode(), (service.state / "journal.db").read_bytes())


if __name__ == "__main__":
    unittest.main()
