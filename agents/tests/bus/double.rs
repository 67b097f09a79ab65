//! A Realtime service that can be told to fail. It has a codec of its own, written from the protocol and checked by the official clients,
//! so that it does not share our client's mistakes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use agents::bus::realtime;
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// What goes wrong, in percent of the broadcasts that are delivered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub drop: u64,
    pub duplicate: u64,
    /// Comes up to 100 ms late, after others.
    pub delay: u64,
    /// So many joins are refused.
    pub refused_joins: u64,
}

pub struct Double {
    address: String,
    hub: Arc<Hub>,
}

#[derive(Default)]
struct Hub(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    faults: Faults,
    next: u64,
    random: u64,
    connections: HashMap<u64, Connection>,
    topics: BTreeMap<String, BTreeMap<u64, Joined>>,
    broadcasts: usize,
    joins: usize,
    tokens: Vec<String>,
    keys: Vec<String>,
}

struct Connection {
    out: UnboundedSender<Option<Message>>,
    is_v2: bool,
}

struct Joined {
    join_ref: Value,
    gets_own: bool,
    acks: bool,
    wants_presence: bool,
    key: String,
    meta: Option<Value>,
}

/// Join reference, reference, topic, event, payload.
type Frame = [Value; 5];

impl Double {
    pub async fn start(faults: Faults) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let hub = Arc::new(Hub(Inner { faults, random: 0x9e37_79b9_7f4a_7c15, ..Inner::default() }.into()));
        let router = Router::new().route("/realtime/v1/websocket", axum::routing::get(connect)).with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Double { address, hub }
    }

    pub fn url(&self) -> String {
        format!("{}/realtime/v1", self.address.replace("http", "ws"))
    }

    /// Of a client that is impatient, for tests.
    pub fn options(&self) -> realtime::Options {
        realtime::Options {
            heartbeat: Duration::from_millis(500),
            pause: Duration::from_millis(20),
            ..realtime::Options::new(self.address.clone(), "test-key")
        }
    }

    /// Broadcasts that were sent to it.
    pub fn broadcasts(&self) -> usize {
        self.hub.lock().broadcasts
    }

    pub fn joins(&self) -> usize {
        self.hub.lock().joins
    }

    /// Tokens that it was told, and keys.
    pub fn credentials(&self) -> (Vec<String>, Vec<String>) {
        let inner = self.hub.lock();
        (inner.tokens.clone(), inner.keys.clone())
    }

    /// Closes all sockets without a word.
    pub fn cut(&self) {
        let mut inner = self.hub.lock();
        inner.connections.drain().for_each(|(_, connection)| drop(connection.out.send(None)));
    }

    /// Throws everybody out of every topic, as a restart of the service does.
    pub fn throw_out(&self) {
        let mut inner = self.hub.lock();
        for (topic, members) in std::mem::take(&mut inner.topics) {
            for (id, joined) in members {
                let frame = [joined.join_ref, Value::Null, topic.clone().into(), "phx_error".into(), json!({})];
                inner.send(id, &frame);
            }
        }
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic")
    }
}

async fn connect(
    State(hub): State<Arc<Hub>>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let is_v2 = match query.get("vsn").map(String::as_str) {
        Some("2.0.0") => true,
        Some("1.0.0") => false,
        other => panic!("an unknown version: {other:?}"),
    };
    hub.lock().keys.push(query.get("apikey").cloned().unwrap_or_default());
    upgrade.on_upgrade(move |socket| serve(hub, socket, is_v2))
}

async fn serve(hub: Arc<Hub>, socket: WebSocket, is_v2: bool) {
    let (mut sink, mut stream) = socket.split();
    let (out, mut frames) = unbounded_channel();
    let id = {
        let mut inner = hub.lock();
        inner.next += 1;
        let id = inner.next;
        inner.connections.insert(id, Connection { out, is_v2 });
        id
    };
    let writer = tokio::spawn(async move {
        while let Some(Some(message)) = frames.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    while !writer.is_finished() {
        let message = tokio::time::timeout(Duration::from_millis(20), stream.next()).await;
        let Ok(message) = message else { continue };
        let Some(Ok(message)) = message else { break };
        if let Some(frame) = decode(&message, is_v2) {
            let later = hub.lock().take(id, frame);
            for (pause, id, frame) in later {
                let hub = hub.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    hub.lock().send(id, &frame);
                });
            }
        }
    }
    writer.abort();
    let mut inner = hub.lock();
    inner.connections.remove(&id);
    let topics: Vec<String> = inner.topics.keys().cloned().collect();
    topics.iter().for_each(|topic| inner.leave(id, topic));
}

