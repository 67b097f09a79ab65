//! Paths of routes, in one notation.

/// A path with its parameters as `{name}`, with a slash before it and none behind: `<int:id>`, `:id` and `{id:[0-9]+}` say the same.
pub(super) fn path(written: &str) -> String {
    let parts = written.split('/').filter(|part| !part.is_empty()).map(|part| {
        let inner = |open: char, close: char| part.strip_prefix(open)?.strip_suffix(close);
        let name = match (inner('<', '>'), inner('{', '}'), part.strip_prefix(':')) {
            (Some(inner), ..) => inner.rsplit(':').next(),
            (_, Some(inner), _) => inner.split(':').next(),
            (.., Some(name)) => Some(name),
            _ => None,
        };
        name.map_or(part.to_owned(), |name| format!("{{{name}}}"))
    });
    let parts: Vec<String> = parts.collect();
    format!("/{}", parts.join("/"))
}

/// The method that a word is, in whatever case.
pub(super) fn method(word: &str) -> Option<String> {
    let method = word.to_ascii_uppercase();
    matches!(&*method, "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS").then_some(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_notation() {
        for written in ["/users/<int:id>/", "users/{id}", "/users/:id", "/users/{id:[0-9]+}", "//users/<id>"] {
            assert_eq!(path(written), "/users/{id}", "{written}");
        }
        assert_eq!((path(""), path("/")), ("/".into(), "/".into()));
    }
}
