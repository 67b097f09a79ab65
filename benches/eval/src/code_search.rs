//! The code_search set: questions and symbols over whole repositories.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cogo::config::{Config, SyncConfig};
use cogo::{Engine, EngineOptions, Hit, Query, mirrors};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::CodeSearch;
use crate::measures::{Measures, Paths, Target};

#[derive(Deserialize)]
pub(crate) struct RepositoryEntry {
    pub name: String,
    language: String,
    pub root: String,
}

#[derive(Deserialize)]
pub(crate) struct JudgedQuery {
    pub repo: String,
    pub query: String,
    pub relevant: Vec<Target>,
    #[serde(default)]
    secondary: Vec<Target>,
    category: String,
}

#[derive(Serialize)]
struct RepositoryResult {
    name: String,
    language: String,
    chunks: u64,
    index_ms: f64,
    query_p50_us: f64,
    measures: Measures,
    strict: Measures,
    by_category: BTreeMap<String, Measures>,
}

#[derive(Serialize)]
struct Outcome {
    repositories: Vec<RepositoryResult>,
    by_category: BTreeMap<String, Measures>,
    by_language: BTreeMap<String, Measures>,
    mean: Measures,
    strict_mean: Measures,
}

/// Indexes every checkout, asks every query, prints and writes the measures.
pub fn run(options: &CodeSearch) -> Result<()> {
    let (repositories, queries) = read_set(&options.data)?;
    let mut features = match &options.features {
        Some(path) => Some(fs::File::create(path)?),
        None => None,
    };
    let mut results = Vec::new();
    let mut by_category: BTreeMap<String, Vec<Measures>> = BTreeMap::new();
    for repository in &repositories {
        if !options.only.is_empty() && !options.only.contains(&repository.name) {
            continue;
        }
        let judged: Vec<&JudgedQuery> = queries.iter().filter(|query| query.repo == repository.name).collect();
        let result = measure(options, repository, &judged, &mut by_category, features.as_mut())
            .with_context(|| format!("repository `{}`", repository.name))?;
        println!(
            "{:<20} {:<11} {:>6} chunks {:>7.0} ms {:>6.0} µs   NDCG@10 {:.3}  MRR {:.3}  recall {:.3} {:.3} {:.3}",
            result.name,
            result.language,
            result.chunks,
            result.index_ms,
            result.query_p50_us,
            result.measures.ndcg10,
            result.measures.mrr10,
            result.measures.recall1,
            result.measures.recall5,
            result.measures.recall10,
        );
        results.push(result);
    }
    let mut by_language: BTreeMap<String, Vec<Measures>> = BTreeMap::new();
    for result in &results {
        by_language.entry(result.language.clone()).or_default().push(result.measures);
    }
    let means = |groups: BTreeMap<String, Vec<Measures>>| -> BTreeMap<String, Measures> {
        groups.into_iter().map(|(name, all)| (name, Measures::mean(all))).collect()
    };
    let outcome = Outcome {
        by_category: means(by_category),
        by_language: means(by_language),
        mean: Measures::mean(results.iter().map(|result| result.measures)),
        strict_mean: Measures::mean(results.iter().map(|result| result.strict)),
        repositories: results,
    };
    print(&outcome);
    if let Some(path) = &options.search.out {
        fs::write(path, serde_json::to_vec_pretty(&outcome)?)?;
    }
    Ok(())
}

/// The repositories and queries of a set.
pub(crate) fn read_set(data: &Path) -> Result<(Vec<RepositoryEntry>, Vec<JudgedQuery>)> {
    let repositories = serde_json::from_slice(&fs::read(data.join("repos.json"))?)?;
    let queries = fs::read_to_string(data.join("queries.jsonl"))?;
    Ok((repositories, queries.lines().map(serde_json::from_str).collect::<Result<_, _>>()?))
}

