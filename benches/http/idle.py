#!/usr/bin/env python3
"""Holds many idle streams open on a running `cogo serve`, and says what that costs it.

    python3 benches/http/idle.py http://127.0.0.1:7700 10000 $(pgrep -f 'cogo serve')

Both processes need that many open files (`ulimit -n`). Prints the server's resident memory before and with the streams, how many
streams have got their first event, and how long a search takes meanwhile.
"""

import asyncio
import json
import sys
import time
import urllib.parse
import urllib.request


def resident(process):
    """Resident memory of a process in MiB (Linux)."""
    with open(f"/proc/{process}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def search(address):
    """Milliseconds of one search."""
    body = json.dumps({"query": "where is the session cookie parsed"}).encode()
    request = urllib.request.Request(f"{address}/v1/search", body, {"content-type": "application/json"})
    started = time.perf_counter()
    urllib.request.urlopen(request).read()
    return (time.perf_counter() - started) * 1000


async def stream(host, port, gate):
    """One stream that has got its first event."""
    async with gate:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /v1/events HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n".encode())
        async with asyncio.timeout(60):
            while b"event:" not in await reader.readline():
                pass
        return writer


async def main():
    address, count, process = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3])
    url = urllib.parse.urlsplit(address)
    before = resident(process)
    alone = min(search(address) for _ in range(20))
    gate = asyncio.Semaphore(200)
    started = time.perf_counter()
    opened = await asyncio.gather(*(stream(url.hostname, url.port, gate) for _ in range(count)), return_exceptions=True)
    writers = [one for one in opened if not isinstance(one, BaseException)]
    took = time.perf_counter() - started
    with_streams = min([await asyncio.to_thread(search, address) for _ in range(20)])
    print(f"{len(writers)} of {count} streams served, opened in {took:.1f} s")
    print(f"resident {before:.0f} MiB before, {resident(process):.0f} MiB with them")
    print(f"a search takes {alone:.1f} ms before, {with_streams:.1f} ms with them")
    for writer in writers:
        writer.close()


asyncio.run(main())
