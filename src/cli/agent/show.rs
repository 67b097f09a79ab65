//! `cogo agent status`, `dlq`: jobs for people and for scripts.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agents::job::{Job, Millis, Status};
use agents::store::Filter;
use serde_json::{Value, json};

use super::args::{DlqArgs, StatusArgs};
use super::{Jobs, id};
use crate::cli::Done;
use crate::cli::args::Format;
use crate::cli::output::{self, harmless};

/// Longest text of a line of a table.
const WIDEST: usize = 80;

pub(super) async fn status(jobs: &Jobs, args: &StatusArgs) -> anyhow::Result<Done> {
    if let Some(text) = &args.id {
        let id = id(text)?;
        let job = jobs.store.job(id).await?.ok_or_else(|| agents::Error::NoJob { id: id.to_string() })?;
        return one(jobs, &job, args.store.format).await;
    }
    let filter =
        Filter { statuses: args.status.clone(), kind: args.kind.clone(), most: args.limit.max(1), ..Filter::default() };
    let (counts, list) = (jobs.store.counts().await?, jobs.store.jobs(&filter).await?);
    if args.store.format != Format::Text {
        return print(&json!({ "counts": counts, "jobs": list }), args.store.format);
    }
    let mut out = output::stdout();
    if counts.is_empty() {
        writeln!(out, "no jobs in {}", agents::store::redacted(&jobs.url))?;
    }
    for count in &counts {
        writeln!(out, "{} {} {}", output::number(count.jobs as u64), count.kind, count.status)?;
    }
    if !list.is_empty() {
        writeln!(out, "\n{}", table(&list))?;
    }
    out.flush()?;
    Ok(Done::Something)
}

pub(super) async fn dlq(jobs: &Jobs, args: &DlqArgs) -> anyhow::Result<Done> {
    let filter =
        Filter { statuses: vec![Status::Dead], kind: args.kind.clone(), most: args.limit.max(1), ..Filter::default() };
    let list = jobs.store.jobs(&filter).await?;
    if args.store.format != Format::Text {
        return print(&list, args.store.format);
    }
    let mut out = output::stdout();
    match list.is_empty() {
        true => writeln!(out, "the dead-letter queue is empty")?,
        false => writeln!(out, "{}", table(&list))?,
    }
    out.flush()?;
    Ok(Done::Something)
}

/// All about a job.
async fn one(jobs: &Jobs, job: &Job, format: Format) -> anyhow::Result<Done> {
    let artifacts = jobs.store.artifacts(job.id).await?;
    if format != Format::Text {
        let mut all = json!(job);
        all["artifacts"] = json!(artifacts);
        return print(&all, format);
    }
    let mut out = output::stdout();
    writeln!(out, "{} {} {}", job.id, job.kind, job.status)?;
    let mut line = |name: &str, value: String| writeln!(out, "{name:<10} {}", harmless(&value));
    line("payload", job.payload.to_string())?;
    line("attempts", format!("{} of {}", job.attempts, job.max_attempts))?;
    line("created", time(job.created_at))?;
    if let Some(started) = job.started_at {
        line("started", format!("{} by {}", time(started), job.executor_id.as_deref().unwrap_or("nobody")))?;
    }
    match job.finished_at {
        Some(finished) => line("over", time(finished))?,
        None if job.status == Status::Queued => line("due", time(job.run_at))?,
        None => {}
    }
    if job.cancel_requested && !job.status.is_over() {
        line("stopping", "asked to stop".into())?;
    }
    for (name, value) in [("progress", &job.progress), ("result", &job.result)] {
        if let Some(value) = value {
            line(name, value.to_string())?;
        }
    }
    if let Some(error) = &job.error {
        line("error", error.clone())?;
    }
    for artifact in &artifacts {
        line("artifact", format!("{}, {} bytes: {}", artifact.name, artifact.size, artifact.uri))?;
    }
    line("trace", job.trace_id.clone())?;
    out.flush()?;
    Ok(Done::Something)
}

fn table(list: &[Job]) -> String {
    let mut table = output::table(&["job", "type", "status", "attempts", "created", "last"], 3..4);
    for job in list {
        let said = match (&job.error, &job.progress) {
            (Some(error), _) => error.clone(),
            (None, Some(progress)) if !job.status.is_over() => progress.to_string(),
            _ => String::new(),
        };
        let said: String = harmless(said.lines().next().unwrap_or_default()).chars().take(WIDEST).collect();
        let attempts = format!("{}/{}", job.attempts, job.max_attempts);
        table.add_row([
            job.id.to_string(),
            job.kind.clone(),
            job.status.to_string(),
            attempts,
            time(job.created_at),
            said,
        ]);
    }
    output::table_text(&table)
}

/// A time as people write it, in UTC.
pub(super) fn time(at: Millis) -> String {
    let time: SystemTime = UNIX_EPOCH + Duration::from_millis(at.max(0) as u64);
    humantime::format_rfc3339_millis(time).to_string()
}

/// A value in one line for people.
pub(super) fn short(value: &Value) -> String {
    harmless(&value.to_string()).chars().take(200).collect()
}

fn print(value: &impl serde::Serialize, format: Format) -> anyhow::Result<Done> {
    output::print_json(value, format)?;
    Ok(Done::Something)
}
