"""The official Python client: joins a channel, says what it hears, and does what its stdin says.

python client.py FOLDER URL VERSION CHANNEL NAME        (it knows one version of the protocol, 1.0.0)
"""

import asyncio
import json
import sys

from realtime import AsyncRealtimeClient


def tell(what):
    print(json.dumps(what), flush=True)


async def main():
    _, _, url, _, topic, name = sys.argv
    client = AsyncRealtimeClient(url, token="test-key")
    await client.connect()
    config = {"broadcast": {"ack": True, "self": False}, "presence": {"key": name, "enabled": True}, "private": False}
    channel = client.channel(topic, {"config": config})
    channel.on_broadcast("message", lambda message: tell({"heard": message["payload"]}))
    channel.on_presence_sync(lambda: tell({"present": channel.presence_state()}))
    joined = asyncio.Event()

    def on_status(status, error):
        tell({"status": str(status), "error": str(error)})
        joined.set()

    await channel.subscribe(on_status)
    await joined.wait()
    await channel.track({"who": name})
    tell({"joined": "ok"})
    loop = asyncio.get_running_loop()
    while True:
        line = (await loop.run_in_executor(None, sys.stdin.readline)).strip()
        word, _, rest = line.partition(" ")
        if word == "say":
            await channel.send_broadcast("message", json.loads(rest))
            tell({"said": "ok"})
        elif word == "untrack":
            await channel.untrack()
            tell({"untracked": "ok"})
        elif word == "quit" or not line:
            await channel.unsubscribe()
            tell({"left": "ok"})
            await client.close()
            return


asyncio.run(main())
