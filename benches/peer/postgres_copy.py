#!/usr/bin/env python3
"""What a first sync costs at least: the same rows by `COPY`, and the same indexes by `CREATE INDEX`.

    pip install 'psycopg[binary]'
    cogo sync postgres --url URL ./repo        # note the time it takes
    python3 benches/peer/postgres_copy.py URL

Every table of the schema `cogo` is written to a file, read into a table of its own without constraints, and indexed as the original is,
one after the other on one connection. Prints the seconds of each part. The copy is dropped at the end.
"""

import sys
import tempfile
import time
from pathlib import Path

import psycopg

COPY = "copied_from_cogo"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with psycopg.connect(sys.argv[1], autocommit=True) as database, tempfile.TemporaryDirectory() as folder:
        database.execute(f"DROP SCHEMA IF EXISTS {COPY} CASCADE")
        database.execute(f"CREATE SCHEMA {COPY}")
        try:
            compare(database, Path(folder))
        finally:
            database.execute(f"DROP SCHEMA {COPY} CASCADE")


def compare(database, folder):
    tables = [name for (name,) in database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'cogo' ORDER BY 1")]
    for name in tables:
        with open(folder / name, "wb") as file, database.cursor().copy(f"COPY cogo.{name} TO STDOUT (FORMAT binary)") as rows:
            for part in rows:
                file.write(part)
    size = sum((folder / name).stat().st_size for name in tables)
    started = time.perf_counter()
    for name in tables:
        database.execute(f"CREATE TABLE {COPY}.{name} (LIKE cogo.{name} INCLUDING DEFAULTS INCLUDING GENERATED)")
        with open(folder / name, "rb") as file, database.cursor().copy(f"COPY {COPY}.{name} FROM STDIN (FORMAT binary)") as rows:
            while part := file.read(1 << 20):
                rows.write(part)
    copied = time.perf_counter() - started
    started = time.perf_counter()
    definitions = database.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'cogo'").fetchall()
    for (definition,) in definitions:
        database.execute(definition.replace(" ON cogo.", f" ON {COPY}."))
    indexed = time.perf_counter() - started
    print(f"{size / 2**20:.0f} MiB copied in {copied:.1f} s, {len(definitions)} indexes made in {indexed:.1f} s: {copied + indexed:.1f} s")


if __name__ == "__main__":
    main()
