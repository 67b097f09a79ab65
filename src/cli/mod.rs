//! The command line: `cogo` and `cogo-index`.
//!
//! stdout is data, stderr is talk. Nothing here knows how searching works; nothing below here prints.

mod adapt;
mod agent;
mod args;
mod batch;
mod context;
mod doctor;
mod eval;
mod failure;
mod graph;
mod hits;
mod index;
mod info;
mod mcp;
mod model;
mod output;
mod progress;
mod related;
mod report;
mod research;
mod search;
mod serve;
mod snippet;
mod status;
mod sync;
mod target;

use std::process::ExitCode;

use clap::Parser;

use args::{Cogo, CogoIndex, Command, ConfigCommand};

/// Runs `cogo` and gives its exit code.
pub fn main() -> ExitCode {
    run::<Cogo>(|cogo| match cogo.command {
        Command::Index(args) => index::run(&args),
        Command::Search(args) => search::run(&args),
        Command::FindRelated(args) => related::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Config { command: ConfigCommand::Show(args) } => info::show_config(&args),
        Command::Context(args) => context::run(&args),
        Command::Research(args) => research::run(&args),
        Command::Adapt(args) => adapt::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Graph { command } => graph::run(&command),
        Command::Agent { command } => agent::run(&command),
        Command::Mcp(args) => mcp::run(&args),
        Command::Model { command } => model::run(&command),
        Command::Serve(args) => serve::run(&args),
        Command::Sync { command } => sync::sync(&command),
        Command::Verify { command } => sync::verify(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => info::completions(&args),
        Command::Languages(args) => info::languages(&args),
        Command::ExitCodes => info::exit_codes(),
    })
}

/// Runs `cogo-index` and gives its exit code.
pub fn main_index() -> ExitCode {
    run::<CogoIndex>(|args| index::run(&args.index))
}

/// What a command that did not fail says about its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// It found or did something.
    Something,
    /// It found nothing.
    Nothing,
}

fn run<A: Parser>(command: impl FnOnce(A) -> anyhow::Result<Done>) -> ExitCode {
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::usage(&error),
    };
    // A panic is our bug and gets the exit code of one; the default hook has printed it by then.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| command(args)));
    match outcome {
        Ok(Ok(Done::Something)) => ExitCode::SUCCESS,
        Ok(Ok(Done::Nothing)) => ExitCode::from(1),
        Ok(Err(error)) => failure::report(&error),
        Err(_) => failure::panicked(),
    }
}
