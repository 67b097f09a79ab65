#!/usr/bin/env python3
"""Starts and stops the servers that the tests of mirrors use: real ones, on a free port of this machine.

    prepare.py start postgres|neo4j FOLDER   fetches the server into FOLDER once, starts it, prints its URL
    prepare.py restart postgres FOLDER       ends it as a crash would, and starts it again
    prepare.py stop postgres|neo4j FOLDER    stops it and removes its data

Each server is a module of this folder with `start(folder)`, which returns the URL, `stop(folder)`, and perhaps `restart(folder)`. Says on stderr why not, and
exits with 1, if that cannot be done.
"""

import importlib
import sys
from pathlib import Path

SERVERS = {"postgres": "postgres_server", "neo4j": "neo4j_server"}


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("start", "restart", "stop") or sys.argv[2] not in SERVERS:
        sys.exit(__doc__)
    verb, kind, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).absolute()
    server = importlib.import_module(SERVERS[kind])
    said = getattr(server, verb)(folder)
    if said:
        print(said)


if __name__ == "__main__":
    main()
