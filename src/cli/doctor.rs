//! `cogo doctor`: everything that could be wrong, looked at.

use std::io::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use bytesize::ByteSize;
use indexer::language;
use rag_core::store::manifest::FORMAT_VERSION;
use rag_core::{Error, Fault};
use serde::Serialize;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::args::{Format, PathArgs};
use super::status::lock_state;
use super::{Done, failure, output, target};
use crate::config::Config;
use crate::{Engine, Role, Snapshot, model};

/// What came of a look at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Note,
    Bad,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    message: String,
}

pub(super) fn run(args: &PathArgs) -> anyhow::Result<Done> {
    let (engine, config) = target::engine_for(&args.path, args.index_dir.as_deref(), &args.logging)?;
    let checks = [
        ok("version", format!("cogo {}, index format {FORMAT_VERSION}", env!("CARGO_PKG_VERSION"))),
        ok("platform", format!("{} on {}", std::env::consts::ARCH, std::env::consts::OS)),
        cpu(),
        ok("threads", std::thread::available_parallelism().map_or(1, |n| n.get()).to_string()),
        grammars(),
        writable(&engine),
        space(engine.root()),
        lock(&engine),
        index(&engine),
        runtime(&config, engine.model().is_some()),
        large_model(&engine),
    ];
    let bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
    match args.format {
        Format::Text => print(&checks)?,
        format => output::print_json(&json!({ "healthy": !bad, "checks": checks }), format)?,
    }
    match bad {
        true => Err(Unhealthy.into()),
        false => Ok(Done::Something),
    }
}

/// Something is wrong; the list says what.
#[derive(Debug, thiserror::Error)]
#[error("something is wrong with this machine or the index; see above")]
pub(super) struct Unhealthy;

fn print(checks: &[Check]) -> anyhow::Result<()> {
    let mut out = output::stdout();
    for check in checks {
        let (word, style) = match check.verdict {
            Verdict::Ok => ("ok  ", AnsiColor::Green.on_default()),
            Verdict::Note => ("note", AnsiColor::Yellow.on_default()),
            Verdict::Bad => ("bad ", Style::new().bold().fg_color(Some(AnsiColor::Red.into()))),
        };
        writeln!(out, "{style}{word}{style:#} {:<10} {}", check.name, output::harmless(&check.message))?;
    }
    Ok(out.flush()?)
}

fn check(name: &'static str, verdict: Verdict, message: impl Into<String>) -> Check {
    Check { name, verdict, message: message.into() }
}

fn ok(name: &'static str, message: impl Into<String>) -> Check {
    check(name, Verdict::Ok, message)
}

fn cpu() -> Check {
    let features = cpu_features();
    match features.is_empty() {
        true => check("cpu", Verdict::Note, "no vector instructions known to us; searching will be slower"),
        false => ok("cpu", features.join(", ")),
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    let known = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("f16c", is_x86_feature_detected!("f16c")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ];
    known.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<&'static str> {
    let known = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("sve", std::arch::is_aarch64_feature_detected!("sve")),
    ];
    known.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}

fn grammars() -> Check {
    let all = language::all().len();
    let with = language::all().iter().filter(|language| language.has_grammar()).count();
    ok("languages", format!("{all}, {with} of them parsed"))
}

fn writable(engine: &Engine) -> Check {
    let index = engine.store().folder();
    let folder = if index.is_dir() { index } else { index.parent().unwrap_or(index) };
    match tempfile::tempfile_in(folder) {
        Ok(_) => ok("writable", folder.display().to_string()),
        Err(error) => check("writable", Verdict::Bad, format!("cannot write in `{}`: {error}", folder.display())),
    }
}

fn space(root: &Path) -> Check {
    match fs4::available_space(root) {
        Ok(free) => {
            let verdict = if free < 100 << 20 { Verdict::Note } else { Verdict::Ok };
            check("space", verdict, format!("{} free", ByteSize(free).display().iec()))
        }
        Err(error) => check("space", Verdict::Note, format!("unknown: {error}")),
    }
}

fn lock(engine: &Engine) -> Check {
    match lock_state(engine) {
        Value::Bool(false) => ok("lock", "free"),
        Value::Bool(true) => check("lock", Verdict::Note, "another process is writing"),
        _ => check("lock", Verdict::Bad, "cannot be taken"),
    }
}

fn index(engine: &Engine) -> Check {
    let verified = engine.snapshot().and_then(|snapshot| verify(&snapshot));
    match verified {
        Ok(message) => ok("index", message),
        Err(Error::NoIndex { path }) => check("index", Verdict::Note, format!("none at `{}`", path.display())),
        Err(error) => {
            let verdict = if error.fault() == Fault::Caller { Verdict::Note } else { Verdict::Bad };
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            check("index", verdict, format!("{}{hint}", failure::message(&error.into())))
        }
    }
}

/// The library that large models need; without one it is no fault that there is none.
fn runtime(config: &Config, needed: bool) -> Check {
    match rag_core::embedding::onnx::runtime::load(&model::runtime_paths(config)) {
        Ok(loaded) => {
            let library = &loaded.library;
            ok(
                "onnx runtime",
                format!("`{}` ({}) can be used: {}", library.path.display(), library.origin, loaded.build),
            )
        }
        Err(error) => {
            let verdict = if needed { Verdict::Bad } else { Verdict::Note };
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            check("onnx runtime", verdict, format!("{error}{hint}"))
        }
    }
}

fn large_model(engine: &Engine) -> Check {
    let Some(model) = engine.model() else { return ok("large model", "none chosen") };
    match model.encode(&["where is this function called"], Role::Query) {
        Ok(encodings) => {
            let first = encodings.first();
            let length = first.map_or(0, |encoding| encoding.dense.len());
            let words = if first.is_some_and(|encoding| !encoding.sparse.is_empty()) { ", word weights" } else { "" };
            let tokens = if first.is_some_and(|encoding| !encoding.late.is_empty()) { ", token vectors" } else { "" };
            ok("large model", format!("{}: {length} dimensions{words}{tokens}", model.id()))
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            check("large model", Verdict::Bad, format!("{error}{hint}"))
        }
    }
}

/// Compares what opening an index does not: every text, the references, the facts of names, and the graphs.
fn verify(snapshot: &Snapshot) -> rag_core::Result<String> {
    let mut texts = 0usize;
    for live in &snapshot.segments {
        for file in 0..live.live.len() as u32 {
            live.segment.text(file)?;
            live.segment.references(file)?;
            live.segment.bindings(file)?;
            texts += 1;
        }
        for (name, digest) in &live.segment.entry().hnsw {
            let path = snapshot.folder.join(name);
            let bytes = std::fs::read(&path)?;
            if bytes.len() as u64 != digest.bytes || xxh3_64(&bytes) != digest.xxh3 {
                return Err(Error::Corrupt { path, reason: "checksum mismatch".into() });
            }
        }
    }
    let (segments, generation) = (snapshot.segments.len(), snapshot.manifest.generation);
    Ok(format!("generation {generation}: all checksums of {segments} segments and {texts} texts match"))
}
