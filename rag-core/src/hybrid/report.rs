//! Long queries: bug reports, questions with code, logs. What they are about stands in the first line and in a few sections;
//! the rest are templates and descriptions of a machine.

/// A query of fewer bytes is a question, whatever it looks like.
const SHORTEST: usize = 200;

/// What a line of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The first line.
    Title,
    /// Text.
    Prose,
    /// A code block, a quoted session, a stack trace.
    Code,
}

/// Words of headings below which stands where it happened rather than what.
const SURROUNDINGS: &[&str] = &[
    "environment", "version", "versions", "system information", "system details", "installed packages", "pip list", "operating system", "os",
    "additional dependencies", "show_versions", "system info", "platform",
];

/// Headings of templates: they are in every report.
const TEMPLATE: &[&str] = &[
    "describe the bug", "to reproduce", "steps to reproduce", "how to reproduce", "expected behavior", "expected behaviour", "expected result", "expected results",
    "actual behavior", "actual result", "actual results", "actual outcome", "expected outcome", "bug description", "description", "configuration", "command used",
    "additional context", "screenshots", "your project", "code for reproduction", "bug summary", "reproducible example", "reproduce",
    "what happened", "what you expected to happen", "what did you expect to happen", "minimal complete verifiable example", "current behavior", "problem description",
    "mcve code sample", "steps/code to reproduce", "describe the solution you'd like", "describe alternatives you've considered", "is your feature request related to a problem? please describe", "anything else we need to know",
    "output", "summary", "traceback", "relevant log output",
];

/// The lines that say what a report is about; none if `text` is no report.
pub(super) fn parts(text: &str) -> Option<Vec<(Part, &str)>> {
    let text = text.trim();
    if text.len() < SHORTEST || !text.contains('\n') {
        return None;
    }
    let mut found: Vec<(Part, &str)> = Vec::new();
    let (mut in_fence, mut in_comment, mut aside) = (false, false, false);
    for line in text.lines() {
        let bare = line.trim();
        if in_comment || bare.starts_with("<!--") {
            in_comment = !bare.ends_with("-->");
            continue;
        }
        if bare.starts_with("```") || bare.starts_with("~~~") {
            in_fence = !in_fence;
            continue;
        }
        if !in_fence {
            if let Some(heading) = heading(bare) {
                aside = SURROUNDINGS.iter().any(|word| heading.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ' ').any(|part| part.trim() == *word) || heading.ends_with(word) || heading.starts_with(word) );
                if aside || TEMPLATE.contains(&heading.as_str()) {
                    continue;
                }
            }
        }
        if aside || bare.is_empty() {
            continue;
        }
        let code = in_fence || line.starts_with("    ") || bare.starts_with(">>>") || bare.starts_with("In [");
        let part = if found.is_empty() { Part::Title } else if code { Part::Code } else { Part::Prose };
        found.push((part, line));
    }
    Some(found)
}

/// The text of a heading, in lower case.
fn heading(line: &str) -> Option<String> {
    let marked = line.starts_with('#') || (line.starts_with("**") && line.ends_with("**")) || (line.ends_with(':') && line.len() < 60);
    let text = line.trim_matches(|c: char| matches!(c, '#' | '*' | ':' | ' ' | '_'));
    marked.then(|| text.to_lowercase())
}

pub(super) fn embedded(text: &str) -> std::borrow::Cow<'_, str> {
    match parts(text).filter(|_| std::env::var("NOREPORT").is_err()) {
        Some(parts) => {
            let n: usize = std::env::var("E_TITLE").ok().and_then(|v| v.parse().ok()).unwrap_or(2);
            let max: usize = std::env::var("E_MAX").ok().and_then(|v| v.parse().ok()).unwrap_or(2000);
            let code = std::env::var("E_CODE").is_ok();
            let mut all = String::new();
            for (part, line) in parts {
                for _ in 0..if part == Part::Title { n } else if part == Part::Code && !code { 0 } else { 1 } {
                    if all.len() < max { all.push_str(line); all.push('\n'); }
                }
            }
            all.into()
        }
        None => text.into(),
    }
}
