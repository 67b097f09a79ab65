//! Linking with facts written by hand: modules and names without a parser.

use rag_core::bindings::{Binding, Bindings, Expr, List, Scope, ScopeFlags, ScopeKind, Site, Source, Space};
use rag_core::{ReferenceKind, Span};

use crate::{FileFacts, Tier, link};

fn scope(kind: ScopeKind, name: Span) -> Scope {
    Scope {
        kind,
        parent: 0,
        name,
        bases: List::default(),
        decorators: List::default(),
        type_parameters: List::default(),
        returns: None,
        flags: ScopeFlags::default(),
    }
}

fn span(text: &str, word: &str) -> Span {
    let at = text.find(word).expect("the word is there");
    Span::new(at..at + word.len())
}

fn binding(text: &str, name: Span, source: Source) -> Binding {
    let extent = Span::new(0..text.len());
    Binding { name, scope: 0, extent, source, space: Space::Both, is_instance: false }
}

fn facts<'a>(path: &'a str, text: &'a str, bindings: &'a Bindings) -> FileFacts<'a> {
    FileFacts { path, language: "python", text, symbols: &[], references: &[], bindings }
}

/// `from <module> import f` and a call of it.
fn caller(text: &str, module: &str) -> Bindings {
    let name = span(text, "f(");
    let name = Span { end: name.end - 1, ..name };
    let item = Span::new(text.find("import f").expect("an import") + 7..text.find("import f").expect("an import") + 8);
    Bindings {
        scopes: vec![scope(ScopeKind::File, Span::default())],
        names: vec![binding(text, item, Source::Import { module: span(text, module), item })],
        exprs: vec![Expr::Unknown, Expr::Name(name, 0)],
        sites: vec![Site { kind: ReferenceKind::Call, name, expr: 1, arguments: 0 }],
        ..Bindings::default()
    }
}

fn definition(text: &str) -> Bindings {
    let name = Span::new(4..5);
    Bindings {
        scopes: vec![scope(ScopeKind::File, Span::default()), scope(ScopeKind::Function, name)],
        names: vec![binding(text, name, Source::Scope(1))],
        exprs: vec![Expr::Unknown],
        ..Bindings::default()
    }
}

#[test]
fn an_imported_function_is_proven_and_an_external_one_is_not_linked() {
    let home = "def f(): pass\n";
    let user = "from lib import f\nf()\n";
    let other = "from json import f\nf()\n";
    let (home_facts, user_facts, other_facts) = (definition(home), caller(user, "lib"), caller(other, "json"));
    let files =
        [facts("lib.py", home, &home_facts), facts("a.py", user, &user_facts), facts("b.py", other, &other_facts)];
    let edges = link(&files, &[]);
    assert_eq!(edges[0].tier, Tier::Proven);
    assert_eq!(edges[0].targets[0].file, 0);
    assert_eq!(edges[1].tier, Tier::External);
    assert!(edges[1].targets.is_empty());
}
