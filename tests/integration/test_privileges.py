"""What the service gives up before it listens: root, capabilities, system calls, places to write; and what it refuses to trust."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.pebble import free_port
from support.service import Service, program

ROOT = pathlib.Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "dcvd.service"
UNLISTED = 65053
BIND_ONLY = "0000000000000400"  # CAP_NET_BIND_SERVICE
NONE = "0" * 16
# As a unit starts it.
AS_NOBODY = ("setpriv --reuid 65534 --regid 65534 --clear-groups --ambient-caps +net_bind_service --inh-caps +net_bind_service".split()
             if os.geteuid() == 0 else [])
AUTHORIZATION = {"token": "token_of-a-test-authority", "key_authorization": "token_of-a-test-authority." + "T" * 43}
# Dumps what a program of the user's starts with, and tries what ordinary scripts do and what they have no business to do.
PROBE = r"""#!{python}
import ctypes, json, os, subprocess, sys, tempfile
said = {{"home": os.environ.get("HOME"), "fds": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)),
        "status": open("/proc/self/status").read()}}
def works(what):
    try:
        what()
        return "done"
    except BaseException as error:
        return str(error)
def shell(text):
    return lambda: subprocess.run(["sh", "-c", text], check=True, capture_output=True)
def write(folder):
    def do():
        with open(folder + "/written", "w") as out:
            out.write("x")
    return do
said["script"] = works(shell("set -e; t=$(mktemp -d); cat > $t/a <<X\nline\nX\ncp -p $t/a $t/b; mv $t/b $t/c; ln -s c $t/d; sed -i s/line/LINE/ $t/c; "
                             "sort $t/d | grep -q LINE; mkfifo $t/f; (sleep 0 & wait); nice true; chmod 700 $t/a; tar cf $t/t.tar -C $t a; "
                             "test $(nproc) -gt 0; rm -r $t; curl --version >/dev/null; openssl version >/dev/null"))
said["python"] = works(shell(sys.executable + " -c 'import subprocess, threading, tempfile; t = threading.Thread(target=print); t.start(); t.join(); tempfile.TemporaryFile(); "
                             "subprocess.run([\"true\"], check=True)'"))
said["namespace"] = works(shell("unshare --user true"))
libc = ctypes.CDLL(None, use_errno=True)
def trace():
    if os.fork() == 0:
        libc.ptrace(0, 0, 0, 0)
        os._exit(0)
    said["trace"] = os.waitstatus_to_exitcode(os.wait()[1])
def mount():
    if os.fork() == 0:
        libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)
        os._exit(0)
    said["mount"] = os.waitstatus_to_exitcode(os.wait()[1])
trace()
mount()
for name in ("allowed", "elsewhere"):
    said[name] = works(write(os.environ[name]))
fresh = os.environ["OUT"] + ".new"
with open(fresh, "w") as out:
    json.dump(said, out)
