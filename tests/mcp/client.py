"""Asks a server everything once with the official Python SDK, and prints what it said as JSON.

    client.py MODE http URL | client.py MODE stdio PROGRAM ARGUMENT…      (MODE: legacy or auto)
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main():
    mode, transport, *rest = sys.argv[1:]
    if transport == "http":
        server = rest[0]
    else:
        server = stdio_client(StdioServerParameters(command=rest[0], args=rest[1:]))
    async with Client(server, mode=mode) as client:
        found = await client.call_tool("search", {"query": "limits the rate of requests"})
        unknown = await client.call_tool("graph", {"symbol": "TokenBuckett"})
        resource = await client.read_resource("cogo://file/src/token_bucket.py#L1-L2")
        prompt = await client.get_prompt("explain-symbol", {"symbol": "TokenBucket"})
        report = {
            "tools": [tool.name for tool in (await client.list_tools()).tools],
            "search": found.content[0].text,
            "unknown": {"error": unknown.is_error, "text": unknown.content[0].text},
            "resources": [str(resource.uri) for resource in (await client.list_resources()).resources],
            "templates": [t.uri_template for t in (await client.list_resource_templates()).resource_templates],
            "resource": resource.contents[0].text,
            "prompts": [prompt.name for prompt in (await client.list_prompts()).prompts],
            "prompt": prompt.messages[0].content.text,
        }
    print(json.dumps(report))


asyncio.run(main())
