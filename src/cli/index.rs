//! `cogo index` and `cogo-index`.

use std::ffi::OsString;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rag_core::Error;
use rag_core::embedding::onnx::runtime;
use serde_json::json;

use super::args::{Format, IndexArgs};
use super::progress::{self, Progress};
use super::report::{self, ReportJson};
use super::{Done, failure, output, target};
use crate::config::{Config, Sources};
use crate::watch::{Outcome, Watcher};
use crate::{Coverage, Engine, Report, backfill, model};

pub(super) fn run(args: &IndexArgs) -> anyhow::Result<Done> {
    let config = Sources::read(Some(&args.path), flags(args))?.config()?;
    target::init_log(&config)?;
    let root = args.path.canonicalize().unwrap_or_else(|_| args.path.clone());
    let mut options = target::engine_options(&root, &config);
    options.index.wait = args.wait;
    options.index.rebuild = args.rebuild;
    let store = target::store(&root, &config);
    let model = model::chosen(&store, &config)?;
    if let Some(name) = &model {
        // What cannot be used is said before anything is done.
        options.model = Some(model::open(name, &config)?);
    }
    if args.watch {
        return watch(&root, options, &config, args);
    }
    let engine = Engine::new(&root, options);
    let report = refresh(&engine, args.quiet)?;
    remember_model(&engine, args)?;
    print(&root, &report, args)?;
    if model.is_some() {
        read_with_model(&engine, &config, args)?;
    }
    Ok(Done::Something)
}

/// Later runs and searches use the model that was asked for; a folder is not remembered.
fn remember_model(engine: &Engine, args: &IndexArgs) -> rag_core::Result<()> {
    let Some(name) = &args.model else { return Ok(()) };
    engine.store().set_model(Some(name.as_str()).filter(|name| *name != model::BUNDLED && !model::is_path(name)))
}

/// Lets the large model read what it has not read yet: here, or in a process behind.
fn read_with_model(engine: &Engine, config: &Config, args: &IndexArgs) -> anyhow::Result<()> {
    if args.behind {
        backfill::give_way();
    }
    if !args.backfill {
        return start_behind(engine, config, args);
    }
    let bar = progress::backfill(args.quiet);
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = stopped.clone();
    // Everything up to here is kept; the next run goes on.
    ctrlc::set_handler(move || stop.store(true, Ordering::Relaxed))?;
    let outcome = backfill::run(engine, &mut |state| {
        bar.set_length(state.texts as u64);
        bar.set_position(state.done as u64);
        bar.set_message(state.rate().map(|rate| format!("{rate:.1} texts/s")).unwrap_or_default());
        if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    match outcome {
        // The other one follows the index by itself.
        Err(Error::Locked { .. }) if args.behind => Ok(()),
        Err(error) => Err(error.into()),
        Ok(state) => {
            if !args.quiet && args.format == Format::Text {
                let mut out = output::stdout();
                writeln!(out, "{}", report::backfill_line(&state))?;
                out.flush()?;
            }
            Ok(())
        }
    }
}

/// Starts the process behind, unless it is not wanted, there is nothing to do, or it is running already.
fn start_behind(engine: &Engine, config: &Config, args: &IndexArgs) -> anyhow::Result<()> {
    if args.no_backfill {
        return Ok(());
    }
    let Some(Coverage { model, chunks, covered }) = engine.coverage()? else { return Ok(()) };
    if covered == chunks || engine.store().vectors(&model).is_locked() {
        return Ok(());
    }
    // Said here, and not in the log of a process that nobody sees.
    runtime::load(&model::runtime_paths(config))?;
    let mut arguments: Vec<OsString> = Vec::new();
    let program = std::env::current_exe()?;
    if program.file_stem().is_none_or(|name| name != "cogo-index") {
        arguments.push("index".into());
    }
    arguments.extend(["--backfill", "--behind", "--quiet"].map(OsString::from));
    if let Some(name) = &args.model {
        let name = if model::is_path(name) { Path::new(name).canonicalize()?.into() } else { OsString::from(name) };
        arguments.extend(["--model".into(), name]);
    }
    if let Some(folder) = &args.index_dir {
        arguments.extend(["--index-dir".into(), std::path::absolute(folder)?.into()]);
    }
    if let Some(threads) = args.threads {
        arguments.extend(["--threads".into(), threads.to_string().into()]);
    }
    if args.late_interaction {
        arguments.push("--late-interaction".into());
    }
    arguments.extend(["--".into(), engine.root().into()]);
    backfill::spawn(engine, &arguments)?;
    if !args.quiet {
        let (root, missing) = (engine.root().display(), output::count(chunks - covered, "chunk"));
        target::note(&format!("{model} reads {missing} behind; `cogo status {root}` shows how far it is"));
    }
    Ok(())
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
fn watch(root: &Path, mut options: crate::EngineOptions, config: &Config, args: &IndexArgs) -> anyhow::Result<Done> {
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
    remember_model(&engine, args)?;
    start_behind(&engine, config, args)?;
    if options.index.rebuild {
        options.index.rebuild = false;
        engine = Engine::new(root, options);
    }
    let mut gone = None;
    let stopper = watcher.stopper();
    watcher.run(|| match refresh(&engine, true) {
        Ok(report) if report.unchanged => Outcome::Done,
        Ok(report) => {
            if let Err(error) = start_behind(&engine, config, args) {
                target::note(&failure::message(&error));
            }
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
    if let Some(model) = &args.model {
        flags["model"] = json!(model);
    }
    if args.late_interaction {
        flags["late_interaction"] = json!(true);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    flags
}
