//! From an error to an exit code and words on stderr.

use std::ffi::OsStr;
use std::io;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use rag_core::{Error, Fault};

use crate::config::ConfigError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// A request that cannot be fulfilled as it stands, found out after the arguments were parsed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Usage {
    message: String,
    hint: Option<String>,
}

impl Usage {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Usage { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Usage { hint: Some(hint.into()), ..self }
    }
}

/// Prints the error and gives the exit code for it.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let (fault, hint) = judge(error);
    print(&message(error), hint.as_deref(), fault);
    exit_code(fault)
}

/// Prints what clap has to say. Asking for help is no error.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && wants_json() {
        let text = error.render().to_string();
        // The first paragraph says what is wrong; then come tips, usage and a pointer to the help.
        let what: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let what = what.join(" ");
        let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        print(what.trim_start_matches("error: "), tip, Fault::Caller);
    } else {
        // Nobody left to print to.
        let _ = error.print();
    }
    ExitCode::from(error.exit_code() as u8)
}

/// Says that the panic that was just printed is ours.
pub(super) fn panicked() -> ExitCode {
    print("cogo has failed in a way that it should not", Some("please report this, with the lines above"), Fault::Bug);
    exit_code(Fault::Bug)
}

/// An error as one line: the causes follow after colons, unless they repeat.
pub(super) fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

fn judge(error: &anyhow::Error) -> (Fault, Option<String>) {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<Error>() {
            return (error.fault(), error.hint());
        }
        if let Some(usage) = cause.downcast_ref::<Usage>() {
            return (Fault::Caller, usage.hint.clone());
        }
        if let Some(config) = cause.downcast_ref::<ConfigError>() {
            return (Fault::Caller, config.hint.clone());
        }
        if let Some(error) = cause.downcast_ref::<models::Error>() {
            return (fault_of(error.kind), error.hint.clone());
        }
        if let Some(error) = cause.downcast_ref::<mirror::Error>() {
            return judge_mirror(error);
        }
        if let Some(error) = cause.downcast_ref::<llm::Error>() {
            return (if error.is_callers() { Fault::Caller } else { Fault::Environment }, error.hint());
        }
        if let Some(error) = cause.downcast_ref::<agents::Error>() {
            return judge_job(error);
        }
        if cause.is::<io::Error>() {
            return (Fault::Environment, None);
        }
        if cause.is::<notify_debouncer_full::notify::Error>() || cause.is::<super::doctor::Unhealthy>() {
            return (Fault::Environment, None);
        }
    }
    (Fault::Bug, None)
}

fn judge_mirror(error: &mirror::Error) -> (Fault, Option<String>) {
    match error {
        mirror::Error::Address { .. } => (Fault::Caller, None),
        mirror::Error::Older { .. } => (Fault::Caller, Some("pass `--older` to replace it by what is here".into())),
        mirror::Error::Index(error) => (error.fault(), error.hint()),
        mirror::Error::Unreachable { .. } | mirror::Error::Unfit { .. } | mirror::Error::Server { .. } => {
            (Fault::Environment, None)
        }
    }
}

fn judge_job(error: &agents::Error) -> (Fault, Option<String>) {
    let hint = match error {
        agents::Error::NoJob { .. } => Some("`cogo agent status` lists jobs".into()),
        agents::Error::Unreachable { .. } => Some("check `--store`, or the setting `agents.store`".into()),
        _ => None,
    };
    (if error.is_callers() { Fault::Caller } else { Fault::Environment }, hint)
}

fn fault_of(kind: models::Kind) -> Fault {
    use models::Kind;
    match kind {
        Kind::Name | Kind::NotInstalled | Kind::Exists | Kind::Offline | Kind::Content => Fault::Caller,
        _ => Fault::Environment,
    }
}

fn exit_code(fault: Fault) -> ExitCode {
    ExitCode::from(match fault {
        Fault::Caller => 2,
        Fault::Environment => 3,
        Fault::Bug => 4,
    })
}

/// The word for a fault in JSON.
pub(super) fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::Caller => "caller",
        Fault::Environment => "environment",
        Fault::Bug => "bug",
    }
}

fn print(message: &str, hint: Option<&str>, fault: Fault) {
    if wants_json() {
        let fault = fault_word(fault);
        let error = serde_json::json!({ "error": { "message": message, "hint": hint, "fault": fault } });
        anstream::eprintln!("{error}");
        return;
    }
    anstream::eprintln!("{ERROR}error:{ERROR:#} {message}");
    if let Some(hint) = hint {
        anstream::eprintln!("{HINT}hint:{HINT:#} {hint}");
    }
}

/// Whether the caller asked for JSON. Looks at the arguments themselves, because they may be what is wrong.
fn wants_json() -> bool {
    let args: Vec<_> = std::env::args_os().take_while(|arg| arg != "--").collect();
    let json = |value: &OsStr| value == "json" || value == "jsonl";
    let apart = args.windows(2).any(|pair| pair[0] == "--format" && json(&pair[1]));
    let joined = args.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--format="));
    let given = args.iter().any(|arg| arg.to_str().is_some_and(|arg| arg.starts_with("--format")));
    apart || joined.map(OsStr::new).any(json) || (!given && args.iter().any(|arg| arg == "--batch"))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
