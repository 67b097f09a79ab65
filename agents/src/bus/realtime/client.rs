//! The connection: joins topics, keeps joining them, and stays connected.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Options;
use super::frame::Frame;
use crate::bus::Result;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses grow up to so many times the first one.
const LONGEST: u32 = 100;
/// A service that wants fewer joins is left alone for so long.
const RATE_LIMITED: Duration = Duration::from_secs(30);
/// Broadcasts that wait for a topic to be joined. They are hints: older ones are no loss.
const WAITING: usize = 32;
/// Frames are small; a larger one is not for us.
const LARGEST_FRAME: usize = 1 << 20;

/// What the client shall do. Nothing of it fails: what cannot be done now is done after the next connection, or was only a hint.
#[derive(Debug)]
pub(super) enum Command {
    Join(String),
    Leave(String),
    Broadcast {
        topic: String,
        event: &'static str,
        payload: Value,
    },
    /// Presence on a topic; `None` takes it away.
    Track {
        topic: String,
        payload: Option<Value>,
    },
}

/// What happened.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// The topic is joined, again perhaps: what was broadcast before was missed.
    Joined(String),
    /// Something was broadcast.
    Broadcast(String),
}

/// Connects, and stays connected until all senders of commands are gone.
///
/// # Errors
/// If the address cannot be used.
pub(super) fn start(
    options: Options,
    on_event: impl Fn(Event) + Send + 'static,
) -> Result<mpsc::UnboundedSender<Command>> {
    let address = options.address()?;
    let (sender, commands) = mpsc::unbounded_channel();
    // Somebody else in the process may have installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client {
        pauses: pauses(&options),
        options,
        address,
        commands,
        on_event: Box::new(on_event),
        topics: BTreeMap::new(),
        last_ref: 0,
        token: None,
    };
    tokio::spawn(client.run());
    Ok(sender)
}

fn pauses(options: &Options) -> ExponentialBackoff {
    let longest = options.pause * LONGEST;
    ExponentialBuilder::new()
        .with_min_delay(options.pause)
        .with_max_delay(longest)
        .without_max_times()
        .with_jitter()
        .build()
}

struct Client {
    options: Options,
    address: String,
    commands: mpsc::UnboundedReceiver<Command>,
    on_event: Box<dyn Fn(Event) + Send>,
    topics: BTreeMap<String, Topic>,
    pauses: ExponentialBackoff,
    last_ref: u64,
    /// The token that the service was told last.
    token: Option<String>,
}

