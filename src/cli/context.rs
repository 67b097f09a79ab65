//! `cogo context`.

use std::io::Write;

use super::args::{ContextArgs, Format};
use super::failure::Usage;
use super::output::{self, harmless};
use super::{Done, target};
use crate::context::pack;

pub(super) fn run(args: &ContextArgs) -> anyhow::Result<Done> {
    let engine = match target::mirrors_named(std::slice::from_ref(&args.path), &args.mirror, &args.logging)? {
        Some(mut mirrors) if mirrors.len() == 1 => mirrors.remove(0),
        Some(_) => return Err(Usage::new("there are several repositories").hint("choose one by `--repo NAME`").into()),
        None => {
            let (engine, _) = target::engine_for(&args.path, None, &args.logging)?;
            target::refresh(&engine)?;
            engine
        }
    };
    let context = pack(&engine, &args.query, args.tokens)?;
    if args.format != Format::Text {
        output::print_json(&context, args.format)?;
    } else {
        let mut out = output::stdout();
        for block in &context.blocks {
            let (path, reason) = (harmless(&block.path), harmless(&block.reason));
            writeln!(out, "── {path}:{}-{} ({reason})", block.start_line, block.end_line)?;
            for line in block.text.lines() {
                writeln!(out, "{}", harmless(line))?;
            }
        }
        if !context.paths.is_empty() {
            writeln!(out, "── how they hang together")?;
            context.paths.iter().try_for_each(|path| writeln!(out, "{}", harmless(path)))?;
        }
        if !context.omitted.is_empty() {
            writeln!(out, "── not shown: {}", harmless(&context.omitted.join(", ")))?;
        }
        writeln!(out, "── about {} tokens", output::number(context.tokens as u64))?;
        out.flush()?;
    }
    Ok(if context.blocks.is_empty() { Done::Nothing } else { Done::Something })
}
