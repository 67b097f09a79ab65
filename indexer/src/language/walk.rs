//! One walk over a syntax tree that collects definitions and references by the rules of a language.
//!
//! Tree-sitter's own queries cost several times the parse; a walk with one table look-up per node costs
//! a fraction of it. The walk is iterative: hostile nesting must not overflow the stack.

use super::find::Finder;
use super::names::{adjacent, clean, is_reference_name, own_line, signature_end, split_name, trim_separators, without_joint};
use super::rules::{Action, Rule, Rules, Scope};
use super::sort::sorted;
use rag_core::{Reference, ReferenceKind, Span, Symbol, SymbolKind};
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
        self.references.extend(references.map(|reference| Reference {
            enclosing: shift(reference.enclosing),
            ..reference
        }));
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
        frames: vec![Frame { symbol: None, scope: Scope::File, level: 0, last: None }],
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
struct Frame {
    symbol: Option<u32>,
    scope: Scope,
    /// How many nodes lie above the node that opened it.
    level: usize,
    /// The last symbol directly inside, for `merge`.
    last: Option<u32>,
}

/// Comments and attributes seen last: they belong to the next definition if nothing stands between.
#[derive(Clone, Copy, Default)]
struct Lead {
    doc: Option<Span>,
    attributes: Option<usize>,
    end: usize,
}

struct Walker<'tree, 'a> {
    rules: &'a Rules,
    finder: Finder<'tree, 'a>,
    frames: Vec<Frame>,
    /// How many of the frames have a symbol.
    depth: usize,
    lead: Lead,
    symbols: Vec<Symbol>,
    references: Vec<Reference>,
    /// Names of definitions: no references.
    taken: Vec<Span>,
    /// The frame to open once the current rule is done.
    pending: Option<Frame>,
    scripts: Vec<Range>,
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
    fn leave(&mut self, level: usize) {
        while let [_, .., frame] = self.frames.as_slice()
            && frame.level == level
        {
            self.depth -= usize::from(frame.symbol.is_some());
            self.frames.pop();
        }
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the file's frame is never popped")
    }

    /// The innermost enclosing symbol.
    fn enclosing(&self) -> Option<u32> {
        self.frames.iter().rev().find_map(|frame| frame.symbol)
    }

