//! Names of symbols: `<scheme> <manager> <package> <version> <descriptor>…`, or `local <id>`.
//!
//! The grammar stands in `scip.proto`, at the message `Symbol`. Names are compared, so nothing is unescaped: a
//! name with a doubled backtick or space matches no identifier anyway.

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    /// `name/`: a namespace, often a file.
    Namespace,
    /// `name#`
    Type,
    /// `name.`: variables, fields, properties.
    Term,
    /// `name().`
    Method,
    /// `name:`: whatever has no other suffix. scip-typescript numbers the properties of object literals with it (`size0:`).
    Meta,
    /// `name!`
    Macro,
    /// `(name)`
    Parameter,
    /// `[name]`
    TypeParameter,
}

/// A symbol, taken apart as far as matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol<'a> {
    /// Known in its document only.
    Local,
    /// Known everywhere.
    Global {
        /// Scheme, manager and name of its package: versions left out.
        package: &'a str,
        /// Everything before the last descriptor.
        owner: &'a str,
        /// Name of the descriptor before the last; empty if there is none.
        owner_name: &'a str,
        /// The last descriptor's name, without escape marks.
        name: &'a str,
        /// What the last descriptor stands for.
        suffix: Suffix,
    },
}

impl<'a> Symbol<'a> {
    /// Takes `symbol` apart; none if it does not follow the grammar.
    pub(super) fn parse(symbol: &'a str) -> Option<Self> {
        if symbol.strip_prefix("local ").is_some_and(|id| !id.is_empty()) {
            return Some(Symbol::Local);
        }
        let mut at = 0;
        let mut package = "";
        for field in 0..4 {
            at = field_end(symbol, at)?;
            if field == 2 {
                package = &symbol[..at];
            }
            at += 1;
        }
        let (mut owner_name, mut last) = ("", None);
        while at < symbol.len() {
            let (name, suffix, end) = descriptor(symbol, at)?;
            if let Some((_, name, _)) = last {
                owner_name = name;
            }
            last = Some((at, name, suffix));
            at = end;
        }
        let (start, name, suffix) = last?;
        Some(Symbol::Global { package, owner: &symbol[..start], owner_name, name, suffix })
    }
}

/// The name of the property that an accessor belongs to: scip-typescript calls one `<get>size`.
pub(super) fn without_accessor(name: &str) -> &str {
    name.strip_prefix("<get>").or(name.strip_prefix("<set>")).unwrap_or(name)
}

/// Where the field that starts at `at` ends: at a space that is not doubled.
fn field_end(symbol: &str, mut at: usize) -> Option<usize> {
    let bytes = symbol.as_bytes();
    loop {
        at += symbol.get(at..)?.find(' ')?;
        if bytes.get(at + 1) != Some(&b' ') {
            return Some(at);
        }
        at += 2;
    }
}

/// Name, meaning and end of the descriptor that starts at `at`.
fn descriptor(symbol: &str, at: usize) -> Option<(&str, Suffix, usize)> {
    let enclosed = |close: char, suffix| {
        let (name, end) = name(symbol, at + 1)?;
        symbol[end..].starts_with(close).then_some((name, suffix, end + 1))
    };
    match symbol.as_bytes().get(at)? {
        b'(' => return enclosed(')', Suffix::Parameter),
        b'[' => return enclosed(']', Suffix::TypeParameter),
        _ => {}
    }
    let (name, end) = name(symbol, at)?;
    let suffix = match symbol.as_bytes().get(end)? {
        b'/' => Suffix::Namespace,
        b'#' => Suffix::Type,
        b'.' => Suffix::Term,
        b':' => Suffix::Meta,
        b'!' => Suffix::Macro,
        b'(' => {
            let close = end + symbol[end..].find(").")?;
            return Some((name, Suffix::Method, close + 2));
        }
        _ => return None,
    };
    Some((name, suffix, end + 1))
}

/// The name at `at`, plain or between backticks, and where it ends.
fn name(symbol: &str, at: usize) -> Option<(&str, usize)> {
    let rest = symbol.get(at..)?;
    if let Some(escaped) = rest.strip_prefix('`') {
        let mut end = 0;
        loop {
            end += escaped.get(end..)?.find('`')?;
            if !escaped[end + 1..].starts_with('`') {
                return Some((&escaped[..end], at + end + 2));
            }
            end += 2;
        }
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '$');
    let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
    (end > 0).then(|| (&rest[..end], at + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(symbol: &str) -> Option<(&str, &str, Suffix)> {
        match Symbol::parse(symbol)? {
            Symbol::Global { owner_name, name, suffix, .. } => Some((owner_name, name, suffix)),
            Symbol::Local => None,
        }
    }

    #[test]
    fn descriptors_are_told_apart() {
        let python = "scip-python python flask 1.0 `src.flask.app`/Flask#run().";
        assert_eq!(last(python), Some(("Flask", "run", Suffix::Method)));
        let parameter = "scip-python python flask 1.0 `src.flask.app`/Flask#run().(host)";
        assert_eq!(last(parameter), Some(("run", "host", Suffix::Parameter)));
        let constructor = "scip-typescript npm zod 4.3 src/`types.ts`/Path#`<constructor>`(+1).";
        assert_eq!(last(constructor), Some(("Path", "<constructor>", Suffix::Method)));
        assert_eq!(last("s m p v f/T#[A]"), Some(("T", "A", Suffix::TypeParameter)));
        assert_eq!(last("s m p v print!"), Some(("", "print", Suffix::Macro)));
        assert_eq!(last("s m p v `a``b`."), Some(("", "a``b", Suffix::Term)));
        assert_eq!(Symbol::parse("local 12"), Some(Symbol::Local));
    }

    #[test]
    fn spaces_in_fields_are_doubled() {
        let Some(Symbol::Global { package, owner, .. }) = Symbol::parse("s  x m my  lib 1 a/B#") else {
            panic!("a symbol")
        };
        assert_eq!((package, owner), ("s  x m my  lib", "s  x m my  lib 1 a/"));
        assert!(Symbol::parse("s . . . x.").is_some());
    }

    #[test]
    fn what_follows_no_grammar_is_no_symbol() {
        for broken in
            ["", "local ", "a b c d", "a b c d ", "a b c d `x", "a b c d x(", "a b c d (x", "a b c d ♥é", "  "]
        {
            assert_eq!(Symbol::parse(broken), None, "{broken}");
        }
    }
}
