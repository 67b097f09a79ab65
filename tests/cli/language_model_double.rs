//! A server that speaks the protocol of OpenAI's chat completions, and says what a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What the server answers to one request.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: &'static str,
    pub body: String,
    pub delay: Duration,
}

impl Answer {
    /// A completion with this text, and what it took.
    pub(crate) fn text(text: &str, usage: (u64, u64)) -> Self {
        let body = json!({
            "id": "1", "object": "chat.completion", "model": "double",
            "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text } }],
            "usage": { "prompt_tokens": usage.0, "completion_tokens": usage.1, "total_tokens": usage.0 + usage.1 },
        });
        Answer { status: 200, headers: "", body: body.to_string(), delay: Duration::ZERO }
    }

    pub(super) fn failure(status: u16, message: &str) -> Self {
        let body = json!({ "error": { "message": message } }).to_string();
        Answer { status, headers: "", body, delay: Duration::ZERO }
    }
}

type Script = dyn Fn(usize, &Value) -> Answer + Send + Sync;

/// The server; it lives as long as the process.
pub(crate) struct Double {
    pub url: String,
    /// Bodies of the requests, and their `Authorization`.
    pub requests: Arc<Mutex<Vec<(Value, String)>>>,
}

impl Double {
    /// Starts it. `script` is given the number of the request, from 0, and its body.
    pub(crate) fn start(script: impl Fn(usize, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let requests: Arc<Mutex<Vec<(Value, String)>>> = Arc::default();
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (script.clone(), seen.clone());
                // A client that is killed hangs up: that is no failure of the server.
                std::thread::spawn(move || serve(&stream, &*script, &seen));
            }
        });
        Double { url, requests }
    }

    pub(super) fn count(&self) -> usize {
        self.requests.lock().expect("no panic").len()
    }

    /// Texts of the passages of all requests.
    pub(super) fn passages(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").iter().flat_map(|(body, _)| passages(body)).collect()
    }
}

fn serve(mut stream: &TcpStream, script: &Script, seen: &Mutex<Vec<(Value, String)>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut key, mut first) = (0, String::new(), String::new());
    reader.read_line(&mut first).ok()?;
    assert!(first.starts_with("POST /v1/chat/completions "), "{first}");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => key = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let number = {
        let mut seen = seen.lock().ok()?;
        seen.push((body.clone(), key));
        seen.len() - 1
    };
    let Answer { status, headers, body, delay } = script(number, &body);
    std::thread::sleep(delay);
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()
}

/// The passages that a request asks about.
pub(super) fn passages(body: &Value) -> Vec<String> {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let user = messages.iter().find(|message| message["role"] == "user").cloned().unwrap_or_default();
    let told: Value = serde_json::from_str(user["content"].as_str().unwrap_or_default()).unwrap_or_default();
    let texts = told["passages"].as_array().cloned().unwrap_or_default();
    texts.iter().map(|passage| passage["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A good answer about every passage, with one thing in it that was never said.
pub(super) fn read(body: &Value) -> String {
    let parts = passages(body).into_iter().zip(1..).map(|(text, id)| {
        let mut entities = vec![json!({ "name": "flying dragon", "quote": "a flying dragon" })];
        for name in ["admission gate", "night warden"] {
            if text.contains(name) {
                entities.push(json!({ "name": name, "quote": name }));
            }
        }
        let relation = |from: &str| {
            json!({ "from": from, "to": "admission gate", "relation": "guards", "quote": "night warden guards the admission gate" })
        };
        json!({ "id": id, "entities": entities, "relations": [relation("night warden"), relation("flying dragon")] })
    });
    json!({ "passages": parts.collect::<Vec<_>>() }).to_string()
}