fn measure(
    options: &CodeSearch,
    repository: &RepositoryEntry,
    judged: &[&JudgedQuery],
    by_category: &mut BTreeMap<String, Vec<Measures>>,
    mut features: Option<&mut fs::File>,
) -> Result<RepositoryResult> {
    let root = options.checkouts.join(&repository.name).join(&repository.root);
    let mut engine_options = EngineOptions::default();
    engine_options.index.chunk_bytes = options.chunk_bytes;
    engine_options.index.rebuild = !options.keep;
    engine_options.folder = Some(std::env::temp_dir().join("cogo-eval").join(&repository.name));
    if let Some(name) = &options.search.model {
        let config = Config { late_interaction: options.search.late_interaction, ..Config::default() };
        engine_options.model = Some(cogo::model::open(name, &config)?);
    }
    let engine = Engine::new(&root, engine_options);
    let started = Instant::now();
    let report = engine.refresh(&|_| ())?;
    let index_ms = started.elapsed().as_secs_f64() * 1e3;
    if options.search.model.is_some() {
        let started = Instant::now();
        let read = engine.backfill(&mut |_| ControlFlow::Continue(()))?;
        eprintln!("{}: read {} texts in {:.1?}", repository.name, read.read, started.elapsed());
    }

    let engine = match &options.mirror {
        Some(url) => mirrored(url, &repository.name, &engine)?,
        None => engine,
    };
    let mut times = Vec::new();
    let mut all = Vec::new();
    let mut strict = Vec::new();
    let mut categories: BTreeMap<String, Vec<Measures>> = BTreeMap::new();
    for judged in judged {
        let mut query = Query::new(&judged.query);
        query.mode = options.search.mode;
        engine.search(&query)?;
        let (hits, time) = timed(&engine, &query)?;
        times.push(time);
        let targets: Vec<&Target> = judged.relevant.iter().chain(&judged.secondary).collect();
        let measures = measures(&hits, &targets, &repository.root, Paths::Suffix);
        all.push(measures);
        strict.push(self::measures(&hits, &targets, &repository.root, Paths::Strict));
        categories.entry(judged.category.clone()).or_default().push(measures);
        by_category.entry(judged.category.clone()).or_default().push(measures);
        if let Some(file) = features.as_deref_mut() {
            query.limit = 100;
            query.explain = true;
            write_features(file, repository, judged, &engine.search(&query)?.hits, &targets)?;
        }
    }
    times.sort();
    Ok(RepositoryResult {
        name: repository.name.clone(),
        language: repository.language.clone(),
        chunks: report.counts.chunks,
        index_ms,
        query_p50_us: times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e6),
        measures: Measures::mean(all),
        strict: Measures::mean(strict),
        by_category: categories.into_iter().map(|(name, all)| (name, Measures::mean(all))).collect(),
    })
}

/// The mirror of an index, brought up to date.
fn mirrored(url: &str, name: &str, index: &Engine) -> Result<Engine> {
    let settings = SyncConfig { repository: Some(name.to_owned()), ..SyncConfig::default() };
    let origin = mirrors::origin(index.root(), &settings);
    mirrors::sync_postgres(url, &origin, &*index.snapshot()?)?;
    Ok(cogo::mirrored::engine(url, &origin, &EngineOptions::default())?)
}

fn timed(engine: &Engine, query: &Query) -> Result<(Vec<Hit>, Duration)> {
    let started = Instant::now();
    let hits = engine.search(query)?.hits;
    Ok((hits, started.elapsed()))
}

/// The path of a hit relative to the checkout.
pub(crate) fn from_checkout(root: &str, path: &str) -> String {
    let folder: PathBuf = PathBuf::from(root).components().filter(|part| part.as_os_str() != ".").collect();
    folder.join(path).to_string_lossy().into_owned()
}

fn measures(hits: &[Hit], targets: &[&Target], root: &str, paths: Paths) -> Measures {
    let first_hit = |target: &&&Target| {
        hits.iter()
            .take(10)
            .position(|hit| target.is_hit(&from_checkout(root, &hit.path), (hit.start_line, hit.end_line), paths))
    };
    let ranks: Vec<usize> = targets.iter().filter_map(|target| first_hit(&target)).map(|at| at + 1).collect();
    Measures::of(&ranks, targets.len())
}

fn write_features(
    file: &mut fs::File,
    repository: &RepositoryEntry,
    judged: &JudgedQuery,
    hits: &[Hit],
    targets: &[&Target],
) -> Result<()> {
    let candidates: Vec<serde_json::Value> = hits
        .iter()
        .map(|hit| {
            let path = from_checkout(&repository.root, &hit.path);
            let is_target = |lines| targets.iter().any(|t| t.is_hit(&path, lines, Paths::Suffix));
            let values: BTreeMap<&str, f32> = hit.terms.iter().map(|term| (term.name, term.value)).collect();
            serde_json::json!({
                "path": hit.path,
                "hit": is_target((hit.start_line, hit.end_line)),
                "file": is_target((0, u32::MAX)),
                "values": values,
            })
        })
        .collect();
    let line = serde_json::json!({
        "repo": repository.name,
        "query": judged.query,
        "category": judged.category,
        "targets": targets.len(),
        "candidates": candidates,
    });
    writeln!(file, "{line}")?;
    Ok(())
}

fn print(outcome: &Outcome) {
    let row = |name: &str, m: &Measures| {
        println!(
            "{name:<20} NDCG@10 {:.4}  MRR@10 {:.4}  recall@1/5/10 {:.4} {:.4} {:.4}",
            m.ndcg10, m.mrr10, m.recall1, m.recall5, m.recall10
        );
    };
    println!();
    for (category, measures) in &outcome.by_category {
        row(category, measures);
    }
    for (language, measures) in &outcome.by_language {
        row(language, measures);
    }
    row("mean", &outcome.mean);
    row("mean, strict paths", &outcome.strict_mean);
    let count = outcome.repositories.len().max(1) as f64;
    let index_ms = outcome.repositories.iter().map(|r| r.index_ms).sum::<f64>() / count;
    let query_us = outcome.repositories.iter().map(|r| r.query_p50_us).sum::<f64>() / count;
    println!("mean index {index_ms:.0} ms, mean query p50 {query_us:.0} µs, {count} repositories");
}