impl Inner {
    /// From 0 to 99 (xorshift).
    fn chance(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 100
    }

    fn send(&self, id: u64, frame: &Frame) {
        if let Some(connection) = self.connections.get(&id) {
            let _ = connection.out.send(Some(encode(frame, connection.is_v2)));
        }
    }

    /// Does what a client asks for; gives what is to be sent later.
    fn take(&mut self, id: u64, frame: Frame) -> Vec<(Duration, u64, Frame)> {
        let [join_ref, reference, topic, event, payload] = frame;
        let name = topic.as_str().unwrap_or_default().to_owned();
        let reply = |status: &str, response: Value| -> Frame {
            let payload = json!({ "status": status, "response": response });
            [join_ref.clone(), reference.clone(), topic.clone(), "phx_reply".into(), payload]
        };
        match event.as_str().unwrap_or_default() {
            "heartbeat" => {
                assert_eq!(name, "phoenix");
                self.send(id, &reply("ok", json!({})));
            }
            "phx_join" => {
                self.joins += 1;
                self.tokens.extend(payload["access_token"].as_str().map(str::to_owned));
                if self.faults.refused_joins > 0 {
                    self.faults.refused_joins -= 1;
                    self.send(id, &reply("error", json!({ "reason": "Unauthorized: not yet" })));
                    return Vec::new();
                }
                assert!(name.starts_with("realtime:"), "{name}");
                let config = &payload["config"];
                let key = config["presence"]["key"].as_str().filter(|key| !key.is_empty());
                let joined = Joined {
                    join_ref: join_ref.clone(),
                    gets_own: config["broadcast"]["self"] == true,
                    acks: config["broadcast"]["ack"] == true,
                    wants_presence: config["presence"]["enabled"] == true,
                    key: key.map_or_else(|| format!("anonymous-{id}"), str::to_owned),
                    meta: None,
                };
                let wants_presence = joined.wants_presence;
                self.topics.entry(name.clone()).or_default().insert(id, joined);
                self.send(id, &reply("ok", json!({ "postgres_changes": [] })));
                if wants_presence {
                    let state = self.presence(&name);
                    self.send(id, &[join_ref, Value::Null, topic, "presence_state".into(), state]);
                }
            }
            "phx_leave" => {
                self.leave(id, &name);
                self.send(id, &reply("ok", json!({})));
                self.send(id, &[join_ref.clone(), join_ref, topic, "phx_close".into(), json!({})]);
            }
            "access_token" => self.tokens.extend(payload["access_token"].as_str().map(str::to_owned)),
            "broadcast" => {
                self.broadcasts += 1;
                let Some(joined) = self.topics.get(&name).and_then(|members| members.get(&id)) else {
                    return Vec::new();
                };
                if joined.acks {
                    self.send(id, &reply("ok", json!({})));
                }
                let body = json!({ "type": "broadcast", "event": payload["event"], "payload": payload["payload"] });
                return self.broadcast(id, &name, &body);
            }
            "presence" => {
                let Some(joined) = self.topics.get_mut(&name).and_then(|members| members.get_mut(&id)) else {
                    return Vec::new();
                };
                let before = joined.meta.take();
                if payload["event"] == "track" {
                    let mut meta = payload["payload"].clone();
                    meta["phx_ref"] = format!("{id}-{}", reference.as_str().unwrap_or_default()).into();
                    joined.meta = Some(meta);
                }
                let (key, after) = (joined.key.clone(), joined.meta.clone());
                self.send(id, &reply("ok", json!({})));
                self.tell_presence(&name, &key, after, before);
            }
            other => panic!("an unknown event: {other}"),
        }
        Vec::new()
    }

