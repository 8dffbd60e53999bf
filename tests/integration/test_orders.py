"""Orders of Pebble solved through the REST API: BIND, Knot and dcvd's own servers carry the answers."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.acme_client import AcmeClient
from support.pebble import Pebble
from support.servers import Bind, Key, Knot, query
from support.service import Service

WAIT = "?wait=ready&timeout=30s"


def rfc2136_config(server, zone="example.test"):
    return f"""
resolver: {{servers: ["127.0.0.1:{server.port}"], authority-port: {server.port}}}
providers:
  corp: {{type: rfc2136, server: "127.0.0.1:{server.port}", key-name: {server.key.name}, key-algorithm: {server.key.algorithm},
         key-secret: {{env: TSIG_SECRET}}}}
routes:
  - {{suffix: {zone}, type: dns-01, provider: corp}}
  - {{suffix: dcvd.test, type: dns-01, provider: embedded}}
  - {{suffix: "", type: http-01}}
"""


class Orders(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def start(self, thing):
        thing.start()
        self.addCleanup(thing.stop)
        return thing

    def service_for(self, server):
        environment = {"TSIG_SECRET": server.key.secret}
        service = Service(self.folder / "dcvd", rfc2136_config(server), environment)
        service.start()
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0, service.log))
        return service

    def issue(self, service, pebble, names, kind):
        acme = AcmeClient(pebble.directory, str(pebble.ca_file))
        authorizations, url = acme.new_order(names)
        requests = []
        for name, authorization in authorizations.items():
            token = authorization["challenges"][kind]["token"]
            requests.append({"type": kind, "domain": name, "token": token,
                             "key_authorization": acme.key_authorization(token)})
        presented = service.call("POST", "/v1/orders" + WAIT, {"challenges": requests})
        self.assertEqual(presented["state"], "ready", f"{presented}\n{service.log}")
        for authorization in authorizations.values():
            self.assertIsNone(acme.validate(authorization, kind), pebble.log)
        self.assertIn("BEGIN CERTIFICATE", acme.certificate(url, names))
        service.call("DELETE", f"/v1/orders/{presented['id']}")
        return service.wait_gone(presented["id"])

    def dns_order(self, server_class, names):
        server = self.start(server_class(zones=("example.test",), key=Key()))
        pebble = self.start(Pebble(self.folder, dns_server=f"127.0.0.1:{server.port}"))
        service = self.service_for(server)
        self.issue(service, pebble, names, "dns-01")
        for name in names:
            self.assertEqual(server.values("_acme-challenge." + name.removeprefix("*.")), [], "a record was left behind")

    def test_apex_and_wildcard_through_bind(self):
        self.dns_order(Bind, ["example.test", "*.example.test"])

    def test_twenty_names_through_knot(self):
        self.dns_order(Knot, [f"host{n}.example.test" for n in range(20)])

    def test_the_embedded_dns_server(self):
        service = Service(self.folder / "dcvd", "")
        service.start()
        self.addCleanup(service.stop)
        pebble = self.start(Pebble(self.folder, dns_server=f"127.0.0.1:{service.dns_port}"))
        names = ["dcvd.test", "*.dcvd.test", "a.dcvd.test"]
        self.issue(service, pebble, names, "dns-01")
        self.assertEqual(query("127.0.0.1", service.dns_port, "_acme-challenge.dcvd.test")[1], [])

    def test_http_01_through_the_responder(self):
        server = self.start(Bind(zones=("example.test",), key=Key(), records=("www.example.test 60 A 127.0.0.1", "web.example.test 60 A 127.0.0.1")))
        service = self.service_for(server)
        pebble = self.start(Pebble(self.folder, http_port=service.http_port, dns_server=f"127.0.0.1:{server.port}"))
        self.issue(service, pebble, ["www.example.test", "web.example.test"], "http-01")

    def test_a_cname_leads_to_the_zone_of_another_provider(self):
        server = self.start(Bind(zones=("example.test",), key=Key(),
                                 records=("_acme-challenge.www.example.test 60 CNAME www.dcvd.test.",)))
        service = self.service_for(server)
        value = "A" * 43
        challenge = service.call("POST", "/v1/challenges" + WAIT,
                                 {"type": "dns-01", "domain": "www.example.test", "value": value})
        self.assertEqual((challenge["state"], challenge["fqdn"], challenge["provider"]),
                         ("ready", "www.dcvd.test", "embedded"), service.log)

    def test_values_of_a_stranger_survive(self):
        server = self.start(Bind(zones=("example.test",), key=Key(), records=('_acme-challenge.example.test 60 TXT "of a stranger"',)))
        service = self.service_for(server)
        value = "B" * 43
        challenge = service.call("POST", "/v1/challenges" + WAIT, {"type": "dns-01", "domain": "example.test", "value": value})
        self.assertEqual(challenge["state"], "ready", service.log)
        self.assertEqual(sorted(server.values("_acme-challenge.example.test")), sorted([value, "of a stranger"]))
        service.call("DELETE", f"/v1/challenges/{challenge['id']}")
        service.wait_gone(challenge["order"])
        self.assertEqual(server.values("_acme-challenge.example.test"), ["of a stranger"])


if __name__ == "__main__":
    unittest.main()
