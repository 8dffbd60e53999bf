#!/usr/bin/env python3
"""What the compiler cannot check: who includes whom, lengths, banned calls, the top of the tree.

Prints one line a rule, `rule: N passed, N failed` (files), with file:line before it for each failure, and
last how many rules hold; exits 1 when one does not. Standard library, and tests/mutate, only. `lint.py ROOT` looks at another tree (for its own tests).
"""

import os
import re
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "mutate"))
import mutations  # noqa: E402

FUNCTION_MAX = 80  # lines between the braces, with them
FILE_MAX = 600     # lines

TOP_LEVEL = {"CMakeLists.txt", "README.md", "LICENSE", "solver", "providers", "webroot", "tests", "deploy"}

# What each folder of solver/api may include outside of it.
API_USES = ["solver/base", "solver/conf", "solver/crypto", "solver/dns/name.h", "solver/challenge/challenge.h", "solver/guard/guard.h",
            "solver/net", "solver/engine/engine.h", "solver/engine/target.h", "solver/cps/cps.h", "solver/mpic/mpic.h", "solver/store/store.h"]
API_CALLER = ["solver/api/common", "solver/api/access", "solver/api/audit", "solver/api/caller"]
VERDICT_USES = ["solver/base", "solver/crypto", "solver/dns"]

# Folder -> what it may include besides itself: folders, or single headers where only the contract is open. "folder/*" is the folder with
# those below it, "*" everything outside of the folders that share its first two names. What it may include it may call.
# The daemon, the command line and the tests may include everything; nothing may include them.
DIRECTION = {
    "solver/base": [],
    "solver/crypto": ["solver/base"],
    "solver/dns": ["solver/base"],
    "solver/challenge": ["solver/base", "solver/dns/name.h"],
    "solver/conf": ["solver/base", "solver/challenge/challenge.h"],
    "solver/store": ["solver/base", "solver/challenge"],
    "solver/guard": ["solver/base"],
    "solver/net": ["solver/base", "solver/dns", "solver/guard"],
    "solver/sandbox": ["solver/base"],
    "solver/answers": ["solver/base"],
    "solver/nameserver": ["solver/base", "solver/dns", "solver/answers"],
    "webroot": ["solver/base", "solver/answers", "solver/guard"],
    "solver/verdict/data": VERDICT_USES,
    "solver/verdict/network": VERDICT_USES + ["solver/verdict/data"],
    "solver/verdict/dns": VERDICT_USES + ["solver/verdict/data", "solver/verdict/network"],
    "solver/verdict/http": VERDICT_USES + ["solver/verdict/data", "solver/verdict/network"],
    "solver/verdict/caa": VERDICT_USES + ["solver/verdict/data", "solver/verdict/network"],
    "solver/verdict": VERDICT_USES + ["solver/verdict/data", "solver/verdict/network", "solver/verdict/dns", "solver/verdict/http",
                                      "solver/verdict/caa"],
    "solver/check": ["solver/base", "solver/conf", "solver/crypto", "solver/dns", "solver/net", "solver/verdict/*"],
    "solver/mpic": ["solver/base", "solver/conf/config.h", "solver/crypto", "solver/dns", "solver/net", "solver/verdict/*",
                    "solver/check/check.h"],
    "solver/engine": ["solver/base", "solver/conf", "solver/crypto", "solver/dns", "solver/challenge",
                      "solver/store/store.h", "solver/net", "solver/answers/answers.h", "solver/verdict/*", "solver/check",
                      "providers/provider.h", "providers/registry.h"],
    # The journal keeps what these two remember: change numbers, the digests of clients.
    "solver/akamai": ["solver/base", "solver/crypto", "solver/net/http.h", "solver/net/loop.h"],
    "solver/cps": ["solver/base", "solver/akamai", "solver/conf/config.h", "solver/crypto", "solver/challenge/challenge.h",
                   "solver/net/http.h", "solver/net/loop.h", "solver/net/child.h", "solver/engine/engine.h", "solver/store/store.h"],
    "solver/api/common": API_USES,
    "solver/api/access": API_USES + ["solver/api/common"],
    "solver/api/audit": API_USES + ["solver/api/common", "solver/api/access"],
    "solver/api/caller": API_USES + ["solver/api/common", "solver/api/access", "solver/api/audit"],
    "solver/api/notify": API_USES + ["solver/api/common", "solver/api/access"],
    "solver/api/door": API_USES + API_CALLER,
    "solver/api/httpreq": API_USES + API_CALLER + ["solver/api/door"],
    "solver/api/acmedns": API_USES + API_CALLER + ["solver/api/door"],
    "solver/api/certmanager": API_USES + API_CALLER + ["solver/api/door"],
    "solver/api/mpic": API_USES + API_CALLER,
    "solver/api/rest": API_USES + API_CALLER + ["solver/api/notify", "solver/api/acmedns"],
    "solver/api": API_USES + API_CALLER + ["solver/api/notify", "solver/api/door", "solver/api/httpreq", "solver/api/acmedns",
                                           "solver/api/certmanager", "solver/api/mpic", "solver/api/rest"],
    "providers": ["solver/base", "solver/conf/option.h", "providers/*"],
    "providers/kit": ["solver/base", "solver/crypto", "solver/dns", "providers/provider.h"],
    "providers/*": ["solver/base", "solver/crypto", "solver/dns", "providers/provider.h", "providers/kit"],
    "solver/daemon": ["*"],
    "solver/cli/common": ["*"],
    "solver/cli/hook": ["*", "solver/cli/common"],
    "solver/cli/cps": ["*", "solver/cli/common"],
    "solver/cli": ["*", "solver/cli/common", "solver/cli/hook", "solver/cli/cps"],
    "tests": ["*"],
}

