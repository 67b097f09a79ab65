//! Questions and the places that answer them.

use std::path::Path;

use serde::Deserialize;

use super::EvalError;
use super::measures::Paths;

/// A question with the places that answer it: one line of a file of questions.
#[derive(Clone, Debug, Deserialize)]
pub struct Question {
    /// What is asked.
    pub query: String,
    /// The places that answer it.
    pub relevant: Vec<Target>,
    /// More of them; they count the same.
    #[serde(default)]
    pub secondary: Vec<Target>,
    /// The repository that is asked, if there are several.
    #[serde(default)]
    pub repo: Option<String>,
    /// What kind of question it is.
    #[serde(default)]
    pub category: Option<String>,
}

impl Question {
    /// All places that answer it.
    pub fn targets(&self) -> Vec<&Target> {
        self.relevant.iter().chain(&self.secondary).collect()
    }
}

/// A place in a repository that answers a question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Target {
    /// The file, relative to what is indexed.
    pub path: String,
    /// First and last line, from 1; none if any part of the file will do.
    pub lines: Option<(u32, u32)>,
}

/// How a place may be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Object { path: String, start_line: Option<u32>, end_line: Option<u32> },
}

impl From<Written> for Target {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => {
                let lines = |text: &str| {
                    let (first, last) = text.split_once('-').unwrap_or((text, text));
                    Some((first.parse().ok()?, last.parse().ok()?))
                };
                match text.rsplit_once(':').and_then(|(path, rest)| Some((path, lines(rest)?))) {
                    Some((path, lines)) => Target { path: path.to_owned(), lines: Some(lines) },
                    None => Target { path: text, lines: None },
                }
            }
            Written::Object { path, start_line, end_line } => Target { path, lines: start_line.zip(end_line) },
        }
    }
}

impl Target {
    /// Whether a result at `path` and `lines` answers it.
    pub fn is_hit(&self, path: &str, lines: (u32, u32), paths: Paths) -> bool {
        let suffix = |long: &str, short: &str| {
            long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let same =
            path == self.path || (paths == Paths::Suffix && (suffix(path, &self.path) || suffix(&self.path, path)));
        same && self.lines.is_none_or(|(start, end)| lines.0 <= end && start <= lines.1)
    }
}

/// Reads a file of questions. Blank lines are left out.
///
/// # Errors
/// [`EvalError`] if it cannot be read, a line is no question, or a question has no place that answers it.
pub fn read_questions(path: &Path) -> Result<Vec<Question>, EvalError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| EvalError::Read { path: name.clone(), source })?;
    let mut questions = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: String| EvalError::Line { path: name.clone(), line: index + 1, reason };
        let question: Question = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if question.query.trim().is_empty() {
            return Err(wrong("`query` is empty".into()));
        }
        if question.targets().is_empty() {
            return Err(wrong("`relevant` names no place".into()));
        }
        questions.push(question);
    }
    match questions.is_empty() {
        true => Err(EvalError::Line { path: name, line: 1, reason: "there is no question".into() }),
        false => Ok(questions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str, lines: Option<(u32, u32)>) -> Target {
        Target { path: path.into(), lines }
    }

    #[test]
    fn places_are_written_in_three_ways() {
        let json = r#"{"query": "q", "relevant": ["a.rs", "b.rs:3-9", "c.rs:7", {"path": "d.rs", "start_line": 1, "end_line": 2}]}"#;
        let question: Question = serde_json::from_str(json).expect("it is well-formed");
        let expected = [
            target("a.rs", None),
            target("b.rs", Some((3, 9))),
            target("c.rs", Some((7, 7))),
            target("d.rs", Some((1, 2))),
        ];
        assert_eq!(question.relevant, expected);
    }

    #[test]
    fn lines_must_overlap_and_suffixes_are_whole_components() {
        let target = target("src/mod.rs", Some((10, 20)));
        assert!(target.is_hit("a/src/mod.rs", (20, 30), Paths::Suffix));
        assert!(!target.is_hit("a/src/mod.rs", (20, 30), Paths::Strict));
        assert!(!target.is_hit("src/mod.rs", (21, 30), Paths::Suffix));
        assert!(!target.is_hit("asrc/mod.rs", (10, 20), Paths::Suffix));
    }

    #[test]
    fn errors_name_the_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("q.jsonl");
        let error_of = |text: &str| {
            std::fs::write(&file, text).expect("it can be written");
            read_questions(&file).expect_err("it is wrong").to_string()
        };
        let good = r#"{"query": "a", "relevant": ["b"]}"#;
        assert!(error_of(&format!("{good}\n\n{{\"query\": 1}}")).contains("line 3"));
        assert!(error_of(r#"{"query": "a", "relevant": []}"#).contains("names no place"));
        assert!(error_of("").contains("no question"));
    }
}
