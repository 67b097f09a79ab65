//! What a run leaves: a table on the terminal, and JSON with or without single answers.

use anyhow::Result;
use cogo::eval::{Answer, Averaged, Estimate, Outcome, Run, Summary};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::Search;

/// What was measured.
pub struct Set {
    pub name: String,
    /// The model of the indexes.
    pub model: String,
    /// How was searched, and where.
    pub mode: String,
    pub averaged: Averaged,
}

/// A summary of a run, as it is kept beside the results page. It holds no question of the set.
#[derive(Serialize, Deserialize)]
pub struct Record {
    /// What was typed, with words for folders.
    pub command: String,
    /// The commit of cogo.
    pub commit: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Sums up the answers, prints that, and writes what was asked for.
pub fn write(options: &Search, set: Set, answers: Vec<Answer>) -> Result<()> {
    let run = Run {
        set: set.name,
        cogo: env!("CARGO_PKG_VERSION").to_owned(),
        model: options.model.clone().unwrap_or(set.model),
        mode: set.mode,
        averaged: set.averaged,
    };
    let outcome = Outcome::new(run, answers);
    print(&outcome);
    if let Some(path) = &options.out {
        fs::write(path, serde_json::to_vec_pretty(&outcome)?)?;
    }
    if let Some(path) = &options.summary {
        let record = Record { command: command(), commit: commit(), outcome: outcome.summary() };
        fs::write(path, format!("{}\n", serde_json::to_string_pretty(&record)?))?;
    }
    Ok(())
}

fn print(outcome: &Outcome) {
    let row = |name: &str, summary: &Summary| {
        let cell = |(measure, Estimate { mean, low, high, .. }): (&String, &Estimate)| {
            format!("{measure} {mean:.4} [{low:.3}, {high:.3}]")
        };
        println!("{name:<20} {}", summary.iter().map(cell).collect::<Vec<_>>().join("  "));
    };
    for (name, summary) in &outcome.by_category {
        row(name, summary);
    }
    row("all", &outcome.all);
    if let Some(time) = outcome.query_p50_us {
        println!("median query {time} µs");
    }
}

/// The arguments; of paths only the last part, and nothing of where results are written.
fn command() -> String {
    let mut words = vec!["cogo-eval".to_owned()];
    let mut arguments = std::env::args().skip(1);
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--out" | "--summary" | "--features" => drop(arguments.next()),
            "--keep" => (),
            "--in" => {
                arguments.next();
                words.extend([word, "postgres://…".to_owned()]);
            }
            _ => words.push(match word.trim_end_matches('/').rsplit_once('/') {
                Some((_, last)) => last.to_owned(),
                None => word,
            }),
        }
    }
    words.join(" ")
}

/// The commit that is checked out where this runs, if git knows one.
fn commit() -> String {
    let asked = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let answer = asked.ok().filter(|answer| answer.status.success());
    answer.map_or_else(|| "unknown".into(), |answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}
