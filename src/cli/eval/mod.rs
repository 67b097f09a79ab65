//! `cogo eval`.

pub(super) mod args;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use comfy_table::Table;
use serde_json::json;

use self::args::{CompareArgs, EvalArgs, EvalCommand};
use super::args::Format;
use super::failure::Usage;
use super::output::{self, count, harmless};
use super::{Done, target};
use crate::config::mode_word;
use crate::eval::{self, Answer, Averaged, Comparison, Estimate, EvalError, Outcome, Question, Run, Summary};
use crate::{Engine, Mode, Query};

/// The measure that runs are judged by, if none is named.
const MEASURE: &str = "ndcg@10";
/// The order of measures in tables; others follow.
const COLUMNS: [&str; 5] = ["ndcg@10", "mrr@10", "recall@1", "recall@5", "recall@10"];
/// So many answers that got worse, and that got better, are shown.
const SHOWN: usize = 10;

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<Done> {
    if let Some(EvalCommand::Compare(args)) = &args.command {
        return compare(args);
    }
    let Some(file) = &args.questions else { return Err(Usage::new("no file of questions was named").into()) };
    let baseline = args.baseline.as_deref().map(Outcome::read).transpose().map_err(usage)?;
    let questions = eval::read_questions(file).map_err(usage)?;
    let outcome = ask(args, file, &questions)?;
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(&outcome)?;
        std::fs::write(path, json).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let comparison = match &baseline {
        Some(before) => Some(Comparison::new(before, &outcome, MEASURE).map_err(usage)?),
        None => None,
    };
    if args.format != Format::Text {
        let mut value = serde_json::to_value(outcome.summary())?;
        if let Some(comparison) = &comparison {
            value["comparison"] = json!(comparison);
        }
        output::print_json(&value, args.format)?;
    } else {
        let mut out = output::stdout();
        print(&mut out, &outcome)?;
        if let Some(comparison) = &comparison {
            writeln!(out)?;
            print_comparison(&mut out, comparison)?;
        }
        out.flush()?;
    }
    Ok(done(comparison.as_ref(), MEASURE))
}

fn compare(args: &CompareArgs) -> anyhow::Result<Done> {
    let (before, after) = (Outcome::read(&args.before).map_err(usage)?, Outcome::read(&args.after).map_err(usage)?);
    let comparison = Comparison::new(&before, &after, &args.measure).map_err(usage)?;
    if args.format != Format::Text {
        output::print_json(&comparison, args.format)?;
    } else {
        let mut out = output::stdout();
        print_comparison(&mut out, &comparison)?;
        out.flush()?;
    }
    Ok(done(Some(&comparison), &args.measure))
}

fn usage(error: EvalError) -> Usage {
    let hint = match &error {
        EvalError::Apart(_) => "both must have been written by `cogo eval --out` for the same questions",
        _ => "`cogo eval --help` shows what a line looks like",
    };
    Usage::new(error.to_string()).hint(hint)
}

fn done(comparison: Option<&Comparison>, measure: &str) -> Done {
    match comparison {
        Some(comparison) if comparison.dropped(measure) => Done::Nothing,
        _ => Done::Something,
    }
}

/// Asks every question of the repository that it is about.
fn ask(args: &EvalArgs, file: &Path, questions: &[Question]) -> anyhow::Result<Outcome> {
    let mut repositories: BTreeMap<Option<&str>, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        repositories.entry(question.repo.as_deref()).or_default().push(question);
    }
    let several = repositories.keys().any(Option::is_some);
    let mode = Mode::from(args.mode);
    let query = Query { mode, unit: args.unit.into(), ..Query::new("") };
    let mut answers = Vec::with_capacity(questions.len());
    let mut model = String::new();
    for (name, questions) in repositories {
        let engine = engine(args, name)?;
        target::refresh(&engine)?;
        model.clone_from(&engine.snapshot()?.manifest.settings.model);
        answers.extend(
            questions
                .iter()
                .map(|question| eval::ask(&engine, question, &query))
                .collect::<crate::Result<Vec<Answer>>>()?,
        );
    }
    let run = Run {
        set: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        cogo: env!("CARGO_PKG_VERSION").to_owned(),
        model,
        mode: mode_word(mode).to_owned(),
        averaged: if several { Averaged::ByRepository } else { Averaged::ByQuestion },
    };
    Ok(Outcome::new(run, answers))
}

