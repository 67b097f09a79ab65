//! Adding facts to the tables, with the depth limit that all languages share.

use rag_core::bindings::{
    Binding, Bindings, Expr, ExprId, List, Scope, ScopeFlags, ScopeId, ScopeKind, Site, Source, Space,
};
use rag_core::{ReferenceKind, Span};
use std::collections::HashSet;
use tree_sitter::Node;

/// How deep expressions and statements may nest.
const MAX_DEPTH: u32 = 160;

/// Where a visit stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) scope: ScopeId,
    /// The innermost block that may not run.
    pub(super) extent: Span,
}

pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    pub(super) facts: Bindings,
    /// How many texts within texts are being read.
    pub(super) nesting: u32,
    /// Variables by scope, where a word may be a variable or a call.
    pub(super) locals: HashSet<(ScopeId, &'t str)>,
    depth: u32,
}

/// The unknown expression.
pub(super) const UNKNOWN: ExprId = 0;

/// The number of arguments is not written.
pub(super) const ANY_NUMBER: usize = u16::MAX as usize;

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut builder = Builder { text, facts: Bindings::default(), nesting: 0, locals: HashSet::new(), depth: 0 };
        builder.facts.exprs.push(Expr::Unknown);
        builder.scope(ScopeKind::File, 0, Span::default());
        builder
    }

    /// Where the visit of the whole file starts.
    pub(super) fn top(&self) -> At {
        At { scope: 0, extent: Span::new(0..self.text.len()) }
    }

    /// Runs `visit` one level deeper, unless that is too deep.
    pub(super) fn deeper<T: Default>(&mut self, visit: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            return T::default();
        }
        self.depth += 1;
        let result = visit(self);
        self.depth -= 1;
        result
    }

    pub(super) fn text(&self, node: Node) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    pub(super) fn expr(&mut self, expr: Expr) -> ExprId {
        self.facts.exprs.push(expr);
        self.facts.exprs.len() as ExprId - 1
    }

    pub(super) fn list(&mut self, items: Vec<ExprId>) -> List {
        let start = self.facts.items.len() as u32;
        self.facts.items.extend(items);
        List { start, end: self.facts.items.len() as u32 }
    }

    pub(super) fn scope(&mut self, kind: ScopeKind, parent: ScopeId, name: Span) -> ScopeId {
        self.facts.scopes.push(Scope {
            kind,
            parent,
            name,
            bases: List::default(),
            decorators: List::default(),
            type_parameters: List::default(),
            returns: None,
            flags: ScopeFlags::default(),
        });
        self.facts.scopes.len() as ScopeId - 1
    }

    pub(super) fn scope_mut(&mut self, scope: ScopeId) -> &mut Scope {
        &mut self.facts.scopes[scope as usize]
    }

    pub(super) fn kind(&self, scope: ScopeId) -> ScopeKind {
        self.facts.scopes[scope as usize].kind
    }

    /// The innermost scope from `scope` outwards that is of one of the kinds.
    pub(super) fn around(&self, mut scope: ScopeId, kinds: &[ScopeKind]) -> ScopeId {
        while scope != 0 && !kinds.contains(&self.kind(scope)) {
            scope = self.facts.scopes[scope as usize].parent;
        }
        scope
    }

    /// Binds a name that is a value.
    pub(super) fn bind(&mut self, at: At, name: Span, source: Source) {
        self.bind_in(at, name, source, Space::Value);
    }

    pub(super) fn bind_in(&mut self, at: At, name: Span, source: Source, space: Space) {
        if !name.is_empty() {
            self.push_binding(at, name, source, space);
        }
    }

    /// Binds something that has a place instead of a name.
    pub(super) fn bind_nameless(&mut self, at: At, source: Source, space: Space) {
        self.push_binding(at, Span::default(), source, space);
    }

    fn push_binding(&mut self, at: At, name: Span, source: Source, space: Space) {
        let binding = Binding { name, scope: at.scope, extent: at.extent, source, space, is_instance: false };
        self.facts.names.push(binding);
    }

    /// A use of a name that is no part of the expression.
    pub(super) fn named_site(&mut self, kind: ReferenceKind, name: Span, expr: ExprId, arguments: usize) {
        self.facts.sites.push(Site { kind, name, expr, arguments: arguments.min(ANY_NUMBER) as u16 });
    }

    pub(super) fn site(&mut self, kind: ReferenceKind, expr: ExprId, arguments: usize) {
        let name = match self.facts.expr(expr) {
            Expr::Name(name, _) | Expr::Attribute(_, name) | Expr::Path(_, name) => name,
            Expr::Index(base, _) => return self.site(kind, base, arguments),
            _ => return,
        };
        self.facts.sites.push(Site { kind, name, expr, arguments: arguments.min(u16::MAX as usize) as u16 });
    }

    /// Opens a block.
    pub(super) fn inside(&mut self, at: At) -> At {
        At { scope: self.scope(ScopeKind::Block, at.scope, Span::default()), extent: self.top().extent }
    }

    pub(super) fn either(&mut self, mut items: Vec<ExprId>) -> ExprId {
        let Some(mut result) = items.pop() else { return UNKNOWN };
        while let Some(item) = items.pop() {
            result = self.expr(Expr::Either(item, result));
        }
        result
    }
}

pub(super) fn span(node: Node) -> Span {
    Span::new(node.byte_range())
}

/// The named children of `node` that are no comments.
pub(super) fn children<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    let mut cursor = node.walk();
    let mut found = Vec::new();
    if cursor.goto_first_child() {
        loop {
            let child = cursor.node();
            if child.is_named() && !child.is_extra() {
                found.push(child);
            }
            if !cursor.goto_next_sibling() {
                break;
            }
        }
    }
    found
}

/// The named children of the kinds.
pub(super) fn of_kinds<'a>(node: Node<'a>, kinds: &[&str]) -> Vec<Node<'a>> {
    children(node).into_iter().filter(|child| kinds.contains(&child.kind())).collect()
}

/// The first named child of the kind.
pub(super) fn first_of<'a>(node: Node<'a>, kind: &str) -> Option<Node<'a>> {
    children(node).into_iter().find(|child| child.kind() == kind)
}

/// Whether `node` has a direct child that is the token `token`.
pub(super) fn has_token(node: Node, token: &str) -> bool {
    let mut cursor = node.walk();
    if cursor.goto_first_child() {
        loop {
            if cursor.node().kind() == token {
                return true;
            }
            if !cursor.goto_next_sibling() {
                break;
            }
        }
    }
    false
}
