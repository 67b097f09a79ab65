//! Routes in the head of what answers them: `@app.get("/users")`, `@GetMapping("/users")`, `#[get("/users")]`.

use std::collections::HashMap;

use super::path::{method, path};
use super::source::Source;
use super::{Found, Handler};

/// A decorator: where its name stands, which is followed by the arguments, if it has any.
struct Decorator<'a> {
    name: &'a str,
    at: usize,
    symbol: u32,
}

pub(super) fn routes(source: &Source) -> Vec<Found> {
    match source.facts.language {
        "python" => decorators(source, true).iter().filter_map(|found| of_python(source, found)).collect(),
        "java" | "kotlin" | "groovy" => classes(source, "RequestMapping", of_spring),
        "typescript" | "javascript" if source.has("@nestjs/common") => classes(source, "Controller", of_nest),
        "rust" => attributes(source),
        _ => Vec::new(),
    }
}

/// The definition in whose head a token stands.
fn decorated(source: &Source, at: usize) -> Option<u32> {
    let start = source.span(at).start;
    let symbols = source.facts.symbols;
    let before = symbols.partition_point(|symbol| symbol.span.start <= start);
    let is_head = |index: &usize| symbols[*index].name.start > start && symbols[*index].span.end > start;
    (0..before).rev().take(4).find(is_head).map(|index| index as u32)
}

/// What stands behind an `@`, up to its last name.
fn decorators<'a>(source: &Source<'a>, with_receiver: bool) -> Vec<Decorator<'a>> {
    let mut found = Vec::new();
    for sign in (0..source.len()).filter(|&at| source.text(at) == "@") {
        let mut at = sign + 1;
        while source.word(at).is_some() && source.text(at + 1) == "." {
            at += 2;
        }
        let is_wanted = (at > sign + 1) == with_receiver;
        if let (true, Some(name), Some(symbol)) = (is_wanted, source.word(at), decorated(source, sign)) {
            found.push(Decorator { name, at, symbol });
        }
    }
    found
}

/// The first literal among the arguments, alone or as one of `names`; `None` if they say nothing that is written there.
fn path_argument(source: &Source, open: usize, names: &[&str]) -> Option<usize> {
    source.arguments(open).into_iter().find_map(|(first, _)| {
        let named = names.contains(&source.text(first)) && matches!(source.text(first + 1), "=" | ":");
        let at = if named { first + 2 } else { first };
        let at = at + usize::from(matches!(source.text(at), "{" | "["));
        source.literal(at).map(|_| at)
    })
}

/// Flask, FastAPI, Starlette, Sanic, aiohttp …: a method of an application, and a path.
fn of_python(source: &Source, decorator: &Decorator) -> Option<Found> {
    let open = decorator.at + 1;
    let one = method(decorator.name);
    let is_route = matches!(decorator.name, "route" | "websocket" | "api_route");
    if source.text(open) != "(" || !is_route && (one.is_none() || decorator.name.starts_with(char::is_uppercase)) {
        return None;
    }
    let at = path_argument(source, open, &["path", "rule"])?;
    let written = source.literal(at).filter(|path| path.starts_with('/') || path.is_empty() && one.is_some())?;
    let listed = || {
        let arguments = source.arguments(open);
        let list = arguments.into_iter().find(|(first, _)| source.stands(*first, "methods ="));
        let (first, last) = list.unwrap_or_default();
        (first..last).filter_map(|at| method(source.literal(at)?)).collect()
    };
    Some(Found {
        methods: one.map_or_else(listed, |one| vec![one]),
        site: source.span(at),
        path: path(written),
        handler: Handler::Symbol(decorator.symbol),
        is_doubtful: false,
    })
}

/// Routes of classes, whose paths begin with that of the class.
fn classes(source: &Source, of_class: &str, read: fn(&Source, &Decorator) -> Option<Vec<String>>) -> Vec<Found> {
    let symbols = source.facts.symbols;
    let decorators = decorators(source, false);
    let written = |found: &Decorator| -> Option<(usize, &str)> {
        if source.text(found.at + 1) != "(" {
            return Some((found.at, ""));
        }
        let at = path_argument(source, found.at + 1, &["value", "path"]);
        // Without a path, but with other arguments; or with a path that is not written there.
        match at {
            Some(at) => Some((at, source.literal(at)?)),
            None => {
                let arguments = source.arguments(found.at + 1);
                let is_path = |(first, _): &(usize, usize)| {
                    source.text(first + 1) != "=" || matches!(source.text(*first), "value" | "path")
                };
                (!arguments.iter().any(is_path)).then_some((found.at, ""))
            }
        }
    };
    let is_class = |found: &&Decorator| symbols[found.symbol as usize].kind.is_type();
    let prefixes: HashMap<u32, Option<&str>> = decorators
        .iter()
        .filter(|found| found.name == of_class)
        .filter(is_class)
        .map(|found| (found.symbol, written(found).map(|(_, path)| path)))
        .collect();
    let of_method = decorators.iter().filter(|found| !is_class(found)).filter_map(|found| {
        let methods = read(source, found)?;
        let (at, own) = written(found)?;
        let class = symbols[found.symbol as usize].parent.and_then(|parent| prefixes.get(&parent));
        // What is not written there is not known.
        let prefix = class.copied().unwrap_or(Some(""))?;
        Some(Found {
            methods,
            site: source.span(at),
            path: path(&format!("{prefix}/{own}")),
            handler: Handler::Symbol(found.symbol),
            is_doubtful: false,
        })
    });
    of_method.collect()
}

fn of_spring(source: &Source, decorator: &Decorator) -> Option<Vec<String>> {
    if decorator.name == "RequestMapping" {
        let end = source.closing(decorator.at + 1).unwrap_or(decorator.at);
        let named = (decorator.at..end).filter(|&at| source.stands(at, "RequestMethod ."));
        return Some(named.filter_map(|at| method(source.word(at + 2)?)).collect());
    }
    decorator.name.strip_suffix("Mapping").and_then(method).map(|one| vec![one])
}

fn of_nest(source: &Source, decorator: &Decorator) -> Option<Vec<String>> {
    let is_decorator = decorator.name.starts_with(char::is_uppercase) && source.text(decorator.at + 1) == "(";
    method(decorator.name).filter(|_| is_decorator).map(|one| vec![one])
}

/// Actix and Rocket.
fn attributes(source: &Source) -> Vec<Found> {
    let found = (0..source.len()).filter(|&at| source.stands(at, "# [")).filter_map(|at| {
        let name = source.word(at + 2).filter(|name| name.starts_with(char::is_lowercase))?;
        let written = source.literal(at + 4).filter(|path| source.text(at + 3) == "(" && path.starts_with('/'))?;
        Some(Found {
            methods: vec![method(name)?],
            site: source.span(at + 4),
            path: path(written),
            handler: Handler::Symbol(decorated(source, at)?),
            is_doubtful: false,
        })
    });
    found.collect()
}
