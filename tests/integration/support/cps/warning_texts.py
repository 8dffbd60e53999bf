"""What CPS prints for a warning's code, from the table that dcvd reads them with."""
import json
import pathlib
import re

TABLE = pathlib.Path(__file__).resolve().parents[4] / "solver" / "cps" / "warnings.json"
NUMBERS = re.compile(r"(days|years|months|size|maximum|count|hours)", re.IGNORECASE)


def templates():
    """(code, text) of everything that CPS prints."""
    for code, texts in json.loads(TABLE.read_text())["warnings"].items():
        for text in [texts] if isinstance(texts, str) else texts:
            yield code, text


SAMPLES = {"issuerX500Principal": "CN=R3, O=Authority, C=US", "dataType": "Trust chain", "trustChainDescription": "trust chain",
           "subjectfield": "Organization", "trustChainData": "Subject: CN=R3, O=Authority, C=US\nIssuer: CN=Root, O=Authority, C=US"}


def sample(placeholder):
    if placeholder in SAMPLES:
        return SAMPLES[placeholder]
    if NUMBERS.search(placeholder):
        return "7"
    return "RSA" if "algorithm" in placeholder.lower() else "www.example.test"


def text_of(*codes):
    """As CPS says it: one warning a line."""
    known = {}
    for code, text in templates():
        known.setdefault(code, text)
    return "\n".join(re.sub(r"<(\w+)>", lambda m: sample(m[1]), known[code]) for code in codes)
