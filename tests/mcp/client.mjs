// Asks a server everything once with the official TypeScript SDK, and prints what it said as JSON.
//
//     node client.mjs SDK_FOLDER http URL | node client.mjs SDK_FOLDER stdio PROGRAM ARGUMENT…
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, transport, ...rest] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const sdk = (path) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${path}`).replace("/cjs/", "/esm/")));
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const { StreamableHTTPClientTransport } = await sdk("client/streamableHttp.js");

const client = new Client({ name: "test", version: "1" });
await client.connect(
  transport === "http"
    ? new StreamableHTTPClientTransport(new URL(rest[0]))
    : new StdioClientTransport({ command: rest[0], args: rest.slice(1) }),
);
const found = await client.callTool({ name: "search", arguments: { query: "limits the rate of requests" } });
const unknown = await client.callTool({ name: "graph", arguments: { symbol: "TokenBuckett" } });
const resource = await client.readResource({ uri: "cogo://file/src/token_bucket.py#L1-L2" });
const prompt = await client.getPrompt({ name: "explain-symbol", arguments: { symbol: "TokenBucket" } });
console.log(
  JSON.stringify({
    tools: (await client.listTools()).tools.map((tool) => tool.name),
    search: found.content[0].text,
    unknown: { error: unknown.isError, text: unknown.content[0].text },
    resources: (await client.listResources()).resources.map((resource) => resource.uri),
    templates: (await client.listResourceTemplates()).resourceTemplates.map((template) => template.uriTemplate),
    resource: resource.contents[0].text,
    prompts: (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    prompt: prompt.messages[0].content.text,
  }),
);
await client.close();
