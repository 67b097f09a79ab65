//! `cogo search --batch`: one query per line in, one line of JSON out.

use std::io::{BufRead, Write};
use std::time::Instant;

use rag_core::{Query, SearchResult};
use serde::Serialize;

use super::args::HitArgs;
use super::hits;
use super::target::Target;
use super::{Done, failure, output};

#[derive(Serialize)]
struct Answer<'a> {
    query: &'a str,
    elapsed_us: u64,
    hits: Vec<crate::wire::HitJson>,
    /// Share of the chunks that the large model has read, if one was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<f64>,
    /// Why the answer is not what it could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Answers every line of stdin, in order. A query that cannot be answered gets an error, and the run goes on.
pub(super) fn run(target: &Target, template: &Query, args: &HitArgs) -> anyhow::Result<Done> {
    target.refresh(args)?;
    let mut input = std::io::stdin().lock();
    let mut out = output::stdout();
    let mut line = Vec::new();
    let mut query = template.clone();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(Done::Something);
        }
        let text = String::from_utf8_lossy(&line);
        text.trim_end_matches(['\n', '\r']).clone_into(&mut query.text);
        let started = Instant::now();
        let outcome = target.search(&query);
        let elapsed_us = started.elapsed().as_micros() as u64;
        let (result, error) = match outcome {
            Ok(result) => (result, None),
            Err(error) => (SearchResult::default(), Some(failure::message(&error.into()))),
        };
        let hits = hits::all(&result.hits, target, args.explain);
        let coverage = result.coverage.as_ref().map(|c| c.covered as f64 / c.chunks.max(1) as f64);
        let degraded = result.degraded.clone();
        let answer = Answer { query: &query.text, elapsed_us, hits, coverage, degraded, error };
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
}
