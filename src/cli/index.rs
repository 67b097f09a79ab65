//! `cogo index` and `cogo-index`.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::args::{Format, IndexArgs};
use super::progress::Progress;
use super::report::{self, ReportJson};
use super::{Done, failure, output, target};
use crate::config::Sources;
use crate::watch::{Outcome, Watcher};
use crate::{Engine, Report};

pub(super) fn run(args: &IndexArgs) -> anyhow::Result<Done> {
    let config = Sources::read(Some(&args.path), flags(args))?.config()?;
    target::init_log(&config)?;
    let mut options = target::engine_options(&config);
    options.index.wait = args.wait;
    options.index.rebuild = args.rebuild;
    let root = args.path.canonicalize().unwrap_or_else(|_| args.path.clone());
    if args.watch {
        return watch(&root, options, args);
    }
    let engine = Engine::new(&root, options);
    print(&root, &refresh(&engine, args.quiet)?, args)?;
    Ok(Done::Something)
}

fn refresh(engine: &Engine, quiet: bool) -> rag_core::Result<Report> {
    let progress = Progress::new(quiet);
    engine.refresh(&|event| progress.note(event))
}

fn print(root: &Path, report: &Report, args: &IndexArgs) -> anyhow::Result<()> {
    match args.format {
        _ if args.quiet => Ok(()),
        Format::Text => report::print_text(root, report),
        format => output::print_json(&ReportJson::new(root, report), format),
    }
}

/// Indexes, and follows changes until Ctrl-C.
fn watch(root: &Path, mut options: crate::EngineOptions, args: &IndexArgs) -> anyhow::Result<Done> {
    // The watch begins before the first run, so that no change falls between.
    let mut engine = Engine::new(root, options.clone());
    let watcher = match root.is_dir() {
        true => Watcher::new(root, engine.store().folder())?,
        // Says what is wrong with the path.
        false => return Err(refresh(&engine, true).err().map_or_else(|| anyhow::anyhow!("not a folder"), Into::into)),
    };
    let stopper = watcher.stopper();
    ctrlc::set_handler(move || stopper.stop())?;
    print(root, &refresh(&engine, args.quiet)?, args)?;
    if options.index.rebuild {
        options.index.rebuild = false;
        engine = Engine::new(root, options);
    }
    let mut gone = None;
    let stopper = watcher.stopper();
    watcher.run(|| match refresh(&engine, true) {
        Ok(report) if report.unchanged => Outcome::Done,
        Ok(report) => {
            if let Err(error) = print_change(root, &report, args) {
                // Nobody reads any more.
                gone = Some(error);
                stopper.stop();
            }
            Outcome::Done
        }
        Err(error) => {
            target::note(&format!("{}; will try again", failure::message(&error.into())));
            Outcome::TryAgain
        }
    });
    gone.map_or(Ok(Done::Something), Err)
}

fn print_change(root: &Path, report: &Report, args: &IndexArgs) -> anyhow::Result<()> {
    if args.quiet {
        return Ok(());
    }
    if args.format != Format::Text {
        return output::print_json(&ReportJson::new(root, report), Format::Jsonl);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", report::one_line(report))?;
    Ok(out.flush()?)
}

fn flags(args: &IndexArgs) -> serde_json::Value {
    let mut flags = json!({});
    if let Some(threads) = args.threads {
        flags["threads"] = json!(threads);
    }
    if let Some(size) = args.max_file_size {
        flags["max_file_size"] = json!(size.as_u64());
    }
    if let Some(bytes) = args.chunk_bytes {
        flags["chunk_bytes"] = json!(bytes);
    }
    if args.include_vendored {
        flags["include_vendored"] = json!(true);
    }
    if let Some(folder) = &args.index_dir {
        flags["index_dir"] = json!(folder);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    flags
}
