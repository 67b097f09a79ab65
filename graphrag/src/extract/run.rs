//! The run: a few calls at a time, every answer checked and kept as soon as it is there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use llm::{Error, LanguageModel};
use rag_core::Result;

use super::check::{Dropped, check};
use super::log::{LogWriter, Record};
use super::passage::content;
use super::plan::Plan;
use super::prompt::{VERSION, prompt};

/// How far a run has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Passages that are to be read.
    pub passages: usize,
    /// Passages that were read, and kept.
    pub read: usize,
    /// Passages whose answer could not be read, or that the provider refused; they are asked about again next time.
    pub unread: usize,
    /// Entities and relations that were kept.
    pub entities: usize,
    /// Relations that were kept.
    pub relations: usize,
    /// What was not in the text.
    pub dropped: Dropped,
    /// Why it stopped before the end.
    pub stopped: Option<Error>,
}

struct Run<'r> {
    model: &'r dyn LanguageModel,
    state: Mutex<(Progress, &'r mut LogWriter, Result<()>)>,
    report: &'r (dyn Fn(&Progress) + Sync),
}

/// Lets `model` read what is planned, with up to `at_once` calls under way. The cap of the model stops it; whatever was read is kept.
///
/// # Errors
/// If the log cannot be written. What the model says against it is in [`Progress::stopped`].
pub fn extract(
    plan: &Plan,
    model: &dyn LanguageModel,
    log: &mut LogWriter,
    at_once: usize,
    report: &(dyn Fn(&Progress) + Sync),
) -> Result<Progress> {
    let progress = Progress { passages: plan.new_passages(), ..Progress::default() };
    let run = Run { model, state: Mutex::new((progress, log, Ok(()))), report };
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(plan.calls.len()) {
            scope.spawn(|| {
                while let Some(call) = plan.calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let passages: Vec<&str> = call.iter().map(String::as_str).collect();
                    if !run.call(&passages) {
                        break;
                    }
                }
            });
        }
    });
    let (progress, _, outcome) = run.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.map(|()| progress)
}

impl Run<'_> {
    /// Asks about some passages; says whether to go on.
    fn call(&self, passages: &[&str]) -> bool {
        if self.update(|_, _| Ok(())) {
            return false;
        }
        let answer = self.model.complete(&prompt(passages));
        match answer.map(|reply| check(&reply.text, passages)) {
            Ok(Some(found)) => !self.update(|progress, log| {
                let mut records = Vec::with_capacity(passages.len());
                for (passage, (extracted, dropped)) in passages.iter().zip(found) {
                    progress.read += 1;
                    progress.entities += extracted.entities.len();
                    progress.relations += extracted.relations.len();
                    progress.dropped.entities += dropped.entities;
                    progress.dropped.relations += dropped.relations;
                    let answer = serde_json::to_value(extracted).unwrap_or_default();
                    let model = self.model.name().to_owned();
                    records.push(Record { version: VERSION, model, content: content(passage), answer });
                }
                log.append(records)
            }),
            // Too much for one answer, perhaps.
            Ok(None) | Err(Error::Reply(_)) if passages.len() > 1 => {
                passages.iter().all(|&passage| self.call(&[passage]))
            }
            Ok(None) | Err(Error::Reply(_)) => self.give_up(passages.len(), None),
            Err(error) => self.give_up(passages.len(), Some(error)),
        }
    }

    /// Notes that passages were not read; says whether to go on.
    fn give_up(&self, passages: usize, error: Option<Error>) -> bool {
        !self.update(|progress, _| {
            let refused = matches!(error, Some(Error::Status { status: 400 | 413 | 422, .. }));
            match error {
                // What one passage is refused for says nothing of the others, unless all are.
                Some(error) if !(refused && progress.read > 0) => {
                    // The first reason is the one; others follow from it.
                    progress.stopped.get_or_insert(error);
                }
                _ => progress.unread += passages,
            }
            Ok(())
        })
    }

    /// Changes the state and reports it; says whether to stop.
    fn update(&self, change: impl FnOnce(&mut Progress, &mut LogWriter) -> Result<()>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (progress, log, outcome) = &mut *state;
        if let Err(error) = change(progress, log) {
            *outcome = Err(error);
        }
        (self.report)(progress);
        progress.stopped.is_some() || outcome.is_err()
    }
}
