//! `cogo agent events`: what happened to a job, as it happens if that is wanted.

use std::io::Write;
use std::time::Duration;

use agents::job::{Event, JobId, Status};
use agents::store::Store;

use super::args::EventsArgs;
use super::show::{short, time};
use super::{Jobs, id};
use crate::cli::args::Format;
use crate::cli::{Done, output};

/// Events that are read at once.
const PAGE: usize = 500;
/// How often to look if nobody rings.
const OFTEN: Duration = Duration::from_millis(250);

pub(super) async fn run(jobs: &Jobs, args: &EventsArgs) -> anyhow::Result<Done> {
    let id = id(&args.id)?;
    jobs.store.job(id).await?.ok_or_else(|| agents::Error::NoJob { id: id.to_string() })?;
    if args.follow {
        // Followed events have no end yet, and so each is a line.
        let format = if args.store.format == Format::Json { Format::Jsonl } else { args.store.format };
        let status = follow(&*jobs.store, id, args.after, |event| print(event, format)).await?;
        return Ok(if status == Some(Status::Succeeded) { Done::Something } else { Done::Nothing });
    }
    let mut events = Vec::new();
    let mut after = args.after;
    loop {
        let page = jobs.store.events(&id.stream(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        events.extend(page);
    }
    match args.store.format {
        Format::Json => output::print_json(&events, Format::Json)?,
        format => events.iter().try_for_each(|event| print(event, format))?,
    }
    Ok(Done::Something)
}

/// Tells of each event of a job until it is over; gives its status, or none if it was forgotten meanwhile.
pub(super) async fn follow(
    store: &dyn Store,
    id: JobId,
    mut after: i64,
    mut tell: impl FnMut(&Event) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Status>> {
    loop {
        // The job first: what it has become is told by events that are there by then.
        let job = store.job(id).await?;
        loop {
            let page = store.events(&id.stream(), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            page.iter().try_for_each(&mut tell)?;
        }
        match job {
            None => return Ok(None),
            Some(job) if job.status.is_over() => return Ok(Some(job.status)),
            Some(_) => tokio::time::sleep(OFTEN).await,
        }
    }
}

fn print(event: &Event, format: Format) -> anyhow::Result<()> {
    if format != Format::Text {
        return output::print_json(event, Format::Jsonl);
    }
    let mut out = output::stdout();
    let Event { seq, kind, data, at, .. } = event;
    writeln!(out, "{seq:>4}  {}  {kind:<24} {}", time(*at), short(data))?;
    Ok(out.flush()?)
}
