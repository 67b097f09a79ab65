//! Which language a file is written in: by its name, its first line, or a look at its head.

use super::entry::Language;
use super::table::LANGUAGES;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The language with the given name or alias (`"rust"`, `"py"`, `"c++"`), in any case.
pub fn by_name(name: &str) -> Option<&'static Language> {
    let name = name.to_ascii_lowercase();
    LANGUAGES
        .iter()
        .find(|language| language.name == name)
        .or_else(|| LANGUAGES.iter().find(|language| language.aliases.contains(&name.as_str())))
}

/// The language of the file at `path` (relative, `/` between the parts), if cogo knows it.
///
/// `text_head` is the start of the file: its first line decides for scripts without an extension, and
/// the first kilobytes tell apart languages that share an extension.
pub fn detect(path: &str, text_head: &str) -> Option<&'static Language> {
    let names = names();
    let file = path.rsplit('/').next().unwrap_or(path);
    let lower = file.to_ascii_lowercase();
    if let Some(language) = names.get(lower.as_str()) {
        return Some(language);
    }
    // `Dockerfile.dev`, `.env.local`: the name up to the dot counts.
    for prefix in ["dockerfile", "containerfile", "makefile", ".env"] {
        if lower.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')) {
            return names.get(prefix).copied();
        }
    }
    // The longest extension wins: `a.blade.php` before `a.php`.
    let extensions = lower.match_indices('.').map(|(at, _)| &lower[at..]);
    for extension in extensions {
        if let Some(name) = shared_extension(extension, text_head) {
            return by_name(name);
        }
        if let Some(language) = names.get(extension) {
            return Some(language);
        }
    }
    by_shebang(text_head)
}

/// Extensions (with their dot) and whole file names, lower case.
fn names() -> &'static HashMap<String, &'static Language> {
    static NAMES: OnceLock<HashMap<String, &'static Language>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = HashMap::new();
        for language in LANGUAGES {
            for extension in language.extensions {
                names.entry(format!(".{extension}")).or_insert(language);
            }
            for file in language.filenames {
                names.insert(file.to_ascii_lowercase(), language);
            }
        }
        names
    })
}

/// Decides between languages that share an extension.
fn shared_extension(extension: &str, head: &str) -> Option<&'static str> {
    let has = |marks: &[&str]| head.lines().any(|line| marks.iter().any(|mark| line.trim_start().starts_with(mark)));
    let objc = || has(&["@interface", "@implementation", "@protocol", "@class", "#import ", "@import "]);
    match extension {
        ".h" if objc() => Some("objc"),
        ".h" => {
            let cpp = has(&[
                "class ",
                "namespace ",
                "template<",
                "template <",
                "public:",
                "private:",
                "protected:",
                "using ",
                "constexpr ",
                "virtual ",
                "#include <string>",
                "#include <vector>",
                "#include <memory>",
                "enum class ",
            ]);
            Some(if cpp || head.contains("std::") { "cpp" } else { "c" })
        }
        ".m" => {
            let matlab = has(&["function ", "%", "classdef "]) && !objc();
            Some(if matlab { "matlab" } else { "objc" })
        }
        ".ts" if head.trim_start().starts_with("<?xml") => Some("xml"),
        ".cls" if head.trim_start().starts_with('\\') => Some("latex"),
        ".pl" if has(&[":- ", "%"]) => Some("prolog"),
        _ => None,
    }
}

fn by_shebang(head: &str) -> Option<&'static Language> {
    let line = head.strip_prefix('\u{feff}').unwrap_or(head).lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace();
    let command = words.next()?.rsplit('/').next()?;
    let interpreter = match command {
        "env" => words.find(|word| !word.starts_with('-') && !word.contains('='))?,
        command => command,
    };
    let interpreter = interpreter.rsplit('/').next()?;
    // `python3.12` is run by the same language as `python`.
    let bare = interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    LANGUAGES
        .iter()
        .find(|language| language.interpreters.contains(&interpreter) || language.interpreters.contains(&bare))
}
