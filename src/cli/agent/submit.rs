//! `cogo agent submit`.

use std::io::Write;

use agents::job::{Enqueued, NewJob};
use serde_json::{Map, Value, json};

use super::args::SubmitArgs;
use super::{Jobs, known};
use crate::agent;
use crate::cli::args::Format;
use crate::cli::failure::Usage;
use crate::cli::{Done, output, target};

pub(super) async fn run(jobs: &Jobs, args: &SubmitArgs) -> anyhow::Result<Done> {
    let enqueued = enqueue(jobs, args).await?;
    if args.store.format != Format::Text {
        let is_new = matches!(enqueued, Enqueued::New(_));
        output::print_json(&json!({ "id": enqueued.id(), "new": is_new }), args.store.format)?;
        return Ok(Done::Something);
    }
    if let Enqueued::Existing(_) = enqueued {
        target::note("the key has a job already");
    }
    let mut out = output::stdout();
    writeln!(out, "{}", enqueued.id())?;
    out.flush()?;
    Ok(Done::Something)
}

/// Makes the job that was typed.
pub(super) async fn enqueue(jobs: &Jobs, args: &SubmitArgs) -> anyhow::Result<Enqueued> {
    let kind = known(&args.kind)?;
    let wrong = |reason: String| {
        Usage::new(format!("inputs of `{}`: {reason}", kind.name)).hint(format!("inputs: {}", kind.inputs))
    };
    let job = agent::job(kind, inputs(&args.inputs)?, &jobs.configs()?).map_err(wrong)?;
    let mut job = NewJob {
        priority: args.priority,
        delay: args.delay.map_or(job.delay, Into::into),
        deadline: args.deadline.map(Into::into).into_iter().chain(job.deadline).min(),
        idempotency_key: args.key.clone(),
        needs: args.needs.iter().map(|id| super::id(id)).collect::<anyhow::Result<_>>()?,
        ..job
    };
    if let Some(attempts) = args.attempts {
        job.retry.max_attempts = attempts;
    }
    Ok(jobs.store.enqueue(&job).await?)
}

/// The object that was typed.
fn inputs(words: &[String]) -> anyhow::Result<Value> {
    let object = |text: &str| -> anyhow::Result<Value> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Usage::new(format!("the inputs are no JSON: {error}")))?;
        match value {
            Value::Object(_) => Ok(value),
            _ => Err(Usage::new("the inputs must be one JSON object").into()),
        }
    };
    match words {
        [word] if word == "-" => return object(&std::io::read_to_string(std::io::stdin())?),
        [word] if word.starts_with('{') => return object(word),
        _ => {}
    }
    let mut fields = Map::new();
    for word in words {
        let wrong = || Usage::new(format!("`{word}` is no input")).hint("write `key=value`");
        let (key, value) = word.split_once('=').ok_or_else(wrong)?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        fields.insert(key.to_owned(), value);
    }
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> anyhow::Result<Value> {
        inputs(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn inputs_are_pairs_or_json() {
        let pairs = of(&["path=/a=b", "limit=3", "rebuild=true", "query=a b"]).expect("inputs");
        assert_eq!(pairs, json!({ "path": "/a=b", "limit": 3, "rebuild": true, "query": "a b" }));
        assert_eq!(of(&["{\"path\": \".\"}"]).expect("inputs"), json!({ "path": "." }));
        assert_eq!(of(&[]).expect("inputs"), json!({}));
        assert!(of(&["path"]).is_err());
        assert!(of(&["{"]).is_err());
    }
}
