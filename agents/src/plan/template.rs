//! References in values: `${step/path/to/value}`.
//!
//! A text that is one reference becomes what it refers to, whatever type that has; within a longer text it becomes text. A path is that of
//! a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) behind the name; what is not there is `null`. `$${` is `${`.

use serde_json::{Map, Value};

/// Values by name.
pub type Scope = Map<String, Value>;

/// What `value` refers to: names, each with the path behind it.
pub fn paths(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => parts(text).filter_map(|part| Some(part.reference?.trim())).collect(),
        Value::Array(values) => values.iter().flat_map(paths).collect(),
        Value::Object(values) => values.values().flat_map(paths).collect(),
        _ => Vec::new(),
    }
}

/// The names that `value` refers to.
pub fn names(value: &Value) -> Vec<&str> {
    paths(value).into_iter().filter_map(|path| Some(path.split('/').next()?.trim())).collect()
}

/// `value` with every reference replaced by what `scope` holds.
pub fn fill(value: &Value, scope: &Scope) -> Value {
    match value {
        Value::String(text) => fill_text(text, scope),
        Value::Array(values) => values.iter().map(|value| fill(value, scope)).collect(),
        Value::Object(values) => {
            values.iter().map(|(key, value)| (key.clone(), fill(value, scope))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// A value that is filled in as it is, whatever signs it holds.
pub fn literal(value: &Value) -> Value {
    each_text(value, &|text| {
        let (mut kept, mut rest) = (String::new(), text);
        while let Some(at) = rest.find("${").filter(|at| rest[*at..].contains('}')) {
            kept.push_str(&rest[..at]);
            kept.push_str("$${");
            rest = &rest[at + 2..];
        }
        kept + rest
    })
}

/// `value` with the names of its references replaced by what `name` makes of them, if it makes anything.
pub fn renamed(value: &Value, name: &dyn Fn(&str) -> Option<String>) -> Value {
    each_text(value, &|text| {
        let mut out = String::new();
        for part in parts(text) {
            out.push_str(part.before);
            let Some(reference) = part.reference else {
                // `$${` has lost its first sign.
                out.push_str(if part.is_escaped { "$" } else { "" });
                continue;
            };
            let (known, path) = reference.split_at(reference.find('/').unwrap_or(reference.len()));
            out.push_str(&format!("${{{}{path}}}", name(known.trim()).unwrap_or_else(|| known.to_owned())));
        }
        out
    })
}

fn each_text(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(text).into(),
        Value::Array(values) => values.iter().map(|value| each_text(value, change)).collect(),
        Value::Object(values) => {
            values.iter().map(|(key, value)| (key.clone(), each_text(value, change))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, scope: &Scope) -> Value {
    let mut filled = String::new();
    for part in parts(text) {
        filled.push_str(part.before);
        let Some(reference) = part.reference else { continue };
        let value = look_up(reference, scope);
        if part.is_all {
            return value;
        }
        match value {
            Value::String(text) => filled.push_str(&text),
            Value::Null => {}
            other => filled.push_str(&other.to_string()),
        }
    }
    filled.into()
}

fn look_up(reference: &str, scope: &Scope) -> Value {
    let reference = reference.trim();
    let (name, path) = reference.split_at(reference.find('/').unwrap_or(reference.len()));
    scope.get(name).and_then(|value| value.pointer(path)).cloned().unwrap_or(Value::Null)
}

/// Text, and the reference behind it.
struct Part<'t> {
    before: &'t str,
    reference: Option<&'t str>,
    /// Whether the reference is all there is.
    is_all: bool,
    /// Whether `before` is of `$${`, without its first sign.
    is_escaped: bool,
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let here = rest?;
        let opened = here.find("${").and_then(|at| Some((at, here[at..].find('}')? + at)));
        let Some((start, end)) = opened else {
            rest = None;
            return Some(Part { before: here, reference: None, is_all: false, is_escaped: false });
        };
        if here[..start].ends_with('$') {
            rest = Some(&here[start + 1..]);
            // `$${`: the first sign goes, the second stays, and what follows is text up to its brace.
            return Some(Part { before: &here[..start], reference: None, is_all: false, is_escaped: true });
        }
        rest = Some(&here[end + 1..]);
        let is_all = start == 0 && end + 1 == text.len();
        Some(Part { before: &here[..start], reference: Some(&here[start + 2..end]), is_all, is_escaped: false })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_replaced() {
        let Value::Object(scope) = json!({ "find": { "hits": [{ "path": "a.rs", "line": 7 }] }, "goal": "g" }) else {
            unreachable!()
        };
        let filled = |value: Value| fill(&value, &scope);
        assert_eq!(filled(json!("${find/hits/0/line}")), json!(7));
        assert_eq!(filled(json!("${find/hits}")), json!([{ "path": "a.rs", "line": 7 }]));
        assert_eq!(filled(json!("${goal}: ${find/hits/0/path}:${ find/hits/0/line }!")), json!("g: a.rs:7!"));
        assert_eq!(filled(json!({ "a": ["${nobody/x}", 1] })), json!({ "a": [null, 1] }));
        assert_eq!(filled(json!("x${nobody}y")), json!("xy"));
        assert_eq!(filled(json!("costs $${goal} or $5 or ${ open")), json!("costs ${goal} or $5 or ${ open"));
        let wild = json!(["${find/hits}", "a $${b} ${", { "k": "${" }]);
        assert_eq!(filled(literal(&wild)), wild, "what is literal is not touched");
        let moved = renamed(&json!("${ a/b } and ${c} and $${a}"), &|name| (name == "a").then(|| "z".to_owned()));
        assert_eq!(moved, json!("${z/b } and ${c} and $${a}"));
        assert_eq!(names(&json!(["${a/b} and ${c}", { "k": "$${d}" }])), ["a", "c"]);
    }
}
