//! How the repository is organised: overview, communities, and what one symbol is about.

use std::io::Write;
use std::sync::Arc;

use graphrag::Graph;
use graphrag::extract::summary::Part;
use graphrag::extract::{Log, LogWriter, summary as prompts};
use graphrag::graph::{Community, NodeKind};
use llm::{Usage, at_most, estimate};
use mirror::neo4j::View;
use rag_core::Snapshot;
use rag_core::store::manifest::Counts;
use serde_json::json;

use super::super::args::{CommunitiesArgs, ExplainArgs, Format, OverviewArgs};
use super::super::output::{self, count, harmless};
use super::super::target;
use super::spending::{Preview, Spending, flags, say, spent_line};
use super::{Done, concept, doubt, find, place};
use crate::config::Config;
use crate::overview::{explain, overview, summary};
use crate::wire::{CommunitiesAnswer, Explained, OverviewAnswer};
use crate::{Engine, extract, mirrors};

/// Names per line.
const NAMES: usize = 6;

/// What is asked about.
struct Asked {
    snapshot: Arc<Snapshot>,
    graph: Arc<Graph>,
    /// Summaries that a model has written, if it was ever told to.
    summaries: Log,
}

fn open(args: &OverviewArgs) -> anyhow::Result<Asked> {
    let (engine, config) = target::engine_for(&args.root, None, &args.logging)?;
    match &args.neo4j {
        Some(url) => of_mirror(&engine, &config, url),
        None => asked(&engine),
    }
}

/// The graph is that of the mirror; what is not in it is of the index, if that is here and of the same generation.
fn of_mirror(engine: &Engine, config: &Config, url: &str) -> anyhow::Result<Asked> {
    let View { generation, graph, .. } = mirrors::neo4j(url)?.whole(&mirrors::origin(engine.root(), &config.sync))?;
    let here = engine.snapshot().ok().filter(|snapshot| snapshot.manifest.generation == generation);
    let snapshot = here.unwrap_or_else(|| {
        let symbols = graph.ids().filter(|&id| graph.node(id).symbol.is_some()).count() as u64;
        let counts = Counts { files: graph.files().len() as u64, symbols, ..Counts::default() };
        Arc::new(Snapshot::unsaved(generation, ("", 0), counts, Vec::new()))
    });
    let summaries = Log::open(&extract::summaries_of(engine.store())).unwrap_or_default();
    Ok(Asked { snapshot, graph, summaries })
}

fn asked(engine: &Engine) -> anyhow::Result<Asked> {
    target::refresh(engine)?;
    // They are an extra: without them, everything else is as good.
    let summaries = Log::open(&extract::summaries_of(engine.store())).unwrap_or_default();
    Ok(Asked { snapshot: engine.snapshot()?, graph: engine.graph()?, summaries })
}