struct Topic {
    phase: Phase,
    join_ref: String,
    pauses: ExponentialBackoff,
    tracked: Option<Value>,
    waiting: VecDeque<(&'static str, Value)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Out { again: Instant },
    Joining { until: Instant },
    In,
}

/// Why a connection is over.
enum End {
    /// Nobody needs it any more.
    Done,
    Lost(String),
}

impl From<SocketError> for End {
    fn from(error: SocketError) -> Self {
        End::Lost(error.to_string())
    }
}

impl Client {
    async fn run(mut self) {
        loop {
            let config =
                WebSocketConfig::default().max_message_size(Some(LARGEST_FRAME)).max_frame_size(Some(LARGEST_FRAME));
            let connect = tokio_tungstenite::connect_async_with_config(&self.address, Some(config), true);
            let reason = match tokio::time::timeout(CONNECT_TIMEOUT, connect).await {
                Ok(Ok((socket, _))) => match self.session(socket).await {
                    Ok(()) | Err(End::Done) => return,
                    Err(End::Lost(reason)) => reason,
                },
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            let pause = self.pauses.next().unwrap_or(self.options.pause);
            tracing::debug!(reason, ?pause, "no connection to realtime");
            let until = Instant::now() + pause;
            loop {
                match tokio::time::timeout_at(until, self.commands.recv()).await {
                    Ok(Some(command)) => self.note(command),
                    Ok(None) => return,
                    Err(_) => break,
                }
            }
        }
    }

    /// One connection, until it ends.
    async fn session(&mut self, mut socket: Socket) -> std::result::Result<(), End> {
        let now = Instant::now();
        self.token = self.options.token.as_ref().map(|token| token());
        self.topics.values_mut().for_each(|topic| topic.phase = Phase::Out { again: now });
        let mut next_beat = now + self.options.heartbeat;
        let mut unanswered: Option<String> = None;
        loop {
            let due = self.join_due(&mut socket).await?.unwrap_or(next_beat).min(next_beat);
            tokio::select! {
                command = self.commands.recv() => {
                    let Some(command) = command else {
                        let _ = socket.close(None).await;
                        return Err(End::Done);
                    };
                    self.obey(command, &mut socket).await?;
                }
                packet = socket.next() => {
                    let packet = packet.ok_or_else(|| End::Lost("it was closed".into()))??;
                    if let Some(frame) = Frame::decode(&packet) {
                        self.pauses = pauses(&self.options);
                        if frame.event == "phx_reply" && frame.reference == unanswered {
                            unanswered = None;
                        }
                        self.take(frame, &mut socket).await?;
                    }
                }
                () = tokio::time::sleep_until(due) => {
                    if Instant::now() < next_beat {
                        continue;
                    }
                    if unanswered.is_some() {
                        return Err(End::Lost("no answer to a heartbeat".into()));
                    }
                    next_beat = Instant::now() + self.options.heartbeat;
                    unanswered = Some(self.send(&mut socket, "phoenix", "heartbeat", json!({}), None).await?);
                    self.refresh_token(&mut socket).await?;
                }
            }
        }
    }

    /// Joins the topics that are to be joined now; when the next one is.
    async fn join_due(&mut self, socket: &mut Socket) -> std::result::Result<Option<Instant>, End> {
        let now = Instant::now();
        let is_due = |topic: &Topic| match topic.phase {
            Phase::Out { again: at } | Phase::Joining { until: at } => at <= now,
            Phase::In => false,
        };
        let due: Vec<String> =
            self.topics.iter().filter(|(_, topic)| is_due(topic)).map(|(name, _)| name.clone()).collect();
        for name in due {
            let tracks = self.topics.get(&name).is_some_and(|topic| topic.tracked.is_some());
            let mut payload = json!({ "config": {
                "broadcast": { "ack": false, "self": false },
                "presence": { "enabled": tracks, "key": "" },
                "postgres_changes": [],
                "private": self.options.private,
            } });
            if let Some(token) = &self.token {
                payload["access_token"] = token.clone().into();
            }
            let join_ref = (self.last_ref + 1).to_string();
            self.send(socket, &name, "phx_join", payload, Some(join_ref.clone())).await?;
            if let Some(topic) = self.topics.get_mut(&name) {
                (topic.join_ref, topic.phase) = (join_ref, Phase::Joining { until: now + CONNECT_TIMEOUT });
            }
        }
        let times = self.topics.values().filter_map(|topic| match topic.phase {
            Phase::Out { again: at } | Phase::Joining { until: at } => Some(at),
            Phase::In => None,
        });
        Ok(times.min())
    }

    /// Does what a command says, as far as that is possible now.
    async fn obey(&mut self, command: Command, socket: &mut Socket) -> std::result::Result<(), End> {
        match command {
            Command::Leave(name) => {
                if let Some(topic) = self.topics.remove(&name) {
                    self.send(socket, &name, "phx_leave", json!({}), Some(topic.join_ref)).await?;
                }
            }
            Command::Broadcast { topic: name, event, payload } if self.is_in(&name) => {
                self.broadcast(socket, &name, event, payload).await?;
            }
            Command::Track { ref topic, ref payload } if self.is_in(topic) => {
                self.track(socket, topic, payload.as_ref()).await?;
                self.note(command);
            }
            other => self.note(other),
        }
        Ok(())
    }

    /// Remembers what a command says, for when the topic is joined.
    fn note(&mut self, command: Command) {
        match command {
            Command::Join(name) => drop(self.topic(name)),
            Command::Leave(name) => drop(self.topics.remove(&name)),
            Command::Track { topic, payload } => self.topic(topic).tracked = payload,
            Command::Broadcast { topic, event, payload } => {
                let waiting = &mut self.topic(topic).waiting;
                waiting.push_back((event, payload));
                if waiting.len() > WAITING {
                    waiting.pop_front();
                }
            }
        }
    }

    fn topic(&mut self, name: String) -> &mut Topic {
        let pauses = || pauses(&self.options);
        self.topics.entry(name).or_insert_with(|| Topic {
            phase: Phase::Out { again: Instant::now() },
            join_ref: String::new(),
            pauses: pauses(),
            tracked: None,
            waiting: VecDeque::new(),
        })
    }

    fn is_in(&self, name: &str) -> bool {
        self.topics.get(name).is_some_and(|topic| topic.phase == Phase::In)
    }

    /// Takes in what the service sent.
    async fn take(&mut self, frame: Frame, socket: &mut Socket) -> std::result::Result<(), End> {
        let Some(topic) = self.topics.get_mut(&frame.topic) else { return Ok(()) };
        let is_of_join = frame.reference.as_ref() == Some(&topic.join_ref);
        let status = frame.payload.get("status").and_then(Value::as_str);
        match (frame.event.as_str(), status) {
            ("broadcast", _) => (self.on_event)(Event::Broadcast(frame.topic)),
            ("phx_reply", Some("ok")) if is_of_join && topic.phase != Phase::In => {
                topic.phase = Phase::In;
                topic.pauses = pauses(&self.options);
                let (waiting, tracked) = (std::mem::take(&mut topic.waiting), topic.tracked.clone());
                (self.on_event)(Event::Joined(frame.topic.clone()));
                if tracked.is_some() {
                    self.track(socket, &frame.topic, tracked.as_ref()).await?;
                }
                for (event, payload) in waiting {
                    self.broadcast(socket, &frame.topic, event, payload).await?;
                }
            }
            ("phx_reply", Some("error")) if is_of_join => topic.stay_out(&frame.payload["response"]),
            // Late news about an earlier join are no news.
            ("phx_error" | "phx_close", _) if frame.join_ref.as_ref().is_none_or(|join| *join == topic.join_ref) => {
                topic.stay_out(&frame.payload);
            }
            _ => {}
        }
        Ok(())
    }

    async fn broadcast(
        &mut self,
        socket: &mut Socket,
        topic: &str,
        event: &str,
        payload: Value,
    ) -> std::result::Result<(), End> {
        let payload = json!({ "type": "broadcast", "event": event, "payload": payload });
        self.send(socket, topic, "broadcast", payload, None).await.map(drop)
    }

    async fn track(
        &mut self,
        socket: &mut Socket,
        topic: &str,
        payload: Option<&Value>,
    ) -> std::result::Result<(), End> {
        let payload = match payload {
            Some(payload) => json!({ "type": "presence", "event": "track", "payload": payload }),
            None => json!({ "type": "presence", "event": "untrack" }),
        };
        self.send(socket, topic, "presence", payload, None).await.map(drop)
    }

    /// Tells the service a new token, if there is one.
    async fn refresh_token(&mut self, socket: &mut Socket) -> std::result::Result<(), End> {
        let token = self.options.token.as_ref().map(|token| token());
        if token == self.token {
            return Ok(());
        }
        self.token.clone_from(&token);
        let joined: Vec<String> = self.topics.keys().filter(|name| self.is_in(name)).cloned().collect();
        for name in joined {
            self.send(socket, &name, "access_token", json!({ "access_token": token }), None).await?;
        }
        Ok(())
    }

    /// Sends a frame; gives its reference.
    async fn send(
        &mut self,
        socket: &mut Socket,
        topic: &str,
        event: &str,
        payload: Value,
        join_ref: Option<String>,
    ) -> std::result::Result<String, End> {
        self.last_ref += 1;
        let reference = self.last_ref.to_string();
        let join_ref = join_ref.or_else(|| self.topics.get(topic).map(|topic| topic.join_ref.clone()));
        let frame =
            Frame { join_ref, reference: Some(reference.clone()), topic: topic.into(), event: event.into(), payload };
        socket.send(frame.encode(self.options.version)).await?;
        Ok(reference)
    }
}

impl Topic {
    /// The service does not want us in, for now.
    fn stay_out(&mut self, reason: &Value) {
        let text = reason.get("reason").and_then(Value::as_str).unwrap_or_default();
        let mut pause = self.pauses.next().unwrap_or(RATE_LIMITED);
        if text.contains("RateLimitReached") {
            pause = pause.max(RATE_LIMITED);
        }
        tracing::debug!(reason = text, ?pause, "a topic is not joined");
        self.phase = Phase::Out { again: Instant::now() + pause };
    }
}
