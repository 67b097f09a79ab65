//! What is to be read, and what that may take.

use std::collections::HashSet;

use super::log::{Log, Record};
use super::passage::{content, passages};
use super::prompt::{VERSION, prompt};
use crate::file::FileFacts;
use crate::knowledge::{sections, speaks};
use llm::{Usage, at_most, estimate};

/// Small passages share a call, up to so many bytes.
const CALL_BYTES: usize = 6000;
/// Share of what a passage has in tokens that an answer about it usually has.
const USUAL_ANSWER: f64 = 0.6;

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Sections of documents.
    pub sections: usize,
    /// Distinct passages that they are cut into.
    pub passages: usize,
    /// Passages that were read before.
    pub cached: usize,
    /// What this model has said, where another has had the last word since: to be added to the log again.
    pub again: Vec<Record>,
    /// The others, by the call that they go into.
    pub calls: Vec<Vec<String>>,
    /// Tokens that this will probably take.
    pub expected: Usage,
    /// Tokens that this takes at most, if no call fails.
    pub at_most: Usage,
}

impl Plan {
    /// Passages to read.
    pub fn new_passages(&self) -> usize {
        self.calls.iter().map(Vec::len).sum()
    }
}

/// Plans to let `model` read what it has not read yet.
pub fn plan(files: &[FileFacts], model: &str, log: &Log) -> Plan {
    let mut plan = Plan::default();
    let mut seen = HashSet::new();
    let mut open: Vec<String> = Vec::new();
    let mut bytes = 0;
    for section in sections(files).iter().filter(|section| speaks(&files[section.file as usize])) {
        let text = files[section.file as usize].text;
        plan.sections += 1;
        for passage in passages(text, section.span.range()).into_iter().map(|range| &text[range]) {
            let content = content(passage);
            if !seen.insert(content) {
                continue;
            }
            if let Some(record) = log.by(model, content, VERSION) {
                plan.cached += 1;
                // The last word counts: if another model had it, this one is to have it now.
                if log.last(content, VERSION) != Some(record) {
                    plan.again.push(record.clone());
                }
                continue;
            }
            if bytes + passage.len() > CALL_BYTES && !open.is_empty() {
                plan.calls.push(std::mem::take(&mut open));
                bytes = 0;
            }
            bytes += passage.len();
            open.push(passage.to_owned());
        }
    }
    if !open.is_empty() {
        plan.calls.push(open);
    }
    plan.passages = seen.len();
    for call in &plan.calls {
        let texts: Vec<&str> = call.iter().map(String::as_str).collect();
        let prompt = prompt(&texts);
        let read: u64 = texts.iter().map(|text| estimate(text)).sum();
        let schema = prompt.schema.as_ref().map_or(0, |schema| estimate(&schema.to_string()));
        let input = estimate(&prompt.system) + estimate(&prompt.user) + schema;
        plan.expected += Usage { input, output: (read as f64 * USUAL_ANSWER).ceil() as u64 };
        plan.at_most += Usage { input: at_most(&prompt), output: prompt.max_output.into() };
    }
    plan
}
