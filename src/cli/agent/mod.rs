//! `cogo agent`: durable jobs, and the processes that work on them.

pub(super) mod args;
mod care;
mod catalog;
mod events;
mod show;
mod submit;
mod work;

use std::sync::Arc;

use agents::job::JobId;
use agents::store::{self, Store};

use super::failure::Usage;
use super::{Done, target};
use crate::agent::{self, Configs};
use crate::config::{AgentsConfig, Sources};
use args::{AgentCommand, StoreArgs};

pub(super) fn run(command: &AgentCommand) -> anyhow::Result<Done> {
    match command {
        AgentCommand::Submit(args) => with(&args.store, async |jobs| submit::run(&jobs, args).await),
        AgentCommand::Run(args) => with(&args.submit.store, async |jobs| work::run_one(&jobs, args).await),
        AgentCommand::Status(args) => with(&args.store, async |jobs| show::status(&jobs, args).await),
        AgentCommand::Events(args) => with(&args.store, async |jobs| events::run(&jobs, args).await),
        AgentCommand::Cancel(args) => with(&args.store, async |jobs| care::cancel(&jobs, args).await),
        AgentCommand::Approve(args) => with(&args.store, async |jobs| care::approve(&jobs, args).await),
        AgentCommand::Dlq(args) => with(&args.store, async |jobs| show::dlq(&jobs, args).await),
        AgentCommand::Requeue(args) => with(&args.store, async |jobs| care::requeue(&jobs, args).await),
        AgentCommand::Prune(args) => with(&args.store, async |jobs| care::prune(&jobs, args).await),
        AgentCommand::Worker(args) => with(&args.store, async |jobs| work::worker(&jobs, args).await),
        AgentCommand::Kinds(args) => catalog::kinds(args),
        AgentCommand::Workflows(args) => catalog::workflows(args),
        AgentCommand::Roles(args) => catalog::roles(args),
    }
}

/// The store that was asked for, and how jobs are handled there.
struct Jobs {
    store: Arc<dyn Store>,
    url: String,
    settings: AgentsConfig,
}

impl Jobs {
    /// What the folder with settings of agents says.
    fn configs(&self) -> anyhow::Result<Configs> {
        Ok(Configs::load(&self.settings)?)
    }
}

/// Opens the store, and lets `act` have it.
fn with(args: &StoreArgs, act: impl AsyncFnOnce(Jobs) -> anyhow::Result<Done>) -> anyhow::Result<Done> {
    let mut flags = serde_json::json!({ "agents": {} });
    if let Some(url) = &args.store {
        flags["agents"]["store"] = url.clone().into();
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = log.clone().into();
    }
    let config = Sources::read(None, flags)?.config()?;
    target::init_log(&config)?;
    let settings = config.agents;
    let url = agent::store_url(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(async {
        let store = store::open(&url).await?;
        act(Jobs { store, url, settings }).await
    });
    // What handlers have begun and does not end by itself must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    done
}

/// The id that was typed.
fn id(text: &str) -> anyhow::Result<JobId> {
    Ok(text.parse()?)
}

/// The type of job called `kind`.
fn known(kind: &str) -> anyhow::Result<&'static agent::Agent> {
    agent::agent(kind).ok_or_else(|| {
        let names: Vec<&str> = agent::AGENTS.iter().map(|agent| agent.name).collect();
        let hint = match crate::config::suggestion(kind, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Usage::new(format!("there is no type of job called `{kind}`")).hint(hint).into()
    })
}
