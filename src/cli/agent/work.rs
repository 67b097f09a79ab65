//! `cogo agent worker` and `cogo agent run`.

use std::io::Write;

use agents::artifact::Artifacts;
use agents::job::Status;
use agents::worker::{Until, Worker};
use serde_json::json;

use super::args::{RunArgs, WorkerArgs};
use super::show::short;
use super::{Jobs, events, known, submit};
use crate::agent::{self, AGENTS, Agent, Setup};
use crate::cli::args::Format;
use crate::cli::output::harmless;
use crate::cli::{Done, output, target};

pub(super) async fn worker(jobs: &Jobs, args: &WorkerArgs) -> anyhow::Result<Done> {
    let kinds: Vec<&Agent> = match args.kinds.is_empty() {
        true => AGENTS.iter().collect(),
        false => args.kinds.iter().map(|kind| known(kind)).collect::<anyhow::Result<_>>()?,
    };
    let until = if args.drain { Until::Idle } else { Until::Stopped };
    let mut worker = make(jobs, &kinds)?.with_concurrency(args.jobs).until(until);
    if let Some(name) = &args.name {
        worker = worker.named(name);
    }
    if args.store.format == Format::Text {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        let place = agents::store::redacted(&jobs.url);
        target::note(&format!("{} works on {} from {place}; Ctrl-C ends it", worker.name(), names.join(", ")));
    }
    let done = worker.run(told_to_stop()).await?;
    if args.store.format != Format::Text {
        output::print_json(&done, args.store.format)?;
        return Ok(Done::Something);
    }
    let attempts = output::count(done.attempts, "attempt");
    target::note(&format!("{attempts}, {} recorded, {} lost", done.recorded, done.lost));
    Ok(Done::Something)
}

pub(super) async fn run_one(jobs: &Jobs, args: &RunArgs) -> anyhow::Result<Done> {
    let format = args.submit.store.format;
    let id = submit::enqueue(jobs, &args.submit).await?.id();
    let kinds: Vec<&Agent> = AGENTS.iter().collect();
    let worker = make(jobs, &kinds)?.with_concurrency(2).until(Until::Over(id));
    let telling = events::follow(&*jobs.store, id, 0, |event| {
        match format {
            Format::Jsonl => output::print_json(event, format)?,
            Format::Text => target::note(&format!("{} {}", event.kind, short(&event.data))),
            Format::Json => {}
        }
        Ok(())
    });
    let working = async { worker.run(told_to_stop()).await.map_err(anyhow::Error::from) };
    tokio::pin!(telling);
    tokio::select! {
        told = &mut telling => drop(told?),
        // It may have been told to stop: then nobody goes on with the job here.
        worked = working => {
            worked?;
            let over = jobs.store.job(id).await?.is_none_or(|job| job.status.is_over());
            if over {
                telling.await?;
            }
        }
    }
    let job = jobs.store.job(id).await?.ok_or_else(|| agents::Error::NoJob { id: id.to_string() })?;
    match format {
        Format::Text => match &job.result {
            Some(result) => {
                let mut out = output::stdout();
                // What is written for people goes before what is written for programs.
                let text = ["/text", "/result/text"].iter().find_map(|at| result.pointer(at)?.as_str());
                match text {
                    Some(text) => text.lines().try_for_each(|line| writeln!(out, "{}", harmless(line)))?,
                    None => writeln!(out, "{}", serde_json::to_string_pretty(result)?)?,
                }
                out.flush()?;
            }
            None => target::note(&format!("{id} is {}: {}", job.status, job.error.as_deref().unwrap_or("no error"))),
        },
        Format::Json => output::print_json(&job, format)?,
        Format::Jsonl => output::print_json(&json!({ "job": job }), format)?,
    }
    Ok(if job.status == Status::Succeeded { Done::Something } else { Done::Nothing })
}

fn make(jobs: &Jobs, kinds: &[&Agent]) -> anyhow::Result<Worker> {
    let artifacts = Artifacts::open(&agent::artifacts_url(&jobs.settings)?)?;
    let setup = Setup::new(&jobs.settings, jobs.configs()?)?;
    let handlers = kinds.iter().map(|kind| (kind.handler)(&setup));
    Ok(Worker::new(jobs.store.clone()).with_all(handlers).with_artifacts(artifacts))
}

/// Waits for Ctrl-C, or the signal that service managers send. A second one ends the process at once.
async fn told_to_stop() {
    told().await;
    target::note("stopping; once more stops at once");
    tokio::spawn(async {
        told().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn told() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn told() {
    drop(tokio::signal::ctrl_c().await);
}
