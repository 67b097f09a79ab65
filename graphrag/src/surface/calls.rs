//! Routes that are registered by a call: `app.get("/users", list)`, `mux.HandleFunc("/users", list)`, `path("users/", list)`.

use std::collections::HashSet;

use super::path::{method, path};
use super::source::Source;
use super::{Found, Handler};

/// Calls and classes that make a router in JavaScript.
const ROUTERS: &[&str] = &["express", "Router", "fastify", "Fastify", "Hono", "KoaRouter"];

pub(super) fn routes(source: &Source) -> Vec<Found> {
    match source.facts.language {
        "python" if source.has("django.urls") => of_django(source),
        "javascript" | "typescript" => of_script(source),
        "go" => of_go(source),
        "rust" => of_axum(source),
        _ => Vec::new(),
    }
}

/// What an argument means that is a name, or names with points or colons between them.
fn handler(source: &Source, (first, last): (usize, usize)) -> Option<Handler> {
    let is_function = (first..last.min(first + 2))
        .any(|at| matches!(source.text(at), "func" | "function" | "|" | "move"))
        || (first..last).any(|at| source.stands(at, "= >"));
    if is_function {
        return Some(Handler::Here);
    }
    let is_name = (first..last).all(|at| source.word(at).is_some() || matches!(source.text(at), "." | ":"));
    (is_name && source.word(last - 1).is_some()).then(|| Handler::Named(source.span(last - 1)))
}

/// `path("users/<int:id>/", views.user)` and `path("users/", Users.as_view())`.
fn of_django(source: &Source) -> Vec<Found> {
    let calls = (1..source.len()).filter(|&at| source.text(at) == "path" && source.text(at + 1) == "(");
    let found = calls.filter(|&at| !matches!(source.text(at - 1), "." | "def")).filter_map(|at| {
        let arguments = source.arguments(at + 1);
        let (&(written, _), &(first, last)) = (arguments.first()?, arguments.get(1)?);
        let view = (first..last).find(|&at| source.stands(at, ". as_view ("));
        Some(Found {
            methods: Vec::new(),
            path: path(source.literal(written)?),
            site: source.span(written),
            handler: handler(source, (first, view.unwrap_or(last)))?,
            is_doubtful: false,
        })
    });
    found.collect()
}

/// Express, Fastify, Hono …: a method of a router that this file makes.
fn of_script(source: &Source) -> Vec<Found> {
    let makes = |at: usize| {
        let at = at + usize::from(source.text(at) == "new") + usize::from(source.text(at) == "await");
        let at = if source.text(at + 1) == "." { at + 2 } else { at };
        ROUTERS.contains(&source.text(at)) && matches!(source.text(at + 1), "(" | "<")
    };
    let routers: HashSet<&str> = (1..source.len())
        .filter(|&at| source.text(at) == "=" && makes(at + 1))
        .filter_map(|at| source.word(at - 1))
        .collect();
    let found = (0..source.len()).filter(|&at| routers.contains(source.text(at))).filter_map(|at| {
        let name =
            source.word(at + 2).filter(|name| source.text(at + 1) == "." && name.starts_with(char::is_lowercase))?;
        let methods = if name == "all" { Vec::new() } else { vec![method(name)?] };
        let arguments = source.arguments(Some(at + 3).filter(|&at| source.text(at) == "(")?);
        let [(written, _), .., last] = arguments[..] else { return None };
        Some(Found {
            methods,
            path: path(source.literal(written).filter(|path| path.starts_with('/'))?),
            site: source.span(written),
            handler: handler(source, last)?,
            is_doubtful: false,
        })
    });
    found.collect()
}

/// net/http and gorilla (`HandleFunc`), gin and echo (`GET`), chi (`Get`).
fn of_go(source: &Source) -> Vec<Found> {
    let calls = (0..source.len()).filter(|&at| source.text(at) == "." && source.text(at + 2) == "(");
    let found = calls.filter_map(|at| {
        let name = source.word(at + 1)?;
        let arguments = source.arguments(at + 2);
        let [(written, _), .., last] = arguments[..] else { return None };
        let literal = source.literal(written)?;
        let (methods, way, is_doubtful) = match name {
            // Since Go 1.22 the pattern may begin with the method.
            "HandleFunc" | "Handle" => match literal.split_once(' ') {
                Some((word, way)) => (vec![method(word)?], way, false),
                None => (Vec::new(), literal, false),
            },
            _ => (vec![method(name)?], literal, name != name.to_uppercase()),
        };
        let handler = handler(source, last).filter(|_| way.starts_with('/'));
        let handler = match (handler, name) {
            (Some(handler), _) => handler,
            // A value: who answers is not known, but that somebody does.
            (None, "HandleFunc" | "Handle") if way.starts_with('/') => Handler::Unknown,
            _ => return None,
        };
        Some(Found { methods, path: path(way), site: source.span(written), handler, is_doubtful })
    });
    found.collect()
}

/// `.route("/users", get(list).post(users::create))`
fn of_axum(source: &Source) -> Vec<Found> {
    let mut found = Vec::new();
    for at in (0..source.len()).filter(|&at| source.stands(at, ". route (")) {
        let arguments = source.arguments(at + 2);
        let [(written, _), (first, last)] = arguments[..] else { continue };
        let Some(literal) = source.literal(written).filter(|path| path.starts_with('/')) else { continue };
        let mut next = first;
        while next < last {
            if let (Some(method), "(") = (source.word(next).and_then(method), source.text(next + 1))
                && let Some(close) = source.closing(next + 1)
            {
                let handler = source.arguments(next + 1).first().and_then(|&argument| handler(source, argument));
                found.extend(handler.map(|handler| Found {
                    methods: vec![method],
                    path: path(literal),
                    site: source.span(written),
                    handler,
                    is_doubtful: false,
                }));
                next = close;
            }
            next += 1;
        }
    }
    found
}
