"""What `dcvd --help` prints is a table."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import program

GROUPS = ("cps", "client", "acme-dns", "audit", "journal", "config")


class Help(unittest.TestCase):
    def test_the_sentences_begin_in_one_column_also_behind_an_ellipsis(self):
        lines = subprocess.run([program(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
        rows = [line for line in lines if line.startswith("  ")]
        self.assertTrue(any("…" in row for row in rows))
        for row in rows:
            self.assertEqual((row[46:48], row[48] != " "), ("  ", True), row)

    def said(self, *words):
        return subprocess.run([program(), *words], capture_output=True, text=True, timeout=30)

    def commands(self, *group):
        """Of a table of commands; a command that has none below it is one itself."""
        rows = re.findall(r"^  ([a-z][a-z-]*) ", self.said(*group, "--help").stdout, re.M) if not group or group[0] in GROUPS else []
        for row in rows:
            yield from self.commands(*group, row)
        if not rows or group == ("delegate",):
            yield group

    def test_the_overview_names_the_commands_of_each_group(self):
        overview = self.said("--help").stdout
        for group in GROUPS:
            named = re.search(rf"^  {group} (\S+) ", overview, re.M)[1].split("|")
            rows = re.findall(r"^  ([a-z][a-z-]*) ", self.said(group, "--help").stdout, re.M)
            if named[-1] == "…":
                self.assertLessEqual(set(named[:-1]), set(rows), group)
            else:
                self.assertEqual(sorted(named), sorted(rows), group)

    def test_a_wrong_option_leads_to_the_help_of_the_command_that_was_called(self):
        commands = list(self.commands())
        self.assertGreater(len(commands), 35, commands)
        for words in (*commands, ("delegate", "bind"), ("delegate", "list"), ("delegate", "unbind")):
            with self.subTest(words):
                done, name = self.said(*words, "--nonsense"), " ".join(words)
                self.assertEqual((done.returncode, done.stderr), (2, f"dcvd {name}: there is no option --nonsense; see dcvd {name} --help\n"))
                self.assertEqual(self.said(*words, "--help").returncode, 0)

    def test_an_option_that_is_nearly_right_is_named(self):
        for words, meant in ((("serve", "--confg", "x"), "config"), (("client", "add", "--grants=x"), "grant"), (("audit", "verify", "--expct", "x"), "expect"),
                             (("check", "--jsn"), "json"), (("delegate", "bind", "--jsno"), "json")):
            with self.subTest(words):
                self.assertIn(f"; did you mean --{meant}?; see dcvd ", self.said(*words).stderr)


if __name__ == "__main__":
    unittest.main()