fn engine(args: &EvalArgs, repository: Option<&str>) -> anyhow::Result<Engine> {
    let path = match repository {
        Some(name) => args.path.join(name),
        None => args.path.clone(),
    };
    if let Some(name) = repository.filter(|_| !path.is_dir()) {
        return Err(Usage::new(format!("there is no folder for the repository `{name}` in `{}`", args.path.display()))
            .hint("questions with `repo` need a folder of that name below PATH")
            .into());
    }
    let mut flags = json!({});
    if let Some(model) = &args.model {
        flags["model"] = json!(model);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    Ok(target::engine_with(&path, flags)?.0)
}

fn print(out: &mut output::Out, outcome: &Outcome) -> anyhow::Result<()> {
    let measures = columns(&outcome.all);
    let header: Vec<&str> = ["", "questions"].into_iter().chain(measures.iter().copied()).collect();
    let mut table = output::table(&header, 1..header.len());
    let groups = [("all", &outcome.all)]
        .into_iter()
        .chain(outcome.by_category.iter().map(|(name, summary)| (name.as_str(), summary)))
        .chain(outcome.by_repository.iter().map(|(name, summary)| (name.as_str(), summary)));
    for (name, summary) in groups {
        row(&mut table, name, summary, &measures);
    }
    writeln!(out, "{}", output::table_text(&table))?;
    let Run { mode, model, .. } = &outcome.run;
    let time = outcome.query_p50_us.map_or(String::new(), |time| format!(", median time {:.2} ms", time as f64 / 1e3));
    writeln!(out, "\n{mode}, {model}{time}; in brackets what 95 % of resamples give")?;
    Ok(())
}

fn columns(summary: &Summary) -> Vec<&str> {
    let known = COLUMNS.into_iter().filter(|name| summary.contains_key(*name));
    let others = summary.keys().map(String::as_str).filter(|name| !COLUMNS.contains(name));
    known.chain(others).collect()
}

fn row(table: &mut Table, name: &str, summary: &Summary, measures: &[&str]) {
    let questions = summary.values().map(|estimate| estimate.count).max().unwrap_or(0);
    let cell = |estimate: &Estimate| format!("{:.3} [{:.3}, {:.3}]", estimate.mean, estimate.low, estimate.high);
    let values = measures.iter().map(|measure| summary.get(*measure).map_or(String::new(), cell));
    let cells: Vec<String> = [harmless(name).into_owned(), questions.to_string()].into_iter().chain(values).collect();
    table.add_row(cells);
}

fn print_comparison(out: &mut output::Out, comparison: &Comparison) -> anyhow::Result<()> {
    let mut table = output::table(&["", "before", "after", "difference", "better", "worse"], 1..6);
    let all: Summary = comparison.measures.iter().map(|(name, change)| (name.clone(), change.difference)).collect();
    for name in columns(&all) {
        let change = &comparison.measures[name];
        let Estimate { mean, low, high, .. } = change.difference;
        let chance = if low <= 0.0 && high >= 0.0 { "" } else { " *" };
        table.add_row([
            name.to_owned(),
            format!("{:.4}", change.before),
            format!("{:.4}", change.after),
            format!("{mean:+.4} [{low:+.4}, {high:+.4}]{chance}"),
            change.better.to_string(),
            change.worse.to_string(),
        ]);
    }
    writeln!(out, "{}", output::table_text(&table))?;
    writeln!(out, "\n* more than chance: 95 % of resamples are on one side of 0")?;
    if comparison.unmatched > 0 {
        writeln!(out, "{} that only one of the runs has, left out", count(comparison.unmatched as u64, "question"))?;
    }
    let worse = comparison.answers.iter().filter(|answer| answer.after < answer.before);
    let better = comparison.answers.iter().rev().filter(|answer| answer.after > answer.before);
    for (title, answers) in [("worse", worse.take(SHOWN).collect::<Vec<_>>()), ("better", better.take(SHOWN).collect())]
    {
        if answers.is_empty() {
            continue;
        }
        writeln!(out, "\nmost {title}:")?;
        for answer in answers {
            let repository = answer.repository.as_deref().map_or(String::new(), |name| format!("{name}: "));
            let first = |hit: &Option<String>| hit.clone().unwrap_or_else(|| "nothing".into());
            writeln!(
                out,
                "  {:.2} → {:.2}  {}{}",
                answer.before,
                answer.after,
                harmless(&repository),
                harmless(&answer.query)
            )?;
            writeln!(
                out,
                "               first {} → {}",
                harmless(&first(&answer.first_before)),
                harmless(&first(&answer.first_after))
            )?;
        }
    }
    Ok(())
}
