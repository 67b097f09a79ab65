//! Moving in a syntax tree along the paths of a rule.

use super::rules::{Case, Condition, Kinds, Move, Paths, Scope, Step, Test};
use tree_sitter::{Node, TreeCursor};

/// How many nodes a `>` step looks at before it gives up.
const DESCEND_LIMIT: usize = 300;
/// How far outwards a rule looks. What belongs together is close; without a limit, deeply nested
/// files would take quadratic time.
pub(super) const NEAR: usize = 200;

/// What a path can refer to besides the node it starts from.
pub(super) struct Finder<'tree, 'text> {
    pub(super) text: &'text str,
    /// The nodes above the current one, outermost first.
    pub(super) ancestors: Vec<Node<'tree>>,
    /// The node a rule is applied to, if a path starts from one of its children (`each`).
    pub(super) current: Option<Node<'tree>>,
    /// The leaf visited last.
    pub(super) previous_leaf: Node<'tree>,
    /// A cursor for looking at children; kept because creating one allocates.
    pub(super) spare: TreeCursor<'tree>,
}

impl<'tree> Finder<'tree, '_> {
    /// The node at the end of the first path that leads somewhere.
    pub(super) fn find(&mut self, node: Node<'tree>, paths: &Paths) -> Option<Node<'tree>> {
        paths.iter().find_map(|path| path.iter().try_fold(node, |node, step| self.step(node, step)))
    }

    fn step(&mut self, node: Node<'tree>, step: &Step) -> Option<Node<'tree>> {
        let found = match &step.go {
            Move::Stay => node,
            Move::Field(field) => node.child_by_field_id(*field)?,
            Move::Child(kinds) => self.child(node, kinds)?,
            Move::Descend(kinds) => self.descend(node, kinds)?,
            Move::Ancestor(kinds) => {
                let mut above = self.current.iter().chain(self.ancestors.iter().rev().take(NEAR));
                *above.find(|node| kinds.contains(&node.kind_id()))?
            }
            Move::Nth(n) => {
                let index = if *n < 0 { node.named_child_count() as i32 + n } else { *n };
                node.named_child(u32::try_from(index).ok()?)?
            }
            Move::PreviousLeaf => self.previous_leaf,
        };
        (step.filter.is_empty() || step.filter.contains(&found.kind_id())).then_some(found)
    }

    fn child(&mut self, node: Node<'tree>, kinds: &Kinds) -> Option<Node<'tree>> {
        self.spare.reset(node);
        let mut more = self.spare.goto_first_child();
        while more {
            let child = self.spare.node();
            if kinds.contains(&child.kind_id()) {
                return Some(child);
            }
            more = self.spare.goto_next_sibling();
        }
        None
    }

    fn descend(&mut self, node: Node<'tree>, kinds: &Kinds) -> Option<Node<'tree>> {
        self.spare.reset(node);
        for _ in 0..DESCEND_LIMIT {
            let node = self.spare.node();
            if kinds.contains(&node.kind_id()) {
                return Some(node);
            }
            if self.spare.goto_first_child() {
                continue;
            }
            while !self.spare.goto_next_sibling() {
                // The cursor cannot leave the node it was reset to.
                if !self.spare.goto_parent() {
                    return None;
                }
            }
        }
        None
    }

    /// The children that a step leads to, for `each`.
    pub(super) fn each(&mut self, node: Node<'tree>, step: &Step) -> Vec<Node<'tree>> {
        let mut found = Vec::new();
        self.spare.reset(node);
        let mut more = self.spare.goto_first_child();
        while more {
            let child = self.spare.node();
            let reached = match &step.go {
                Move::Field(field) => child.is_named() && self.spare.field_id().is_some_and(|id| id.get() == *field),
                Move::Child(kinds) => kinds.contains(&child.kind_id()),
                _ => false,
            };
            if reached && (step.filter.is_empty() || step.filter.contains(&child.kind_id())) {
                found.push(child);
            }
            more = self.spare.goto_next_sibling();
        }
        found
    }

    /// Whether `condition` holds for `node`, enclosed by `scope` and `depth` definitions.
    pub(super) fn holds(&mut self, node: Node<'tree>, condition: &Condition, scope: Scope, depth: usize) -> bool {
        let holds = match &condition.test {
            Test::Exists(paths) => self.find(node, paths).is_some(),
            Test::Text(paths, words) => self.reads(node, paths, words),
            Test::Case(paths, case) => self.find(node, paths).is_some_and(|node| has_case(self.text_of(node), *case)),
            Test::Parent(kinds) => self.ancestors.last().is_some_and(|parent| kinds.contains(&parent.kind_id())),
            Test::Scope(scopes) => scopes.contains(&scope),
            Test::Depth(limit) => depth < *limit,
        };
        holds == condition.expected
    }

    /// Whether a path leads to one of the words. A last step `@kinds` means any such child.
    fn reads(&mut self, node: Node<'tree>, paths: &Paths, words: &[&str]) -> bool {
        for path in paths {
            let Some((last, first)) = path.split_last() else { continue };
            let start = first.iter().try_fold(node, |node, step| self.step(node, step));
            let Some(start) = start else { continue };
            if matches!(last.go, Move::Child(_)) {
                let children = self.each(start, last);
                return children.into_iter().any(|child| words.contains(&self.text_of(child)));
            }
            if let Some(end) = self.step(start, last) {
                return words.contains(&self.text_of(end));
            }
        }
        false
    }

    fn text_of(&self, node: Node<'tree>) -> &str {
        self.text.get(node.byte_range()).unwrap_or("")
    }
}

fn has_case(text: &str, case: Case) -> bool {
    let first = text.chars().next();
    match case {
        Case::Upper => first.is_some_and(char::is_uppercase),
        Case::Lower => first.is_some_and(|c| c.is_lowercase() || c == '_'),
        Case::Caps => {
            text.len() > 1 && text.chars().any(|c| c.is_ascii_uppercase()) && !text.chars().any(char::is_lowercase)
        }
    }
}
