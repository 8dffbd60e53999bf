"""`dcvd journal check` writes nothing, concludes nothing from absence, and reads all of it; what a sentence about damage advises works."""
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import program


class Journal(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.state = pathlib.Path(holder.name) / "state"

    def run_dcvd(self, *arguments):
        return subprocess.run([program(), *arguments, "--state", str(self.state)], capture_output=True, timeout=30)

    def make_journal(self):
        for name in ["one", "two", "three", "four"]:
            self.assertEqual(self.run_dcvd("client", "add", name, "--grant", f"{name}.example.test").returncode, 0)

    def files(self):
        return {path.name: path.read_bytes() for path in self.state.iterdir()}

    def test_where_there_is_no_journal_nothing_is_said_of_it_and_nothing_is_made(self):
        commands = [["journal", "check"], ["journal", "accept"], ["client", "list"], ["client", "show", "one"], ["client", "rotate", "one"],
                    ["client", "revoke", "one"], ["audit", "list"], ["audit", "verify"], ["audit", "export"]]
        for command in commands:
            with self.subTest(command):
                said = self.run_dcvd(*command)
                self.assertEqual(said.returncode, 2, said.stderr)
                self.assertLess(len(said.stdout.splitlines()), 2)  # a heading, at most
                self.assertIn(f"there is no journal in {self.state}".encode(), said.stderr)
                self.assertFalse(self.state.exists())
        self.state.mkdir()
        for command in commands:
            with self.subTest(command):
                self.assertEqual(self.run_dcvd(*command).returncode, 2)
                self.assertEqual(self.files(), {})

    def test_a_check_of_a_whole_journal_changes_no_file(self):
        self.make_journal()
        before = self.files()
        said = self.run_dcvd("journal", "check")
        self.assertEqual((said.returncode, b"is whole" in said.stdout), (0, True), said.stderr)
        self.assertEqual(self.files(), before)

    def test_a_bit_that_flips_in_the_audit_log_is_found_and_its_entry_named(self):
        self.make_journal()
        whole = (self.state / "journal.db").read_bytes()
        at = whole.index(b'"action":"client.add"')
        for byte in range(at, at + 60, 7):
            broken = bytearray(whole)
            broken[byte] ^= 1 << byte % 8
            (self.state / "journal.db").write_bytes(broken)
            said = self.run_dcvd("journal", "check")
            self.assertEqual((said.returncode, said.stdout), (4, b""), byte)
            self.assertIn(b"the audit log is broken: entry ", said.stderr)
            self.assertIn(b"backup", said.stderr)
            said.stderr.decode("ascii")

    def test_an_audit_entry_that_is_gone_is_found(self):
        self.make_journal()
        with sqlite3.connect(self.state / "journal.db") as database:
            database.execute("DELETE FROM audit WHERE number = 2")
        database.close()
        said = self.run_dcvd("journal", "check")
        self.assertEqual(said.returncode, 4)
        self.assertIn(b"entry 2 is missing", said.stderr)


if __name__ == "__main__":
    unittest.main()
