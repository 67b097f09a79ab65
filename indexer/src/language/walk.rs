//! One walk over a syntax tree that collects definitions and references by the rules of a language.
//!
//! A grammar's own tags query takes about twice as long and finds less: no types, no imports, no
//! nesting (`tests/speed.rs` measures it). The walk is iterative, so hostile nesting does not overflow
//! the stack, and it does a bounded amount of work per node, so it stays linear in the file.

use super::find::Finder;
use super::names::{clean, is_reference_name, split_name, trim_separators, without_joint};
use super::rules::{Action, Rule, Rules, Scope};
use super::sort::sorted;
use rag_core::{Reference, ReferenceKind, Span, Symbol};
use tree_sitter::{Node, Range, Tree};

/// The longest qualifier that is kept: longer ones are chained calls, not paths.
const MAX_QUALIFIER: usize = 160;

/// What the walk found.
pub(super) struct Found {
    pub(super) symbols: Vec<Symbol>,
    pub(super) references: Vec<Reference>,
    pub(super) errors: u32,
    /// Where scripts in another language stand.
    pub(super) scripts: Vec<Range>,
}

impl Found {
    /// Adds what was found in the scripts of the same text.
    pub(super) fn append(&mut self, inner: Found) {
        let offset = self.symbols.len() as u32;
        let shift = |index: Option<u32>| index.map(|index| index + offset);
        let symbols = inner.symbols.into_iter();
        self.symbols.extend(symbols.map(|symbol| Symbol { parent: shift(symbol.parent), ..symbol }));
        let references = inner.references.into_iter();
        self.references
            .extend(references.map(|reference| Reference { enclosing: shift(reference.enclosing), ..reference }));
        self.errors += inner.errors;
        let symbols = std::mem::take(&mut self.symbols);
        let references = std::mem::take(&mut self.references);
        (self.symbols, self.references) = sorted(symbols, references, Vec::new());
    }
}

/// Collects the symbols and references of `tree`, which was parsed from `text`.
pub(super) fn walk(tree: &Tree, text: &str, rules: &Rules) -> Found {
    let root = tree.root_node();
    let mut walker = Walker {
        rules,
        finder: Finder {
            text,
            ancestors: Vec::with_capacity(64),
            current: None,
            previous_leaf: root,
            spare: root.walk(),
        },
        frames: vec![Frame { symbol: None, enclosing: None, scope: Scope::File, level: 0, last: None }],
        depth: 0,
        lead: Lead::default(),
        symbols: Vec::with_capacity(text.len() / 400),
        references: Vec::with_capacity(text.len() / 60),
        taken: Vec::with_capacity(text.len() / 400),
        pending: None,
        scripts: Vec::new(),
    };
    let errors = walker.run(root);
    let Walker { symbols, references, taken, scripts, .. } = walker;
    let (symbols, references) = sorted(symbols, references, taken);
    Found { symbols, references, errors, scripts }
}

/// A definition (or anonymous function) that the walk is inside of.
pub(super) struct Frame {
    pub(super) symbol: Option<u32>,
    /// The innermost symbol from here outwards: the frame's own, or that of a frame around it.
    pub(super) enclosing: Option<u32>,
    pub(super) scope: Scope,
    /// How many nodes lie above the node that opened it.
    pub(super) level: usize,
    /// The last symbol directly inside, for `merge`.
    pub(super) last: Option<u32>,
}

/// Comments and attributes seen last: they belong to the next definition if nothing stands between.
#[derive(Clone, Copy, Default)]
pub(super) struct Lead {
    pub(super) doc: Option<Span>,
    pub(super) attributes: Option<usize>,
    pub(super) end: usize,
}

pub(super) struct Walker<'tree, 'a> {
    pub(super) rules: &'a Rules,
    pub(super) finder: Finder<'tree, 'a>,
    pub(super) frames: Vec<Frame>,
    /// How many of the frames have a symbol.
    pub(super) depth: usize,
    pub(super) lead: Lead,
    pub(super) symbols: Vec<Symbol>,
    pub(super) references: Vec<Reference>,
    /// Names of definitions: no references.
    pub(super) taken: Vec<Span>,
    /// The frame to open once the current rule is done.
    pub(super) pending: Option<Frame>,
    pub(super) scripts: Vec<Range>,
}

