//! What can be asked about one definition: who uses it, and what it uses.

use graphrag::Graph;
use graphrag::graph::{Follow, Link, NodeId, Reached, Relation, Site};

/// How far a way or a chain of bases is followed.
pub const FAR: u32 = 8;

/// A question about a node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Who calls it.
    Callers,
    /// What it calls.
    Callees,
    /// Who uses it in any way.
    References,
    /// What it imports, or needs from outside.
    Imports,
    /// What implements, extends or overrides it, through others, too.
    Implementations,
    /// Tests that reach it.
    Tests,
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Nearest first, proven before possible.
    pub reached: Vec<Reached>,
    /// Uses of the same name that nobody can resolve.
    pub unresolved: Vec<Site>,
}

impl Question {
    /// The question that is called `word`.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "callers" => Question::Callers,
            "callees" => Question::Callees,
            "references" => Question::References,
            "imports" => Question::Imports,
            "implementations" => Question::Implementations,
            "tests" => Question::Tests,
            _ => return None,
        })
    }

    /// Relations that are followed.
    pub fn relations(self) -> &'static [Relation] {
        match self {
            Question::Callers | Question::Callees => &[Relation::Call],
            Question::References | Question::Tests => &Relation::USES,
            Question::Imports => &[Relation::Import, Relation::Depend],
            Question::Implementations => &[Relation::Inherit, Relation::Override],
        }
    }

    /// Whether users are asked for, not what is used.
    pub fn is_backwards(self) -> bool {
        !matches!(self, Question::Callees | Question::Imports)
    }

    /// How many links far, if nobody says otherwise.
    pub fn depth(self) -> u32 {
        if matches!(self, Question::Implementations | Question::Tests) { FAR } else { 1 }
    }

    /// Answers the question about `start`.
    pub fn ask(self, graph: &Graph, start: NodeId, depth: Option<u32>, proven_only: bool) -> Found {
        let (relations, backwards) = (self.relations(), self.is_backwards());
        let follow = Follow { relations, proven_only, depth: depth.unwrap_or(self.depth()) };
        let mut reached = graph.reach(&[start], backwards, follow);
        if self == Question::Tests {
            reached.retain(|reached| graph.is_test(reached.node) && graph.node(reached.node).symbol.is_some());
        }
        reached.sort_by_key(|reached| (reached.distance, !reached.is_proven));
        let mut unresolved = if backwards { graph.unresolved(start) } else { Vec::new() };
        unresolved.retain(|site| relations.contains(&site.relation));
        Found { reached, unresolved }
    }
}

/// How much of two similar definitions is the same: `equal to`, or `87 % like`.
pub fn likeness(link: &Link) -> String {
    // Rounded down: what is not equal is never called all of it.
    if link.is_proven { "equal to".into() } else { format!("{} % like", (link.count / 10).min(99)) }
}

/// Why a change reaches a node: `calls Basket.total at line 7`, and how far that is.
pub fn reason(graph: &Graph, reached: &Reached) -> String {
    let name = graph.node(reached.from).name;
    let words = match reached.link.relation {
        Relation::Call => "calls",
        Relation::Import => "imports",
        Relation::Inherit => "extends",
        Relation::Type => "has the type",
        Relation::Override => "overrides",
        Relation::Mention => "mentions",
        Relation::Depend => "needs",
        Relation::Relate => "is said of",
        Relation::Route => "answers",
        Relation::Read => "reads",
        Relation::Set => "sets",
        Relation::Similar => return format!("{} {name}", likeness(&reached.link)),
        Relation::CoChange => {
            let plural = if reached.link.count == 1 { "" } else { "s" };
            return format!("in {} commit{plural} with {name}", reached.link.count);
        }
    };
    let far = if reached.distance > 1 { format!(", {} away", reached.distance) } else { String::new() };
    format!("{words} {name} at line {}{far}", reached.link.line)
}
