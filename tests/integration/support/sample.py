"""Pebble behind some enrollments of a virtual world: their tokens are Pebble's, and Pebble looks at the world's zones to validate them."""
import socketserver
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rcode
import dns.rrset

from cps.authority import Pebble as Customer


class Answers(socketserver.BaseRequestHandler):
    """A name server over UDP that shows the TXT records of the zones, and nothing else."""
    zones = None

    def handle(self):
        data, socket = self.request
        query = dns.message.from_wire(data)
        reply, question = dns.message.make_response(query), query.question[0]
        reply.flags |= dns.flags.AA | dns.flags.RA
        values = self.zones.shows(question.name.to_text().rstrip(".").lower()) if question.rdtype == dns.rdatatype.TXT else ()
        if values:
            reply.answer.append(dns.rrset.from_text_list(question.name, 1, "IN", "TXT", [f'"{v}"' for v in sorted(values)]))
        socket.sendto(reply.to_wire(), self.client_address)


def serve_zones(zones):
    """HOST:PORT of a name server in a thread of its own."""
    server = socketserver.UDPServer(("127.0.0.1", 0), type("WorldAnswers", (Answers,), {"zones": zones}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


class Sampled(Customer):
    """Pebble validates and issues; what is deployed lives in virtual time, so it comes from the model."""

    def __init__(self, pebble, model):
        super().__init__(pebble.directory, str(pebble.ca_file))
        self.model, self.issued = model, 0

    def in_place(self, name):
        return False  # only what was acknowledged is shown to Pebble

    def certificate(self, names, life):
        assert "BEGIN CERTIFICATE" in super().certificate(names, life)
        self.issued += 1
        return self.model.certificate(names, life)
