//! `cogo research`.

use std::io::Write;

use super::args::{Format, ResearchArgs};
use super::failure::Usage;
use super::output::{self, harmless};
use super::{Done, target};
use crate::research::{Depth, research};

pub(super) fn run(args: &ResearchArgs) -> anyhow::Result<Done> {
    if args.question.trim().is_empty() {
        return Err(Usage::new("invalid question: it is empty").into());
    }
    let (engine, _) = target::engine_for(&args.path, None, &args.logging)?;
    target::refresh(&engine)?;
    let depth = Depth { rounds: args.rounds, evidence: args.evidence, ..Depth::default() };
    let findings = research(&engine, &args.question, &depth, &mut |step| tracing::debug!(?step))?;
    if args.format != Format::Text {
        output::print_json(&findings, args.format)?;
    } else {
        let mut out = output::stdout();
        for line in findings.markdown().lines() {
            writeln!(out, "{}", harmless(line))?;
        }
        out.flush()?;
    }
    Ok(if findings.sentences.is_empty() { Done::Nothing } else { Done::Something })
}