# A library is used in the folders named; everybody else goes through their headers.
LIBRARIES = {
    r"uv\.h": ["solver/net"],
    r"curl/": ["solver/net"],
    r"ares": ["solver/net"],
    r"microhttpd\.h": ["solver/guard", "solver/net", "webroot"],
    r"sqlite3\.h": ["solver/store"],
    r"libfyaml\.h": ["solver/conf"],
    r"ldns/": ["solver/dns"],
    r"openssl/": ["solver/crypto", "solver/dns", "solver/net"],  # dns: TSIG, whose SHA-384 ldns 1.8 misnames; net: TLS-ALPN-01
    r"idn2\.h": ["solver/dns", "solver/verdict"],
    r"libpsl\.h": ["solver/verdict"],
    r"unbound\.h": ["solver/net"],
    r"gnutls/": ["solver/net"],
    r"crypt\.h": ["solver/crypto"],
    r"seccomp\.h": ["solver/sandbox"],
}

# No sockets, no threads, no clock: what reads answers or is a model stays testable from text.
PURE = ("solver/challenge", "solver/dns", "solver/verdict", "providers")
IMPURE_HEADER = re.compile(r"(sys/socket|sys/epoll|netdb|pthread|poll|sys/time)\.h$")
IMPURE_CALL = re.compile(r"\b(time|gettimeofday|clock_gettime|clock_wall_ms|clock_monotonic_ms|socket)\s*\(")

BANNED = re.compile(r"\b(strcpy|strcat|sprintf|gets|system|popen|atoi)\s*\(")


def source_files(root):
    for top, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "build", "__")))
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(top, name), root)


