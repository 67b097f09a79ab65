//! The callgraph set: edges of call sites against those that a compiler found.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};
use cogo::Tier;
use cogo::graph::{Linked, link_folder};
use flate2::read::GzDecoder;
use fs_err as fs;
use serde::Deserialize;

use crate::Callgraph;

#[derive(Deserialize)]
struct Repository {
    name: String,
    indexed: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    file: String,
    line: u32,
    col: u32,
    name: String,
    role: String,
    #[serde(default)]
    target_file: String,
    #[serde(default)]
    target_line: u32,
    #[serde(default)]
    target_kind: String,
    #[serde(default)]
    target_symbol: String,
    #[serde(default)]
    target_other_lines: Vec<(String, u32)>,
    #[serde(default)]
    also: Vec<Also>,
}

#[derive(Deserialize)]
struct Also {
    target_file: String,
    target_line: u32,
}

impl Row {
    fn is_right(&self, (file, line): (&str, u32)) -> bool {
        file == self.target_file && line == self.target_line
            || self.target_other_lines.iter().any(|other| other.0 == file && other.1 == line)
            || self.also.iter().any(|also| also.target_file == file && also.target_line == line)
    }

    fn in_tests(&self) -> bool {
        let path = &self.file;
        ["test/", "tests/", "__tests__/"]
            .iter()
            .any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")))
            || path.contains(".test.")
    }
}

/// Counts of a group of rows.
#[derive(Default)]
struct Counts {
    rows: usize,
    proven_right: usize,
    proven_wrong: usize,
    possible_right: usize,
    external_proven: usize,
    external_possible: usize,
    external_rows: usize,
}

impl Counts {
    fn print(&self, title: &str) {
        let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        let edges = self.proven_right + self.proven_wrong + self.external_proven;
        println!(
            "  {title:<22} {:>6} rows  precision {:.3}  recall proven {:.3}  proven+possible {:.3}  wrong {:>4}  external {} + {} possible of {}",
            self.rows,
            share(self.proven_right, edges),
            share(self.proven_right, self.rows),
            share(self.proven_right + self.possible_right, self.rows),
            self.proven_wrong,
            self.external_proven,
            self.external_possible,
            self.external_rows,
        );
    }
}

