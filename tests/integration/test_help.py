"""What `dcvd --help` prints is a table."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.service import program


class Help(unittest.TestCase):
    def test_the_sentences_begin_in_one_column_also_behind_an_ellipsis(self):
        lines = subprocess.run([program(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
        rows = [line for line in lines if line.startswith("  ")]
        self.assertTrue(any("…" in row for row in rows))
        for row in rows:
            self.assertEqual((row[46:48], row[48] != " "), ("  ", True), row)


if __name__ == "__main__":
    unittest.main()
