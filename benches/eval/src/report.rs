//! The results page, `docs/quality.md`, from the summaries in `benches/eval/results` and the numbers of others in `peers.json`.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cogo::eval::{Estimate, Summary};
use fs_err as fs;
use serde::Deserialize;

use crate::Report;
use crate::record::Record;

/// The measures of each set that the page shows, and what we want to reach.
const GOALS: [(&str, &str, Option<f64>); 12] = [
    ("code_search", "ndcg@10", Some(0.93)),
    ("code_search", "recall@5", None),
    ("korean", "recall@5", Some(0.7)),
    ("cosqa", "mrr", Some(0.5)),
    ("swe_lite", "file@1", Some(0.62)),
    ("swe_lite", "file@5", Some(0.88)),
    ("swe_lite", "function@10", Some(0.65)),
    ("musique", "recall@5", None),
    ("hotpot", "recall@5", None),
    ("2wiki", "recall@5", None),
    ("musique", "all@5", None),
    ("hotpot", "all@5", None),
];
/// What is wanted of kinds of questions.
const CATEGORIES: [(&str, &str, f64); 3] =
    [("code_search", "architecture", 0.88), ("code_search", "semantic", 0.92), ("code_search", "symbol", 0.98)];

const INTRODUCTION: &str = "\
# Quality

How well the first hits answer judged questions, where that is better than elsewhere, and where it is not. This page is made from the summaries in
[`benches/eval/results`](../benches/eval/results) by `cargo run -p cogo-eval -- report`; nothing in it is written by hand, and a test compares them.

**Method.** Every question has known answers: files, parts of files, functions or passages. The first results count as they are listed, with no
language model and no human in between. In brackets stand the ends of 95 % of resamples: whole repositories are drawn again and again where there
are five or more of them, else questions. [`benches/eval/README.md`](../benches/eval/README.md) says what the sets are and how an answer is judged. `cogo eval` does the same
for questions of yours.

**Split.** The sets are halves. The numbers here are of the half that cogo was developed with: ranking was fitted on `code_search`, so its number is that
of a repository seen before; weights fitted on other repositories are about .01 lower (`training/rank.py` prints both). The model was trained on none of these
repositories. The other halves are kept aside.
";

#[derive(Deserialize)]
struct Peer {
    set: String,
    measure: String,
    who: String,
    value: f64,
    source: String,
}

/// Writes the page.
pub fn run(options: &Report) -> Result<()> {
    let page = page(&options.folder)?;
    match &options.out {
        Some(path) => fs::write(path, page)?,
        None => print!("{page}"),
    }
    Ok(())
}

/// The page that belongs to the files in `folder`.
fn page(folder: &Path) -> Result<String> {
    let peers: Vec<Peer> = serde_json::from_slice(&fs::read(folder.join("peers.json"))?)?;
    let mut files: Vec<_> = fs::read_dir(folder.join("results"))?.collect::<std::io::Result<Vec<_>>>()?;
    files.sort_by_key(|file| file.file_name());
    let mut records = Vec::new();
    for file in files {
        let record: Record = serde_json::from_slice(&fs::read(file.path())?)
            .with_context(|| format!("`{}` is no summary", file.path().display()))?;
        records.push(record);
    }
    let mut page = INTRODUCTION.to_owned();
    overview(&mut page, &records, &peers)?;
    categories(&mut page, &records)?;
    modes(&mut page, &records)?;
    repositories(&mut page, &records)?;
    commands(&mut page, &records)?;
    Ok(page)
}

fn is_main(record: &&Record) -> bool {
    record.outcome.run.mode == "hybrid"
}

fn cell(estimate: &Estimate) -> String {
    format!("{} [{}, {}]", short(estimate.mean), short(estimate.low), short(estimate.high))
}

/// `.912`
fn short(value: f64) -> String {
    format!("{value:.3}").replacen("0.", ".", 1)
}

fn verdict(value: f64, other: f64) -> &'static str {
    if value >= other { "reached" } else { "**missed**" }
}

