//! `cogo model`.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressStyle};
use models::{Event, Installed, Network, State};
use rag_core::embedding::onnx::{OnnxEmbedder, OnnxOptions};
use rag_core::embedding::{Encoder, Role};
use serde_json::{Value, json};

use super::args::{BenchArgs, Format, ImportArgs, ListArgs, ModelArgs, ModelCommand, PullArgs, QuantizeArgs};
use super::failure::Usage;
use super::output;
use super::{Done, target};
use crate::config::{Config, Sources, user_file};
use crate::model;

/// The script behind `cogo model quantize`.
const QUANTIZE: &str = include_str!("../../scripts/quantize.py");

pub(super) fn run(command: &ModelCommand) -> anyhow::Result<Done> {
    let config = Sources::read(None, json!({}))?.config()?;
    target::init_log(&config)?;
    match command {
        ModelCommand::List(args) => list(&config, args),
        ModelCommand::Pull(args) => pull(&config, args),
        ModelCommand::Import(args) => import(&config, args),
        ModelCommand::Use(args) => choose(&config, args),
        ModelCommand::Verify(args) => verify(&config, args),
        ModelCommand::Remove(args) => remove(&config, args),
        ModelCommand::Bench(args) => bench(config, args),
        ModelCommand::Quantize(args) => quantize(&config, args),
    }
}

