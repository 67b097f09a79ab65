//! Rust: macros, and what stands between their brackets.
//!
//! The grammar leaves the arguments of macros as tokens. If they are items or statements in braces they are parsed
//! again; otherwise paths, members and calls are read off the tokens, as most macros take expressions.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::rust::items;
use super::rust_types::type_path;
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, Literal, Source, Space};
use tree_sitter::{Node, Parser, Point, Range, Tree};

/// How deep macros in macros are parsed again.
const MAX_NESTING: u32 = 4;

/// `macro_rules!`: binds the name, and reads what the bodies surely use.
pub(super) fn definition(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name") else { return };
    builder.bind_in(at, span(name), Source::Opaque, Space::Macro);
    for rule in children(node) {
        if let Some(body) = rule.child_by_field_name("right") {
            Tokens { at, is_definition: true }.group(builder, body);
        }
    }
}

/// A macro whose arguments may be items: `cfg_rt! { mod a; }`.
pub(super) fn items_of(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let tree = children(node).into_iter().find(|child| child.kind() == "token_tree");
    let Some(tree) = tree.filter(|tree| builder.text(*tree).starts_with('{')) else {
        return invocation(builder, node, at);
    };
    called(builder, node, at);
    braces(builder, tree, at);
    UNKNOWN
}

/// Braces hold statements, or braces that hold items (`if #[cfg(a)] { … } else { … }`), or tokens.
fn braces(builder: &mut Builder, tree: Node, at: At) {
    if let Some(inner) = parsed(builder, tree) {
        builder.nesting += 1;
        items(builder, inner.root_node(), at);
        builder.nesting -= 1;
        return;
    }
    let parts: Vec<Node> = children(tree).into_iter().filter(|part| holds_items(builder.text(*part))).collect();
    if parts.is_empty() {
        Tokens { at, is_definition: false }.group(builder, tree);
    }
    for part in parts {
        builder.deeper(|builder| braces(builder, part, at));
    }
}

/// Whether a token tree looks like braces around items.
fn holds_items(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{') else { return false };
    let inner = inner.trim_start();
    const STARTS: [&str; 12] =
        ["#[", "///", "pub ", "pub(", "fn ", "mod ", "use ", "struct ", "impl ", "impl<", "const ", "static "];
    STARTS.iter().any(|start| inner.starts_with(start))
}

/// The statements between braces, if they are some.
fn parsed(builder: &Builder, tree: Node) -> Option<Tree> {
    if builder.nesting >= MAX_NESTING || tree.end_byte() < tree.start_byte() + 2 {
        return None;
    }
    let step = |point: Point, by: isize| Point { column: point.column.saturating_add_signed(by), ..point };
    let inside = Range {
        start_byte: tree.start_byte() + 1,
        end_byte: tree.end_byte() - 1,
        start_point: step(tree.start_position(), 1),
        end_point: step(tree.end_position(), -1),
    };
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_rust::LANGUAGE.into()).ok()?;
    parser.set_included_ranges(&[inside]).ok()?;
    let inner = parser.parse(builder.text, None)?;
    (!inner.root_node().has_error()).then_some(inner)
}

/// A macro in an expression, with what it gives if that is well known.
pub(super) fn invocation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let name = called(builder, node, at);
    let values = tokens_of(builder, node, at);
    match name {
        "vec" => {
            let items = builder.list(values);
            builder.expr(Expr::Sequence(items))
        }
        "format" | "concat" | "stringify" | "env" | "line" | "file" | "matches" | "cfg" | "include_str" => {
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        _ => UNKNOWN,
    }
}

/// The use of the macro itself; gives its name.
fn called<'t>(builder: &mut Builder<'t>, node: Node, at: At) -> &'t str {
    let Some(name) = node.child_by_field_name("macro") else { return "" };
    let path = type_path(builder, name, at);
    builder.site(ReferenceKind::Call, path, 0);
    let text = builder.text(name);
    text.rsplit("::").next().unwrap_or(text)
}

/// Reads the arguments of a macro; gives the values of those that are expressions.
pub(super) fn tokens_of(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let tree = children(node).into_iter().find(|child| child.kind() == "token_tree");
    tree.map(|tree| Tokens { at, is_definition: false }.group(builder, tree)).unwrap_or_default()
}

/// Reads expressions off tokens.
struct Tokens {
    at: At,
    /// In the body of a macro, names mean what they mean where it is used.
    is_definition: bool,
}

impl Tokens {
    /// The values between brackets, separated by commas; those that are no simple expressions are unknown.
    fn group(&self, builder: &mut Builder, tree: Node) -> Vec<ExprId> {
        builder.deeper(|builder| self.sequence(builder, &all(tree)))
    }

