//! The swe_lite set: from the text of an issue to the files and functions that its solution edits.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};
use cogo::{Engine, EngineOptions, Filter, Hit, Query, Unit};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::Issues;

/// How deep the rankings are written.
const DEPTH: usize = 100;

#[derive(Deserialize)]
struct Instance {
    instance_id: String,
    repo: String,
    problem_statement: String,
    gold_files: Vec<String>,
    gold_functions: Vec<String>,
    gold_modules: Vec<String>,
}

/// What was found for an issue.
#[derive(Serialize)]
struct Found {
    instance_id: String,
    repo: String,
    files: Vec<String>,
    functions: Vec<String>,
    /// measure → whether all gold lies within
    hits: BTreeMap<&'static str, bool>,
    index_ms: f64,
    query_ms: f64,
    definition_ms: f64,
}

/// Indexes every tree, asks every issue, prints and writes the measures.
pub fn run(options: &Issues) -> Result<()> {
    let instances = fs::read_to_string(options.data.join("instances.jsonl"))?;
    let instances: Vec<Instance> = instances.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for instance in &instances {
        if options.only.is_empty() || options.only.contains(&instance.instance_id) {
            found.push(ask(options, instance).with_context(|| format!("instance `{}`", instance.instance_id))?);
        }
    }
    print(&found);
    if let Some(path) = &options.search.out {
        fs::write(path, serde_json::to_vec_pretty(&found)?)?;
    }
    Ok(())
}

fn ask(options: &Issues, instance: &Instance) -> Result<Found> {
    let root = options.checkouts.join(&instance.instance_id);
    let mut engine_options = EngineOptions::default();
    engine_options.index.rebuild = !options.keep;
    engine_options.folder = Some(std::env::temp_dir().join("cogo-eval-issues").join(&instance.instance_id));
    let engine = Engine::new(&root, engine_options);
    let started = Instant::now();
    engine.refresh(&|_| ())?;
    let index_ms = started.elapsed().as_secs_f64() * 1e3;
    let mut query = Query::new(&instance.problem_statement);
    query.mode = options.search.mode;
    query.limit = DEPTH;
    query.filter = Filter { languages: vec!["python".into()], ..Filter::default() };
    let started = Instant::now();
    let hits = engine.search(&query)?.hits;
    let query_ms = started.elapsed().as_secs_f64() * 1e3;
    let files: Vec<String> = hits.iter().map(|hit| hit.path.clone()).collect();
    query.unit = Unit::Definition;
    query.limit = 100;
    if let Ok(dump) = std::env::var("DUMP") {
        query.limit = 1000;
        query.explain = true;
        let rows: Vec<_> = engine.search(&query)?.hits.iter().map(|hit| serde_json::json!({"name": format!("{}:{}", hit.path, hit.symbol.as_deref().unwrap_or_default()), "row": hit.terms.iter().map(|t| t.value).collect::<Vec<_>>()})).collect();
        fs::write(format!("{dump}/{}.def", instance.instance_id), serde_json::to_vec(&rows)?)?;
    }
    let started = Instant::now();
    let hits = engine.search(&query)?.hits;
    let definition_ms = started.elapsed().as_secs_f64() * 1e3;
    let name = |hit: &Hit| format!("{}:{}", hit.path, hit.symbol.as_deref().unwrap_or_default());
    let functions: Vec<String> = hits.iter().map(name).collect();
    let mut measures = BTreeMap::new();
    for (name, gold, found, k) in [
        ("file@1", &instance.gold_files, &files, 1),
        ("file@3", &instance.gold_files, &files, 3),
        ("file@5", &instance.gold_files, &files, 5),
        ("function@5", &instance.gold_functions, &functions, 5),
        ("function@10", &instance.gold_functions, &functions, 10),
    ] {
        if !gold.is_empty() {
            let first = &found[..k.min(found.len())];
            measures.insert(name, gold.iter().all(|gold| first.contains(gold)));
        }
    }
    let _ = &instance.gold_modules;
    Ok(Found {
        instance_id: instance.instance_id.clone(),
        repo: instance.repo.clone(),
        files,
        functions,
        hits: measures,
        index_ms,
        query_ms,
        definition_ms,
    })
}

fn print(found: &[Found]) {
    let mut repositories: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for found in found {
        repositories.entry(&found.repo).or_default().push(found);
    }
    let names: Vec<&str> = found.iter().flat_map(|found| found.hits.keys().copied()).collect();
    let names: std::collections::BTreeSet<&str> = names.into_iter().collect();
    let share = |found: &[&Found], name: &str| {
        let judged: Vec<bool> = found.iter().filter_map(|found| found.hits.get(name).copied()).collect();
        judged.iter().filter(|hit| **hit).count() as f64 / judged.len().max(1) as f64
    };
    let all: Vec<&Found> = found.iter().collect();
    let row = |title: &str, count: usize, value: &dyn Fn(&str) -> f64| {
        let cells: Vec<String> = names.iter().map(|name| format!("{name} {:.3}", value(name))).collect();
        println!("{title:<24} {count:>3}  {}", cells.join("  "));
    };
    for (repository, found) in &repositories {
        row(repository, found.len(), &|name| share(found, name));
    }
    row("mean over instances", all.len(), &|name| share(&all, name));
    let mean =
        |name: &str| repositories.values().map(|found| share(found, name)).sum::<f64>() / repositories.len() as f64;
    row("mean over repositories", repositories.len(), &mean);
    let count = all.len().max(1) as f64;
    let mean = |value: fn(&Found) -> f64| found.iter().map(value).sum::<f64>() / count;
    let (index, query, definition) = (mean(|f| f.index_ms), mean(|f| f.query_ms), mean(|f| f.definition_ms));
    println!("mean index {index:.0} ms, query for files {query:.1} ms, for definitions {definition:.1} ms");
}
