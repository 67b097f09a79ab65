//! `status`: whether answers can be trusted to be of now.

use serde::Deserialize;

use super::super::answer::{Answer, next};
use super::{Answered, Call, not_ready};

/// It is short by nature.
const TOKENS: usize = 600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

pub(super) fn answer(call: &Call, _: Arguments) -> Answered {
    let engine = call.engine();
    let progress = call.host.progress();
    let Ok(snapshot) = engine.snapshot() else { return Ok(not_ready(call.host).0 + "\n") };
    let mut answer = Answer::new(TOKENS);
    let name = engine.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let counts = &snapshot.manifest.counts;
    answer.line(&format!("repository {name}, generation {}", snapshot.manifest.generation));
    answer.line(&format!(
        "{} files, {} lines, {} definitions; {} files left out",
        counts.files, counts.lines, counts.symbols, counts.skipped
    ));
    let mut languages: Vec<_> = counts.languages.iter().collect();
    languages.sort_by_key(|(_, files)| std::cmp::Reverse(**files));
    let languages: Vec<String> = languages.iter().take(10).map(|(name, files)| format!("{name} {files}")).collect();
    answer.line(&format!("languages: {}", languages.join(", ")));
    let pending = engine.pending()?;
    let freshness = match (progress.running, pending.is_empty()) {
        (_, true) => "up to date".to_owned(),
        (running, false) => {
            let changes = format!("{} added, {} changed, {} removed", pending.added, pending.changed, pending.removed);
            let doing = if running { "being read now" } else { "not yet read" };
            format!("{changes} files {doing}")
        }
    };
    answer.line(&freshness);
    if let Some(reason) = progress.failed {
        answer.line(&format!("the last refresh failed: {reason}"));
    }
    if let Some(coverage) = engine.coverage()? {
        answer.line(&format!("{} has read {} of {} chunks", coverage.model, coverage.covered, coverage.chunks));
    }
    Ok(answer.end(&[next(&["overview".into(), "search".into()])]))
}
