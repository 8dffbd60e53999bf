#!/usr/bin/env python3
"""An emulator of Akamai CPS (cps/v2), in a process of its own and in real time.

It verifies EdgeGrid signatures and holds every request and reply to the vendor's OpenAPI document, keeps the account's limits, takes each
change through its whole life, and is a customer of Pebble: an enrollment is an ACME order there, its challenges are Pebble's, an
acknowledgement makes Pebble validate, and a name is Valid only when Pebble says so.

    cps_emulator.py --port 0 --pebble https://127.0.0.1:14000/dir --ca ca.pem --http 127.0.0.1:5002

prints its port. How tests steer it: cps/steering.py.
"""
from cps.server import main

if __name__ == "__main__":
    main()
