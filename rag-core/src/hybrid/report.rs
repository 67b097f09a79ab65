//! Long queries: bug reports, questions with code, logs.
//!
//! What they are about stands in the first line and in a few sections; the rest are the headings of templates and the
//! description of a machine. A question is one part, in which every word counts the same.

/// A shorter query is a question, whatever it looks like.
const SHORTEST: usize = 200;
/// A part of the text that is read by its meaning is cut off here, in bytes.
const LONGEST_GIST: usize = 2000;
/// The title counts as if it was written so many times.
const TITLE: usize = 3;

/// Headings below which stands where something happened rather than what.
const SURROUNDINGS: &[&str] = &[
    "environment",
    "version",
    "versions",
    "system information",
    "system info",
    "system details",
    "installed packages",
    "pip list",
    "operating system",
    "os",
    "platform",
    "additional dependencies",
    "show_versions",
];

/// Headings that templates put into every report.
const TEMPLATE: &[&str] = &[
    "actual behavior",
    "actual outcome",
    "actual result",
    "actual results",
    "additional context",
    "anything else we need to know",
    "bug description",
    "bug summary",
    "code for reproduction",
    "command used",
    "configuration",
    "current behavior",
    "describe alternatives you've considered",
    "describe the bug",
    "describe the solution you'd like",
    "description",
    "expected behavior",
    "expected behaviour",
    "expected outcome",
    "expected result",
    "expected results",
    "how to reproduce",
    "is your feature request related to a problem? please describe",
    "mcve code sample",
    "minimal complete verifiable example",
    "output",
    "problem description",
    "relevant log output",
    "reproduce",
    "reproducible example",
    "screenshots",
    "steps to reproduce",
    "steps/code to reproduce",
    "summary",
    "to reproduce",
    "traceback",
    "what did you expect to happen",
    "what happened",
    "what you expected to happen",
    "your project",
];

/// What a line of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Title,
    Prose,
    Code,
}

/// The lines that say what a report is about.
pub(super) struct Report<'t> {
    lines: Vec<(Kind, &'t str)>,
}

impl<'t> Report<'t> {
    /// Reads a report; none if `text` is a question.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.contains('\n') {
            return None;
        }
        let mut lines: Vec<(Kind, &str)> = Vec::new();
        let (mut in_fence, mut in_comment, mut is_aside) = (false, false, false);
        for line in text.lines() {
            let bare = line.trim();
            if in_comment || bare.starts_with("<!--") {
                in_comment = !bare.ends_with("-->");
            } else if bare.starts_with("```") || bare.starts_with("~~~") {
                in_fence = !in_fence;
            } else if let Some(heading) = heading(bare).filter(|_| !in_fence) {
                is_aside = is_surroundings(&heading);
                if !is_aside && !TEMPLATE.contains(&heading.as_str()) {
                    let kind = if lines.is_empty() { Kind::Title } else { Kind::Prose };
                    lines.push((kind, line));
                }
            } else if !is_aside && !bare.is_empty() {
                let is_code =
                    in_fence || line.starts_with("    ") || bare.starts_with(">>>") || bare.starts_with("In [");
                let kind = match (lines.is_empty(), is_code) {
                    (true, _) => Kind::Title,
                    (false, true) => Kind::Code,
                    (false, false) => Kind::Prose,
                };
                lines.push((kind, line));
            }
        }
        (!lines.is_empty()).then_some(Report { lines })
    }

    /// The lines, each with how often its words count.
    pub(super) fn weighted(&self) -> impl Iterator<Item = (&'t str, f32)> {
        self.lines.iter().map(|(kind, line)| (*line, if *kind == Kind::Title { TITLE as f32 } else { 1.0 }))
    }

    /// The text to compare by meaning: the title, several times, and the prose.
    pub(super) fn gist(&self) -> String {
        let mut gist = String::new();
        for (kind, line) in &self.lines {
            let times = match kind {
                Kind::Title => TITLE,
                Kind::Prose => 1,
                Kind::Code => 0,
            };
            for _ in 0..times {
                if gist.len() + line.len() <= LONGEST_GIST {
                    gist.push_str(line);
                    gist.push('\n');
                }
            }
        }
        gist
    }
}

/// The text of a heading, in lower case: Markdown, bold, or a short line that ends with a colon.
fn heading(line: &str) -> Option<String> {
    let is_bold = line.len() > 4 && line.starts_with("**") && line.ends_with("**");
    let is_label = line.len() < 60 && line.ends_with(':');
    let text = line.trim_matches(|c: char| matches!(c, '#' | '*' | ':' | ' ' | '_'));
    (line.starts_with('#') || is_bold || is_label).then(|| text.to_lowercase())
}

/// `Environment`, `Pylint version`, `OS / Environment`.
fn is_surroundings(heading: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ');
    SURROUNDINGS.iter().any(|word| {
        heading.split(|c| !is_part(c)).any(|part| part.trim() == *word)
            || heading.ends_with(word)
            || heading.starts_with(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Crash in parser when the file is empty\n### Description\n\n<!-- Please search first\n-->\n\
        Parsing an empty file raises `IndexError` in read_header, although an empty table is a table, and a user would \
        expect one.\n```python\nparse(\"empty.tab\")\n```\n### System details\nLinux-5.4\nnumpy 1.2\n";

    #[test]
    fn a_report_loses_its_template_and_its_machine() {
        let report = Report::read(REPORT).expect("a report");
        let lines: Vec<(&str, f32)> = report.weighted().collect();
        assert_eq!(lines[0], ("Crash in parser when the file is empty", 3.0));
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].0.contains("IndexError") && lines[2].0.contains("empty.tab"), "{lines:?}");
        let gist = report.gist();
        assert_eq!(gist.matches("Crash in parser").count(), 3);
        assert!(gist.contains("IndexError") && !gist.contains("empty.tab") && !gist.contains("numpy"), "{gist}");
    }

    #[test]
    fn a_question_is_no_report() {
        assert!(Report::read("where is the header read").is_none());
        assert!(Report::read(&"a long line ".repeat(40)).is_none());
        assert!(Report::read(&"### Environment\n".repeat(40)).is_none());
    }
}
