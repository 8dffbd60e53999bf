"""Challenges accepted per second through the REST API: orders of 100, each in the journal before its reply.

    DCVD=…/dcvd throughput.py [ORDERS [CONNECTIONS]]

The challenges are dns-01 in dcvd's own zone, so that publishing and the self-check go on beside the acceptance
and take their share of the machine, as they would in life. Bodies are made beforehand.
"""
import pathlib
import sys
import tempfile
import threading
import time

from common import Connection, dns_order, row
from support.service import Service

ORDER = 100
TARGET = 5000
CONFIG = "log: {level: warning}\n"


def send_all(service, bodies, failures):
    connection = Connection(service.api_port, service.token)
    try:
        for body in bodies:
            connection.send("POST", "/v1/orders", body)
    except Exception as error:  # pylint: disable=broad-except
        failures.append(error)


def measure(service, orders, connections):
    bodies = [dns_order(number * ORDER, ORDER, "dcvd.test") for number in range(orders)]
    failures = []
    threads = [threading.Thread(target=send_all, args=(service, bodies[first::connections], failures))
               for first in range(connections)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return orders * ORDER / (time.monotonic() - start)


def main():
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory() as folder, Service(pathlib.Path(folder), CONFIG) as service:
        rate = measure(service, orders, connections)
        row(f"Accepted in orders of {ORDER}, journalled, {connections} connections", f"{rate:.0f}/s", "", f"{rate / TARGET:.2f}",
            f"at least {TARGET}/s")


main()
