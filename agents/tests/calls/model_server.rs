//! A server that answers like OpenAI, Anthropic or Gemini, by a script.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

/// The protocol that a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Shape {
    pub const ALL: [Shape; 3] = [Shape::OpenAi, Shape::Anthropic, Shape::Gemini];
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub model: String,
    pub body: Value,
    pub key: String,
    pub is_stream: bool,
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub text: String,
    pub calls: Vec<(String, Value)>,
    pub usage: Option<(u64, u64)>,
    /// Another status than 200; the text is its message.
    pub status: Option<u16>,
    pub retry_after: Option<u64>,
    pub delay: Duration,
    /// Another body than what the text makes.
    pub raw: Option<String>,
    /// The body comes in pieces that end at these bytes; then the rest.
    pub pieces: Vec<usize>,
    /// The connection is cut after so many bytes of the body.
    pub cut: Option<usize>,
}

impl Answer {
    pub fn text(text: impl Into<String>) -> Self {
        Answer { text: text.into(), usage: Some((100, 10)), ..Answer::default() }
    }

    pub fn status(status: u16, message: &str) -> Self {
        Answer { status: Some(status), ..Answer::text(message) }
    }
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

struct Shared {
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
}

pub struct ModelServer {
    address: String,
    shared: Arc<Shared>,
}

impl ModelServer {
    pub async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared { script: Box::new(script), asked: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        ModelServer { address, shared }
    }

    /// The name of a model, and the base URL where it speaks `shape`.
    pub fn options(&self, shape: Shape, model: &str) -> llm::ProviderOptions {
        let (provider, path) = match shape {
            Shape::OpenAi => ("openai", "v1"),
            Shape::Anthropic => ("anthropic", "anthropic/v1"),
            Shape::Gemini => ("gemini", "v1beta"),
        };
        llm::ProviderOptions {
            model: format!("{provider}::{model}"),
            base_url: Some(format!("{}/{path}", self.address)),
            timeout: Duration::from_secs(5),
            key_variable: None,
        }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no panic").clone()
    }

