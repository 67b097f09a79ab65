//! What can be typed after `cogo agent`.

use agents::job::Status;
use clap::{Args, Subcommand};

use crate::cli::args::{Format, Logging};

pub(in crate::cli) const AGENT_EXAMPLES: &str = "\
Examples:
  cogo agent run orchestrate goal='how are sessions signed, and who calls that?'
  cogo agent run index path=~/project            do it now, here, and wait for it
  id=$(cogo agent submit index path=~/project)   let a worker do it
  cogo agent worker                              be one; any number of processes may be
  cogo agent events $id --follow
  cogo agent dlq && cogo agent requeue --all

Jobs survive crashes: they are executed at least once, and what they record is recorded exactly once. They are kept in a file of
yours, or in PostgreSQL, for several machines: --store postgres://me@db.lan/jobs, or `agents.store` in the user file.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AgentCommand {
    /// Enqueues a job, and prints its id.
    #[command(
        after_long_help = "Examples:\n  cogo agent submit index path=~/project\n  cogo agent submit search path=. query='retry policy' --key today\n  echo '{\"path\": \"/srv/shop\"}' | cogo agent submit index -"
    )]
    Submit(SubmitArgs),
    /// Enqueues a job, works on it here, and prints its result.
    ///
    /// Works on this job and its parts only. Exit code 1 if it does not succeed. If this process dies, any worker goes on.
    #[command(
        after_long_help = "Examples:\n  cogo agent run index path=~/project\n  cogo agent run search query='token bucket' --format json | jq .result.hits"
    )]
    Run(RunArgs),
    /// Shows how many jobs there are and the latest ones, or all about one.
    #[command(
        after_long_help = "Examples:\n  cogo agent status\n  cogo agent status --status running,queued --kind index\n  cogo agent status 019a9c5e-… --format json | jq .progress"
    )]
    Status(StatusArgs),
    /// Shows what happened to a job.
    #[command(
        after_long_help = "Examples:\n  cogo agent events 019a9c5e-…\n  cogo agent events 019a9c5e-… --follow --format jsonl | jq .data\n\nWith --follow it ends when the job is over, with exit code 1 if that did not succeed."
    )]
    Events(EventsArgs),
    /// Stops jobs and their parts: at once what waits; what runs is asked to stop.
    #[command(after_long_help = "Example:\n  cogo agent cancel 019a9c5e-…")]
    Cancel(IdsArgs),
    /// Answers a question that a plan asks: yes, or with --no, no.
    ///
    /// Open questions are jobs of the type `approval`; `cogo agent status ID` of such a job shows the question.
    #[command(
        after_long_help = "Examples:\n  cogo agent status --kind approval --status queued\n  cogo agent approve 019a9c5e-…\n  cogo agent approve 019a9c5e-… --no"
    )]
    Approve(ApproveArgs),
    /// Lists the dead-letter queue: jobs of which all attempts have failed.
    #[command(after_long_help = "Example:\n  cogo agent dlq --format json | jq '.[] | {id, type, error}'")]
    Dlq(DlqArgs),
    /// Lets jobs that failed, died or were cancelled begin again. Steps that they have done stay done.
    #[command(after_long_help = "Examples:\n  cogo agent requeue 019a9c5e-…\n  cogo agent requeue --all --kind index")]
    Requeue(RequeueArgs),
    /// Works on jobs until it is stopped. Any number may run, on any machine that reaches the store.
    ///
    /// Ctrl-C lets running jobs end or give up within seconds; what is given up goes back to the queue.
    #[command(
        after_long_help = "Examples:\n  cogo agent worker --kinds index --jobs 2\n  cogo agent worker --store postgres://me@db.lan/jobs\n  cogo agent worker --drain      work until nothing is left"
    )]
    Worker(WorkerArgs),
    /// Forgets jobs that have been over for long, and what belongs to them.
    #[command(after_long_help = "Example:\n  cogo agent prune --older 30days")]
    Prune(PruneArgs),
    /// Lists the types of jobs and their inputs.
    #[command(after_long_help = "Example:\n  cogo agent kinds")]
    Kinds(CatalogArgs),
    /// Lists the named workflows and their inputs: those that cogo comes with, and your own.
    ///
    /// Your own are files in the folder `workflows` of the setting `agents.configs`.
    #[command(
        after_long_help = "Examples:\n  cogo agent workflows\n  cogo agent run orchestrate workflow=change-review input='{\"symbol\": \"Engine\"}'"
    )]
    Workflows(CatalogArgs),
    /// Lists the roles that may work on goals: their tools and limits.
    ///
    /// Your own are files in the folder `roles` of the setting `agents.configs`.
    #[command(
        after_long_help = "Examples:\n  cogo agent roles\n  cogo agent run orchestrate goal='who calls Engine?' role=reviewer"
    )]
    Roles(CatalogArgs),
}

