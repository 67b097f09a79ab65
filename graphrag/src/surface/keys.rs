//! Variables of the environment: who reads them, and who sets them.

use std::collections::HashSet;

use rag_core::Span;

use super::Key;
use super::source::Source;
use crate::file::FileFacts;

/// How a language reads and sets them: tokens up to the name, which is a literal after `(` and `[`, and else a word. Behind them a text
/// that the file must hold, so that the names before it are those of the library.
const FORMS: &[(&[&str], bool, &[&str], &str)] = &[
    (&["python"], false, &["os . environ [", "os . environ . get (", "os . getenv ("], "import os"),
    (&["python"], true, &["os . environ . setdefault (", "os . putenv ("], "import os"),
    (&["javascript", "typescript"], false, &["process . env .", "process . env ["], ""),
    (&["rust"], false, &["std : : env : : var (", "std : : env : : var_os (", "env ! (", "option_env ! ("], ""),
    (&["rust"], false, &["env : : var (", "env : : var_os ("], "use std::"),
    (&["rust"], true, &["std : : env : : set_var ("], ""),
    (&["rust"], true, &["env : : set_var ("], "use std::"),
    (&["go"], false, &["os . Getenv (", "os . LookupEnv ("], "\"os\""),
    (&["go"], true, &["os . Setenv ("], "\"os\""),
    (&["java", "kotlin", "groovy", "scala"], false, &["System . getenv ("], ""),
    (&["c", "cpp"], false, &["getenv ("], "stdlib"),
    (&["php"], false, &["getenv ("], ""),
    (&["ruby"], false, &["ENV [", "ENV . fetch ("], ""),
    (&["csharp"], false, &["Environment . GetEnvironmentVariable ("], ""),
    (&["csharp"], true, &["Environment . SetEnvironmentVariable ("], ""),
];
/// Longer names are no names.
const LONGEST: usize = 80;

/// Who reads and sets variables in a file.
pub(super) fn keys(source: &Source, file: u32) -> Vec<Key> {
    let mut found = match source.facts.language {
        "dotenv" => assignments(source, file),
        "dockerfile" => instructions(source, file),
        "yaml" => entries(source, file),
        _ => uses(source, file),
    };
    found.retain(|key| is_name(key.site.text(source.facts.text)));
    found.sort_by_key(|key| key.site);
    found.dedup();
    found
}

/// Those that a program reads, or an example of an environment lists: what else sets names of its own is not about them.
pub(super) fn known(files: &[FileFacts], mut keys: Vec<Key>) -> Vec<Key> {
    let name = |key: &Key| key.site.text(files[key.file as usize].text);
    let counts = |key: &&Key| !key.is_set || files[key.file as usize].language == "dotenv";
    let known: HashSet<&str> = keys.iter().filter(counts).map(name).collect();
    keys.retain(|key| known.contains(name(key)));
    keys
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn uses(source: &Source, file: u32) -> Vec<Key> {
    let mut found = Vec::new();
    let forms =
        FORMS.iter().filter(|(languages, .., needs)| languages.contains(&source.facts.language) && source.has(needs));
    for (_, is_set, forms, _) in forms {
        for form in *forms {
            let length = form.split(' ').count();
            let first = form.split(' ').next().unwrap_or(form);
            for at in (0..source.len()).filter(|&at| source.text(at) == first && source.stands(at, form)) {
                // A name of another thing, that only ends like this.
                if at > 0 && matches!(source.text(at - 1), "." | ":" | "$" | "@" | ">") {
                    continue;
                }
                let name = at + length;
                let mut site = source.span(name);
                match (form.ends_with(['(', '[']), source.literal(name)) {
                    (true, Some(_)) => (site.start, site.end) = (site.start + 1, site.end - 1),
                    (false, _) if source.word(name).is_some() => {}
                    _ => continue,
                }
                let after = name + 1 + usize::from(form.ends_with('['));
                let assigned = source.text(after) == "=" && source.text(after + 1) != "=" && !form.ends_with('(');
                found.push(Key { file, site, is_set: *is_set || assigned });
            }
        }
    }
    found
}

/// `KEY=value` at the beginning of a line.
fn assignments(source: &Source, file: u32) -> Vec<Key> {
    let begins = |at: usize| {
        let start = source.span(at).start as usize;
        let before = source.facts.text.get(..start).unwrap_or_default();
        matches!(before.rsplit('\n').next().map(str::trim), Some("" | "export"))
    };
    let is_set = |&at: &usize| source.text(at + 1) == "=" && source.word(at).is_some() && begins(at);
    (0..source.len()).filter(is_set).map(|at| Key { file, site: source.span(at), is_set: true }).collect()
}

/// `ENV KEY value` and `ARG KEY`.
fn instructions(source: &Source, file: u32) -> Vec<Key> {
    let is_set = |&at: &usize| matches!(source.text(at), "ENV" | "ARG") && source.word(at + 1).is_some();
    (0..source.len()).filter(is_set).map(|at| Key { file, site: source.span(at + 1), is_set: true }).collect()
}

/// Keys below `env` and `environment`, as compose files and pipelines have them: `KEY: value` or `- KEY=value`.
fn entries(source: &Source, file: u32) -> Vec<Key> {
    let mut found = Vec::new();
    let mut inside: Option<usize> = None;
    let mut start = 0;
    for line in source.facts.text.split_inclusive('\n') {
        let (at, entry) = (start, line.trim_start_matches([' ', '-']));
        start += line.len();
        let indent = line.len() - entry.len();
        if entry.trim_end().is_empty() || entry.starts_with('#') {
            continue;
        }
        inside = inside.filter(|outer| indent > *outer);
        if inside.is_some() {
            let length = entry.find([':', '=']).unwrap_or(0);
            let site = Span::new(at + indent..at + indent + length);
            found.push(Key { file, site, is_set: true });
        } else if matches!(entry.trim_end(), "env:" | "environment:") {
            inside = Some(indent);
        }
    }
    found
}