    pub fn count(&self) -> usize {
        self.asked().len()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).expect("a request is JSON");
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = uri.path();
    let (shape, model, is_stream) = match path.split_once("/models/") {
        Some((_, rest)) => {
            let (model, verb) = rest.split_once(':').expect("a verb");
            (Shape::Gemini, model.to_owned(), verb.starts_with("stream"))
        }
        None => {
            let shape = if path.contains("/messages") { Shape::Anthropic } else { Shape::OpenAi };
            (shape, body["model"].as_str().unwrap_or_default().to_owned(), body["stream"] == true)
        }
    };
    let key = header("authorization").or(header("x-api-key")).or(header("x-goog-api-key")).unwrap_or_default();
    let asked = {
        let mut all = shared.asked.lock().expect("no panic");
        let asked = Asked { model, body, key, is_stream };
        all.push(asked.clone());
        asked
    };
    let answer = (shared.script)(&asked);
    tokio::time::sleep(answer.delay).await;
    let mut response = Response::builder().status(answer.status.unwrap_or(200));
    if let Some(seconds) = answer.retry_after {
        response = response.header("retry-after", seconds.to_string());
    }
    let kind = if is_stream { "text/event-stream" } else { "application/json" };
    let text = answer.raw.clone().unwrap_or_else(|| match (answer.status, is_stream) {
        (Some(_), _) => json!({ "error": { "message": answer.text } }).to_string(),
        (None, true) => streamed(shape, &answer),
        (None, false) => whole(shape, &answer).to_string(),
    });
    response.header("content-type", kind).body(pieces(text.into_bytes(), &answer)).expect("a response")
}

/// The body in the pieces that the answer wants, and a cut.
fn pieces(bytes: Vec<u8>, answer: &Answer) -> Body {
    let end = answer.cut.unwrap_or(bytes.len()).min(bytes.len());
    let ends = answer.pieces.iter().copied().filter(|at| *at < end).chain([end]);
    let mut start = 0;
    let mut parts: Vec<std::io::Result<Bytes>> = Vec::new();
    for at in ends {
        parts.push(Ok(Bytes::copy_from_slice(&bytes[start..at])));
        start = at;
    }
    if answer.cut.is_some() {
        parts.push(Err(std::io::Error::other("it is cut")));
    }
    // Between two pieces the other side has time to read the first.
    let pause = if answer.cut.is_some() { 20 } else { 0 };
    Body::from_stream(stream::iter(parts).then(move |part| async move {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        tokio::task::yield_now().await;
        part
    }))
}

fn whole(shape: Shape, answer: &Answer) -> Value {
    let (input, output) = answer.usage.unwrap_or_default();
    let calls = &answer.calls;
    match shape {
        Shape::OpenAi => {
            let calls: Vec<Value> = calls
                .iter()
                .enumerate()
                .map(|(at, (name, arguments))| {
                    let function = json!({ "name": name, "arguments": arguments.to_string() });
                    json!({ "id": format!("call_{at}"), "type": "function", "function": function })
                })
                .collect();
            let mut message = json!({ "role": "assistant", "content": answer.text });
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            let mut whole = json!({ "id": "1", "object": "chat.completion", "model": "scripted",
                "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] });
            if answer.usage.is_some() {
                whole["usage"] =
                    json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
            }
            whole
        }
        Shape::Anthropic => {
            let mut content = vec![json!({ "type": "text", "text": answer.text })];
            content.extend(calls.iter().enumerate().map(|(at, (name, arguments))| {
                json!({ "type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": arguments })
            }));
            json!({ "id": "1", "type": "message", "role": "assistant", "model": "scripted", "content": content,
                "stop_reason": "end_turn", "usage": { "input_tokens": input, "output_tokens": output } })
        }
        Shape::Gemini => {
            let mut parts = vec![json!({ "text": answer.text })];
            parts.extend(
                calls.iter().map(|(name, arguments)| json!({ "functionCall": { "name": name, "args": arguments } })),
            );
            json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP", "index": 0 }],
                "usageMetadata": { "promptTokenCount": input, "candidatesTokenCount": output,
                    "totalTokenCount": input + output } })
        }
    }
}

/// The same as server-sent events: the text in three parts, arguments of tools in two.
fn streamed(shape: Shape, answer: &Answer) -> String {
    let (input, output) = answer.usage.unwrap_or_default();
    let third = answer.text.chars().count().div_ceil(3).max(1);
    let letters: Vec<char> = answer.text.chars().collect();
    let texts: Vec<String> = letters.chunks(third).map(|part| part.iter().collect()).collect();
    let mut events: Vec<Value> = Vec::new();
    match shape {
        Shape::OpenAi => {
            let delta =
                |delta: Value| json!({ "id": "1", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
            events.push(delta(json!({ "role": "assistant", "content": "" })));
            events.extend(texts.iter().map(|text| delta(json!({ "content": text }))));
            for (at, (name, arguments)) in answer.calls.iter().enumerate() {
                let (first, second) = halves(arguments);
                let function = json!({ "name": name, "arguments": first });
                let call = json!({ "index": at, "id": format!("call_{at}"), "type": "function", "function": function });
                events.push(delta(json!({ "tool_calls": [call] })));
                let more = json!({ "index": at, "function": { "arguments": second } });
                events.push(delta(json!({ "tool_calls": [more] })));
            }
            let reason = if answer.calls.is_empty() { "stop" } else { "tool_calls" };
            events.push(json!({ "id": "1", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }));
            if answer.usage.is_some() {
                let usage =
                    json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
                events.push(json!({ "id": "1", "choices": [], "usage": usage }));
            }
            let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            text + "data: [DONE]\n\n"
        }
        Shape::Anthropic => {
            let usage = json!({ "input_tokens": input, "output_tokens": 1 });
            events
                .push(json!({ "type": "message_start", "message": { "id": "1", "type": "message", "role": "assistant",
                "content": [], "model": "scripted", "stop_reason": null, "usage": usage } }));
            let block = |events: &mut Vec<Value>, at: usize, start: Value, deltas: Vec<Value>| {
                events.push(json!({ "type": "content_block_start", "index": at, "content_block": start }));
                for delta in deltas {
                    events.push(json!({ "type": "content_block_delta", "index": at, "delta": delta }));
                }
                events.push(json!({ "type": "content_block_stop", "index": at }));
            };
            let deltas = texts.iter().map(|text| json!({ "type": "text_delta", "text": text })).collect();
            block(&mut events, 0, json!({ "type": "text", "text": "" }), deltas);
            for (at, (name, arguments)) in answer.calls.iter().enumerate() {
                let (first, second) = halves(arguments);
                let part = |part: String| json!({ "type": "input_json_delta", "partial_json": part });
                let start = json!({ "type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": {} });
                block(&mut events, at + 1, start, vec![part(first), part(second)]);
            }
            events
                .push(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
                "usage": { "output_tokens": output } }));
            events.push(json!({ "type": "message_stop" }));
            let kind = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
            events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", kind(event))).collect()
        }
        Shape::Gemini => {
            let candidate = |parts: Value| json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "index": 0 }] });
            events.extend(texts.iter().map(|text| candidate(json!([{ "text": text }]))));
            for (name, arguments) in &answer.calls {
                events.push(candidate(json!([{ "functionCall": { "name": name, "args": arguments } }])));
            }
            let mut last = candidate(json!([{ "text": "" }]));
            last["candidates"][0]["finishReason"] = "STOP".into();
            last["usageMetadata"] = json!({ "promptTokenCount": input, "candidatesTokenCount": output,
                "totalTokenCount": input + output });
            events.push(last);
            events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect()
        }
    }
}

fn halves(arguments: &Value) -> (String, String) {
    let text = arguments.to_string();
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    (first.to_owned(), second.to_owned())
}
