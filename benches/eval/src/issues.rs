//! The swe_lite set: from the text of an issue to the files and functions that its solution edits.

use std::time::Instant;

use anyhow::{Context, Result};
use cogo::config::mode_word;
use cogo::eval::{Answer, Averaged, Values};
use cogo::{Engine, Filter, Hit, Query, Unit};
use fs_err as fs;
use serde::Deserialize;

use crate::Issues;
use crate::record::{Set, write};

/// How deep the rankings go.
const DEPTH: usize = 100;

#[derive(Deserialize)]
struct Instance {
    instance_id: String,
    repo: String,
    problem_statement: String,
    gold_files: Vec<String>,
    gold_functions: Vec<String>,
}

/// Indexes every tree, asks every issue, prints and writes the measures: whether all gold lies within the first k.
pub fn run(options: &Issues) -> Result<()> {
    let instances = fs::read_to_string(options.data.join("instances.jsonl"))?;
    let instances: Vec<Instance> = instances.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut answers = Vec::new();
    let mut model = String::new();
    for instance in &instances {
        if options.only.is_empty() || options.only.contains(&instance.instance_id) {
            let engine = engine(options, instance)?;
            engine.refresh(&|_| ())?;
            model.clone_from(&engine.snapshot()?.manifest.settings.model);
            answers
                .push(ask(options, &engine, instance).with_context(|| format!("instance `{}`", instance.instance_id))?);
        }
    }
    let mode = mode_word(options.search.mode).to_owned();
    write(&options.search, Set { name: "swe_lite".into(), model, mode, averaged: Averaged::ByQuestion }, answers)
}

fn engine(options: &Issues, instance: &Instance) -> Result<Engine> {
    let mut engine_options = options.search.engine_options()?;
    engine_options.index.rebuild = !options.keep;
    engine_options.folder = Some(std::env::temp_dir().join("cogo-eval-issues").join(&instance.instance_id));
    Ok(Engine::new(&options.checkouts.join(&instance.instance_id), engine_options))
}

fn ask(options: &Issues, engine: &Engine, instance: &Instance) -> Result<Answer> {
    let mut query = Query::new(&instance.problem_statement);
    query.mode = options.search.mode;
    query.limit = DEPTH;
    query.filter = Filter { languages: vec!["python".into()], ..Filter::default() };
    let started = Instant::now();
    let files: Vec<String> = engine.search(&query)?.hits.into_iter().map(|hit| hit.path).collect();
    let elapsed = started.elapsed();
    query.unit = Unit::Definition;
    let name = |hit: &Hit| format!("{}:{}", hit.path, hit.symbol.as_deref().unwrap_or_default());
    let functions: Vec<String> = engine.search(&query)?.hits.iter().map(name).collect();
    let mut values = Values::new();
    for (name, gold, found, k) in [
        ("file@1", &instance.gold_files, &files, 1),
        ("file@3", &instance.gold_files, &files, 3),
        ("file@5", &instance.gold_files, &files, 5),
        ("function@5", &instance.gold_functions, &functions, 5),
        ("function@10", &instance.gold_functions, &functions, 10),
    ] {
        if !gold.is_empty() {
            let first = &found[..k.min(found.len())];
            let all = gold.iter().all(|gold| first.contains(gold));
            values.insert(name.into(), f64::from(u8::from(all)));
        }
    }
    Ok(Answer {
        repository: Some(instance.repo.clone()),
        category: None,
        query: instance.instance_id.clone(),
        values,
        first: files.into_iter().take(10).collect(),
        elapsed_us: Some(elapsed.as_micros() as u64),
    })
}
