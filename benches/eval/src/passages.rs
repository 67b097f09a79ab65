//! Collections of short texts with questions: cosqa (web queries to functions) and multihop (questions to passages).

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use cogo::config::Config;
use cogo::{Engine, EngineOptions, Query};
use flate2::read::GzDecoder;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Passages;

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

/// Means over the questions.
#[derive(Default, Serialize)]
struct Outcome {
    passages: usize,
    questions: usize,
    /// Of the first gold passage among the first 1000.
    mrr: f64,
    mrr10: f64,
    /// Share of the gold passages among the first 1, 2, 5 and 10.
    recall: [f64; 4],
    /// Share of questions with all gold passages among the first 5.
    all5: f64,
    query_p50_us: f64,
}

pub fn run(options: &Passages) -> Result<()> {
    let folder = std::env::temp_dir().join("cogo-eval-passages").join(options.data.file_name().context("a folder")?);
    let numbers = write_passages(&options.data, &folder)?;
    let mut engine_options = EngineOptions::default();
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
    let mut outcome = Outcome { passages: numbers.len(), ..Outcome::default() };
    let mut times = Vec::new();
    for line in BufReader::new(fs::File::open(options.data.join("queries.jsonl"))?).lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let mut query = Query::new(&question.query);
        query.mode = options.search.mode;
        query.limit = DEPTH;
        let started = Instant::now();
        let hits = engine.search(&query)?.hits;
        times.push(started.elapsed().as_secs_f64() * 1e6);
        let rank_of = |id: &Value| {
            let number = numbers.get(&id.to_string())?;
            hits.iter().position(|hit| stem(&hit.path) == *number).map(|index| index + 1)
        };
        let ranks: Vec<Option<usize>> = question.gold.iter().map(rank_of).collect();
        let first = ranks.iter().flatten().min().copied();
        let share = |k: usize| ranks.iter().flatten().filter(|rank| **rank <= k).count() as f64 / ranks.len() as f64;
        outcome.questions += 1;
        outcome.mrr += first.map_or(0.0, |rank| 1.0 / rank as f64);
        outcome.mrr10 += first.filter(|rank| *rank <= 10).map_or(0.0, |rank| 1.0 / rank as f64);
        for (sum, k) in outcome.recall.iter_mut().zip([1, 2, 5, 10]) {
            *sum += share(k);
        }
        outcome.all5 += f64::from(u8::from(share(5) == 1.0));
    }
    let questions = outcome.questions.max(1) as f64;
    let sums = [&mut outcome.mrr, &mut outcome.mrr10, &mut outcome.all5].into_iter().chain(&mut outcome.recall);
    sums.for_each(|sum| *sum /= questions);
    times.sort_by(f64::total_cmp);
    outcome.query_p50_us = times.get(times.len() / 2).copied().unwrap_or(0.0);
    let [r1, r2, r5, r10] = outcome.recall;
    println!(
        "{} questions, {} passages: MRR {:.4}  MRR@10 {:.4}  recall@1/2/5/10 {r1:.4} {r2:.4} {r5:.4} {r10:.4}  all@5 {:.3}  p50 {:.0} µs",
        outcome.questions, outcome.passages, outcome.mrr, outcome.mrr10, outcome.all5, outcome.query_p50_us
    );
    if let Some(path) = &options.search.out {
        fs::write(path, serde_json::to_vec_pretty(&outcome)?)?;
    }
    Ok(())
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
