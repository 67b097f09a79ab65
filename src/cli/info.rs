//! Small commands that only tell something: settings, languages, completions, exit codes.

use std::io::Write;

use clap::CommandFactory;
use indexer::language;
use serde_json::json;

use super::args::{Cogo, CogoIndex, Completed, CompletionsArgs, EXIT_CODES, Format, ListArgs, PathArgs};
use super::{Done, output, target};
use crate::config::{Sources, unknown_variables, user_file};

/// `cogo config show`
pub(super) fn show_config(args: &PathArgs) -> anyhow::Result<Done> {
    let mut flags = json!({});
    if let Some(folder) = &args.index_dir {
        flags["index_dir"] = json!(folder);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    let first = Sources::read(None, flags.clone())?.config()?;
    let root = target::location(&args.path, &first)?.root;
    let sources = Sources::read(Some(&root), flags)?;
    let settings = sources.settings()?;
    target::init_log(&sources.config()?)?;
    for name in unknown_variables() {
        target::note(&format!("environment variable `{name}` names no setting"));
    }
    if args.format != Format::Text {
        output::print_json(&settings, args.format)?;
        return Ok(Done::Something);
    }
    let mut table = output::table(&["setting", "value", "origin"], 0..0);
    for setting in settings {
        let value = match &setting.value {
            serde_json::Value::Null => "-".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let file = setting.file.map(|file| format!(" {}", file.display())).unwrap_or_default();
        table.add_row([setting.key.to_owned(), value, format!("{}{file}", setting.origin)]);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", output::table_text(&table))?;
    if let Some(file) = user_file() {
        let there = if file.exists() { "" } else { " (does not exist)" };
        writeln!(out, "\nuser file: {}{there}", file.display())?;
    }
    out.flush()?;
    Ok(Done::Something)
}

/// `cogo languages`
pub(super) fn languages(args: &ListArgs) -> anyhow::Result<Done> {
    if args.format != Format::Text {
        let languages = language::all().iter().map(|language| {
            json!({
                "name": language.name,
                "kind": format!("{:?}", language.kind).to_lowercase(),
                "grammar": language.has_grammar(),
                "aliases": language.aliases,
                "extensions": language.extensions,
                "filenames": language.filenames,
            })
        });
        output::print_json(&languages.collect::<Vec<_>>(), args.format)?;
        return Ok(Done::Something);
    }
    // TypeScript with and without JSX are one language with two grammars.
    let mut languages: Vec<(&str, bool, Vec<String>)> = Vec::new();
    for language in language::all() {
        let extensions = language.extensions.iter().map(|extension| format!(".{extension}"));
        let files = extensions.chain(language.filenames.iter().map(|&name| name.to_owned()));
        match languages.iter_mut().find(|(name, ..)| *name == language.name) {
            Some((_, _, known)) => known.extend(files),
            None => languages.push((language.name, language.has_grammar(), files.collect())),
        }
    }
    let mut table = output::table(&["language", "definitions", "files"], 0..0);
    for (name, parsed, files) in languages {
        table.add_row([name, if parsed { "yes" } else { "-" }, &files.join(" ")]);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", output::table_text(&table))?;
    out.flush()?;
    Ok(Done::Something)
}

/// `cogo completions`
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Done> {
    let mut command = match args.command {
        Completed::Cogo => Cogo::command(),
        Completed::CogoIndex => CogoIndex::command(),
    };
    let name = command.get_name().to_owned();
    // clap_complete panics when the pipe is closed, so it writes into memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Done::Something)
}

/// `cogo exit-codes`
pub(super) fn exit_codes() -> anyhow::Result<Done> {
    let mut out = output::stdout();
    writeln!(out, "{EXIT_CODES}")?;
    out.flush()?;
    Ok(Done::Something)
}
