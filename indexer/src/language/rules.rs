//! The rule files: which node kinds of a grammar are definitions and references.
//!
//! A grammar names its node kinds as it likes, so what to extract is data: one text file per
//! language in `rules/`, compiled once per process into a table indexed by node kind.
//!
//! # Format
//!
//! One rule per line; `#` starts a comment. `kinds action [what] key=value ...`, where `kinds` is
//! one node kind or several joined by `|`. Several rules for one kind are tried in order, the first
//! one whose conditions hold and whose name is found wins (unless it says `also`).
//!
//! | action | meaning |
//! |---|---|
//! | `def KIND` | a definition; `KIND` is a word of [`SymbolKind`] |
//! | `ref KIND` | a reference; `KIND` is a word of [`ReferenceKind`] |
//! | `comment` | a comment; a block of them touching a definition is its doc |
//! | `doc` | a node before a definition that is its doc (Elixir `@doc`) |
//! | `attribute` | an attribute or decorator: part of the definition it precedes, not of its signature |
//! | `local` | an anonymous function or block: variables inside are local |
//! | `path` | splits a compound name: `name=` is its last part, `qualifier=` the rest |
//! | `embed` | the node at `name=` holds TypeScript or JavaScript, which is parsed as well |
//! | `skip` | nothing inside is looked at |
//!
//! Keys of `def` and `ref`:
//!
//! | key | meaning |
//! |---|---|
//! | `name=PATHS` | where the name is; without it the node itself |
//! | `qualifier=PATHS` | where the qualifier is, if the name's own `path` rule gives none |
//! | `from=PATHS` | where the qualifier starts, if it is everything up to the name |
//! | `body=PATHS` | where the body starts, that is, the signature ends |
//! | `doc=PATHS` | a doc inside the definition (docstring) |
//! | `each=STEP` | one symbol or reference for every child reached by the step (a field or `@kinds`); `name`, `body` and conditions start from that child |
//! | `outer=KINDS` | the span grows to the parent, repeatedly, while its kind is one of these |
//! | `sole=KINDS` | like `outer`, but only if the node is the parent's only named child |
//! | `if=COND`, `unless=COND` | must, must not hold; may be repeated |
//! | `in=KINDS`, `notin=KINDS` | condition on the kind of the parent |
//! | `scope=WORDS` | condition on what encloses the node: `file`, `module`, `type`, `value` or `local`; without it, variables and fields in `value` and `local` are left out |
//! | `max=N` | only below fewer than N enclosing definitions |
//! | `split=TEXT` | the name is what follows the last TEXT, the qualifier what precedes it |
//! | `strip=CHARS` | these characters are cut off the front of the name |
//! | `merge` | joins the definition with the preceding one of the same name and kind (clauses) |
//! | `rest` | the definition encloses everything up to the end of its parent (`namespace A;`) |
//! | `own` | with `each`: the span is the child's instead of the node's, and encloses nothing |
//! | `member` | the parent is the innermost type (`self.x = 1` in a constructor) |
//! | `whole` | the name is not split by `path` rules (`namespace A.B`) |
//! | `typed` | the signature starts with the attributes (Haskell's type signatures) |
//! | `line` | the signature ends with its first complete line |
//! | `also` | the following rules are tried as well |
//!
//! `PATHS` are alternatives joined by `,`; a path is steps joined by `/`: a field name, `@kinds`
//! (first child of these kinds), `>kinds` (first node of these kinds in the node itself or below),
//! `^kinds` (nearest ancestor), a number (n-th named child, negative from the end), `<` (the leaf
//! before the node), `.` (the node itself). A step may be followed by `:kinds`, which it must then
//! have. `COND` is a path that must lead somewhere, or `PATH=WORDS` (its text is one of the words;
//! if the last step is `@kinds`, that of any such child),
//! or `PATH~upper`, `PATH~lower`, `PATH~caps` (case of the first letter; all capitals).
//!
//! A line that starts with `?` is left out where the grammar lacks something it names (TypeScript has
//! one rule file for its two grammars).
//!
//! `!ignore words...` names built-in types and functions that are not worth a reference.

use rag_core::{ReferenceKind, SymbolKind};
use std::collections::HashSet;

/// A set of node kinds.
pub(super) type Kinds = Box<[u16]>;

/// One movement in the tree.
#[derive(Debug)]
pub(super) enum Move {
    Stay,
    Field(u16),
    Child(Kinds),
    Descend(Kinds),
    Ancestor(Kinds),
    Nth(i32),
    PreviousLeaf,
}

/// A movement, and the kinds that its end must have (any if empty).
#[derive(Debug)]
pub(super) struct Step {
    pub(super) go: Move,
    pub(super) filter: Kinds,
}

/// Alternative paths; the first that leads somewhere counts.
pub(super) type Paths = Box<[Box<[Step]>]>;

/// How the letters of a name are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    Upper,
    Lower,
    Caps,
}

#[derive(Debug)]
pub(super) enum Test {
    Exists(Paths),
    Text(Paths, Box<[&'static str]>),
    Case(Paths, Case),
    Parent(Kinds),
    Scope(Box<[Scope]>),
    Depth(usize),
}

#[derive(Debug)]
pub(super) struct Condition {
    pub(super) test: Test,
    pub(super) expected: bool,
}

/// What encloses a node, as far as rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    File,
    Module,
    Type,
    Value,
    Local,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Define(SymbolKind),
    Refer(ReferenceKind),
    Comment,
    Doc,
    Attribute,
    Local,
    Skip,
    Embed,
    Path,
}

/// One line of a rule file.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) action: Action,
    pub(super) conditions: Vec<Condition>,
    pub(super) name: Paths,
    pub(super) qualifier: Paths,
    pub(super) from: Paths,
    pub(super) body: Paths,
    pub(super) doc: Paths,
    pub(super) each: Option<Step>,
    pub(super) outer: Kinds,
    pub(super) sole: Kinds,
    pub(super) split: &'static str,
    pub(super) strip: &'static str,
    pub(super) merge: bool,
    pub(super) rest: bool,
    pub(super) own: bool,
    pub(super) member: bool,
    pub(super) whole: bool,
    pub(super) typed: bool,
    pub(super) line: bool,
    pub(super) also: bool,
}

impl Rule {
    /// Whether the rule says itself where it applies.
    pub(super) fn scoped(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition.test, Test::Scope(_)))
    }
}

/// The compiled rules of one language.
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    /// For every node kind its rules, as a range of `order`; by far most are empty.
    pub(super) by_kind: Vec<(u16, u16)>,
    pub(super) order: Vec<u16>,
    pub(super) paths: Vec<Option<u16>>,
    pub(super) attributes: Vec<bool>,
    pub(super) ignored: HashSet<&'static str>,
}

impl Rules {
    /// The rules for nodes of `kind`, as positions for [`rule`](Self::rule).
    #[inline]
    pub(super) fn of(&self, kind: u16) -> std::ops::Range<usize> {
        // The kind of ERROR nodes lies beyond the table.
        let (start, end) = self.by_kind.get(kind as usize).copied().unwrap_or_default();
        start as usize..end as usize
    }

    pub(super) fn rule(&self, position: usize) -> &Rule {
        &self.rules[self.order[position] as usize]
    }

    /// How a compound name of this kind is split.
    pub(super) fn path(&self, kind: u16) -> Option<&Rule> {
        let index = *self.paths.get(kind as usize)?;
        Some(&self.rules[index? as usize])
    }

    pub(super) fn is_attribute(&self, kind: u16) -> bool {
        self.attributes.get(kind as usize).copied().unwrap_or(false)
    }
}