    fn enclosing_type(&self) -> Option<u32> {
        let frame = self.frames.iter().rev().find(|frame| frame.scope == Scope::Type)?;
        frame.symbol
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

    fn define(
        &mut self,
        kind: SymbolKind,
        node: Node<'tree>,
        item: Node<'tree>,
        rule: &Rule,
    ) -> Option<()> {
        let kind = kind_in(kind, self.frame().scope, rule)?;
        let name_node = self.finder.find(item, &rule.name)?;
        let text = self.finder.text;
        let full = if rule.whole { span_of(name_node) } else { self.resolve(name_node).0 };
        let (name, _) = split_name(text, full, rule);
        let name_text = name.text(text);
        if name_text.is_empty() || name_text.len() > 256 || name_text.contains('\n') {
            return None;
        }
        let mut level = self.finder.ancestors.len();
        let mut whole = if rule.own { item } else { self.outermost(node, rule) };
        let mut end = whole.end_byte();
        if kind != SymbolKind::Extension {
            self.taken.push(name);
        }
        if rule.rest && level > 0 {
            level -= 1;
            self.leave(level);
            end = self.finder.ancestors[level].end_byte();
            whole = node;
        }
        if rule.merge
            && let Some(index) = self.frame().last
            && let Some(last) = self.symbols.get_mut(index as usize)
            && last.kind == kind
            && last.name.text(text) == name_text
        {
            last.span.end = Span::new(0..end).end;
            self.open(Some(index), scope_inside(kind), level);
            return Some(());
        }
        let body = self.finder.find(item, &rule.body);
        let inner_doc = self.finder.find(item, &rule.doc);
        let after_attributes = self.after_attributes(whole);
        let lead = std::mem::take(&mut self.lead);
        let touches = adjacent(text, lead.end, after_attributes)
            || adjacent(text, lead.end, whole.start_byte());
        let (lead_doc, attributes) =
            if touches { (lead.doc, lead.attributes) } else { (None, None) };
        end -= self.trailing_space(end);
        let start = attributes.map_or(whole.start_byte(), |at| at.min(whole.start_byte()));
        let body_start = body.map(|body| body.start_byte()).filter(|&at| at > after_attributes);
        let signature_start = if rule.typed { start } else { after_attributes };
        let signature_end = signature_end(text, signature_start, body_start, end, rule.line);
        let index = self.symbols.len() as u32;
        self.claim_references(start, node.start_byte(), index);
        self.symbols.push(Symbol {
            kind,
            name,
            span: Span::new(start..end),
            signature: Span::new(signature_start..signature_end),
            doc: inner_doc.map(span_of).or(lead_doc).unwrap_or(Span::new(start..start)),
            parent: if rule.member { self.enclosing_type() } else { self.enclosing() },
        });
        self.frame().last = Some(index);
        if rule.own {
            return Some(());
        }
        self.open(Some(index), scope_inside(kind), level);
        Some(())
    }

    fn refer(
        &mut self,
        kind: ReferenceKind,
        node: Node<'tree>,
        item: Node<'tree>,
        rule: &Rule,
    ) -> Option<()> {
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

    /// References in the attributes in front of a definition belong to it.
    fn claim_references(&mut self, from: usize, to: usize, index: u32) {
        if from == to {
            return;
        }
        for reference in self.references.iter_mut().rev() {
            if (reference.name.start as usize) < from {
                break;
            }
            reference.enclosing = Some(index);
        }
    }

    /// Follows the `path` rules from a compound name to its last part; the rest is the qualifier.
    fn resolve(&mut self, node: Node<'tree>) -> (Span, Option<Span>) {
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

    /// How much white space stands before `end`: some grammars count a line break as part of a node.
    fn trailing_space(&self, end: usize) -> usize {
        let bytes = &self.finder.text.as_bytes()[..end];
        bytes.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// The node whose span is the definition's: `node`, or a wrapper named by the rule.
    fn outermost(&self, node: Node<'tree>, rule: &Rule) -> Node<'tree> {
        let mut outermost = node;
        for &parent in self.finder.ancestors.iter().rev() {
            let kind = parent.kind_id();
            let wraps = rule.outer.contains(&kind)
                || rule.sole.contains(&kind) && parent.named_child_count() == 1;
            if !wraps {
                break;
            }
            outermost = parent;
        }
        outermost
    }

    /// Where a definition starts once its leading attributes and decorators are left out.
    fn after_attributes(&mut self, whole: Node<'tree>) -> usize {
        let cursor = &mut self.finder.spare;
        cursor.reset(whole);
        for _ in 0..8 {
            if !cursor.goto_first_child() {
                break;
            }
            let mut skipped = false;
            while self.rules.is_attribute(cursor.node().kind_id()) {
                skipped = true;
                while !cursor.goto_next_sibling() {
                    if !cursor.goto_parent() {
                        return whole.start_byte();
                    }
                }
            }
            if skipped {
                return cursor.node().start_byte();
            }
        }
        whole.start_byte()
    }

    /// Opens a frame after the current rule. Of several definitions in one node (`int a, b;`) the first
    /// one encloses what follows.
    fn open(&mut self, symbol: Option<u32>, scope: Scope, level: usize) {
        self.pending.get_or_insert(Frame { symbol, scope, level, last: None });
    }

    fn comment(&mut self, span: Span, replace: bool) {
        let text = self.finder.text;
        // Some grammars count the line break as part of the comment.
        let comment = span.text(text);
        let range = span.start as usize..span.end as usize - (comment.len() - comment.trim_end().len());
        let span = Span::new(range.clone());
        if !own_line(text, range.start) {
            self.lead = Lead::default();
            return;
        }
        if !adjacent(text, self.lead.end, range.start) {
            self.lead = Lead::default();
        }
        self.lead.doc = match self.lead.doc {
            Some(doc) if !replace => Some(Span { start: doc.start, end: span.end }),
            _ => Some(span),
        };
        self.lead.end = range.end;
    }

    fn attribute(&mut self, span: Span) {
        let range = span.range();
        if !adjacent(self.finder.text, self.lead.end, range.start) {
            self.lead = Lead::default();
        }
        self.lead.attributes = self.lead.attributes.or(Some(range.start));
        self.lead.end = range.end;
    }
}

/// What a rule's kind becomes where it stands; none for locals.
fn kind_in(kind: SymbolKind, scope: Scope, rule: &Rule) -> Option<SymbolKind> {
    match (kind, scope) {
        (SymbolKind::Function, Scope::Type) => Some(SymbolKind::Method),
        (SymbolKind::Variable, Scope::Type) => Some(SymbolKind::Field),
        (
            SymbolKind::Variable | SymbolKind::Constant | SymbolKind::Field,
            Scope::Local | Scope::Value,
        ) if !rule.scoped() => None,
        _ => Some(kind),
    }
}

fn scope_inside(kind: SymbolKind) -> Scope {
    match kind {
        SymbolKind::Module | SymbolKind::Section | SymbolKind::Key => Scope::Module,
        SymbolKind::Function
        | SymbolKind::Method
        | SymbolKind::Constructor
        | SymbolKind::Macro => Scope::Local,
        SymbolKind::Constant | SymbolKind::Variable | SymbolKind::Field => Scope::Value,
        _ => Scope::Type,
    }
}

fn span_of(node: Node) -> Span {
    Span::new(node.byte_range())
}
