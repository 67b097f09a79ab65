//! Type annotations that are written as text (`"Response | None"`).

use super::builder::{Builder, UNKNOWN};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeId};
use rag_core::{ReferenceKind, Span};

/// Reads the annotation in `span` (without quotes): names, attributes, `[…]` and `|`.
pub(super) fn text_type(builder: &mut Builder, span: Span, scope: ScopeId) -> ExprId {
    let mut reader = Reader { at: span.start, end: span.end, scope, depth: 0 };
    reader.union(builder)
}

struct Reader {
    at: u32,
    end: u32,
    scope: ScopeId,
    depth: u32,
}

impl Reader {
    fn peek(&mut self, builder: &Builder) -> u8 {
        let bytes = builder.text.as_bytes();
        while self.at < self.end && bytes[self.at as usize].is_ascii_whitespace() {
            self.at += 1;
        }
        if self.at < self.end { bytes[self.at as usize] } else { 0 }
    }

    fn word(&mut self, builder: &Builder) -> Span {
        self.peek(builder);
        let start = self.at;
        let bytes = builder.text.as_bytes();
        while self.at < self.end {
            let byte = bytes[self.at as usize];
            if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 128) {
                break;
            }
            self.at += 1;
        }
        Span { start, end: self.at }
    }

    fn union(&mut self, builder: &mut Builder) -> ExprId {
        let mut items = vec![self.single(builder)];
        while self.peek(builder) == b'|' {
            self.at += 1;
            items.push(self.single(builder));
        }
        builder.either(items)
    }

    fn single(&mut self, builder: &mut Builder) -> ExprId {
        let name = self.word(builder);
        if name.is_empty() || self.depth > 16 {
            return UNKNOWN;
        }
        if name.text(builder.text) == "None" {
            return builder.expr(Expr::Literal(Literal::Nothing));
        }
        let mut expr = builder.expr(Expr::Name(name, self.scope));
        while self.peek(builder) == b'.' {
            self.at += 1;
            let name = self.word(builder);
            if name.is_empty() {
                return UNKNOWN;
            }
            expr = builder.expr(Expr::Attribute(expr, name));
        }
        builder.site(ReferenceKind::Type, expr, 0);
        if self.peek(builder) == b'[' {
            self.at += 1;
            self.depth += 1;
            let mut items = Vec::new();
            loop {
                items.push(self.union(builder));
                if self.peek(builder) != b',' {
                    break;
                }
                self.at += 1;
            }
            if self.peek(builder) == b']' {
                self.at += 1;
            }
            self.depth -= 1;
            let items = builder.list(items);
            expr = builder.expr(Expr::Index(expr, items));
        }
        expr
    }
}
