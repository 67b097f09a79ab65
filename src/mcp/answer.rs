//! An answer with a limit in tokens, which it never exceeds.

use std::borrow::Cow;

use graphrag::Graph;
use graphrag::graph::{NodeId, NodeKind};

use crate::harmless::harmless;
use crate::tokens::estimate;

/// Tokens that are kept for the end of an answer: what was left out, and what to do next.
const END: usize = 70;

/// Text that grows up to a limit.
pub(super) struct Answer {
    text: String,
    used: usize,
    limit: usize,
}

impl Answer {
    /// An empty answer of at most `limit` tokens.
    pub(super) fn new(limit: usize) -> Self {
        Answer { text: String::new(), used: 0, limit }
    }

    /// Tokens that are left for its body.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.used + END)
    }

    /// Adds a line if it fits.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let tokens = estimate(line) + 1;
        let fits = tokens <= self.room();
        if fits {
            self.add(line, tokens);
        }
        fits
    }

    /// Adds as many of the lines as fit; how many did.
    pub(super) fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        lines.into_iter().take_while(|line| self.line(line.as_ref())).count()
    }

    /// Adds a title and as many of the lines as fit, and says how many did not: `uses (12)`. Nothing if there are no lines.
    pub(super) fn list(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() || !self.line(&format!("{title} ({})", lines.len())) {
            return;
        }
        // What is left out has to be said, so room for that is kept from the start.
        let more = |left: usize| format!("  … {left} more");
        let kept = estimate(&more(lines.len())) + 1;
        for (shown, line) in lines.iter().enumerate() {
            let line = format!("  {line}");
            let tokens = estimate(&line) + 1;
            let is_last = shown + 1 == lines.len();
            if tokens + if is_last { 0 } else { kept } > self.room() {
                let more = more(lines.len() - shown);
                self.line(&more);
                return;
            }
            self.add(&line, tokens);
        }
    }

    /// Ends it with lines that may use what was kept for them; what does not fit is left out.
    pub(super) fn end(mut self, lines: &[String]) -> String {
        for line in lines {
            let tokens = estimate(line) + 1;
            if self.used + tokens <= self.limit {
                self.add(line, tokens);
            }
        }
        self.text
    }

    fn add(&mut self, line: &str, tokens: usize) {
        self.text += line;
        self.text.push('\n');
        self.used += tokens;
    }
}

/// `Next: read a.rs:1-20 · graph callers Foo`
pub(super) fn next(steps: &[String]) -> String {
    format!("Next: {}", steps.join(" · "))
}

/// `path:first-last`
pub(super) fn cite(path: &str, (first, last): (u32, u32)) -> String {
    format!("{}:{first}-{last}", one_line(path))
}

/// `path:first-last Name (kind)`
pub(super) fn place(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    let name = one_line(node.name);
    match node.kind {
        NodeKind::Symbol(kind) => format!("{} {name} ({kind})", cite(graph.path(id), node.lines)),
        NodeKind::File => name.into_owned(),
        NodeKind::Folder => format!("{name}/"),
        NodeKind::Package | NodeKind::Concept | NodeKind::Route | NodeKind::Key => {
            format!("{name} ({})", node.kind.as_str())
        }
    }
}

/// What to call a node when asking for it again.
pub(super) fn handle(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    match graph.find(node.name)[..] {
        [_] => one_line(node.name).into_owned(),
        _ if node.symbol.is_some() => format!("{}:{}", one_line(graph.path(id)), node.lines.0),
        _ => one_line(node.name).into_owned(),
    }
}

/// A name or path that cannot forge lines.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    harmless(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_stays_below_its_limit_and_says_what_is_missing() {
        for limit in [60, 100, 150, 400] {
            let mut answer = Answer::new(limit);
            let lines: Vec<String> = (0..100).map(|n| format!("src/file_{n}.rs:1-20 name_{n}")).collect();
            answer.list("callers", &lines);
            let text = answer.end(&["x ".repeat(2 * limit), "Next: read src/file_1.rs:1-20".into()]);
            assert!(estimate(&text) <= limit, "{limit}: {text}");
            assert!(text.ends_with("Next: read src/file_1.rs:1-20\n"), "{text}");
            let is_shown = text.starts_with("callers (100)\n");
            assert_eq!(is_shown, limit >= 100, "{text}");
            assert_eq!(text.contains(" more\n"), is_shown, "{text}");
        }
    }
}
