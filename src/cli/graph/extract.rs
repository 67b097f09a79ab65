//! `cogo graph extract`: a language model reads the documents.

use std::io::Write;

use graphrag::extract::{Log, LogWriter, Plan, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use llm::Spent;
use serde_json::{Value, json};

use super::super::args::{ExtractArgs, Format};
use super::super::output::{self, count, number};
use super::super::target;
use super::Done;
use super::spending::{Preview, Spending, flags, say, spent_json, spent_line};
use crate::extract;

pub(super) fn run(args: &ExtractArgs) -> anyhow::Result<Done> {
    let (engine, config) = target::engine_with(&args.root, flags(&args.spending, &args.logging))?;
    let spending = Spending::new(&args.spending, &config.llm)?;
    target::refresh(&engine)?;
    let snapshot = engine.snapshot()?;
    let path = extract::log_of(engine.store());
    let dry = args.spending.dry_run;
    let mut plan = extract::plan(&snapshot, &spending.model, &Log::open(&path)?)?;
    let mut preview = preview_of(&plan);
    let mut lines = vec![format!(
        "{} in {}: {} read before, {} new",
        count(plan.passages as u64, "passage"),
        count(plan.sections as u64, "section"),
        number(plan.cached as u64),
        number(plan.new_passages() as u64)
    )];
    if plan.new_passages() > 0 {
        lines.extend(spending.lines(&preview));
    }
    say(&lines, dry, args.format);
    let nothing_to_do = plan.calls.is_empty() && plan.again.is_empty();
    if dry || nothing_to_do {
        print_json(args.format, &plan, &spending.json(&preview), None)?;
        return Ok(Done::Something);
    }
    if !plan.calls.is_empty() && !spending.consent(&args.spending, &preview)? {
        return Ok(Done::Nothing);
    }
    let mut log = LogWriter::open(&path)?;
    // Somebody else may have been at it while we asked.
    plan = extract::plan(&snapshot, &spending.model, log.log())?;
    preview = preview_of(&plan);
    let model = spending.open()?;
    let bar = ProgressBar::new(plan.new_passages() as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:24} {pos} of {len} passages{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let outcome = extract::run(&plan, &model, &mut log, &|progress| {
        bar.set_position((progress.read + progress.unread) as u64);
        bar.set_message(model.spent().cost.map_or(String::new(), |cost| format!(", {cost}")));
    });
    bar.finish_and_clear();
    let mut progress = outcome?;
    let stopped = progress.stopped.take();
    let spent = model.spent();
    print_json(args.format, &plan, &spending.json(&preview), Some((&progress, &spent, stopped.as_ref())))?;
    if args.format == Format::Text {
        print(&progress, &spent, stopped.as_ref())?;
    }
    let is_cap = matches!(stopped, Some(llm::Error::Budget { .. }));
    match stopped {
        Some(error) if !is_cap => Err(error.into()),
        None if progress.unread == 0 => Ok(Done::Something),
        _ => Ok(Done::Nothing),
    }
}

fn preview_of(plan: &Plan) -> Preview {
    Preview { calls: plan.calls.len(), expected: plan.expected, at_most: plan.at_most }
}

fn print(progress: &Progress, spent: &Spent, stopped: Option<&llm::Error>) -> anyhow::Result<()> {
    let mut out = output::stdout();
    let number = |n: usize| number(n as u64);
    writeln!(out, "read {} of {}", number(progress.read), count(progress.passages as u64, "passage"))?;
    writeln!(out, "kept {} entities and {} relations", number(progress.entities), number(progress.relations))?;
    let dropped = progress.dropped;
    if dropped.entities + dropped.relations > 0 {
        writeln!(
            out,
            "dropped {} entities and {} relations that the text does not bear out",
            number(dropped.entities),
            number(dropped.relations)
        )?;
    }
    if progress.unread > 0 {
        writeln!(
            out,
            "no usable answer for {}, asked about again next time",
            count(progress.unread as u64, "passage")
        )?;
    }
    writeln!(out, "{}", spent_line(spent))?;
    if let Some(error) = stopped {
        writeln!(out, "stopped: {error}; what was read is kept, and the next run goes on from here")?;
    }
    Ok(out.flush()?)
}

fn print_json(
    format: Format,
    plan: &Plan,
    preview: &Value,
    outcome: Option<(&Progress, &Spent, Option<&llm::Error>)>,
) -> anyhow::Result<()> {
    if format == Format::Text {
        return Ok(());
    }
    let result = outcome.map(|(progress, spent, stopped)| {
        json!({
            "read": progress.read, "unread": progress.unread,
            "kept": { "entities": progress.entities, "relations": progress.relations },
            "dropped": { "entities": progress.dropped.entities, "relations": progress.dropped.relations },
            "spent": spent_json(spent), "stopped": stopped.map(ToString::to_string),
            "complete": stopped.is_none() && progress.unread == 0,
        })
    });
    let answer = json!({
        "sections": plan.sections, "passages": plan.passages, "cached": plan.cached, "new": plan.new_passages(),
        "preview": preview, "result": result,
    });
    output::print_json(&answer, format)
}
