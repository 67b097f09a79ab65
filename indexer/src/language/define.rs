//! What the walk does at a definition: its name, span, signature, doc and parent.

use super::names::{adjacent, own_line, signature_end, split_name};
use super::rules::{Rule, Scope};
use super::walk::{Lead, Walker, span_of};
use rag_core::{Span, Symbol, SymbolKind};
use tree_sitter::Node;

impl<'tree> Walker<'tree, '_> {
    /// Adds the definition at `node` (or at its child `item`), if it has a name and belongs here.
    pub(super) fn define(&mut self, kind: SymbolKind, node: Node<'tree>, item: Node<'tree>, rule: &Rule) -> Option<()> {
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
        let touches = adjacent(text, lead.end, after_attributes) || adjacent(text, lead.end, whole.start_byte());
        let (lead_doc, attributes) = if touches { (lead.doc, lead.attributes) } else { (None, None) };
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

    /// The innermost enclosing type.
    fn enclosing_type(&self) -> Option<u32> {
        let mut near = self.frames.iter().rev().take(super::find::NEAR);
        let frame = near.find(|frame| frame.scope == Scope::Type)?;
        frame.symbol
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
            let wraps = rule.outer.contains(&kind) || rule.sole.contains(&kind) && parent.named_child_count() == 1;
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

    /// Remembers a comment for the definition that may follow; with `replace` it is the whole doc.
    pub(super) fn comment(&mut self, span: Span, replace: bool) {
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

    /// Remembers an attribute or decorator for the definition that may follow.
    pub(super) fn attribute(&mut self, span: Span) {
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
        (SymbolKind::Variable | SymbolKind::Constant | SymbolKind::Field, Scope::Local | Scope::Value)
            if !rule.scoped() =>
        {
            None
        }
        _ => Some(kind),
    }
}

fn scope_inside(kind: SymbolKind) -> Scope {
    match kind {
        SymbolKind::Module | SymbolKind::Section | SymbolKind::Key => Scope::Module,
        SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor | SymbolKind::Macro => Scope::Local,
        SymbolKind::Constant | SymbolKind::Variable | SymbolKind::Field => Scope::Value,
        _ => Scope::Type,
    }
}