fn overview(page: &mut String, records: &[Record], peers: &[Peer]) -> Result<()> {
    writeln!(page, "\n## All sets\n\n| set | measure | cogo | goal | elsewhere |\n|---|---|---|---|---|")?;
    for (set, measure, goal) in GOALS {
        let Some(record) = records.iter().filter(is_main).find(|record| record.outcome.run.set == set) else {
            continue;
        };
        let Some(estimate) = record.outcome.all.get(measure) else { continue };
        let goal = goal.map_or(String::new(), |goal| format!("{} {}", short(goal), verdict(estimate.mean, goal)));
        let others = peers.iter().filter(|peer| peer.set == set && peer.measure == measure);
        let others: Vec<String> = others.map(|peer| against(peer, estimate.mean)).collect();
        writeln!(page, "| {set} | {measure} | {} | {goal} | {} |", cell(estimate), others.join("; "))?;
    }
    Ok(())
}

fn against(peer: &Peer, value: f64) -> String {
    let outcome = if value >= peer.value { "cogo is ahead" } else { "**cogo is behind**" };
    format!("{} {}, {outcome} ({})", peer.who, short(peer.value), peer.source)
}

fn categories(page: &mut String, records: &[Record]) -> Result<()> {
    writeln!(page, "\n## Kinds of questions\n\n| set | kind | NDCG@10 | goal |\n|---|---|---|---|")?;
    for record in records.iter().filter(is_main) {
        let set = &record.outcome.run.set;
        for (kind, summary) in &record.outcome.by_category {
            let Some(estimate) = summary.get("ndcg@10") else { continue };
            let goal = CATEGORIES.iter().find(|(of, name, _)| of == set && name == kind);
            let goal = goal
                .map_or(String::new(), |(_, _, goal)| format!("{} {}", short(*goal), verdict(estimate.mean, *goal)));
            writeln!(page, "| {set} | {kind} | {} | {goal} |", cell(estimate))?;
        }
    }
    Ok(())
}

fn modes(page: &mut String, records: &[Record]) -> Result<()> {
    writeln!(
        page,
        "\n## What each part brings\n\n| set | measure | hybrid | words only | meaning only | hybrid, from the mirror in PostgreSQL |\n|---|---|---|---|---|---|"
    )?;
    for record in records.iter().filter(is_main) {
        let set = &record.outcome.run.set;
        let of =
            |mode: &str| records.iter().find(|other| &other.outcome.run.set == set && other.outcome.run.mode == mode);
        let (Some(lexical), Some(semantic)) = (of("lexical"), of("semantic")) else { continue };
        let measure = GOALS.iter().find(|(name, _, _)| name == set).map_or("ndcg@10", |(_, measure, _)| measure);
        let mean = |record: &Record| record.outcome.all.get(measure).map_or(String::new(), |e| short(e.mean));
        let mirror = of("hybrid in PostgreSQL").map_or(String::new(), mean);
        writeln!(page, "| {set} | {measure} | {} | {} | {} | {mirror} |", mean(record), mean(lexical), mean(semantic))?;
    }
    Ok(())
}

fn repositories(page: &mut String, records: &[Record]) -> Result<()> {
    writeln!(page, "\n## Repositories, worst first\n\n| set | repository | questions | measure |\n|---|---|---|---|")?;
    for record in records.iter().filter(is_main) {
        let set = &record.outcome.run.set;
        let measure = GOALS.iter().find(|(name, _, _)| name == set).map_or("ndcg@10", |(_, measure, _)| measure);
        let value = |summary: &Summary| summary.get(measure).copied();
        let mut rows: Vec<(&String, Estimate)> =
            record.outcome.by_repository.iter().filter_map(|(name, summary)| Some((name, value(summary)?))).collect();
        rows.sort_by(|a, b| a.1.mean.total_cmp(&b.1.mean));
        for (name, estimate) in rows {
            writeln!(page, "| {set} | {name} | {} | {measure} {} |", estimate.count, cell(&estimate))?;
        }
    }
    Ok(())
}

fn commands(page: &mut String, records: &[Record]) -> Result<()> {
    writeln!(page, "\n## Commands\n\n| set | command | commit | model | median query |\n|---|---|---|---|---|")?;
    for Record { command, commit, outcome } in records {
        let time = outcome.query_p50_us.map_or(String::new(), |time| format!("{:.2} ms", time as f64 / 1e3));
        let (set, model) = (&outcome.run.set, &outcome.run.model);
        writeln!(page, "| {set} | `{command}` | {commit} | {model} | {time} |")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_made_of_the_results() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let expected = page(folder).expect("the results can be read");
        let is = fs::read_to_string(folder.join("../../docs/quality.md")).expect("the page is there");
        assert_eq!(is, expected, "run `cargo run -p cogo-eval -- report --out docs/quality.md`");
    }
}