    fn sequence(&self, builder: &mut Builder, tokens: &[Node]) -> Vec<ExprId> {
        let mut values = Vec::new();
        let mut value = None;
        let mut before = "";
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let kind = token.kind();
            let (found, next) = match kind {
                "," | ";" => {
                    values.push(value.take().unwrap_or(UNKNOWN));
                    (None, at + 1)
                }
                "&" | "*" | "mut" | "mutable_specifier" | "ref" => (None, at + 1),
                // `#[…]`
                "token_tree" | "token_tree_pattern" if before == "#" => (None, at + 1),
                _ => match self.primary(builder, *token, before) {
                    Some(primary) => {
                        let (found, next) = self.postfix(builder, tokens, primary, at + 1, before);
                        (Some(found), next)
                    }
                    // An operator: whatever stands around it, the whole is something else.
                    None => (value.is_some().then_some(UNKNOWN), at + 1),
                },
            };
            value = match (value, found) {
                (Some(_), Some(_)) => Some(UNKNOWN),
                (value, found) => found.or(value),
            };
            before = kind;
            at = next;
        }
        values.extend(value);
        values
    }

    /// What an expression can start with.
    fn primary(&self, builder: &mut Builder, token: Node, before: &str) -> Option<ExprId> {
        let name = Expr::Name(span(token), self.at.scope);
        match token.kind() {
            // The rest of a path whose start was not understood: `Type<_>::name`.
            "identifier" if before == "::" => Some(builder.expr(Expr::Path(UNKNOWN, span(token)))),
            "identifier" | "self" | "crate" | "super" | "primitive_type" if !self.is_definition => {
                Some(builder.expr(name))
            }
            "metavariable" if builder.text(token) == "$crate" => Some(builder.expr(name)),
            "identifier" | "self" | "crate" | "super" | "metavariable" | "primitive_type" => {
                Some(builder.expr(Expr::Path(UNKNOWN, span(token))))
            }
            "token_tree" | "token_repetition" => {
                let values = self.group(builder, token);
                let bare = before != "|" && before != "=>";
                match values.as_slice() {
                    [value] if bare && builder.text(token).starts_with('(') => Some(*value),
                    _ => Some(UNKNOWN),
                }
            }
            kind if kind.ends_with("_literal") => Some(builder.expr(Expr::Literal(Literal::Builtin))),
            _ => None,
        }
    }

    /// What follows a value: members, paths, calls. Gives the whole and the position after it.
    fn postfix(
        &self,
        builder: &mut Builder,
        tokens: &[Node],
        mut value: ExprId,
        mut at: usize,
        before: &str,
    ) -> (ExprId, usize) {
        let is_definition =
            matches!(before, "fn" | "struct" | "enum" | "mod" | "trait" | "union" | "type" | "macro_rules");
        loop {
            let Some(token) = tokens.get(at) else { return (value, at) };
            let next = tokens.get(at + 1);
            let next_kind = next.map_or("", |next| next.kind());
            (value, at) = match (token.kind(), next) {
                ("::", Some(next)) if next_kind == "identifier" || next_kind == "super" => {
                    (builder.expr(Expr::Path(value, span(*next))), at + 2)
                }
                ("::", Some(_)) if next_kind == "<" => match after_angles(tokens, at + 1) {
                    Some(after) => (value, after),
                    None => return (value, at + 1),
                },
                (".", Some(next)) if matches!(next_kind, "identifier" | "integer_literal") => {
                    (builder.expr(Expr::Attribute(value, span(*next))), at + 2)
                }
                (".", Some(_)) if next_kind == "await" => (builder.expr(Expr::Await(value)), at + 2),
                ("?", _) => (builder.expr(Expr::Try(value)), at + 1),
                ("!", Some(next)) if next_kind == "token_tree" => {
                    builder.site(ReferenceKind::Call, value, 0);
                    self.group(builder, *next);
                    (UNKNOWN, at + 2)
                }
                ("token_tree", _) if builder.text(*token).starts_with('(') => {
                    let arguments = self.group(builder, *token);
                    if !is_definition {
                        // A comma may stand in a closure's parameters: the number is not known.
                        builder.site(ReferenceKind::Call, value, usize::MAX);
                    }
                    let arguments = builder.list(arguments);
                    (builder.expr(Expr::Call(value, arguments)), at + 1)
                }
                ("token_tree", _) if builder.text(*token).starts_with('[') => {
                    let items = self.group(builder, *token);
                    let items = builder.list(items);
                    (builder.expr(Expr::Index(value, items)), at + 1)
                }
                _ => return (value, at),
            };
        }
    }
}

/// The position after the angle brackets that open at `at`.
fn after_angles(tokens: &[Node], at: usize) -> Option<usize> {
    let mut open = 0;
    for (token, index) in tokens[at..].iter().zip(at..) {
        open += match token.kind() {
            "<" => 1,
            ">" => -1,
            ">>" => -2,
            ";" | "," if open == 0 => return None,
            _ => 0,
        };
        if open <= 0 {
            return Some(index + 1);
        }
    }
    None
}

/// All tokens between the brackets of a token tree.
fn all(tree: Node) -> Vec<Node> {
    let mut cursor = tree.walk();
    let mut found = Vec::new();
    let mut more = cursor.goto_first_child();
    while more {
        let token = cursor.node();
        if !token.is_extra() && !matches!(token.kind(), "(" | ")" | "[" | "]" | "{" | "}") {
            found.push(token);
        }
        more = cursor.goto_next_sibling();
    }
    found
}
