//! `cogo adapt`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::args::{Format, PathArgs};
use super::output::{self, count};
use super::{Done, target};
use crate::adapt::{Adapted, Outcome, adapt};
use crate::{FEATURES, Ranking};

pub(super) const ADAPT_EXAMPLES: &str = "\
Examples:
  cogo adapt               fit, measure the gain, and keep the weights if there is one
  cogo adapt --dry-run     only say what that would bring
  cogo adapt --undo        rank as before

The weights lie in the index folder (`ranking.json`). A running `cogo serve` takes them with the next change of the index.";

#[derive(Args, Debug)]
pub(super) struct AdaptArgs {
    #[command(flatten)]
    pub place: PathArgs,
    /// Keep nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what an earlier run has kept.
    #[arg(long, conflicts_with = "dry_run")]
    pub undo: bool,
}

pub(super) fn run(args: &AdaptArgs) -> anyhow::Result<Done> {
    let (engine, config) = target::engine_for(&args.place.path, args.place.index_dir.as_deref(), &args.place.logging)?;
    if args.undo {
        let removed = Adapted::remove(engine.store())?;
        let said = if removed { "the usual weights rank again" } else { "there was nothing to undo" };
        return say(args.place.format, &json!({ "removed": removed }), said);
    }
    target::refresh(&engine)?;
    let store = target::store(engine.root(), &config);
    let adapted = adapt(&engine.unadapted())?;
    let is_kept = adapted.outcome.is_gain() && !args.dry_run;
    if is_kept {
        adapted.keep(&store)?;
    }
    let mut value = serde_json::to_value(&adapted)?;
    value["kept"] = json!(is_kept);
    say(args.place.format, &value, &text(&adapted, is_kept))
}

fn say(format: Format, value: &serde_json::Value, text: &str) -> anyhow::Result<Done> {
    if format != Format::Text {
        output::print_json(value, format)?;
    } else {
        let mut out = output::stdout();
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    Ok(Done::Something)
}

fn text(adapted: &Adapted, is_kept: bool) -> String {
    let Outcome { made, before, gain } = &adapted.outcome;
    let number = |n: usize, noun: &str| count(n as u64, noun);
    let mut lines = vec![format!(
        "asked about {}, {} and {}",
        number(made.commits, "commit"),
        number(made.tests, "test"),
        number(made.documents, "document section"),
    )];
    if gain.count == 0 {
        lines.push("these are too few to learn from; nothing was changed".into());
        return lines.join("\n");
    }
    lines.push(format!(
        "NDCG@10 {before:.3}; on questions that took no part {:+.3} [{:+.3}, {:+.3}]",
        gain.mean, gain.low, gain.high
    ));
    if !adapted.outcome.is_gain() {
        lines.push("that may be chance; nothing was changed".into());
        return lines.join("\n");
    }
    let mut table = output::table(&["weight", "usual", "here"], 1..3);
    for (name, usual) in FEATURES.iter().zip(Ranking::default().weights) {
        if let Some(change) = adapted.files.get(*name).filter(|change| change.abs() >= 0.05) {
            table.add_row([(*name).to_owned(), format!("{usual:.2}"), format!("{:.2}", usual + change)]);
        }
    }
    lines.push(output::table_text(&table));
    lines.push(if is_kept { "kept; `cogo adapt --undo` goes back" } else { "nothing was kept" }.into());
    lines.join("\n")
}