/// Where jobs are kept.
#[derive(Args, Debug)]
pub(in crate::cli) struct StoreArgs {
    /// Where jobs are kept: `postgres://…`, or an SQLite file [default: `agents.store`, else a file of this user].
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct SubmitArgs {
    /// The type of job; see `cogo agent kinds`.
    pub kind: String,
    /// Its inputs: `key=value` (JSON, or text), one JSON object, or `-` for one on standard input.
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Jobs of a type with the same key are one job.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Jobs with a higher one go first.
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    pub priority: i32,
    /// Do not begin before this time has passed.
    #[arg(long, value_name = "TIME")]
    pub delay: Option<humantime::Duration>,
    /// It is of no use after this time.
    #[arg(long, value_name = "TIME")]
    pub deadline: Option<humantime::Duration>,
    /// How often to try [default: as the retry policy says].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub attempts: Option<i32>,
    /// Begin when this job has succeeded.
    #[arg(long = "after", value_name = "ID")]
    pub needs: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct RunArgs {
    #[command(flatten)]
    pub submit: SubmitArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct StatusArgs {
    /// The job.
    pub id: Option<String>,
    /// Only jobs of these statuses.
    #[arg(long, value_delimiter = ',', value_name = "STATUS", value_parser = status)]
    pub status: Vec<Status>,
    /// Only jobs of this type.
    #[arg(long)]
    pub kind: Option<String>,
    /// At most so many jobs.
    #[arg(short = 'k', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub store: StoreArgs,
}

fn status(word: &str) -> Result<Status, String> {
    let words = || Status::ALL.map(Status::as_str).join(", ");
    word.parse().map_err(|_| format!("it is one of {}", words()))
}

#[derive(Args, Debug)]
pub(in crate::cli) struct EventsArgs {
    /// The job.
    pub id: String,
    /// Only events after this number.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub after: i64,
    /// Go on as events come, until the job is over.
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct IdsArgs {
    /// The jobs.
    #[arg(required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ApproveArgs {
    /// The question.
    pub id: String,
    /// The answer is no.
    #[arg(long)]
    pub no: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct DlqArgs {
    /// Only jobs of this type.
    #[arg(long)]
    pub kind: Option<String>,
    /// At most so many jobs.
    #[arg(short = 'k', long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct RequeueArgs {
    /// The jobs.
    #[arg(required_unless_present = "all")]
    pub ids: Vec<String>,
    /// All of the dead-letter queue.
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// With --all: only of this type.
    #[arg(long, requires = "all")]
    pub kind: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct WorkerArgs {
    /// The types of jobs to work on [default: all].
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    pub kinds: Vec<String>,
    /// Jobs at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
    /// What it is called [default: made up].
    #[arg(long)]
    pub name: Option<String>,
    /// End when nothing is left to do.
    #[arg(long)]
    pub drain: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct PruneArgs {
    /// For how long they must have been over.
    #[arg(long, value_name = "TIME")]
    pub older: humantime::Duration,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct CatalogArgs {
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}
