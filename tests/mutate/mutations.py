"""Reads the lists of faults (tests/mutate/*.txt; README.md describes them) and compares them with the tree."""

import glob
import os

FOLDER = os.path.dirname(os.path.abspath(__file__))
MARKS = {"= ": "title", "file ": "file", "tests ": "tests", "- ": "old", "+ ": "new"}


class Mutation:
    def __init__(self, where, title):
        self.where = where      # LIST:LINE
        self.title = title      # the fault it imitates
        self.file = ""
        self.tests = []         # ctest patterns, or "integration FILE CLASS.TEST"
        self.old, self.new = [], []

    def add(self, mark, text):
        if mark == "file":
            self.file = text
        elif mark == "tests":
            self.tests.append(text)
        else:
            getattr(self, mark).append(text)

    def fault(self, root):
        """Why it cannot be applied to the tree at `root`; None when it can."""
        if not (self.file and self.tests and self.old and self.new):
            return "it needs file, tests, - and +"
        path = os.path.join(root, self.file)
        if not os.path.isfile(path):
            return f"there is no {self.file}: name the file that holds the line now"
        count = read(path).count("\n".join(self.old))
        if count == 1:
            return None
        return f"{self.file} holds the text {count} times and not once: write what stands there now, or more of it"

    def apply(self, root):
        """Gives the text as it was, for undo()."""
        path = os.path.join(root, self.file)
        text = read(path)
        write(path, text.replace("\n".join(self.old), "\n".join(self.new)))
        return text

    def undo(self, root, text):
        write(os.path.join(root, self.file), text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_list(path):
    mutations, name = [], os.path.basename(path)
    for number, line in enumerate(read(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        mark = next((m for m in MARKS if line.startswith(m)), None)
        if not mark or (mark != "= " and not mutations):
            raise SystemExit(f"tests/mutate/{name}:{number}: a line begins with {', '.join(repr(m) for m in MARKS)} or #")
        if mark == "= ":
            mutations.append(Mutation(f"tests/mutate/{name}:{number}", line[2:]))
        else:
            mutations[-1].add(MARKS[mark], line[len(mark):])
    return mutations


def read_all(folder=FOLDER):
    return [m for path in sorted(glob.glob(os.path.join(folder, "*.txt"))) for m in read_list(path)]


def faults(root, mutations):
    return [f"{m.where}: {m.fault(root)}" for m in mutations if m.fault(root)]