os.rename(fresh, os.environ["OUT"])
"""


def field(status, name):
    return re.search(rf"^{name}:[ \t]*(.*)$", status, re.M)[1].split()


def as_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "a start as root takes root")(test)


class Privileges(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.folder.chmod(0o755)  # so that others reach the state folder

    def service(self, config="", name="dcvd", wait=True, sets=(), **ports):
        port = free_port()
        service = Service(self.folder / name, f'resolver: {{servers: ["127.0.0.1:{port}"], authority-port: {port}}}\n{config}', dns_port=port, **ports)
        for setting in sets:
            service.authority = [*service.authority, "--set", setting]
        service.start(wait)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0, service.log))
        return service

    def refused(self, state, *sets):
        arguments = [program(), "serve"]
        for setting in (f"state-dir={state}", "http.listen=[]", "dns.listen=[]", "api.listen=[]", *sets):
            arguments += ["--set", setting]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
        self.assertNotEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def statuses(self, service):
        """Of each thread."""
        return [(task / "status").read_text() for task in pathlib.Path(f"/proc/{service.process.pid}/task").iterdir()]

    def wait_for(self, seen, service, seconds=20):
        deadline = time.monotonic() + seconds
        while not seen():
            self.assertLess(time.monotonic(), deadline, service.log)
            time.sleep(0.02)

    def assert_dropped(self, service, uid, gid, groups=()):
        statuses = self.statuses(service)
        self.assertGreater(len(statuses), 3)
        for status in statuses:
            self.assertEqual((field(status, "Uid"), field(status, "Gid")), ([str(uid)] * 4, [str(gid)] * 4))
            self.assertEqual(sorted(map(int, field(status, "Groups"))), sorted(groups))
            self.assert_bare(status, BIND_ONLY)

    def assert_bare(self, status, capabilities):
        for name in ("CapEff", "CapPrm"):
            self.assertEqual(field(status, name), [capabilities])
        for name in ("CapBnd", "CapInh", "CapAmb"):
            self.assertEqual(field(status, name), [NONE])
        self.assertEqual((field(status, "NoNewPrivs"), field(status, "Seccomp")), (["1"], ["2"]))

    def present(self, service):
        request = {"challenges": [{"type": "http-01", "domain": "localhost", **AUTHORIZATION},
                                  {"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43}]}
        order = service.call("POST", "/v1/orders?wait=ready&timeout=20s", request)
        self.assertEqual({c["state"] for c in order["challenges"]}, {"ready"}, service.log)
        service.call("DELETE", f"/v1/orders/{order['id']}")
        service.wait_gone(order["id"])

    # ---- which user ----

    @as_root
    def test_root_becomes_a_number_of_its_own_where_there_is_no_user_dcvd(self):
        service = self.service(http_port=80)  # bound after the change
        self.assert_dropped(service, UNLISTED, UNLISTED)
        self.assertIn(f"privileges user={UNLISTED} capabilities=CAP_NET_BIND_SERVICE system-calls=filtered", service.log)
        for file in (service.state, *service.state.iterdir()):
            self.assertEqual((file.stat().st_uid, file.stat().st_mode & 0o077), (UNLISTED, 0), file)
        self.present(service)
        service.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "configuration reloaded" in service.log, service)
        self.present(service)

    @as_root
    def test_ports_below_1024_are_opened_at_a_reload_after_root_was_given_up(self):
        service = self.service()
        self.assert_dropped(service, UNLISTED, UNLISTED)
        low = {"http": f"{{listen: ['127.0.0.1:{service.http_port}', '127.0.0.1:80']}}", "dns": "{listen: ['127.0.0.1:53']}",
               "api": f"{{listen: ['127.0.0.1:{service.api_port}', '127.0.0.1:443']}}"}
        service.stop()
        service.arguments = lambda: ["--config", str(service.folder / "dcvd.yaml"), "--set", f"state-dir={service.state}"]
        service.config = f"http: {{listen: ['127.0.0.1:{service.http_port}']}}\ndns: {{listen: []}}\napi: {{listen: ['127.0.0.1:{service.api_port}']}}\n"
        service.start()
        (service.folder / "dcvd.yaml").write_text("".join(f"{name}: {value}\n" for name, value in low.items()))
        service.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "configuration reloaded" in service.log, service)
        self.assert_dropped(service, UNLISTED, UNLISTED)
        for port in (53, 80, 443):
            socket.create_connection(("127.0.0.1", port), 5).close()

    @as_root
    def test_the_user_of_the_configuration_comes_with_its_groups(self):
        entry = pwd.getpwnam("nobody")
        service = self.service(sets=["user=nobody"])
        self.assert_dropped(service, entry.pw_uid, entry.pw_gid, os.getgrouplist(entry.pw_name, entry.pw_gid))

    @as_root
    def test_a_user_that_does_not_exist_is_refused(self):
        self.assertIn("useradd --system nobody-of-that-name", self.refused(self.folder / "state", "user=nobody-of-that-name"))

    @as_root
    def test_root_without_capabilities_stays_where_nobody_else_can_work(self):
        closed = self.folder / "closed"
        closed.mkdir(0o700)
        service = self.service(name="closed/dcvd")
        self.assertIn("stays root, without its capabilities", service.log)
        for status in self.statuses(service):
            self.assertEqual(field(status, "Uid"), ["0"] * 4)
            self.assert_bare(status, BIND_ONLY)
        self.present(service)

    @as_root
    def test_a_key_of_root_alone_keeps_an_unlisted_user_away(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        service = self.service(f"callback-secrets: {{ci: {{file: {key}}}}}")
        self.assertIn("stays root, without its capabilities", service.log)

    @as_root
    def test_credentials_in_the_home_of_root_keep_an_unlisted_user_away_and_are_missed_by_another(self):
        home = self.folder / "home"
        home.mkdir(0o700)
        def start(name, *sets):
            service = Service(self.folder / name, "", {"HOME": str(home)})
            service.authority = [*service.authority, *(part for setting in sets for part in ("--set", setting))]
            self.addCleanup(service.stop)
            return service.start().log
        self.assertIn(f"user={UNLISTED}", start("without"))
        (home / ".edgerc").write_text("[default]\nhost = h\nclient_token = t\nclient_secret = s\naccess_token = a\n")
        (home / ".edgerc").chmod(0o600)
        self.assertIn("stays root, without its capabilities", start("with"))
        self.assertIn(f"cps.edgerc: {home}/.edgerc cannot be read user=nobody", start("other", "user=nobody"))

    @as_root
    def test_a_file_that_the_user_may_not_read_is_told_at_the_start(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        said = self.refused(self.folder / "state", "user=nobody", f"callback-secrets={{ci: {{file: {key}}}}}")
        self.assertIn(f"cannot read {key}: user {pwd.getpwnam('nobody').pw_uid} of this process may not", said)

    def check(self, text):
        """`config check`: its status, and what it says."""
        file = self.folder / "check.yaml"
        file.write_text(text)
        done = subprocess.run([program(), "config", "check", str(file)], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    @as_root
    def test_a_check_by_root_tells_what_the_user_of_the_service_cannot_read(self):
        key, root = self.folder / "key", self.folder / "document-root"
        key.write_text("secret\n")
        key.chmod(0o600)
        root.mkdir(0o755)
        status, said = self.check(f"state-dir: {self.folder}/state\nuser: nobody\ncallback-secrets: {{ci: {{file: {key}}}}}\n")
        self.assertEqual(status, 2, said)
        self.assertIn("as user nobody, who runs the service: ", said)
        self.assertIn(f"callback-secrets.ci: cannot read {key}", said)
        self.assertIn("chgrp", said)
        status, said = self.check(f"state-dir: {self.folder}/state\nuser: nobody\nroutes: [{{suffix: '', type: http-01, publish: folder, folder: {root}}}]\n")
        self.assertEqual(status, 0, said)
        self.assertIn(f"routes[0].folder: {root} cannot be written: Permission denied", said)
        self.assertEqual(self.check(f"state-dir: {self.folder}/state\nuser: root\ncallback-secrets: {{ci: {{file: {key}}}}}\n")[0], 0)

    @as_root
    def test_the_reason_why_a_start_fails_is_told_once_with_its_remedy(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        said = self.refused(self.folder / "state", "user=nobody", f"callback-secrets={{ci: {{file: {key}}}}}")
        self.assertEqual(said.count(f"cannot read {key}"), 1, said)
        self.assertIn("chgrp", said)

    @as_root
    def test_who_stays_root_is_told_what_another_cannot_do(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        service = self.service(f"callback-secrets: {{ci: {{file: {key}}}}}")
        self.assertRegex(service.log, rf'stays root.*another-cannot="[^"\n]*{key}')

    def test_folders_that_may_not_be_there_to_write_to_are_told_by_the_check(self):
        status, said = self.check(f"state-dir: {self.folder}/state\nsandbox: {{writable: [/nonexistent, tmp]}}\n")
        self.assertEqual(status, 0, said)
        self.assertIn("sandbox.writable: /nonexistent cannot be written: No such file", said)
        self.assertIn("sandbox.writable: tmp is no absolute path", said)

    @as_root
    def test_a_check_without_the_right_to_bind_names_the_ports_that_need_it(self):
        file = self.folder / "check.yaml"
        file.write_text(f"state-dir: {self.folder}/state\ndns: {{listen: ['127.0.0.1:53']}}\nhttp: {{listen: ['127.0.0.1:8080']}}\n")
        bare = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        for prefix, expected in ((bare, ["dns.listen"]), ([*bare, "--ambient-caps", "+net_bind_service", "--inh-caps", "+net_bind_service"], [])):
            done = subprocess.run([*prefix, program(), "config", "check", str(file)], capture_output=True, text=True, timeout=60)
            self.assertEqual(re.findall(r"(\S+): this user may not listen on port", done.stderr), expected, done.stderr)

    def test_a_folder_to_hand_over_is_made_in_the_state_folder(self):
        service = self.service(f"routes: [{{suffix: '', type: http-01, publish: folder, folder: {self.folder}/dcvd/state/handover/web}}]")
        made = self.folder / "dcvd" / "state" / "handover" / "web"
        self.assertTrue(made.is_dir(), service.log)
        self.assertEqual(made.stat().st_uid, service.state.stat().st_uid)
        self.assertNotIn("handover/web cannot", service.log)
        text = (service.folder / "dcvd.yaml").read_text()
        (service.folder / "dcvd.yaml").write_text(text.replace("handover/web", "handover/mail"))
        service.process.send_signal(signal.SIGHUP)
        self.wait_for(made.with_name("mail").is_dir, service)

    @as_root
    def test_a_state_folder_of_root_changes_hands_and_keeps_its_journal(self):
        service = self.service(sets=["user=root"])
        order = service.call("POST", "/v1/orders", {"challenges": [{"type": "dns-01", "domain": "dcvd.test", "value": "V" * 43}]})
        service.command("audit", "key")
        self.assertEqual(service.stop(), 0)
        service.authority += ["--set", "user=nobody"]
        service.start()
        self.assertEqual(service.call("GET", f"/v1/orders/{order['id']}")["id"], order["id"])
        for file in (service.state, *service.state.iterdir()):
            self.assertEqual(file.stat().st_uid, pwd.getpwnam("nobody").pw_uid, file)

    @as_root
    def test_a_strangers_link_gives_no_folder_away(self):
        """Nor does one who may exchange a folder on the way."""
        precious, way = self.folder / "precious", self.folder / "way"
        for folder in (precious, way):
            folder.mkdir()
        (precious / "key.pem").write_text("root's")
        precious.chmod(0o700)
        (way / "link").symlink_to(precious)
        os.lchown(way / "link", 4242, 4242)
        for mode, owner in ((0o1777, 0), (0o755, 4242)):
            way.chmod(mode)
            os.chown(way, owner, owner)
            self.assertIn("belongs to user 4242", self.refused(way / "link"))
            self.assertIn("belongs to user 4242", self.refused(way / "link" / "below"))
            checked = subprocess.run([program(), "config", "check", "--set", f"state-dir={way}/link"], capture_output=True, text=True, timeout=30)
            self.assertIn("belongs to user 4242", checked.stderr + checked.stdout)
        (way / "state").mkdir(0o700)
        self.assertIn("belongs to user 4242", self.refused(way / "state"))
        self.assertEqual({(file.stat().st_uid, file.name) for file in (precious, *precious.iterdir())}, {(0, "precious"), (0, "key.pem")})

    @as_root
    def test_a_folder_with_files_that_are_not_ours_is_not_given_away(self):
        state = self.folder / "state"
        state.mkdir(0o700)
        (state / "key.pem").write_text("root's")
        self.assertIn("(key.pem)", self.refused(state, "user=nobody"))
        self.assertEqual((state.stat().st_uid, (state / "key.pem").stat().st_uid), (0, 0))
        os.chown(state, pwd.getpwnam("nobody").pw_uid, -1)
        service = Service(self.folder / "dcvd", "")
        service.state = state
        service.authority = [*service.authority, "--set", "user=nobody"]
        self.addCleanup(service.stop)
        service.start()
        self.assertEqual((state / "key.pem").stat().st_uid, 0)

    @as_root
    def test_a_file_with_another_name_is_not_given_away(self):
        state = self.folder / "state"
        state.mkdir(0o700)
        (self.folder / "shadow").write_text("root's\n")
        os.link(self.folder / "shadow", state / "journal.db")
        self.assertIn("2 names", self.refused(state, "user=nobody"))
        self.assertEqual((self.folder / "shadow").stat().st_uid, 0)

    @as_root
    def test_a_link_in_the_state_folder_is_not_followed(self):
        state = self.folder / "state"
        state.mkdir(0o700)
        (self.folder / "shadow").write_text("root's\n")
        (state / "journal.db").symlink_to(self.folder / "shadow")
        self.assertIn("journal.db", self.refused(state, "user=nobody"))
        self.assertEqual((self.folder / "shadow").stat().st_uid, 0)

    def test_whoever_is_not_root_gives_up_the_rest(self):
        if os.geteuid() == 0:
            self.folder.chmod(0o777 | stat.S_ISVTX)
        state, port = self.folder / "state", free_port()
        process = subprocess.Popen([*AS_NOBODY, program(), "serve", "--set", f"state-dir={state}", "--set", f"api.listen=127.0.0.1:{port}",
                                    "--set", "http.listen=[]", "--set", "dns.listen=[]"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if "ready version" in line:
                break
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            status = (task / "status").read_text()
            self.assertEqual((field(status, "CapAmb"), field(status, "CapInh"), field(status, "NoNewPrivs"), field(status, "Seccomp")), ([NONE], [NONE], ["1"], ["2"]))
            self.assertEqual(field(status, "CapEff"), [BIND_ONLY if AS_NOBODY else NONE])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)

    # ---- programs of the user ----

    def probe(self, sandbox):
        """What the probe said as a program of an exec provider."""
        folders = {name: self.folder / name for name in ("allowed", "elsewhere")}
        for folder in folders.values():
            folder.mkdir()
            folder.chmod(0o777)
        script, out = self.folder / "probe", folders["allowed"] / "out"
        script.write_text(PROBE.format(python=sys.executable))
        script.chmod(0o755)
        environment = json.dumps([f"OUT={out}", *(f"{name}={folder}" for name, folder in folders.items())])
        service = self.service(f"""
