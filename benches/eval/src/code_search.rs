//! The code_search set: questions and symbols over whole repositories.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use cogo::config::{Config, SyncConfig, mode_word};
use cogo::eval::{self, Answer, Averaged, Paths, Question, Target, judge, read_questions};
use cogo::{Engine, EngineOptions, Hit, Query, mirrors};
use fs_err as fs;
use serde::Deserialize;

use crate::CodeSearch;
use crate::record::{Set, write};

#[derive(Deserialize)]
pub(crate) struct RepositoryEntry {
    pub name: String,
    language: String,
    pub root: String,
}

/// What indexing a repository cost.
struct Indexed {
    model: String,
    chunks: u64,
    milliseconds: f64,
}

/// Indexes every checkout, asks every query, prints and writes the measures.
pub fn run(options: &CodeSearch) -> Result<()> {
    let (repositories, questions) = read_set(&options.data)?;
    let mut features = match &options.features {
        Some(path) => Some(fs::File::create(path)?),
        None => None,
    };
    let mut answers = Vec::new();
    let mut model = String::new();
    let mut index_ms = Vec::new();
    let mut by_language: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for repository in &repositories {
        if !options.only.is_empty() && !options.only.contains(&repository.name) {
            continue;
        }
        let questions: Vec<&Question> =
            questions.iter().filter(|question| question.repo.as_ref() == Some(&repository.name)).collect();
        let (indexed, here) = measure(options, repository, &questions, features.as_mut())
            .with_context(|| format!("repository `{}`", repository.name))?;
        let ndcg: Vec<f64> = here.iter().map(|answer| answer.values["ndcg@10"]).collect();
        let mean = ndcg.iter().sum::<f64>() / ndcg.len().max(1) as f64;
        println!(
            "{:<20} {:<11} {:>6} chunks {:>7.0} ms   NDCG@10 {mean:.3}",
            repository.name, repository.language, indexed.chunks, indexed.milliseconds,
        );
        by_language.entry(&repository.language).or_default().push(mean);
        index_ms.push(indexed.milliseconds);
        model = indexed.model;
        answers.extend(here);
    }
    println!();
    for (language, means) in by_language {
        println!("{language:<20} NDCG@10 {:.4}", means.iter().sum::<f64>() / means.len() as f64);
    }
    println!("mean index {:.0} ms", index_ms.iter().sum::<f64>() / index_ms.len().max(1) as f64);
    let place = if options.mirror.is_some() { " in PostgreSQL" } else { "" };
    let mode = format!("{}{place}", mode_word(options.search.mode));
    let set = Set { name: options.name.clone(), model, mode, averaged: Averaged::ByRepository };
    write(&options.search, set, answers)
}

/// The repositories and questions of a set.
pub(crate) fn read_set(data: &Path) -> Result<(Vec<RepositoryEntry>, Vec<Question>)> {
    let repositories = serde_json::from_slice(&fs::read(data.join("repos.json"))?)?;
    Ok((repositories, read_questions(&data.join("queries.jsonl"))?))
}

fn measure(
    options: &CodeSearch,
    repository: &RepositoryEntry,
    questions: &[&Question],
    mut features: Option<&mut fs::File>,
) -> Result<(Indexed, Vec<Answer>)> {
    let root = options.checkouts.join(&repository.name).join(&repository.root);
    let mut engine_options = options.search.engine_options()?;
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
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let model = engine.snapshot()?.manifest.settings.model.clone();
    let indexed = Indexed { model, chunks: report.counts.chunks, milliseconds };
    if options.search.model.is_some() {
        let started = Instant::now();
        let read = engine.backfill(&mut |_| ControlFlow::Continue(()))?;
        eprintln!("{}: read {} texts in {:.1?}", repository.name, read.read, started.elapsed());
    }
    let engine = match &options.mirror {
        Some(url) => mirrored(url, &repository.name, &engine, &options.search.engine_options()?)?,
        None => engine,
    };
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let mut query = Query { mode: options.search.mode, ..Query::new(&question.query) };
        // What is read from disk the first time is not what a search costs.
        engine.search(&query)?;
        let started = Instant::now();
        let hits = engine.search(&query)?.hits;
        let elapsed = started.elapsed();
        let hits = from_checkouts(&repository.root, hits);
        let targets = question.targets();
        let mut answer = eval::answer(question, &hits, elapsed);
        answer.values.insert("ndcg@10, strict paths".into(), judge(&hits, &targets, Paths::Strict)["ndcg@10"]);
        answers.push(answer);
        if let Some(file) = features.as_deref_mut() {
            query.limit = 100;
            query.explain = true;
            let hits = from_checkouts(&repository.root, engine.search(&query)?.hits);
            write_features(file, question, &hits, &targets)?;
        }
    }
    Ok((indexed, answers))
}

/// The mirror of an index, brought up to date.
fn mirrored(url: &str, name: &str, index: &Engine, options: &EngineOptions) -> Result<Engine> {
    let settings = SyncConfig { repository: Some(name.to_owned()), ..SyncConfig::default() };
    let origin = mirrors::origin(index.root(), &settings);
    mirrors::sync_postgres(url, &origin, &*index.snapshot()?)?;
    Ok(cogo::mirrored::engine(url, &origin, options)?)
}

/// The path of a hit relative to the checkout.
pub(crate) fn from_checkout(root: &str, path: &str) -> String {
    let folder: PathBuf = PathBuf::from(root).components().filter(|part| part.as_os_str() != ".").collect();
    folder.join(path).to_string_lossy().into_owned()
}

fn from_checkouts(root: &str, hits: Vec<Hit>) -> Vec<Hit> {
    hits.into_iter().map(|hit| Hit { path: from_checkout(root, &hit.path), ..hit }).collect()
}

/// The terms of the first candidates, and which of them answer the question: one line for `training/rank.py`.
fn write_features(file: &mut fs::File, question: &Question, hits: &[Hit], targets: &[&Target]) -> Result<()> {
    let candidates: Vec<serde_json::Value> = hits
        .iter()
        .map(|hit| {
            let is_target = |lines| targets.iter().any(|target| target.is_hit(&hit.path, lines, Paths::Suffix));
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
        "repo": question.repo,
        "query": question.query,
        "category": question.category,
        "targets": targets.len(),
        "candidates": candidates,
    });
    writeln!(file, "{line}")?;
    Ok(())
}
