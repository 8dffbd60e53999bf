"""The Kubernetes manifests against the models of the Kubernetes API."""
import pathlib
import sys
import unittest

import yaml
from kubernetes import client

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.certificates import Authority

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
GROUPS = {"v1": "V1", "apps/v1": "V1", "policy/v1": "V1", "networking.k8s.io/v1": "V1", "rbac.authorization.k8s.io/v1": "V1",
          "apiregistration.k8s.io/v1": "V1"}
# cert-manager's own kinds have no model here: their required fields, from its API reference.
OTHERS = {"Issuer": ["spec"], "ClusterIssuer": ["spec"], "Certificate": ["spec.secretName", "spec.issuerRef.name"]}


def problems(value, kind, where):
    """What a strict API server would say of `value` as a `kind` of the models."""
    if kind.startswith("list["):
        items = value if isinstance(value, list) else None
        if items is None:
            return [f"{where}: a list is wanted"]
        return [p for i, item in enumerate(items) for p in problems(item, kind[5:-1], f"{where}[{i}]")]
    if kind.startswith("dict("):
        return [] if isinstance(value, dict) else [f"{where}: a mapping is wanted"]
    if kind in ("str", "int", "bool", "float"):
        wanted = {"str": str, "int": int, "bool": bool, "float": (int, float)}[kind]
        return [] if isinstance(value, wanted) else [f"{where}: {value!r} is no {kind}"]
    model = getattr(client, kind, None)
    if model is None or kind in ("object", "datetime"):
        return []
    if not isinstance(value, dict):
        return [f"{where}: a mapping is wanted"]
    return model_problems(value, model, where)


def model_problems(value, model, where):
    names = {json: attribute for attribute, json in model.attribute_map.items()}
    found = [f"{where}: unknown field {key}" for key in value if key not in names]
    known = {names[key]: item for key, item in value.items() if key in names}
    try:
        model(**known)  # refuses what is missing
    except ValueError as error:
        found.append(f"{where}: {error}")
    for attribute, item in known.items():
        found += problems(item, model.openapi_types[attribute], f"{where}.{model.attribute_map[attribute]}")
    return found


def documents():
    for file in sorted(FOLDER.glob("*.yaml")):
        for number, document in enumerate(yaml.safe_load_all(file.read_text())):
            yield f"{file.name}#{number + 1}", document


class Manifests(unittest.TestCase):
    def test_every_kubernetes_object_fits_its_model(self):
        for where, document in documents():
            if document["apiVersion"] in GROUPS:
                with self.subTest(where):
                    self.assertEqual(problems(document, GROUPS[document["apiVersion"]] + document["kind"], where), [])

    def test_the_validator_notices_what_is_wrong(self):
        for _, document in documents():
            if document["kind"] == "Deployment":
                break
        document["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
        del document["spec"]["selector"]
        text = " ".join(problems(document, "V1Deployment", "d"))
        self.assertIn("unknown field imagee", text)
        self.assertIn("selector", text)

    def test_every_object_of_cert_manager_has_what_it_needs(self):
        for where, document in documents():
            for path in OTHERS.get(document["kind"], []) if document["apiVersion"] == "cert-manager.io/v1" else []:
                with self.subTest(f"{where} {path}"):
                    value = document
                    for key in path.split("."):
                        value = value[key]
                    self.assertTrue(value)

    def test_group_and_solver_are_the_same_everywhere(self):
        kinds = {d["kind"]: d for _, d in documents() if d["kind"] in ("APIService", "ClusterRole", "ConfigMap", "ClusterIssuer")}
        webhook = kinds["ClusterIssuer"]["spec"]["acme"]["solvers"][0]["dns01"]["webhook"]
        config = yaml.safe_load(kinds["ConfigMap"]["data"]["dcvd.yaml"])["cert-manager"]
        rule = kinds["ClusterRole"]["rules"][0]
        service = kinds["APIService"]["spec"]
        self.assertEqual({webhook["groupName"], config["group"], service["group"], *rule["apiGroups"]}, {webhook["groupName"]})
        self.assertEqual({webhook["solverName"], config["solver"], *rule["resources"]}, {"dcvd"})
        self.assertEqual(kinds["APIService"]["metadata"]["name"], f"{service['version']}.{service['group']}")

    def test_dcvd_takes_the_configuration_of_the_manifest(self):
        import os
        import subprocess
        import tempfile
        text = next(d["data"]["dcvd.yaml"] for _, d in documents() if d["kind"] == "ConfigMap")
        with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            mounted = "/etc/dcvd/front-proxy/ca.crt"
            self.assertIn(mounted, text)
            file.write(text.replace(mounted, str(Authority(folder, "front proxy").certificate)))
            file.flush()
            run = subprocess.run([os.environ["DCVD"], "config", "check", file.name], capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