pub(super) fn run(args: &OverviewArgs) -> anyhow::Result<Done> {
    let asked = open(args)?;
    let (snapshot, graph) = (&asked.snapshot, &asked.graph);
    let found = overview(snapshot, graph);
    let counts = &snapshot.manifest.counts;
    if args.format != Format::Text {
        let answer = OverviewAnswer::new(snapshot, graph, &asked.summaries, &found, args.limit)?;
        output::print_json(&answer, args.format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    let languages =
        found.languages.iter().take(NAMES).map(|(name, files)| format!("{} {name}", output::number(*files)));
    writeln!(
        out,
        "{}, {}, {}: {}",
        count(counts.files, "file"),
        count(counts.lines, "line"),
        count(counts.symbols, "symbol"),
        languages.collect::<Vec<_>>().join(", ")
    )?;
    writeln!(out, "\nparts")?;
    print_communities(&mut out, &asked, &found.communities, args.limit)?;
    for (title, list) in [("used most", &found.central), ("packages from outside", &found.packages)] {
        if !list.is_empty() {
            writeln!(out, "\n{title}")?;
            for &(id, files) in list {
                writeln!(out, "  {}  by {}", harmless(graph.node(id).name), count(files as u64, "file"))?;
            }
        }
    }
    if !found.concepts.is_empty() {
        writeln!(out, "\ndocuments speak of")?;
        for &(id, sections) in &found.concepts {
            writeln!(out, "  {}  in {}", harmless(graph.node(id).name), count(sections as u64, "section"))?;
        }
    }
    if !found.entries.is_empty() {
        writeln!(out, "\nprograms start at")?;
        found.entries.iter().try_for_each(|&id| writeln!(out, "  {}", place(graph, id)))?;
    }
    out.flush()?;
    Ok(Done::Something)
}

pub(super) fn communities(args: &CommunitiesArgs) -> anyhow::Result<Done> {
    let shown = &args.overview;
    let (engine, config) = target::engine_with(&shown.root, flags(&args.spending, &shown.logging))?;
    let mut asked = match &shown.neo4j {
        Some(url) => of_mirror(&engine, &config, url)?,
        None => asked(&engine)?,
    };
    let found = asked.graph.communities();
    let mut complete = true;
    if args.summarize {
        let spending = Spending::new(&args.spending, &config.llm)?;
        let path = extract::summaries_of(engine.store());
        match summarize(args, &asked, &path, &spending, found.coarsest())? {
            Some(all) => complete = all,
            None => return Ok(Done::Something),
        }
        asked.summaries = Log::open(&path)?;
    }
    if shown.format != Format::Text {
        let Asked { snapshot, graph, summaries } = &asked;
        let answer = CommunitiesAnswer::new(snapshot, graph, summaries, &found.levels, shown.limit)?;
        output::print_json(&answer, shown.format)?;
    } else {
        let mut out = output::stdout();
        for (number, level) in found.levels.iter().rev().enumerate() {
            writeln!(out, "level {number}: {}", count(level.len() as u64, "part"))?;
            print_communities(&mut out, &asked, level, shown.limit)?;
        }
        out.flush()?;
    }
    Ok(if found.coarsest().is_empty() || !complete { Done::Nothing } else { Done::Something })
}

/// Lets a model summarise what has no summary yet; says whether all have one now. `None`: nothing is to be done or shown.
fn summarize(
    args: &CommunitiesArgs,
    asked: &Asked,
    path: &std::path::Path,
    spending: &Spending,
    communities: &[Community],
) -> anyhow::Result<Option<bool>> {
    let mut parts: Vec<(Part, u64)> = Vec::new();
    for community in communities.iter().take(args.overview.limit) {
        let (part, content) = extract::part(&asked.snapshot, &asked.graph, community)?;
        if asked.summaries.by(&spending.model, content, prompts::VERSION).is_none() {
            parts.push((part, content));
        }
    }
    let mut preview = Preview { calls: parts.len(), expected: Usage::default(), at_most: Usage::default() };
    for prompt in parts.iter().map(|(part, _)| prompts::prompt(part)) {
        let output = u64::from(prompt.max_output);
        preview.expected += Usage { input: estimate(&prompt.system) + estimate(&prompt.user), output: output / 4 };
        preview.at_most += Usage { input: at_most(&prompt), output };
    }
    let (dry, format) = (args.spending.dry_run, args.overview.format);
    if dry && format != Format::Text {
        output::print_json(&json!({ "new": parts.len(), "preview": spending.json(&preview) }), format)?;
        return Ok(None);
    }
    if !parts.is_empty() {
        say(&spending.lines(&preview), dry, format);
    } else if dry {
        say(&["every part has its summary".to_owned()], true, format);
    }
    if dry {
        return Ok(None);
    }
    if parts.is_empty() {
        return Ok(Some(true));
    }
    if !spending.consent(&args.spending, &preview)? {
        return Ok(Some(false));
    }
    let model = spending.open()?;
    let mut log = LogWriter::open(path)?;
    let (mut written, mut dropped) = (0, 0);
    let mut outcome = Ok(());
    for (part, content) in &parts {
        match extract::summarise(&model, &mut log, part, *content) {
            Ok(Some((_, without))) => (written, dropped) = (written + 1, dropped + without),
            Ok(None) => {}
            Err(error) => {
                outcome = Err(anyhow::Error::from_boxed(error));
                break;
            }
        }
    }
    let words = format!(
        "{} written, {dropped} sentences without a citation dropped",
        count(written as u64, "summary").replace("summarys", "summaries")
    );
    target::note(&format!("{words}; {}", spent_line(&model.spent())));
    match outcome {
        Err(error) if matches!(error.downcast_ref(), Some(llm::Error::Budget { .. })) => {
            target::note(&format!("stopped: {error}"));
            Ok(Some(false))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Some(written == parts.len())),
    }
}

fn print_communities(
    out: &mut impl Write,
    asked: &Asked,
    communities: &[Community],
    limit: usize,
) -> anyhow::Result<()> {
    let (snapshot, graph) = (&asked.snapshot, &asked.graph);
    for community in communities.iter().take(limit) {
        writeln!(out, "  {}  ({})", harmless(&community.title), count(community.files.len() as u64, "file"))?;
        if let Some(written) = summary_of(asked, community)? {
            for sentence in &written.sentences {
                writeln!(out, "    {} [{}]", harmless(&sentence.text), harmless(&sentence.cites.join(", ")))?;
            }
            writeln!(out, "    (written by {})", harmless(&written.model))?;
        }
        for &id in community.key_symbols.iter().take(3) {
            if let Some(summary) = summary(snapshot, graph, id)? {
                writeln!(out, "    {}: {}", harmless(graph.node(id).name), harmless(&summary))?;
            }
        }
        let uses = community.uses.iter().take(3).filter_map(|(to, _)| communities.get(*to));
        let uses: Vec<&str> = uses.map(|other| other.title.as_str()).collect();
        if !uses.is_empty() {
            writeln!(out, "    uses {}", harmless(&uses.join("; ")))?;
        }
    }
    if communities.len() > limit {
        writeln!(out, "  … {} more, -k shows them", communities.len() - limit)?;
    }
    Ok(())
}

/// What a model has written of a part, if it was told to.
fn summary_of(asked: &Asked, community: &Community) -> anyhow::Result<Option<extract::Summary>> {
    if asked.summaries.records().is_empty() {
        return Ok(None);
    }
    let (part, content) = extract::part(&asked.snapshot, &asked.graph, community)?;
    Ok(extract::summary_of(&asked.summaries, &part, content))
}

pub(super) fn explained(args: &ExplainArgs) -> anyhow::Result<Done> {
    let Asked { snapshot, graph, .. } = open(&args.overview)?;
    let id = find(&graph, &args.symbol)?;
    if graph.node(id).kind == NodeKind::Concept {
        return concept::explain(&snapshot, &graph, id, args.overview.limit, args.overview.format);
    }
    let found = explain(&snapshot, &graph, id)?;
    let limit = args.overview.limit;
    if args.overview.format != Format::Text {
        let answer = Explained::new(&graph, id, &found, limit);
        output::print_json(&answer, args.overview.format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", place(&graph, id))?;
    for line in [&found.signature, &found.summary].into_iter().flatten() {
        writeln!(out, "  {}", harmless(line))?;
    }
    if let Some(parent) = graph.node(id).parent {
        writeln!(out, "in {}", place(&graph, parent))?;
    }
    if let Some(community) = &found.community {
        writeln!(out, "part of {}", harmless(&community.title))?;
    }
    for (words, map) in [("", &found.uses), ("from others: ", &found.used_by)] {
        for (relation, ids) in map {
            writeln!(out, "{words}{} ({})", relation.as_str(), ids.len())?;
            ids.iter().take(NAMES).try_for_each(|&id| writeln!(out, "  {}", place(&graph, id)))?;
        }
    }
    if !found.similar.is_empty() {
        writeln!(out, "similar ({})", found.similar.len())?;
        let mut similar = found.similar.iter().take(NAMES);
        similar.try_for_each(|link| writeln!(out, "  {}{}", place(&graph, link.node), doubt(link)))?;
    }
    let (possible, unresolved) = found.doubtful;
    writeln!(
        out,
        "{}, {} of that name; {} it",
        count(possible as u64, "possible use"),
        count(unresolved as u64, "unresolved site"),
        if found.tests.is_empty() {
            "no test reaches".to_owned()
        } else {
            format!("{} reach", count(found.tests.len() as u64, "test"))
        }
    )?;
    found.tests.iter().take(NAMES).try_for_each(|&id| writeln!(out, "  {}", place(&graph, id)))?;
    out.flush()?;
    Ok(Done::Something)
}