    fn broadcast(&mut self, from: u64, topic: &str, body: &Value) -> Vec<(Duration, u64, Frame)> {
        let members = self.topics.get(topic).into_iter().flatten();
        let to: Vec<u64> = members.filter(|(id, joined)| **id != from || joined.gets_own).map(|(id, _)| *id).collect();
        let mut later = Vec::new();
        for id in to {
            let frame = [Value::Null, Value::Null, topic.into(), "broadcast".into(), body.clone()];
            if self.chance() < self.faults.drop {
                continue;
            }
            let copies = if self.chance() < self.faults.duplicate { 2 } else { 1 };
            for _ in 0..copies {
                if self.chance() < self.faults.delay {
                    later.push((Duration::from_millis(self.chance()), id, frame.clone()));
                } else {
                    self.send(id, &frame);
                }
            }
        }
        later
    }

    fn leave(&mut self, id: u64, topic: &str) {
        let Some(joined) = self.topics.get_mut(topic).and_then(|members| members.remove(&id)) else { return };
        if joined.meta.is_some() {
            self.tell_presence(topic, &joined.key, None, joined.meta);
        }
    }

    fn presence(&self, topic: &str) -> Value {
        let mut state = json!({});
        for joined in self.topics.get(topic).into_iter().flatten().map(|(_, joined)| joined) {
            if let Some(meta) = &joined.meta {
                state[&joined.key] = json!({ "metas": [meta] });
            }
        }
        state
    }

    fn tell_presence(&self, topic: &str, key: &str, joins: Option<Value>, leaves: Option<Value>) {
        let of = |meta: Option<Value>| meta.map_or_else(|| json!({}), |meta| json!({ key: { "metas": [meta] } }));
        let diff = json!({ "joins": of(joins), "leaves": of(leaves) });
        for (id, joined) in self.topics.get(topic).into_iter().flatten().filter(|(_, joined)| joined.wants_presence) {
            self.send(*id, &[joined.join_ref.clone(), Value::Null, topic.into(), "presence_diff".into(), diff.clone()]);
        }
    }
}

fn encode([join_ref, reference, topic, event, payload]: &Frame, is_v2: bool) -> Message {
    if !is_v2 {
        let frame =
            json!({ "topic": topic, "event": event, "payload": payload, "ref": reference, "join_ref": join_ref });
        return Message::text(frame.to_string());
    }
    if event != "broadcast" {
        return Message::text(json!([join_ref, reference, topic, event, payload]).to_string());
    }
    let (topic, event) = (topic.as_str().unwrap_or_default(), payload["event"].as_str().unwrap_or_default());
    let meta = json!({ "id": "0197" }).to_string();
    let mut bytes = vec![4, topic.len() as u8, event.len() as u8, meta.len() as u8, 1];
    for part in [topic, event, &meta, &payload["payload"].to_string()] {
        bytes.extend(part.as_bytes());
    }
    Message::binary(bytes)
}

fn decode(message: &Message, is_v2: bool) -> Option<Frame> {
    match message {
        Message::Text(text) => {
            let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
            assert_eq!(frame.is_array(), is_v2, "{frame}");
            let fields = ["join_ref", "ref", "topic", "event", "payload"];
            Some(std::array::from_fn(|at| if is_v2 { frame[at].clone() } else { frame[fields[at]].clone() }))
        }
        Message::Binary(bytes) => {
            assert!(is_v2 && bytes[0] == 3, "only broadcasts are binary");
            let lengths: Vec<usize> = bytes[1..6].iter().map(|length| usize::from(*length)).collect();
            let mut rest = &bytes[7..];
            let mut parts = lengths.into_iter().map(|length| {
                let (part, more) = rest.split_at(length);
                rest = more;
                std::str::from_utf8(part).expect("UTF-8").to_owned()
            });
            let parts: [String; 5] = std::array::from_fn(|_| parts.next().expect("five lengths"));
            assert_eq!(bytes[6], 1, "payloads are JSON");
            let payload: Value = serde_json::from_slice(rest).expect("a payload is JSON");
            let [join_ref, reference, topic, event, _] = parts;
            let body = json!({ "type": "broadcast", "event": event, "payload": payload });
            Some([join_ref.into(), reference.into(), topic.into(), "broadcast".into(), body])
        }
        _ => None,
    }
}
