//! What a change touches: files, lines of them, and the definitions in those.

use graphrag::Graph;
use graphrag::graph::NodeId;

/// How far a change is followed if nobody says: beyond, everything hangs together with everything.
pub const NEAR: u32 = 3;

/// A file, and lines of it, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file, relative to the repository.
    pub path: String,
    /// First and last line, 1-based; none for the whole file.
    pub lines: Option<(u32, u32)>,
}

impl Change {
    /// Reads `path`, `path:line` or `path:first-last`; nothing if the lines are no numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((path, lines)) = text.rsplit_once(':') else {
            return Some(Change { path: text.to_owned(), lines: None });
        };
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        Some(Change { path: path.to_owned(), lines: Some((first, last)) })
    }

    /// The changed lines of the new files of a unified diff.
    pub fn of_diff(diff: &str) -> Vec<Self> {
        let mut changes = Vec::new();
        let mut path = None;
        for line in diff.lines() {
            if let Some(new) = line.strip_prefix("+++ ") {
                let new = new.split('\t').next().unwrap_or(new).trim_matches('"');
                path = (new != "/dev/null").then(|| new.strip_prefix("b/").unwrap_or(new).to_owned());
            } else if let Some(hunk) = line.strip_prefix("@@ ")
                && let (Some(path), Some(lines)) = (&path, lines_of_hunk(hunk))
            {
                changes.push(Change { path: path.clone(), lines: Some(lines) });
            }
        }
        changes
    }
}

/// The nodes that `changes` touch, each once: where to follow an impact from.
pub fn touched<'c>(graph: &Graph, changes: impl IntoIterator<Item = &'c Change>) -> Vec<NodeId> {
    let mut touched: Vec<NodeId> =
        changes.into_iter().flat_map(|change| graph.symbols_in(&change.path, change.lines)).collect();
    touched.sort_unstable();
    touched.dedup();
    touched
}

/// First and last line on the new side of `-a,b +c,d @@`. What only takes lines away touches the line before.
fn lines_of_hunk(hunk: &str) -> Option<(u32, u32)> {
    let new = hunk.split_whitespace().find_map(|part| part.strip_prefix('+'))?;
    let (first, len) = new.split_once(',').unwrap_or((new, "1"));
    let (first, len): (u32, u32) = (first.parse().ok()?, len.parse().ok()?);
    Some((first, first.saturating_add(len.saturating_sub(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_lines_of_the_new_files() {
        let diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,4 +1,6 @@ def f():\n+a\n@@ -20 +22 @@\n-b\n+c\n\
                    --- a/gone.py\n+++ /dev/null\n@@ -1,3 +0,0 @@\n--- /dev/null\n+++ b/new dir/n.py\t2020\n@@ -0,0 +1,2 @@\n";
        let lines = |path: &str, lines| Change { path: path.to_owned(), lines: Some(lines) };
        let expected = [lines("x.py", (1, 6)), lines("x.py", (22, 22)), lines("new dir/n.py", (1, 2))];
        assert_eq!(Change::of_diff(diff), expected);
        assert_eq!(Change::of_diff("@@ +1 @@\n+++ \n@@ -x +y @@"), []);
    }

    #[test]
    fn a_place_is_a_file_with_or_without_lines() {
        let change = |path: &str, lines| Some(Change { path: path.to_owned(), lines });
        assert_eq!(Change::parse("a/b.rs"), change("a/b.rs", None));
        assert_eq!(Change::parse("a/b.rs:7"), change("a/b.rs", Some((7, 7))));
        assert_eq!(Change::parse("a/b.rs:7-9"), change("a/b.rs", Some((7, 9))));
        assert_eq!(Change::parse("a/b.rs:x"), None);
    }
}
