"""The first command of the README, as a new user runs it: it builds, starts the service and proves that it works."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "deploy" / "quickstart.sh"


class Quickstart(unittest.TestCase):
    def test_the_first_command_of_the_readme_ends_with_both_answers_verified(self):
        with tempfile.TemporaryDirectory() as build:
            run = subprocess.run([SCRIPT, "--no-install", "--once", "--build", build], capture_output=True, text=True, timeout=500)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("dcvd works: both answers were presented, verified and withdrawn.", run.stdout)


if __name__ == "__main__":
    unittest.main()