fn list(config: &Config, args: &ListArgs) -> anyhow::Result<Done> {
    let models = model::store(config)?.list()?;
    if args.format != Format::Text {
        output::print_json(&models, args.format)?;
        return Ok(Done::Something);
    }
    let chosen = config.model.as_deref();
    let mut table = output::table(&["model", "state", "size", "about"], 2..3);
    for model in &models {
        let state = match model.state {
            State::Installed if chosen == Some(&model.name) => "in use",
            State::Installed => "installed",
            State::Partial => "partial",
            State::Available => "",
            State::Damaged => "damaged",
        };
        let size = model.bytes.map(|bytes| ByteSize(bytes).display().iec().to_string()).unwrap_or_default();
        table.add_row([&model.name, state, &size, model.about.unwrap_or_default()]);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", output::table_text(&table))?;
    out.flush()?;
    Ok(Done::Something)
}

fn pull(config: &Config, args: &PullArgs) -> anyhow::Result<Done> {
    let bar = Bar::new(args.quiet);
    let installed = model::store(config)?.pull(&args.name, &Network::from_env(), &|event| bar.note(event));
    bar.clear();
    report(&installed?, args.quiet, args.format)
}

fn import(config: &Config, args: &ImportArgs) -> anyhow::Result<Done> {
    let bar = Bar::new(args.quiet);
    let installed = model::store(config)?.import(&args.path, args.name.as_deref(), &|event| bar.note(event));
    bar.clear();
    report(&installed?, args.quiet, args.format)
}

fn report(installed: &Installed, quiet: bool, format: Format) -> anyhow::Result<Done> {
    let (manifest, folder) = (&installed.manifest, installed.folder.display());
    if format != Format::Text {
        output::print_json(&json!({ "folder": installed.folder, "model": manifest }), format)?;
    } else if !quiet {
        let mut out = output::stdout();
        let size = ByteSize(manifest.bytes()).display().iec().to_string();
        writeln!(out, "installed {}: {size} in `{folder}`", manifest.name)?;
        if manifest.name != models::RUNTIME {
            writeln!(out, "try it: cogo-index --model {}", manifest.name)?;
        }
        out.flush()?;
    }
    Ok(Done::Something)
}

/// Writes the choice into the user file, and leaves everything else in it as it is.
fn choose(config: &Config, args: &ModelArgs) -> anyhow::Result<Done> {
    if args.name != model::BUNDLED {
        model::open(&args.name, config)?;
    }
    let path = user_file().ok_or_else(|| Usage::new("cannot tell where your settings belong").hint("set `HOME`"))?;
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let mut document: toml_edit::DocumentMut =
        text.parse().map_err(|error| Usage::new(format!("`{}` cannot be read: {error}", path.display())))?;
    document["model"] = toml_edit::value(&args.name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let next = path.with_extension("toml.next");
    std::fs::write(&next, document.to_string())?;
    std::fs::rename(&next, &path)?;
    print(args.format, &json!({ "model": args.name, "file": path }), &format!("every search now uses {}", args.name))
}

fn verify(config: &Config, args: &ModelArgs) -> anyhow::Result<Done> {
    let bar = Bar::new(args.format != Format::Text);
    let verification = model::store(config)?.verify(&args.name, &|event| bar.note(event));
    bar.clear();
    let found = verification?;
    let mut lines = vec![match found.is_whole() {
        true => format!("{} is whole: {} match their checksums", args.name, output::count(found.intact as u64, "file")),
        false => format!("{} is not what was installed", args.name),
    }];
    for (word, files) in [("missing", &found.missing), ("changed", &found.changed), ("not ours", &found.additional)] {
        lines.extend(files.iter().map(|file| format!("  {word}: {}", output::harmless(file))));
    }
    print(args.format, &json!({ "whole": found.is_whole(), "files": found }), &lines.join("\n"))?;
    match found.is_whole() {
        true => Ok(Done::Something),
        false => Err(super::doctor::Unhealthy.into()),
    }
}

fn remove(config: &Config, args: &ModelArgs) -> anyhow::Result<Done> {
    model::store(config)?.remove(&args.name)?;
    print(args.format, &json!({ "removed": args.name }), &format!("removed {}", args.name))
}

fn bench(mut config: Config, args: &BenchArgs) -> anyhow::Result<Done> {
    config.threads = args.threads.unwrap_or(config.threads);
    let options = OnnxOptions {
        threads: config.threads,
        sessions: args.sessions,
        batch_tokens: args.batch_tokens.unwrap_or(OnnxOptions::default().batch_tokens),
        late: config.late_interaction,
        runtime: model::runtime_paths(&config),
    };
    let folder = model::folder(&args.name, &config)?;
    let mut texts = Vec::new();
    for line in std::io::stdin().lock().split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        texts.push(serde_json::from_str::<String>(&line).unwrap_or(line));
    }
    if texts.is_empty() {
        return Err(Usage::new("there is no text on stdin").hint("give one per line").into());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let started = Instant::now();
    let short =
        Path::new(&args.name).file_name().map_or_else(|| args.name.clone(), |name| name.to_string_lossy().into());
    let encoder = OnnxEmbedder::open(&short, &folder, options)?;
    let library = encoder.load()?;
    let load_seconds = started.elapsed().as_secs_f64();
    let mut best = f64::INFINITY;
    let mut tokens = 0;
    for _ in 0..args.rounds.max(1) {
        let started = Instant::now();
        let encodings = encoder.encode(&texts, Role::Passage)?;
        best = best.min(started.elapsed().as_secs_f64());
        tokens = encodings.iter().map(|encoding| encoding.tokens).sum();
    }
    let started = Instant::now();
    encoder.encode(&["where is this function called"], Role::Query)?;
    let query_seconds = started.elapsed().as_secs_f64();
    let report = json!({
        "model": encoder.id(), "graph": encoder.folder().graph, "library": library, "threads": config.threads,
        "texts": texts.len(), "tokens": tokens, "seconds": best, "load_seconds": load_seconds, "query_seconds": query_seconds,
    });
    let text = format!(
        "{}: {:.0} tokens/s, {:.1} texts/s ({} of {:.0} tokens); load {:.0} ms, query {:.1} ms",
        encoder.id(),
        tokens as f64 / best,
        texts.len() as f64 / best,
        output::count(texts.len() as u64, "text"),
        tokens as f64 / texts.len() as f64,
        1e3 * load_seconds,
        1e3 * query_seconds,
    );
    print(args.format, &report, &text)
}

fn quantize(config: &Config, args: &QuantizeArgs) -> anyhow::Result<Done> {
    let (store, folder) = (model::store(config)?, model::folder(&args.name, config)?);
    // Everything but the weights, and the new weights, make a model that is installed like any other.
    let staged = tempfile::Builder::new().prefix("cogo-quantize").tempdir()?;
    copy_without_weights(&folder, staged.path())?;
    let script = tempfile::Builder::new().prefix("cogo-quantize").suffix(".py").tempfile()?;
    std::fs::write(script.path(), QUANTIZE)?;
    let mut command = Command::new("python3");
    command.arg("-I").arg(script.path()).arg(&folder).arg("--into").arg(staged.path());
    command.args(["--least-cosine", &args.least_cosine.to_string()]);
    command.args(args.careful.then_some("--careful")).args(args.gather.then_some("--gather"));
    let output = command.output().map_err(|error| {
        Usage::new(format!("python3 cannot be started: {error}"))
            .hint("install Python 3, then `pip install onnx onnxruntime tokenizers numpy`")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = |prefix: &str| said.lines().find_map(|line| line.strip_prefix(prefix)).map(str::to_owned);
        let usage = Usage::new(line("error: ").unwrap_or_else(|| format!("quantizing failed: {}", said.trim())));
        return Err(usage.hint(line("hint: ").unwrap_or_else(|| "see what Python says above".into())).into());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let mut result: Value = serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap_or(Value::Null);
    let short =
        Path::new(&args.name).file_name().map_or_else(|| args.name.clone(), |name| name.to_string_lossy().into());
    let installed = store.import(staged.path(), Some(&format!("{short}-int8")), &|_| ())?;
    let text = format!(
        "installed {}: cosine to the original {:.4} on average, {:.4} at least",
        installed.manifest.name,
        result["cosine_mean"].as_f64().unwrap_or(f64::NAN),
        result["cosine_min"].as_f64().unwrap_or(f64::NAN),
    );
    result["model"] = json!(installed.manifest.name);
    print(args.format, &result, &text)
}

/// Copies a model folder, but no graph, no weights and no manifest.
fn copy_without_weights(from: &Path, to: &Path) -> std::io::Result<()> {
    const WEIGHTS: [&str; 7] = ["onnx", "onnx_data", "data", "safetensors", "bin", "pt", "h5"];
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_weights = path.extension().is_some_and(|extension| WEIGHTS.iter().any(|known| extension == *known));
        if path.is_dir() {
            std::fs::create_dir(&target)?;
            copy_without_weights(&path, &target)?;
        } else if !is_weights && entry.file_name() != models::MANIFEST {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn print(format: Format, value: &Value, text: &str) -> anyhow::Result<Done> {
    if format != Format::Text {
        output::print_json(value, format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(Done::Something)
}

/// Shows what a download or a check is doing.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Self {
        if quiet || !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Bar(bar)
    }

    fn note(&self, event: Event<'_>) {
        match event {
            Event::Waiting => self.0.set_message("another process is at it; waiting"),
            Event::Asking { what } => self.0.set_message(format!("asking {what}")),
            Event::Planned { .. } => {}
            Event::Bytes { file, done, total } => {
                if let Some(total) = total {
                    let style = "{spinner} {msg} [{bar:28}] {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
                    let style = ProgressStyle::with_template(style).expect("the template is ours");
                    self.0.set_style(style.progress_chars("=> "));
                    self.0.set_length(total);
                }
                self.0.set_message(short(file));
                self.0.set_position(done);
            }
            Event::Checking { file } => self.0.set_message(format!("checking {}", short(file))),
            Event::Retrying { reason, wait } => self.0.set_message(format!("{reason}; again in {wait:.0?}")),
        }
    }

    fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn short(file: &str) -> String {
    Path::new(file).file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned())
}