def without_comments_and_strings(text):
    """The same number of lines, so that line numbers stay true."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)


def folder_of(path):
    """The row of DIRECTION that a file belongs to."""
    parts = path.split("/")
    return "tests" if parts[0] == "tests" else "/".join(parts[:-1])


def row_of(folder):
    if folder in DIRECTION:
        return DIRECTION[folder]
    return DIRECTION["providers/*"] if folder.startswith("providers/") else None


def module_of(folder):
    """The folders of one module share its library or its name: "solver/api" for "solver/api/rest"."""
    return "/".join(folder.split("/")[:2])


def may_include(folder, target):
    if os.path.dirname(target) == folder:
        return True
    row = row_of(folder)
    if row is None:
        return False
    if "*" in row and (folder == "tests" or module_of(folder) != module_of(os.path.dirname(target))):
        return True
    return any(entry in (target, os.path.dirname(target)) or (entry.endswith("/*") and target.startswith(entry[:-1])) for entry in row)


def check_direction(path, text, fail):
    folder = folder_of(path)
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'#\s*include\s+"([^"]+)"', line)
        if match and not may_include(folder, match.group(1)):
            fail(path, number, f"{folder} must not include {match.group(1)}")


def check_libraries(path, text, fail):
    folder = folder_of(path)
    if "*" in (row_of(folder) or ()):
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"#\s*include\s+<([^>]+)>", line)
        if not match:
            continue
        header = match.group(1)
        for pattern, owners in LIBRARIES.items():
            if re.match(pattern, header) and not any((folder + "/").startswith(owner + "/") for owner in owners):
                fail(path, number, f"<{header}> belongs to {' and '.join(owners)}")
        if folder.startswith(PURE) and IMPURE_HEADER.match(header):
            fail(path, number, f"{folder} has no sockets and no threads: <{header}>")


def check_functions(path, text, fail):
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start + 1 > FUNCTION_MAX:
                fail(path, start, f"a function of {number - start + 1} lines, at most {FUNCTION_MAX}")
            start = None


def check_length(path, text, fail):
    length = text.count("\n")
    if length > FILE_MAX:
        fail(path, FILE_MAX + 1, f"{length} lines, at most {FILE_MAX}")


def check_calls(path, text, fail):
    if path.startswith("tests/"):
        return
    for number, line in enumerate(without_comments_and_strings(text).split("\n"), 1):
        match = BANNED.search(line)
        if match:
            fail(path, number, f"{match.group(1)}() is banned")
        match = path.startswith(PURE) and IMPURE_CALL.search(line)
        if match:
            fail(path, number, f"{match.group(1)}() in a folder that has no clock and no sockets")


RULES = [
    ("include direction", check_direction),
    ("libraries in their folder", check_libraries),
    ("function length", check_functions),
    ("file length", check_length),
    ("banned calls", check_calls),
]


def report(rule, passed, failures):
    for failure in failures:
        print(f"  {failure}")
    print(f"{rule}: {passed} passed, {len(failures)} failed")
    return len(failures)


def run_rule(rule, check, sources):
    failures, bad = [], set()

    def fail(path, number, sentence):
        bad.add(path)
        failures.append(f"{path}:{number}: {sentence}")

    for path, text in sources:
        check(path, text, fail)
    return report(rule, len(sources) - len(bad), failures)


def run_top_level(root):
    entries = [e for e in sorted(os.listdir(root)) if not e.startswith((".", "build"))]
    strays = [e for e in entries if e not in TOP_LEVEL]
    return report("top level", len(entries) - len(strays), [f"{e}:1: does not belong at the top level" for e in strays])


def run_readmes(root, sources):
    folders = sorted({os.path.dirname(path) for path, _ in sources if not path.startswith(("tests/", "providers/"))})
    missing = [f for f in folders if not os.path.exists(os.path.join(root, f, "README.md"))]
    return report("a README in each folder", len(folders) - len(missing), [f"{f}/README.md:1: is missing" for f in missing])


# What a file defines for others: a function (its name before the first parenthesis of a line that starts at column 0 and is
# followed by a body), or a variable with an initializer.
DEFINED = re.compile(r"^(?!static\b|typedef\b|return\b|else\b)[A-Za-z_][\w \t*]*?\b(\w+)\s*"
                     r"(?:\((?:[^;{}()]|\([^()]*\))*\)\s*\n\{|(?:\[[^\]]*\])*\s*=)", re.M)
OWN = re.compile(r"^static\b[^;{}=]*?\b(\w+)\s*(?:\(|\[|=|;)", re.M)
USED = re.compile(r"(?<![\w.>])(?:(?:struct|enum|union)\s+\w+|(\w+))")  # no tags
CALLED = re.compile(r"(?<![\w.>])(\w+)\s*\(")
LOCAL = re.compile(r"(?:\bstruct \w+|\b(?:char|int|bool|unsigned|void|\w+_t))\b[ *]+(\w+)\b(?!\s*\()")  # a variable that is named like a function


def without_directives(text):
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", text, flags=re.M)


def calls_of(sources):
    """File -> the files of the same module that define what it uses. By name alone, so without a compiler."""
    defined, graph = {}, {}
    code = {path: without_directives(without_comments_and_strings(text)) for path, text in sources if path.endswith(".c")}
    for path, text in code.items():
        for name in DEFINED.findall(text):
            defined[module_of(os.path.dirname(path)), name] = path
    for path, text in code.items():
        own = set(OWN.findall(text))
        used = (set(USED.findall(text)) - set(LOCAL.findall(text))) | set(CALLED.findall(text))
        owners = {defined.get((module_of(os.path.dirname(path)), name)) for name in used - own}
        graph[path] = owners - {None, path}
    return graph


def includes_of(sources):
    return {path: set(re.findall(r'^#\s*include\s+"([^"]+)"', text, re.M)) for path, text in sources if path.endswith(".h")}


def circles_of(graph):
    """The sets of files that reach each other (Tarjan)."""
    order, low, stack, circles = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == order[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                circles.append(sorted(circle))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return circles


def folders_of(direction):
    """Folder -> the folders that it may include. A header that stands alone in a row is a contract, which leads no further."""
    return {folder: {below for entry in row for below in direction
                     if below == entry or entry.endswith("/*") and (below + "/").startswith(entry[:-1])} - {folder}
            for folder, row in direction.items()}


def run_circles(sources):
    product = [(path, text) for path, text in sources if not path.startswith("tests/")]
    failures, found = [], set()
    calls = calls_of(product)
    for circle in circles_of(calls):
        folder = module_of(os.path.dirname(circle[0]))
        found.add(folder)
        names = ", ".join(os.path.basename(path) for path in circle)
        failures.append(f"{circle[0]}:1: {len(circle)} files of {folder} call each other in a circle: {names}")
    for circle in circles_of(includes_of(product)):
        failures.append(f"{circle[0]}:1: headers that include each other: {', '.join(circle)}")
    for circle in circles_of(folders_of(DIRECTION)):
        failures.append(f"tests/lint/lint.py:1: DIRECTION leads in a circle: {', '.join(circle)}")
    for path in sorted(calls):
        for owner in sorted(calls[path]):
            if not may_include(os.path.dirname(path), owner):
                failures.append(f"{path}:1: {os.path.dirname(path)} must not call {owner}")
    return report("no circle between files", len({os.path.dirname(path) for path, _ in product}) - len(found), failures)


def run_mutations(root):
    """Each fault of tests/mutate still fits the file that it is put into."""
    folder = os.path.join(root, "tests", "mutate")
    listed = mutations.read_all(folder)
    bad = mutations.faults(root, listed)
    return report("mutations fit the tree (tests/mutate/README.md)", len(listed) - len(bad), bad)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    sources = []
    for path in source_files(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            sources.append((path, file.read()))
    results = [run_rule(rule, check, sources) for rule, check in RULES]
    results += [run_top_level(root), run_readmes(root, sources), run_circles(sources), run_mutations(root)]
    failed = sum(1 for failures in results if failures) if sources else len(results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
