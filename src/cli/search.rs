//! `cogo search`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use indexer::language;
use rag_core::hybrid::Correction;
use rag_core::{Filter, Query, SearchResult, SymbolKind};

use super::args::{Format, HitArgs, SearchArgs};
use super::failure::Usage;
use super::hits;
use super::output::harmless;
use super::target::{self, Target};
use super::{Done, batch, output, snippet};
use crate::config::suggestion;

pub(super) fn run(args: &SearchArgs) -> anyhow::Result<Done> {
    let (text, paths) = split(args)?;
    let filter = filter(args)?;
    let target = Target::locate(&paths, &args.hits, args.mirror.flags())?;
    let mut query = query(&args.hits, &target);
    query.filter = filter;
    if args.batch {
        return batch::run(&target, &query, &args.hits);
    }
    query.text = if text == "-" { std::io::read_to_string(std::io::stdin())? } else { text };
    if query.text.trim().is_empty() {
        return Err(Usage::new("invalid query: it is empty").into());
    }
    target.refresh(&args.hits)?;
    let started = Instant::now();
    let result = target.search(&query)?;
    tracing::debug!(elapsed = ?started.elapsed(), hits = result.hits.len(), "searched");
    note_limits(&result);
    print(&result, &target, &args.hits)
}

/// Says which words were searched in place of others, and what the large model could not do.
pub(super) fn note_limits(result: &SearchResult) {
    for Correction { unknown, known } in &result.corrections {
        target::note(&format!("nothing holds a word like `{}`; searched for `{}`", harmless(unknown), harmless(known)));
    }
    if let Some(reason) = &result.degraded {
        target::note(&format!("{reason}; answered without the large model"));
    }
    if let Some(coverage) = result.coverage.as_ref().filter(|coverage| coverage.covered < coverage.chunks) {
        let (covered, chunks) = (output::number(coverage.covered), output::number(coverage.chunks));
        target::note(&format!("{} has read {covered} of {chunks} chunks so far", coverage.model));
    }
}

/// A query with the options that all kinds of search share, still without text.
pub(super) fn query(args: &HitArgs, target: &Target) -> Query {
    let mut query = Query::new("");
    query.limit = target.config.limit;
    query.mode = target.config.mode;
    query.unit = args.unit.into();
    query.explain = args.explain;
    query
}

/// Prints hits in the format that was asked for.
pub(super) fn print(result: &SearchResult, target: &Target, args: &HitArgs) -> anyhow::Result<Done> {
    match args.format.unwrap_or_default() {
        Format::Json => output::print_json(&hits::all(&result.hits, target, args.explain), Format::Json)?,
        Format::Jsonl => {
            let mut out = output::stdout();
            for hit in &result.hits {
                let line = serde_json::to_string(&hits::one(hit, target, args.explain))?;
                writeln!(out, "{line}")?;
            }
            out.flush()?;
        }
        Format::Text => snippet::print(result, target, args)?,
    }
    Ok(if result.hits.is_empty() { Done::Nothing } else { Done::Something })
}

/// Tells the query from the paths.
fn split(args: &SearchArgs) -> anyhow::Result<(String, Vec<PathBuf>)> {
    let mut words = args.query.iter().chain(&args.paths);
    let text = match args.batch {
        true => String::new(),
        false => words.next().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let mut paths: Vec<PathBuf> = words.map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(".".into());
    }
    if args.batch && matches!(args.hits.format, Some(Format::Text | Format::Json)) {
        return Err(Usage::new("`--batch` prints JSON lines").hint("use `--format jsonl`, or leave it out").into());
    }
    Ok((text, paths))
}

fn filter(args: &SearchArgs) -> anyhow::Result<Filter> {
    let mut filter = Filter { paths: args.globs.clone(), ..Filter::default() };
    for name in &args.languages {
        let language = language::by_name(name).ok_or_else(|| {
            let names = language::all().iter().flat_map(|language| language.aliases.iter().chain([&language.name]));
            unknown("language", name, names.copied(), "`cogo languages` lists them")
        })?;
        filter.languages.push(language.name.to_owned());
    }
    for word in &args.kinds {
        let kind = SymbolKind::parse(&word.to_ascii_lowercase()).ok_or_else(|| {
            let words: Vec<&str> = SymbolKind::ALL.iter().map(|kind| kind.as_str()).collect();
            unknown("kind", word, words.iter().copied(), &format!("known are {}", words.join(", ")))
        })?;
        filter.kinds.push(kind);
    }
    Ok(filter)
}

fn unknown<'w>(what: &str, word: &str, known: impl IntoIterator<Item = &'w str>, otherwise: &str) -> Usage {
    let hint = suggestion(&word.to_lowercase(), known).map(|known| format!("did you mean `{known}`?"));
    Usage::new(format!("unknown {what} `{word}`")).hint(hint.unwrap_or_else(|| otherwise.to_owned()))
}
