//! Evidence: lines of the repository that say something about a question.

use graphrag::Graph;
use graphrag::graph::{Link, NodeId, Relation};
use rag_core::store::catalog::Place;
use rag_core::{Hit, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use super::outside::Origin;

/// Who found a piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A search over code.
    Code,
    /// A search over documents.
    Document,
    /// The graph: one definition uses another.
    Graph,
    /// A source outside of the repository.
    Web,
}

/// Lines that say something about a question: of the repository, or of a text from outside.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Evidence {
    /// Path relative to the repository; of a text from outside, its address.
    pub path: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// Who found it.
    pub source: Source,
    /// From 0 to 1: the first hit of a search has 1, the second half of that; a link as much as half of what it leads from.
    pub weight: f32,
    /// The text of the lines.
    pub text: String,
    /// Where it was found, if outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What uses what, and how, if it is a link.
    #[serde(skip)]
    pub(super) link: Option<(NodeId, NodeId, Relation)>,
}

impl Evidence {
    pub(super) fn of_hit(hit: &Hit, rank: usize) -> Self {
        let is_prose = matches!(&*hit.language, "markdown" | "rst" | "asciidoc" | "text" | "html" | "notebook" | "org");
        Evidence {
            path: hit.path.clone(),
            start_line: hit.start_line,
            end_line: hit.end_line,
            source: if is_prose { Source::Document } else { Source::Code },
            weight: 1.0 / (rank + 1) as f32,
            text: hit.text.clone(),
            origin: None,
            link: None,
        }
    }

    /// The line in which `user` uses `used`.
    pub(super) fn of_link(
        snapshot: &Snapshot,
        graph: &Graph,
        (user, used, link): (NodeId, NodeId, &Link),
        weight: f32,
    ) -> Self {
        let path = graph.path(user).to_owned();
        Evidence {
            text: lines(snapshot, &path, (link.line, link.line)).unwrap_or_default(),
            path,
            start_line: link.line,
            end_line: link.line,
            source: Source::Graph,
            weight,
            origin: None,
            link: Some((user, used, link.relation)),
        }
    }

    /// Where it is written, for people.
    pub fn place(&self) -> String {
        match &self.origin {
            None => format!("{}:{}-{}", self.path, self.start_line, self.end_line),
            Some(origin) => {
                let kept = origin.kept.as_ref().map(|name| format!(" (kept as {name})")).unwrap_or_default();
                format!("{} <{}>{kept}", origin.title, origin.url)
            }
        }
    }

    fn says_the_same(&self, other: &Evidence) -> bool {
        if self.origin.is_some() && other.origin.is_some() {
            // Several sources give the same page, or its copies.
            return self.path == other.path || letters(&self.text) == letters(&other.text);
        }
        let is_inside = |a: &Evidence, b: &Evidence| a.start_line >= b.start_line && a.end_line <= b.end_line;
        match (&self.link, &other.link) {
            (None, None) => self.path == other.path && (is_inside(self, other) || is_inside(other, self)),
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }
}

/// What of a text is compared: letters and digits.
pub(super) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Text of the lines `first` to `last` of an indexed file; `None` if the file is not indexed or damaged.
pub(super) fn lines(snapshot: &Snapshot, path: &str, (first, last): (u32, u32)) -> Option<String> {
    let Place::Indexed { segment, file } = snapshot.entry(path)?.place else { return None };
    let text = snapshot.segments.get(segment as usize)?.segment.text(file).ok()?;
    let lines = text.as_str().lines().skip(first.saturating_sub(1) as usize);
    let lines: Vec<&str> = lines.take((last + 1).saturating_sub(first) as usize).collect();
    Some(lines.join("\n"))
}

/// Pieces of evidence that differ, in the order in which they were found.
pub(super) struct Pool {
    most: usize,
    pieces: Vec<Evidence>,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Pool { most, pieces: Vec::new() }
    }

    /// Adds a piece and gives it back, if it is new and there is room.
    pub(super) fn add(&mut self, piece: Evidence) -> Option<&Evidence> {
        if self.is_full() || self.pieces.iter().any(|known| known.says_the_same(&piece)) {
            return None;
        }
        self.pieces.push(piece);
        self.pieces.last()
    }

    pub(super) fn is_full(&self) -> bool {
        self.pieces.len() >= self.most
    }

    pub(super) fn all(&self) -> &[Evidence] {
        &self.pieces
    }

    pub(super) fn into_all(self) -> Vec<Evidence> {
        self.pieces
    }
}
