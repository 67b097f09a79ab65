//! `cogo agent cancel`, `requeue`, `approve`, `prune`.

use std::io::Write;
use std::time::Duration;

use agents::artifact::Artifacts;
use agents::job::{JobId, Status};
use agents::store::Filter;
use serde_json::json;

use super::args::{ApproveArgs, IdsArgs, PruneArgs, RequeueArgs};
use super::{Jobs, id};
use crate::agent;
use crate::cli::args::Format;
use crate::cli::{Done, output};

/// A content that was stored may be recorded so much later.
const GRACE: Duration = Duration::from_secs(3600);

pub(super) async fn cancel(jobs: &Jobs, args: &IdsArgs) -> anyhow::Result<Done> {
    let mut done = Vec::new();
    for id in args.ids.iter().map(|text| id(text)).collect::<anyhow::Result<Vec<_>>>()? {
        let status = jobs.store.cancel(id).await?;
        done.push(json!({ "id": id, "status": status }));
        if args.store.format == Format::Text {
            let said = if status == Status::Running { "was asked to stop" } else { "is cancelled" };
            say(&format!("{id} {said}"))?;
        }
    }
    print(&done, args.store.format)
}

pub(super) async fn approve(jobs: &Jobs, args: &ApproveArgs) -> anyhow::Result<Done> {
    let id = id(&args.id)?;
    let who = std::env::var("USER").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".into());
    agents::orchestrate::answer(&*jobs.store, id, !args.no, &who).await?;
    if args.store.format == Format::Text {
        say(&format!("the answer to {id} is {}", if args.no { "no" } else { "yes" }))?;
    }
    print(&[json!({ "id": id, "approved": !args.no, "by": who })], args.store.format)
}

pub(super) async fn requeue(jobs: &Jobs, args: &RequeueArgs) -> anyhow::Result<Done> {
    let mut done: Vec<JobId> = Vec::new();
    let ids = match args.all {
        false => args.ids.iter().map(|text| id(text)).collect::<anyhow::Result<Vec<_>>>()?,
        true => dead(jobs, args.kind.clone()).await?,
    };
    for id in ids {
        jobs.store.requeue(id).await?;
        done.push(id);
        if args.store.format == Format::Text {
            say(&format!("{id} begins again"))?;
        }
    }
    print(&done, args.store.format)?;
    Ok(if done.is_empty() { Done::Nothing } else { Done::Something })
}

/// All of the dead-letter queue.
async fn dead(jobs: &Jobs, kind: Option<String>) -> anyhow::Result<Vec<JobId>> {
    let mut filter = Filter { statuses: vec![Status::Dead], kind, ..Filter::default() };
    let mut ids = Vec::new();
    loop {
        let page = jobs.store.jobs(&filter).await?;
        let Some(last) = page.last() else { return Ok(ids) };
        filter.before = Some(last.id);
        ids.extend(page.iter().map(|job| job.id));
    }
}

pub(super) async fn prune(jobs: &Jobs, args: &PruneArgs) -> anyhow::Result<Done> {
    let pruned = jobs.store.prune(args.older.into()).await?;
    let artifacts = Artifacts::open(&agent::artifacts_url(&jobs.settings)?)?;
    let contents = artifacts
        .sweep(GRACE, |sha256| {
            let store = jobs.store.clone();
            async move { store.is_used(&sha256).await }
        })
        .await?;
    if args.store.format != Format::Text {
        let all = json!({ "jobs": pruned.jobs, "events": pruned.events, "contents": contents });
        output::print_json(&all, args.store.format)?;
        return Ok(Done::Something);
    }
    let (count, jobs, events) = (output::count, pruned.jobs, pruned.events);
    say(&format!("forgot {}, {} and {}", count(jobs, "job"), count(events, "event"), count(contents, "file")))?;
    Ok(Done::Something)
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn print(done: &impl serde::Serialize, format: Format) -> anyhow::Result<Done> {
    if format != Format::Text {
        output::print_json(done, format)?;
    }
    Ok(Done::Something)
}