fn rows(path: &Path) -> Result<Vec<Row>> {
    let lines = BufReader::new(GzDecoder::new(fs::File::open(path)?)).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// Byte offset of each line's start.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Links the checkout and compares its edges with the rows.
pub fn run(options: &Callgraph) -> Result<()> {
    let beside = options.data.parent().unwrap_or(Path::new(".")).join("repos.json");
    let repositories: Vec<Repository> = serde_json::from_slice(&fs::read(beside)?)?;
    let name = options.data.file_name().context("the data folder has a name")?.to_string_lossy().into_owned();
    let repository = repositories.iter().find(|repository| repository.name == name);
    let repository = repository.with_context(|| format!("`repos.json` does not name `{name}`"))?;
    let linked = link_folder(&options.checkout, &repository.indexed)?;
    let references = rows(&options.data.join("refs.jsonl.gz"))?;
    let external = rows(&options.data.join("external.jsonl.gz"))?;
    let lines: u64 = linked.documents.iter().map(|document| document.text.lines().count() as u64).sum();
    println!(
        "{name}: {} files, {lines} lines, {} edges, parsing {:.2} s, linking {:.3} s",
        linked.documents.len(),
        linked.edges.len(),
        linked.parsing.as_secs_f64(),
        linked.linking.as_secs_f64(),
    );
    let mut tiers: HashMap<Tier, usize> = HashMap::new();
    for edge in &linked.edges {
        *tiers.entry(edge.tier).or_default() += 1;
    }
    println!("  tiers of all uses: {tiers:?}");
    if let Some(path) = &options.edges {
        write_edges(path, &linked)?;
    }
    report(options, &linked, &references, &external)
}

fn write_edges(path: &Path, linked: &Linked) -> Result<()> {
    let mut out = std::io::BufWriter::new(fs::File::create(path)?);
    let place = |file: u32, at: u32| {
        let document = &linked.documents[file as usize];
        let before = document.text.get(..at as usize).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let text = document.text[before.rfind('\n').map_or(0, |at| at + 1)..].lines().next().unwrap_or("").trim();
        format!("{}:{line}\t{text}", document.path)
    };
    for edge in &linked.edges {
        let name = edge.site.text(&linked.documents[edge.file as usize].text);
        let from = place(edge.file, edge.site.start);
        let to = edge.targets.first().map(|target| place(target.file, target.name.start)).unwrap_or_default();
        writeln!(out, "{:?}\t{}\t{name}\t{from}\t→ {} {to}", edge.tier, edge.kind.as_str(), edge.targets.len())?;
    }
    Ok(())
}

fn report(options: &Callgraph, linked: &Linked, references: &[Row], external: &[Row]) -> Result<()> {
    let starts: Vec<Vec<usize>> = linked.documents.iter().map(|document| line_starts(&document.text)).collect();
    let files: HashMap<&str, usize> =
        linked.documents.iter().enumerate().map(|(index, document)| (document.path.as_str(), index)).collect();
    let mut edges: HashMap<(usize, u32), Vec<&cogo::Edge>> = HashMap::new();
    for edge in &linked.edges {
        edges.entry((edge.file as usize, edge.site.start)).or_default().push(edge);
    }
    let offset = |row: &Row| -> Option<(usize, u32)> {
        let file = *files.get(row.file.as_str())?;
        let start = *starts[file].get(row.line as usize - 1)?;
        let line = linked.documents[file].text.get(start..)?;
        let within = line.char_indices().nth(row.col as usize).map_or(line.len(), |(at, _)| at);
        Some((file, (start + within) as u32))
    };
    let line_of = |file: usize, at: u32| starts[file].partition_point(|&start| start <= at as usize) as u32;
    let mut misses = match &options.misses {
        Some(path) => Some(fs::File::create(path)?),
        None => None,
    };
    let mut groups: Vec<(&str, Counts)> =
        ["calls", "calls across files", "calls outside tests"].map(|title| (title, Counts::default())).into();
    let mut roles: std::collections::BTreeMap<&str, Counts> = Default::default();
    for row in references {
        let call = row.role == "call" && matches!(row.target_kind.as_str(), "function" | "method" | "class");
        let found = offset(row).and_then(|key| edges.get(&key)).and_then(|edges| {
            let kind =
                |edge: &&&cogo::Edge| (edge.kind.as_str() == "call") == matches!(&*row.role, "call" | "decorator");
            edges.iter().find(kind).or(edges.first())
        });
        let targets: Vec<(&str, u32)> = found.map_or(Vec::new(), |edge| {
            let of = |target: &cogo::Target| {
                let file = target.file as usize;
                (linked.documents[file].path.as_str(), line_of(file, target.name.start))
            };
            edge.targets.iter().map(of).collect()
        });
        let right = targets.iter().any(|&target| row.is_right(target));
        let proven = found.is_some_and(|edge| edge.tier == Tier::Proven);
        let count = |counts: &mut Counts| {
            counts.rows += 1;
            counts.proven_right += usize::from(proven && right);
            counts.proven_wrong += usize::from(proven && !right);
            counts.possible_right += usize::from(!proven && right);
        };
        if !call {
            if found.is_some() || matches!(&*row.role, "inherit" | "decorator" | "type") {
                count(roles.entry(row.role.as_str()).or_default());
                if let Some(out) = &mut misses
                    && !(proven && right)
                {
                    let tier = found.map(|edge| edge.tier);
                    writeln!(out, "role {}\t{}:{}:{}\t{}\t{tier:?}", row.role, row.file, row.line, row.col, row.name)?;
                }
            }
            continue;
        }
        count(&mut groups[0].1);
        if row.file != row.target_file {
            count(&mut groups[1].1);
        }
        if !row.in_tests() {
            count(&mut groups[2].1);
        }
        if let Some(out) = &mut misses
            && !(proven && right)
        {
            let word = match (proven, right, found.map(|edge| edge.tier)) {
                (true, ..) => "WRONG",
                (_, true, _) => "possible",
                (.., None) => "NOSITE",
                (.., Some(Tier::Possible)) => "OTHER",
                (.., Some(Tier::External)) => "EXTERNAL",
                _ => "UNRESOLVED",
            };
            let file = files
                .get(row.file.as_str())
                .map_or("", |&file| linked.documents[file].text.lines().nth(row.line as usize - 1).unwrap_or(""));
            let got: Vec<_> = targets.iter().take(3).collect();
            writeln!(
                out,
                "{word}\t{}:{}:{}\t{}\t{} {}:{}\tgot {got:?}\t{}",
                row.file,
                row.line,
                row.col,
                row.name,
                row.target_symbol,
                row.target_file,
                row.target_line,
                file.trim()
            )?;
        }
    }
    for row in external {
        let Some(found) = offset(row).and_then(|key| edges.get(&key)) else { continue };
        let proven = found.iter().any(|edge| edge.tier == Tier::Proven);
        let possible = found.iter().any(|edge| edge.tier == Tier::Possible);
        for (index, (_, counts)) in groups.iter_mut().enumerate() {
            if index == 2 && row.in_tests() {
                continue;
            }
            counts.external_rows += 1;
            counts.external_proven += usize::from(proven);
            counts.external_possible += usize::from(possible);
        }
        if let (Some(out), true) = (&mut misses, proven) {
            let targets: Vec<String> = found
                .iter()
                .flat_map(|edge| &edge.targets)
                .map(|target| linked.documents[target.file as usize].path.clone())
                .collect();
            writeln!(out, "INVENTED\t{}:{}:{}\t{}\t{targets:?}", row.file, row.line, row.col, row.name)?;
        }
    }
    for (title, counts) in &groups {
        counts.print(title);
    }
    for (role, counts) in &roles {
        counts.print(&format!("role {role}"));
    }
    Ok(())
}