sandbox: {sandbox.format(**folders)}
providers: {{probe: {{type: exec, command: {script}, environment: {environment}}}}}
routes: [{{suffix: dcvd.test, type: dns-01, provider: probe, preflight: off}}]
""")
        service.call("POST", "/v1/challenges", {"type": "dns-01", "domain": "x.dcvd.test", "value": "V" * 43})
        self.wait_for(out.exists, service)
        return json.loads(out.read_text()), service

    def test_a_program_gets_its_three_pipes_and_no_power(self):
        said, service = self.probe("{{writable: [{allowed}, /tmp, /var/tmp]}}")
        self.assertLessEqual(set(said["fds"]), {0, 1, 2})
        self.assert_bare(said["status"], NONE) if os.geteuid() == 0 else self.assertEqual(field(said["status"], "Seccomp"), ["2"])
        self.assertEqual((said["script"], said["python"]), ("done", "done"))
        self.assertEqual(said["home"], str(service.state) if os.geteuid() == 0 else os.environ.get("HOME"))
        self.assertNotEqual(said["namespace"], "done")
        self.assertEqual(said["mount"], -signal.SIGSYS)
        if b"__asan_init" not in pathlib.Path(program()).read_bytes():
            self.assertEqual(said["trace"], -signal.SIGSYS)
        self.assertEqual(said["allowed"], "done")

    def test_a_program_writes_where_the_configuration_says(self):
        said, service = self.probe("{{writable: [{allowed}]}}")
        if "files=restricted" not in service.log:
            self.skipTest("this kernel has no Landlock: " + service.log)
        self.assertEqual(said["allowed"], "done")
        self.assertIn("Permission denied", said["elsewhere"])

    def test_a_program_writes_anywhere_where_the_configuration_says_nothing(self):
        said, service = self.probe("{{}}")
        self.assertEqual((said["allowed"], said["elsewhere"]), ("done", "done"))
        self.assertIn("sandbox.writable", service.log)

    def test_what_is_turned_off_is_off_and_said(self):
        service = self.service(sets=["sandbox={system-calls: false, files: false}"])
        self.assertEqual({tuple(field(status, "Seccomp")) for status in self.statuses(service)}, {("0",)})
        self.assertIn('system-calls="sandbox.system-calls is off" files="sandbox.files is off"', service.log)

    # ---- document roots ----

    def test_document_roots_that_come_later_need_a_restart(self):
        first, later = self.folder / "first", self.folder / "later"
        for folder in (first, later):
            folder.mkdir()
            folder.chmod(0o777)
        routes = "routes: [{{suffix: '', type: http-01, publish: folder, folder: {}, preflight: off}}]"
        request = {"type": "http-01", "domain": "localhost", **AUTHORIZATION}
        service = self.service(routes.format(first))
        if "files=restricted" not in service.log:
            self.skipTest("this kernel has no Landlock: " + service.log)
        service.call("POST", "/v1/challenges", request)
        self.wait_for(lambda: list(first.rglob(AUTHORIZATION["token"])), service)
        (service.folder / "dcvd.yaml").write_text(routes.format(later))
        service.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "before a restart" in service.log, service)
        self.assertIn(str(later), service.log)

    def test_a_document_root_behind_a_link_may_be_turned(self):
        site = self.folder / "site"
        for release in ("1", "2"):
            (site / "releases" / release).mkdir(parents=True)
            (site / "releases" / release).chmod(0o777)
        (site / "current").symlink_to("releases/1")
        service = self.service(f"routes: [{{suffix: '', type: http-01, publish: folder, folder: {site}/current, preflight: off}}]")
        (site / "current").unlink()
        (site / "current").symlink_to("releases/2")
        service.call("POST", "/v1/challenges", {"type": "http-01", "domain": "localhost", **AUTHORIZATION})
        self.wait_for(lambda: list((site / "releases" / "2").rglob(AUTHORIZATION["token"])), service)

    # ---- what cannot be trusted ----

    def test_a_state_folder_that_others_may_write_is_refused(self):
        for mode in (0o777, 0o1777, 0o770, 0o720):
            state = self.folder / f"state-{mode:o}"
            state.mkdir()
            state.chmod(mode)
            self.assertIn(f"chmod go-w {state}", self.refused(state, "user=root"))

    def test_a_state_folder_below_one_of_everybody_is_refused(self):
        way = self.folder / "open"
        way.mkdir()
        way.chmod(0o777)
        self.assertIn(f"chmod o-w {way}", self.refused(way / "state", "user=root"))
        (self.folder / "link").symlink_to(way / "state")
        (way / "state").mkdir()
        self.assertIn(f"chmod o-w {way}", self.refused(self.folder / "link", "user=root"))

    @as_root
    def test_a_folder_of_root_that_is_written_by_the_group_of_the_service_is_a_grant(self):
        state = self.folder / "state"
        state.mkdir()
        os.chown(state, 0, 4242)
        state.chmod(0o2770)
        for groups, status in (("4242", 0), ("4243", 1)):
            process = subprocess.Popen(["setpriv", "--reuid", "4242", "--regid", "4243", "--groups", groups, program(), "serve", "--set", f"state-dir={state}", "--set",
                                        "http.listen=[]", "--set", "dns.listen=[]", "--set", f"api.listen=127.0.0.1:{free_port()}"], stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.stderr.close)
            self.addCleanup(process.kill)
            if not any("ready version" in line for line in process.stderr):
                self.assertEqual(process.wait(30), status)
                continue
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), status)

    @as_root
    def test_a_state_folder_of_somebody_else_is_refused(self):
        state = self.folder / "state"
        state.mkdir(0o700)
        os.chown(state, 4242, 4242)
        for user in ("nobody", "root"):
            self.assertIn("belongs to user 4242", self.refused(state, f"user={user}"))

    def test_secrets_that_everybody_can_read_are_named(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o644)
        service = self.service(f"callback-secrets: {{ci: {{file: {key}}}}}")
        self.assertIn(f"chmod o-r {key}", service.log)
        key.chmod(0o640)
        checked = subprocess.run([program(), "config", "check", str(service.folder / "dcvd.yaml")], capture_output=True, text=True, timeout=30)
        self.assertNotIn("chmod o-r", checked.stderr + checked.stdout)

    def test_secrets_are_locked_and_left_out_of_core_dumps(self):
        key = self.folder / "key"
        key.write_text("secret\n")
        key.chmod(0o644)
        service = self.service(f"callback-secrets: {{ci: {{file: {key}}}}}")
        self.assertRegex(pathlib.Path(f"/proc/{service.process.pid}/limits").read_text(), r"Max core file size +0 +0")
        self.assertGreater(int(field(self.statuses(service)[0], "VmLck")[0]), 0)
        maps = pathlib.Path(f"/proc/{service.process.pid}/smaps").read_text()
        locked = [flags.split() for flags in re.findall(r"^Locked: +[1-9].*\n(?:.*\n)*?VmFlags: (.*)$", maps, re.M)]
        self.assertTrue(locked)
        self.assertTrue(all("dd" in flags for flags in locked), locked)

    # ---- systemd ----

    def test_a_filter_that_is_there_already_is_enough(self):
        """As older units: their filter ends the process for seccomp() and for Landlock, and may forbid capset()."""
        script = ("import ctypes, os, sys\nc = ctypes.CDLL('libseccomp.so.2')\nc.seccomp_init.restype = ctypes.c_void_p\nf = ctypes.c_void_p(c.seccomp_init(0x7fff0000))\n"
                  "for n in (b'seccomp', b'landlock_create_ruleset', b'landlock_restrict_self'):\n  c.seccomp_rule_add(f, 0x80000000, c.seccomp_syscall_resolve_name(n), 0)\n"
                  "c.seccomp_rule_add(f, 0x50001, c.seccomp_syscall_resolve_name(b'capset'), 0)\nassert c.seccomp_load(f) == 0\nos.execv(sys.argv[1], sys.argv[1:])\n")
        if os.geteuid() == 0:
            self.folder.chmod(0o777 | stat.S_ISVTX)
        process = subprocess.Popen([*AS_NOBODY, sys.executable, "-c", script, program(), "serve", "--set", f"state-dir={self.folder}/state", "--set", "http.listen=[]",
                                    "--set", "dns.listen=[]", "--set", f"api.listen=127.0.0.1:{free_port()}"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "ready version" in line:
                break
        said = "".join(lines)
        self.assertIn('system-calls="filtered by who started it" files="the filter of system calls does not let it"', said)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)

    def handover(self, source, target, **more):
        environment = {"PATH": os.environ["PATH"], "STATE": str(source), "SOURCE": str(source), "TARGET": str(target), "OWNER": "www-data", "LIST": str(self.folder / "list"), **more}
        done = subprocess.run([ROOT / "deploy" / "systemd" / "dcvd-handover"], env=environment, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)

    @as_root
    def test_the_handover_gives_files_to_another_user_and_takes_only_its_own_away(self):
        source, target, owner = self.folder / "source", self.folder / "target", pwd.getpwnam("www-data").pw_uid
        for folder, uid in ((source, UNLISTED), (target, owner)):
            folder.mkdir(0o700)
            os.chown(folder, uid, uid)
        for name in ("one", "-two"):
            (source / name).write_text(name)
        (target / "theirs").write_text("theirs")
        (self.folder / "secret").write_text("root's")
        (self.folder / "secret").chmod(0o600)
        (source / "link").symlink_to(self.folder / "secret")
        (source / "x\ntheirs").write_text("")
        self.handover(source, target)
        self.assertEqual({f.name: (f.read_text(), f.stat().st_uid, f.stat().st_mode & 0o777) for f in target.iterdir() if f.name != "theirs"},
                         {name: (name, owner, 0o644) for name in ("one", "-two")})
        (source / "one").unlink()
        (source / "x\ntheirs").unlink()
        (target / "ran").touch()
        self.handover(source, target, RUN="/usr/bin/whoami")
        self.assertEqual(sorted(f.name for f in target.iterdir()), ["-two", "ran", "theirs"])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_the_unit_is_exposed_by_no_more_than_1_6(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=16", "--no-pager", str(UNIT)], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)
        self.assertLessEqual(float(re.search(r"exposure level for dcvd.service: ([0-9.]+)", done.stdout)[1]), 1.6)


if __name__ == "__main__":
    unittest.main()
