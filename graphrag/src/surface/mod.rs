//! Where a program meets the world around it: the routes it answers, and the keys of the environment it reads.
//!
//! Both are found by the tokens that stand there, and only where these leave no doubt: a decorator with a path, a call of a router that
//! was made in the same file, `os.environ["KEY"]`. What is put together at run time is not found.

mod calls;
mod decorators;
mod keys;
mod path;
mod source;

use rag_core::Span;
use rag_core::bindings::{Expr, Site};
use rag_core::{ReferenceKind, Symbol};
use rayon::prelude::*;

use crate::edge::{Edge, Target, Tier};
use crate::file::FileFacts;
use source::Source;

/// A path that a program answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index of the file among the linked files.
    pub file: u32,
    /// Where the path is written.
    pub site: Span,
    /// Method, if it is known, and path: `GET /users/{id}`.
    pub name: String,
    /// Whether it is written in the head of what answers it.
    pub is_decorator: bool,
    /// What answers it; none if that is written in place, or not known.
    pub handlers: Vec<Target>,
    /// Whether it is these, not one of these.
    pub is_proven: bool,
}

/// A use of a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Index of the file among the linked files.
    pub file: u32,
    /// Where its name is written.
    pub site: Span,
    /// Whether it is set there, not read.
    pub is_set: bool,
}

/// What answers a route, as it is written.
enum Handler {
    /// The definition with this number.
    Symbol(u32),
    /// What this name means.
    Named(Span),
    /// A function without a name, written in place.
    Here,
    /// Something else.
    Unknown,
}

struct Found {
    /// Methods; none if it answers all, or that is not known.
    methods: Vec<String>,
    site: Span,
    path: String,
    handler: Handler,
    /// Whether it is a route only if its handler is a function.
    is_doubtful: bool,
}

/// Routes and keys in `files`. `answer` says what a use means.
pub(crate) fn surface(files: &[FileFacts], answer: impl Fn(u32, &Site) -> Edge) -> (Vec<Route>, Vec<Key>) {
    let read = |(file, facts): (usize, &FileFacts)| {
        let source = Source::new(facts)?;
        let mut routes = decorators::routes(&source);
        routes.extend(calls::routes(&source));
        Some((file as u32, routes, keys::keys(&source, file as u32)))
    };
    let found: Vec<_> = files.par_iter().enumerate().filter_map(read).collect();
    let (mut routes, mut keys) = (Vec::new(), Vec::new());
    for (file, found, of_file) in found {
        keys.extend(of_file);
        for found in found {
            routes.extend(route(files, file, found, &answer));
        }
    }
    (routes, keys::known(files, keys))
}

/// The routes of one place, one per method.
fn route(files: &[FileFacts], file: u32, found: Found, answer: &impl Fn(u32, &Site) -> Edge) -> Vec<Route> {
    let facts = &files[file as usize];
    let (handlers, is_proven) = match found.handler {
        Handler::Symbol(symbol) => {
            let name = facts.symbols[symbol as usize].name;
            (vec![Target { file, name, symbol: Some(symbol) }], true)
        }
        Handler::Named(name) => named(files, file, name, answer),
        Handler::Here | Handler::Unknown => (Vec::new(), true),
    };
    if found.is_doubtful && handlers.is_empty() && !matches!(found.handler, Handler::Here) {
        return Vec::new();
    }
    let methods = if found.methods.is_empty() { vec![String::new()] } else { found.methods };
    let named = |method: String| Route {
        file,
        site: found.site,
        name: if method.is_empty() { found.path.clone() } else { format!("{method} {}", found.path) },
        is_decorator: matches!(found.handler, Handler::Symbol(_)),
        handlers: handlers.clone(),
        is_proven,
    };
    methods.into_iter().map(named).collect()
}

/// The functions and classes that a name given to a router means.
fn named(files: &[FileFacts], file: u32, name: Span, answer: &impl Fn(u32, &Site) -> Edge) -> (Vec<Target>, bool) {
    let is_it = |expr: &Expr| match *expr {
        Expr::Name(span, _) | Expr::Attribute(_, span) | Expr::Path(_, span) => span == name,
        _ => false,
    };
    let Some(expr) = files[file as usize].bindings.exprs.iter().position(is_it) else { return (Vec::new(), false) };
    let site = Site { kind: ReferenceKind::Call, name, expr: expr as u32, arguments: u16::MAX };
    let edge = answer(file, &site);
    let answers = |target: &Target| {
        let symbol = |number: u32| files[target.file as usize].symbols.get(number as usize);
        target.symbol.and_then(symbol).is_some_and(|symbol: &Symbol| symbol.kind.is_callable() || symbol.kind.is_type())
    };
    if !matches!(edge.tier, Tier::Proven | Tier::Possible) || !edge.targets.iter().all(answers) {
        return (Vec::new(), false);
    }
    (edge.targets, edge.tier == Tier::Proven)
}