impl<'tree> Walker<'tree, '_> {
    /// Visits every node in document order; returns the number of error nodes.
    fn run(&mut self, root: Node<'tree>) -> u32 {
        let mut errors = 0;
        let has_error = root.has_error();
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            let kind = node.kind_id();
            let rules = self.rules.of(kind);
            let enter = rules.is_empty() || self.apply(node, rules);
            if has_error && (node.is_error() || node.is_missing()) {
                errors += 1;
            }
            if enter && cursor.goto_first_child() {
                self.finder.ancestors.push(node);
                continue;
            }
            self.finder.previous_leaf = node;
            loop {
                self.leave(self.finder.ancestors.len());
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return errors;
                }
                self.finder.ancestors.pop();
            }
        }
    }

    /// Closes the frames that were opened `level` nodes deep.
    #[inline]
    pub(super) fn leave(&mut self, level: usize) {
        while let [_, .., frame] = self.frames.as_slice()
            && frame.level == level
        {
            self.depth -= usize::from(frame.symbol.is_some());
            self.frames.pop();
        }
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the file's frame is never popped")
    }

    /// The innermost enclosing symbol.
    pub(super) fn enclosing(&self) -> Option<u32> {
        self.frames.last().and_then(|frame| frame.enclosing)
    }

    /// Applies the rules for `node`; whether its children are worth a visit.
    fn apply(&mut self, node: Node<'tree>, range: std::ops::Range<usize>) -> bool {
        // A definition opens a frame; the rules that follow an `also` still belong inside of it.
        let mut defined = false;
        for position in range {
            let rules = self.rules;
            let rule = rules.rule(position);
            let defines = matches!(rule.action, Action::Define(_));
            if defines && defined {
                continue;
            }
            let matched = match &rule.each {
                None => self.apply_rule(node, node, rule),
                Some(step) => {
                    let mut matched = false;
                    for item in self.finder.each(node, step) {
                        matched |= self.apply_rule(node, item, rule);
                    }
                    matched
                }
            };
            if let Some(frame) = self.pending.take() {
                self.depth += usize::from(frame.symbol.is_some());
                self.frames.push(frame);
            }
            defined |= defines && matched;
            if !matched || rule.also {
                continue;
            }
            return !matches!(rule.action, Action::Skip | Action::Comment);
        }
        true
    }

    fn apply_rule(&mut self, node: Node<'tree>, item: Node<'tree>, rule: &Rule) -> bool {
        let scope = self.frame().scope;
        self.finder.current = rule.each.is_some().then_some(node);
        for condition in &rule.conditions {
            if !self.finder.holds(item, condition, scope, self.depth) {
                return false;
            }
        }
        match rule.action {
            Action::Define(kind) => return self.define(kind, node, item, rule).is_some(),
            Action::Refer(kind) => return self.refer(kind, node, item, rule).is_some(),
            Action::Comment => self.comment(span_of(node), false),
            Action::Doc => self.comment(span_of(node), true),
            Action::Attribute => self.attribute(span_of(node)),
            Action::Local => self.open(None, Scope::Local, self.finder.ancestors.len()),
            Action::Embed => {
                let script = self.finder.find(node, &rule.name);
                self.scripts.extend(script.map(|script| script.range()));
            }
            Action::Skip | Action::Path => {}
        }
        true
    }

    fn refer(&mut self, kind: ReferenceKind, node: Node<'tree>, item: Node<'tree>, rule: &Rule) -> Option<()> {
        let name_node = self.finder.find(item, &rule.name)?;
        let text = self.finder.text;
        let (full, resolved) = self.resolve(name_node);
        let (name, split) = split_name(text, full, rule);
        let name_text = name.text(text);
        if !is_reference_name(name_text, kind) {
            return None;
        }
        if self.rules.ignored.contains(name_text) {
            return Some(());
        }
        let qualifier = match split.or(resolved) {
            Some(qualifier) => Some(qualifier),
            None => self.finder.find(node, &rule.qualifier).map(span_of),
        };
        let qualifier = match self.finder.find(item, &rule.from) {
            Some(first) => {
                let end = if item == node { full.start } else { node.start_byte() as u32 };
                let start = (first.start_byte() as u32).min(end);
                Some(trim_separators(text, Span { start, end }))
            }
            None => qualifier,
        };
        let qualifier = qualifier
            .map(|span| without_joint(text, clean(text, span)))
            .filter(|span| span.len() <= MAX_QUALIFIER)
            .unwrap_or(Span { start: name.start, end: name.start });
        if kind == ReferenceKind::Type && name.len() == 1 && qualifier.is_empty() {
            // A type parameter.
            return Some(());
        }
        let enclosing = self.enclosing();
        self.references.push(Reference { kind, name, qualifier, enclosing });
        Some(())
    }

    /// Follows the `path` rules from a compound name to its last part; the rest is the qualifier.
    pub(super) fn resolve(&mut self, node: Node<'tree>) -> (Span, Option<Span>) {
        let mut current = node;
        let mut qualifier: Option<Span> = None;
        for _ in 0..8 {
            let Some(rule) = self.rules.path(current.kind_id()) else { break };
            let Some(next) = self.finder.find(current, &rule.name) else { break };
            if let Some(part) = self.finder.find(current, &rule.qualifier).map(span_of) {
                let start = qualifier.map_or(part.start, |span| span.start.min(part.start));
                qualifier = Some(Span { start, end: part.end });
            }
            if next == current {
                break;
            }
            current = next;
        }
        (clean(self.finder.text, span_of(current)), qualifier)
    }

    /// Opens a frame after the current rule. Of several definitions in one node (`int a, b;`) the first
    /// one encloses what follows.
    pub(super) fn open(&mut self, symbol: Option<u32>, scope: Scope, level: usize) {
        let enclosing = symbol.or(self.enclosing());
        self.pending.get_or_insert(Frame { symbol, enclosing, scope, level, last: None });
    }
}

pub(super) fn span_of(node: Node) -> Span {
    Span::new(node.byte_range())
}
