//! Asking outside of the repository, if that is configured and allowed: one call per source, all at the same time, each guarded under the key
//! `web.NAME`. Only configured addresses are asked: no answer leads to another.

mod source;
mod text;

use std::time::{Duration, SystemTime};

use agents::guard::{Blame, Call, Done, Fault, Guard, Limits};
use agents::orchestrate::scope;
use agents::worker::{Context, Stop};
use futures_util::future::join_all;
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};

use crate::research::{Outside, Passage, Unanswered};
pub use source::Source;
pub(super) use source::load;

/// Who does not answer within this time, with all attempts, is done without.
const LONGEST: Duration = Duration::from_secs(30);
/// Passages of all sources together: what is recorded of a step is limited.
const MOST: usize = 32;
/// Who we are, to those who are asked.
const AGENT: &str = concat!("cogo/", env!("CARGO_PKG_VERSION"));

/// Asks all `sources`; what they give is kept with the job, and asked for once.
///
/// # Errors
/// [`Stop::Lost`], or what the stores say; a source that fails is none.
pub(super) async fn ask(context: &Context, guard: &Guard, sources: &[Source], question: &str) -> Result<Outside, Stop> {
    context
        .step("web", async || {
            let client = client().map_err(Stop::Fail)?;
            let answers =
                join_all(sources.iter().map(|source| ask_one(context, guard, &client, source, question))).await;
            let (mut passages, mut unanswered) = (Vec::new(), Vec::new());
            for (source, answer) in sources.iter().zip(answers) {
                match answer {
                    Ok(found) => passages.extend(found),
                    Err(reason) => unanswered.push(Unanswered { source: source.name.clone(), reason }),
                }
            }
            passages.sort_by_key(|passage: &Passage| passage.rank);
            passages.truncate(MOST);
            Ok(Outside { passages: keep(context, passages).await?, unanswered })
        })
        .await
}

fn client() -> Result<Client, String> {
    // Somebody else in the process may have installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A key and a question go where the user said, and nowhere else.
    let client = Client::builder().redirect(redirect::Policy::none()).user_agent(AGENT);
    client.build().map_err(|error| error.to_string())
}

async fn ask_one(
    context: &Context,
    guard: &Guard,
    client: &Client,
    source: &Source,
    question: &str,
) -> Result<Vec<Passage>, String> {
    let scope = scope(context, Limits { time: Some(LONGEST), ..Limits::default() });
    let call = Call { key: format!("web.{}", source.name), request: json!({ "query": question }), ..Call::default() };
    let answer = guard.call(&scope, call, || async { fetch(client, source, question).await.map(Done::free) });
    answer.await.map_err(|error| error.describe())
}

/// One attempt.
async fn fetch(client: &Client, source: &Source, question: &str) -> Result<Vec<Passage>, Fault> {
    let ours = |reason: String| Fault::new(Blame::Caller, reason);
    let key = match &source.key_variable {
        Some(name) => std::env::var(name).map_err(|_| ours(format!("the variable `{name}` is not set")))?,
        None => String::new(),
    };
    let (url, headers) = (source.address(question).map_err(ours)?, source.headers(&key).map_err(ours)?);
    let passing = |error: reqwest::Error| Fault::new(Blame::Passing, causes(&error.without_url()));
    let sent = client.get(url).header(ACCEPT, "application/json").headers(headers).send();
    let mut response = sent.await.map_err(passing)?;
    if response.status() != StatusCode::OK {
        return Err(refusal(&response));
    }
    let lasting = |reason: String| Fault::new(Blame::Lasting, reason);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(passing)? {
        if body.len() + chunk.len() > source.max_bytes {
            return Err(lasting(format!("its answer has more than {} bytes", source.max_bytes)));
        }
        body.extend_from_slice(&chunk);
    }
    let answer: Value =
        serde_json::from_slice(&body).map_err(|error| lasting(format!("its answer is no JSON: {error}")))?;
    source.passages(&answer).map_err(lasting)
}

/// What another status than 200 means.
fn refusal(response: &Response) -> Fault {
    let status = response.status();
    let blame = match status.as_u16() {
        408 | 425 | 429 | 500.. => Blame::Passing,
        400..500 => Blame::Caller,
        _ => Blame::Lasting,
    };
    let reason = match status.is_redirection() {
        true => format!("status {}: it leads to another address, which is not configured", status.as_u16()),
        false => format!("status {}", status.as_u16()),
    };
    let header = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
    Fault { retry_after: header.and_then(pause), ..Fault::new(blame, reason) }
}

/// `Retry-After`: seconds, or a date.
fn pause(header: &str) -> Option<Duration> {
    match header.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

/// The last cause: what the network says.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

/// Keeps the texts as artifacts of the job, so that what is cited can be looked up when the page has changed.
async fn keep(context: &Context, passages: Vec<Passage>) -> Result<Vec<Passage>, Stop> {
    let mut kept = Vec::new();
    for mut passage in passages {
        let origin = &mut passage.origin;
        let name = format!("web/{}/{}.txt", origin.source, passage.rank + 1);
        let content = format!("{}\n{}\n\n{}\n", origin.title, origin.url, passage.text);
        match context.attach(&name, "text/plain", content.into_bytes()).await {
            Ok(_) => origin.kept = Some(name),
            // A worker without a place for artifacts cites the address alone.
            Err(Stop::Fail(_)) => {}
            Err(stop) => return Err(stop),
        }
        kept.push(passage);
    }
    Ok(kept)
}
