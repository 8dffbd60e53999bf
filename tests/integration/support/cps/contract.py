"""The contract of CPS v2: every request and every reply of the emulator is held to its OpenAPI document.

openapi.json has the methods, paths, queries, media types and schemas of the vendor's document, without its prose. What later
versions have added is listed here.
"""
import json
import pathlib
import re

import jsonschema

DOCUMENT = json.loads((pathlib.Path(__file__).parent / "openapi.json").read_text())
NEWER = {"enrollment.v12": "enrollment.v11", "enrollments.v12": "enrollments.v11", "deployment.v8": "deployment.v7",
         "deployments.v8": "deployments.v7", "change-management-info.v6": "change-management-info.v5"}
LATER_MEMBERS = {"fipsMode"}          # of networkConfiguration
NUMBERS = {"id", "orgId"}             # the document says text, CPS sends numbers
LATER_PATHS = (r"/active-certificates", )


class Broken(Exception):
    """What does not keep the contract, in a sentence."""


def with_nulls(schema):
    """OpenAPI 3.0 says "nullable" where JSON Schema says a second type."""
    if isinstance(schema, list):
        return [with_nulls(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    done = {k: with_nulls(v) for k, v in schema.items() if k != "nullable"}
    for name in NUMBERS & set(done.get("properties") or {}):
        done["properties"][name] = {"type": ["string", "integer", "null"]}
    if "Awaiting user" in done.get("enum", []):
        del done["enum"]  # the document has the states of a name at its challenges, captures have them at the name
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        done["type"] = [schema["type"], "null"]
        if "enum" in done:
            done["enum"] = done["enum"] + [None]
    return done


def without_later(value):
    if isinstance(value, list):
        return [without_later(v) for v in value]
    if isinstance(value, dict):
        return {k: without_later(v) for k, v in value.items() if k not in LATER_MEMBERS and not k.startswith("ofTomorrow")}
    return value


def without_nulls(value):
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def media_of(text):
    short = re.sub(r"^application/vnd\.akamai\.cps\.|\+json$", "", (text or "").split(";")[0])
    return "application/vnd.akamai.cps." + NEWER.get(short, short) + "+json"


PATHS = [(re.compile(re.sub(r"\{\w+\}", r"[^/]+", pattern)), methods) for pattern, methods in DOCUMENT["paths"].items()]
VALIDATORS = {}  # by the identity of a schema in DOCUMENT


def operation(method, path):
    for pattern, methods in PATHS:
        if pattern.fullmatch(path) and method.lower() in methods:
            return methods[method.lower()]
    if any(re.fullmatch(p, path) for p in LATER_PATHS):
        return None
    raise Broken(f"{method} {path} is not in the document")


def validator(schema):
    if id(schema) not in VALIDATORS:
        VALIDATORS[id(schema)] = jsonschema.Draft7Validator(with_nulls(schema))
    return VALIDATORS[id(schema)]


def check_schema(content, media, text, what):
    if media not in content:
        raise Broken(f"{what}: {media} is not among {sorted(content)}")
    error = jsonschema.exceptions.best_match(validator(content[media].get("schema", {})).iter_errors(without_later(json.loads(text))))
    if error:
        raise Broken(f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")


def check_request(method, path, query, headers, body):
    """`path` below /cps/v2, `query` a dictionary."""
    found = operation(method, path)
    if not found:
        return
    known = {p["name"]: p for p in found["parameters"] if p["in"] == "query"}
    for name in query:
        if name not in known:
            raise Broken(f"{method} {path}: there is no query {name}")
    if path == "/enrollments" and method == "POST" and "contractId" not in query:
        raise Broken("POST /enrollments needs contractId")
    if "requestBody" in found:
        check_schema(found["requestBody"]["content"], media_of(headers.get("Content-Type")), body, f"body of {method} {path}")
    elif body:
        raise Broken(f"{method} {path} has no body")


def check_reply(method, path, status, media, text):
    found = operation(method, path)
    if path.endswith("/deployments") and None in json.loads(text).values():
        return  # nothing is deployed there: the document has no word for it
    if path.endswith(("/lets-encrypt-challenges", "/dv-history")):  # captures have nulls where the document has text
        text = json.dumps(without_nulls(json.loads(text)))
    if found and str(status) in found["responses"]:
        check_schema(found["responses"][str(status)]["content"], media_of(media), text, f"reply to {method} {path}")
