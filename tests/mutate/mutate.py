"""tests/mutate.sh: applies one mutation at a time in a copy of the tree, builds what its tests need, and runs them."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import mutations

ROOT = os.path.dirname(os.path.dirname(mutations.FOLDER))
TEST_SECONDS = 300 # an endless loop is a fault too, and a busy machine is none
BUILD_SECONDS = 900
JOBS = f"-j{os.cpu_count()}"


class Tree:
    """A copy of the sources and its build folder."""

    def __init__(self, folder):
        self.source, self.build = os.path.join(folder, "source"), os.path.join(folder, "build")
        self.copy()
        self.configure()
        self.targets = self.tests_and_targets()

    def copy(self):
        """What git knows, as it stands in the work tree. A file that is the same keeps its time, so that it is not built again."""
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True)
        wanted = {name for name in names.stdout.decode().split("\0") if name and os.path.isfile(os.path.join(ROOT, name))}
        for top, _, files in os.walk(self.source):
            for name in files:
                path = os.path.join(top, name)
                if os.path.relpath(path, self.source) not in wanted:
                    os.remove(path)
        for name in wanted:
            self.copy_file(name)

    def copy_file(self, name):
        source, target = os.path.join(ROOT, name), os.path.join(self.source, name)
        if os.path.exists(target) and open(source, "rb").read() == open(target, "rb").read():
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)

    def configure(self):
        command = ["cmake", "-S", self.source, "-B", self.build, "-DCMAKE_BUILD_TYPE=Debug", "-DDCVD_TESTS=ON"]
        if shutil.which("ninja"):
            command += ["-G", "Ninja"]
        if shutil.which("ccache"):
            command += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"]
        if shutil.which("mold"):
            command += ["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold"]
        if run(command, self.build, BUILD_SECONDS).returncode:
            sys.exit(f"cmake fails; see {self.build}.log")

    def tests_and_targets(self):
        """Each test of ctest, and the program that it runs. ctest itself tells that only when the programs are built."""
        targets = {}
        for top, _, files in os.walk(self.build):
            if "CTestTestfile.cmake" in files:
                text = mutations.read(os.path.join(top, "CTestTestfile.cmake"))
                for name, program in re.findall(r'^add_test\((?:\[=\[)?([\w-]+)(?:\]=\])? "([^"]+)"', text, re.M):
                    targets[name] = os.path.basename(program)
        return targets

    def make(self, targets):
        return run(["cmake", "--build", self.build, JOBS, "--target", *sorted(targets)], self.build, BUILD_SECONDS).returncode == 0

    def need(self, tests):
        """The targets of these patterns; None when one fits nothing."""
        needed = set()
        for pattern in tests:
            fitting = {"dcvd"} if is_integration(pattern) else {t for name, t in self.targets.items() if re.search(pattern, name)}
            if not fitting:
                return None
            needed |= fitting
        return needed

    def failing(self, pattern):
        """The first test that fails, or None."""
        if is_integration(pattern):
            return self.failing_integration(pattern)
        command = ["ctest", JOBS, "-R", pattern, "--timeout", str(TEST_SECONDS), "--stop-on-failure"]
        result = run(command, self.build, BUILD_SECONDS, cwd=self.build)
        failed = re.search(r"^\s*\d+ - (\S+) \(", result.stdout, re.M)
        return (failed.group(1) if failed else pattern) if result.returncode else None

    def failing_integration(self, pattern):
        _, file, *tests = pattern.split()
        script = f"ip link set lo up; exec /usr/bin/python3 -B {self.source}/tests/integration/{file} {' '.join(tests)}"
        environment = dict(os.environ, DCVD=f"{self.build}/dcvd", DCVD_BUILD=self.build)
        result = run(["unshare", "--net", "sh", "-c", script], self.build, 4 * TEST_SECONDS, env=environment)
        return " ".join([file, *tests]) if result.returncode else None


def is_integration(pattern):
    return pattern.startswith("integration ")


def run(command, log, seconds, **options):
    """What it said goes into LOG.log; one that takes too long has failed."""
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, **options)
    except subprocess.TimeoutExpired as late:
        result = subprocess.CompletedProcess(command, 1, stdout=(late.stdout or b"").decode(errors="replace"))
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(f"{log}.log", "w", encoding="utf-8") as file:
        file.write(result.stdout)
    return result


def check_baseline(tree, chosen):
    """A test that fails without a fault kills everything, and one that is not there nothing."""
    patterns = sorted({pattern for m in chosen for pattern in m.tests})
    for m in chosen:
        if tree.need(m.tests) is None:
            sys.exit(f"{m.where}: ctest knows no test that fits {' or '.join(m.tests)}")
    if not tree.make(tree.need(patterns)):
        sys.exit(f"the tree does not build; see {tree.build}.log")
    for pattern in patterns:
        failed = tree.failing(pattern)
        if failed:
            sys.exit(f"{failed} fails without any fault; see {tree.build}.log")


def try_one(tree, mutation, search):
    """'killed', 'survived' or 'not built', and by which test."""
    text = mutation.apply(tree.source)
    try:
        if not tree.make(tree.need(mutation.tests)):
            return "not built", f"see {tree.build}.log"
        for pattern in mutation.tests:
            failed = tree.failing(pattern)
            if failed:
                return "killed", failed
        if search and tree.make(set(tree.targets.values())):
            return "survived", "but is killed by " + (tree.failing(".") or "nothing")
        return "survived", " ".join(mutation.tests)
    finally:
        mutation.undo(tree.source, text)


def arguments():
    parser = argparse.ArgumentParser(prog="tests/mutate.sh", description="Puts faults into a copy of the tree and runs the tests that must notice.")
    parser.add_argument("--check", action="store_true", help="only look whether each fault still fits the tree")
    parser.add_argument("--search", action="store_true", help="run all tests of ctest on what the named ones do not kill")
    parser.add_argument("--build", default=os.path.join(ROOT, "build-mutate"), help="folder of the copy and its build (build-mutate)")
    parser.add_argument("pattern", nargs="*", help="only the faults whose list, file or sentence contains one of these words")
    return parser.parse_args()


def main():
    options = arguments()
    chosen = [m for m in mutations.read_all()
              if not options.pattern or any(p in f"{m.where} {m.file} {m.title}" for p in options.pattern)]
    bad = mutations.faults(ROOT, chosen)
    for line in bad:
        print(line)
    if options.check or bad or not chosen:
        print(f"{len(chosen) - len(bad)} passed, {len(bad)} failed")
        return 1 if bad or not chosen else 0
    tree = Tree(options.build)
    check_baseline(tree, chosen)
    counts = {"killed": 0, "survived": 0, "not built": 0}
    for m in chosen:
        begin = time.monotonic()
        result, why = try_one(tree, m, options.search)
        counts[result] += 1
        shown = result if result == "killed" else result.upper()
        print(f"{shown:9} {time.monotonic() - begin:5.1f} s  {m.title} ({m.where}; {why})", flush=True)
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    return 0 if counts["killed"] == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
