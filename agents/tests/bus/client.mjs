// The official JavaScript client: joins a channel, says what it hears, and does what its stdin says.
//
//     node client.mjs FOLDER URL VERSION CHANNEL NAME
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, url, vsn, topic, name] = process.argv.slice(2);
const require = createRequire(`${folder}/node/package.json`);
const { RealtimeClient } = require("@supabase/realtime-js");
const WebSocket = require("ws");

const tell = (what) => console.log(JSON.stringify(what));
const client = new RealtimeClient(url, { params: { apikey: "test-key" }, vsn, transport: WebSocket, timeout: 5000 });
const channel = client.channel(topic, { config: { broadcast: { ack: true, self: false }, presence: { key: name } } });
channel.on("broadcast", { event: "message" }, (message) => tell({ heard: message.payload }));
channel.on("presence", { event: "sync" }, () => tell({ present: channel.presenceState() }));
channel.subscribe(async (status, error) => {
  if (status === "SUBSCRIBED") tell({ joined: await channel.track({ who: name }) });
  else tell({ status, error: String(error) });
});

createInterface({ input: process.stdin }).on("line", async (line) => {
  const [word, rest] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
  if (word === "say") tell({ said: await channel.send({ type: "broadcast", event: "message", payload: JSON.parse(rest) }) });
  if (word === "untrack") tell({ untracked: await channel.untrack() });
  if (word === "quit") {
    tell({ left: await channel.unsubscribe() });
    process.exit(0);
  }
});
