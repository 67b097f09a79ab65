//! Collections of short texts with questions: cosqa (web queries to functions) and multihop (questions to passages).

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use cogo::config::{Config, mode_word};
use cogo::eval::{Answer, Averaged, Values};
use cogo::{Engine, Query};
use flate2::read::GzDecoder;
use fs_err as fs;
use serde::Deserialize;
use serde_json::Value;

use crate::Passages;
use crate::record::{Set, write};

/// How deep the ranking is looked at.
const DEPTH: usize = 1000;

#[derive(Deserialize)]
struct Passage {
    id: Value,
    #[serde(default)]
    title: String,
    #[serde(alias = "code")]
    text: String,
}

#[derive(Deserialize)]
struct Question {
    #[serde(alias = "question")]
    query: String,
    gold: Vec<Value>,
}

pub fn run(options: &Passages) -> Result<()> {
    let folder = std::env::temp_dir().join("cogo-eval-passages").join(options.data.file_name().context("a folder")?);
    let numbers = write_passages(&options.data, &folder)?;
    let mut engine_options = options.search.engine_options()?;
    if let Some(name) = &options.search.model {
        let config = Config { late_interaction: options.search.late_interaction, ..Config::default() };
        engine_options.model = Some(cogo::model::open(name, &config)?);
    }
    let engine = Engine::new(&folder, engine_options);
    engine.refresh(&|_| ())?;
    if options.search.model.is_some() {
        let started = Instant::now();
        let read = engine.backfill(&mut |_| ControlFlow::Continue(()))?;
        eprintln!("read {} texts in {:.1?}", read.read, started.elapsed());
    }
    let mut answers = Vec::new();
    for line in BufReader::new(fs::File::open(options.data.join("queries.jsonl"))?).lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let query = Query { mode: options.search.mode, limit: DEPTH, ..Query::new(&question.query) };
        let started = Instant::now();
        let hits = engine.search(&query)?.hits;
        let elapsed_us = Some(started.elapsed().as_micros() as u64);
        let rank_of = |id: &Value| {
            let number = numbers.get(&id.to_string())?;
            hits.iter().position(|hit| stem(&hit.path) == *number).map(|index| index + 1)
        };
        let ranks: Vec<Option<usize>> = question.gold.iter().map(rank_of).collect();
        answers.push(Answer {
            repository: None,
            category: None,
            query: question.query,
            values: values(&ranks),
            first: hits.iter().take(10).map(|hit| hit.path.clone()).collect(),
            elapsed_us,
        });
    }
    let set = Set {
        name: options.data.file_name().context("a folder")?.to_string_lossy().into_owned(),
        model: engine.snapshot()?.manifest.settings.model.clone(),
        mode: mode_word(options.search.mode).to_owned(),
        averaged: Averaged::ByQuestion,
    };
    write(&options.search, set, answers)
}

/// Measures of a question whose gold passages have these ranks among the first [`DEPTH`].
fn values(ranks: &[Option<usize>]) -> Values {
    let first = ranks.iter().flatten().min().copied();
    let share = |k: usize| ranks.iter().flatten().filter(|rank| **rank <= k).count() as f64 / ranks.len() as f64;
    let values = [
        ("mrr", first.map_or(0.0, |rank| 1.0 / rank as f64)),
        ("mrr@10", first.filter(|rank| *rank <= 10).map_or(0.0, |rank| 1.0 / rank as f64)),
        ("recall@1", share(1)),
        ("recall@2", share(2)),
        ("recall@5", share(5)),
        ("recall@10", share(10)),
        ("all@5", f64::from(u8::from(share(5) == 1.0))),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Writes every passage into a file of its own, named by a number that says nothing; gives the number of each id.
fn write_passages(data: &Path, folder: &Path) -> Result<HashMap<String, String>> {
    let corpus = fs::File::open(data.join("corpus.jsonl.gz"))?;
    let mut numbers = HashMap::new();
    for (number, line) in BufReader::new(GzDecoder::new(corpus)).lines().enumerate() {
        let passage: Passage = serde_json::from_str(&line?)?;
        let (extension, text) = match passage.title.is_empty() {
            true => ("py", passage.text),
            false => ("md", format!("# {}\n\n{}\n", passage.title, passage.text)),
        };
        // Few files per folder, all as deep.
        let path = folder.join(format!("{:02}", number % 100)).join(format!("{number}.{extension}"));
        fs::create_dir_all(path.parent().context("a folder")?)?;
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            fs::write(&path, text)?;
        }
        numbers.insert(passage.id.to_string(), number.to_string());
    }
    Ok(numbers)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}
