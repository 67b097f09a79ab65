//! Official clients of Supabase Realtime. They check the double, which checks our client; and they speak with our client through it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agents::bus::{Bus, Channel, Member, NewMessage, SqliteJournal, Start, TableBus, realtime};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::conformance::{OFTEN, RARELY, payload};
use super::double::{Double, Faults};

/// One at a time: both would install into the same folder.
static PREPARING: Mutex<()> = Mutex::new(());

/// An official client as a process.
struct Client {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: UnboundedReceiver<String>,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    /// Joins a channel; `None`, said by name, if the client cannot be had here.
    async fn join(double: &Double, kind: &str, version: &str, channel: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("realtime-clients");
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bus");
        let prepared = {
            let _one = PREPARING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            Command::new("python3").arg(scripts.join("prepare.py")).arg(kind).arg(&folder).output()
        };
        let program = match prepared {
            Ok(done) if done.status.success() => String::from_utf8(done.stdout).expect("a path"),
            Ok(done) => {
                println!("skipped: realtime with {kind}: {}", String::from_utf8_lossy(&done.stderr).trim());
                return None;
            }
            Err(error) => {
                println!("skipped: realtime with {kind}: python3: {error}");
                return None;
            }
        };
        let script = if kind == "python" { "client.py" } else { "client.mjs" };
        let name = format!("{kind}-{version}");
        let mut command = Command::new(program.trim());
        command.arg(scripts.join(script)).arg(&folder).args([&double.url(), version, channel, &name]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = unbounded_channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut client = Client { name, child, stdin, lines };
        assert_eq!(client.wait("joined").await, "ok");
        Some(client)
    }

    fn order(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it listens");
    }

    /// The next thing it says of `what`.
    async fn wait(&mut self, what: &str) -> Value {
        self.wait_until(what, |_| true).await
    }

    async fn wait_until(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut said = Vec::new();
        let wait = async {
            loop {
                let line = self.lines.recv().await.expect("it says something");
                let line: Value = serde_json::from_str(&line).expect("JSON");
                match line.get(what) {
                    Some(value) if holds(value) => return value.clone(),
                    _ => said.push(line),
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), wait).await.ok();
        found.unwrap_or_else(|| panic!("{}: no `{what}` in {said:?}", self.name))
    }
}

async fn everybody(double: &Double, channel: &str) -> Vec<Client> {
    let mut clients = Vec::new();
    for (kind, version) in [("node", "2.0.0"), ("node", "1.0.0"), ("python", "1.0.0")] {
        clients.extend(Client::join(double, kind, version, channel).await);
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_clients_speak_with_each_other_through_the_double() {
    let double = Double::start(Faults::default()).await;
    let mut clients = everybody(&double, "jobs:meet").await;
    let names: Vec<String> = clients.iter().map(|client| client.name.clone()).collect();
    for client in &mut clients {
        let all = |present: &Value| names.iter().all(|name| present.get(name).is_some());
        client.wait_until("present", all).await;
    }
    for at in 0..clients.len() {
        let words = json!({ "from": names[at], "text": "토큰 🦀" });
        clients[at].order(&format!("say {words}"));
        assert_eq!(clients[at].wait("said").await, "ok");
        for other in (0..clients.len()).filter(|other| *other != at) {
            assert_eq!(clients[other].wait("heard").await, words, "{} hears {}", names[other], names[at]);
        }
    }
    let Some(mut first) = (!clients.is_empty()).then(|| clients.remove(0)) else { return };
    first.order("untrack ");
    for client in &mut clients {
        client.wait_until("present", |present| present.get(&first.name).is_none()).await;
    }
    first.order("quit ");
    first.wait("left").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_clients_hear_our_bus_and_wake_it() {
    let double = Double::start(Faults::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let channel = Channel::job("meet").expect("a name");
    let mut clients = everybody(&double, channel.as_str()).await;
    let mut watchers = everybody(&double, Channel::system().as_str()).await;
    let journal = async || Arc::new(SqliteJournal::open(&folder.path().join("bus.db")).await.expect("a file"));
    for version in [realtime::Version::V1, realtime::Version::V2] {
        let options = realtime::Options { version, ..double.options() };
        let bus = TableBus::realtime(journal().await, options, RARELY).expect("an address");
        let mut subscription = bus.subscribe(&channel, Start::Now).await.expect("a subscription");
        let said = bus.publish(&channel, NewMessage::new("test.said", json!("by us"))).await.expect("it is published");
        assert_eq!(payload(&mut subscription).await, "by us");
        for client in &mut clients {
            assert_eq!(client.wait("heard").await, json!({ "seq": said.seq }), "{} hears {version:?}", client.name);
        }
        // Somebody writes to the table and cannot ring; somebody else does it for them.
        let silent = TableBus::polling(journal().await, OFTEN);
        for at in 0..clients.len() {
            let said =
                silent.publish(&channel, NewMessage::new("test.said", json!(at))).await.expect("it is published");
            clients[at].order(&format!("say {}", json!({ "seq": said.seq })));
            assert_eq!(payload(&mut subscription).await, at, "{} wakes {version:?}", clients[at].name);
            for other in (0..clients.len()).filter(|other| *other != at) {
                clients[other].wait("heard").await;
            }
        }
        let member = Member { id: format!("agent-{version:?}"), kind: "research".into(), meta: json!({ "slots": 2 }) };
        bus.announce(&member, Duration::from_secs(30)).await.expect("it is announced");
        for watcher in &mut watchers {
            watcher.wait_until("present", |present| present.to_string().contains(&member.id)).await;
        }
        bus.leave(&member.id).await.expect("it leaves");
        for watcher in &mut watchers {
            watcher.wait_until("present", |present| !present.to_string().contains(&member.id)).await;
        }
    }
}
