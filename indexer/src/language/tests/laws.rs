//! What holds for every language and every input.

use super::super::parser::compiled;
use super::super::*;
use super::listing::fixtures;
use std::collections::HashSet;

#[test]
fn every_rule_fits_its_grammar() {
    let mut errors = Vec::new();
    for language in all() {
        if let Some(compiled) = compiled(language) {
            errors.extend(compiled.errors.iter().map(|error| format!("{}: {error}", language.name)));
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Every grammar parses its fixture without an error, and finds something unless nothing is defined.
#[test]
fn every_grammar_reads_its_fixture() {
    let mut parser = Parser::new();
    let mut seen = HashSet::new();
    for (path, text) in fixtures() {
        let language = detect(&path, &text).expect("every fixture has a known name");
        seen.insert(std::ptr::from_ref(language));
        if !language.has_grammar() {
            continue;
        }
        let outline = parser.parse(language, &text);
        assert!(outline.tree.is_some(), "{path}");
        assert_eq!(outline.errors, 0, "{path}");
        assert!(!outline.symbols.is_empty() || language.name == "html", "{path}");
    }
    for language in all().iter().filter(|language| language.has_grammar()) {
        assert!(seen.contains(&std::ptr::from_ref(language)), "no fixture for {}", language.name);
    }
}

/// Panics unless `outline` keeps what its documentation promises.
fn check(text: &str, outline: &Outline, what: &str) {
    let inside = |span: rag_core::Span| text.get(span.range()).is_some();
    let mut last = 0;
    for (index, symbol) in outline.symbols.iter().enumerate() {
        for span in [symbol.span, symbol.name, symbol.signature, symbol.doc] {
            assert!(inside(span), "{what}: {symbol:?}");
        }
        assert!(symbol.span.start >= last, "{what}: unsorted at {symbol:?}");
        last = symbol.span.start;
        assert!(!symbol.name.is_empty(), "{what}: {symbol:?}");
        assert!(symbol.parent.is_none_or(|parent| (parent as usize) < index), "{what}: {symbol:?}");
    }
    let mut last = 0;
    for reference in &outline.references {
        assert!(inside(reference.name) && inside(reference.qualifier), "{what}: {reference:?}");
        assert!(reference.name.start >= last, "{what}: unsorted at {reference:?}");
        last = reference.name.start;
        let known = reference.enclosing.is_none_or(|at| (at as usize) < outline.symbols.len());
        assert!(known, "{what}: {reference:?}");
    }
}

/// A small deterministic generator: a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn truncated_and_mixed_sources_keep_the_promises() {
    let mut parser = Parser::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (path, text) in fixtures() {
        let language = detect(&path, &text).expect("every fixture has a known name");
        check(&text, &parser.parse(language, &text), &path);
        for round in 0..40 {
            let mut chars: Vec<char> = text.chars().collect();
            match round % 4 {
                0 => chars.truncate(random.below(chars.len())),
                1 => drop(chars.drain(..random.below(chars.len()))),
                2 => {
                    for _ in 0..10 {
                        let at = random.below(chars.len());
                        chars.insert(at, ['é', '{', '(', '"', '\n', '\u{1f600}', '\0', '*'][random.below(8)]);
                    }
                }
                _ => {
                    for _ in 0..20 {
                        let (a, b) = (random.below(chars.len()), random.below(chars.len()));
                        chars.swap(a, b);
                    }
                }
            }
            let broken: String = chars.into_iter().collect();
            check(&broken, &parser.parse(language, &broken), &format!("{path}, round {round}:\n{broken}"));
        }
    }
}

#[test]
fn random_text_keeps_the_promises() {
    let mut parser = Parser::new();
    let mut random = Random(42);
    for language in all().iter().filter(|language| language.has_grammar()) {
        for length in [0, 1, 2, 10, 500] {
            let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            check(&text, &parser.parse(language, &text), language.name);
        }
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let mut parser = Parser::new();
    for (name, open) in [
        ("rust", "fn f() { (((("),
        ("json", "[[[[["),
        ("json", "{\"a\":"),
        ("javascript", "((((["),
        ("python", "x((((["),
        ("c", "{{{{(("),
        ("haskell", "f = ((((("),
        ("yaml", "[[[[["),
        ("elixir", "def f(["),
        ("markdown", "> > > >"),
        ("javascript", "f(()=>"),
        ("rust", "m!("),
        ("elixir", "def f do "),
        ("kotlin", "a { "),
        ("ruby", "f { class A; "),
    ] {
        let language = by_name(name).expect("a known name");
        let text = open.repeat(20_000);
        check(&text, &parser.parse(language, &text), name);
    }
}

#[test]
fn names_and_aliases_find_one_language() {
    let mut seen = HashSet::new();
    for language in all() {
        assert!(by_name(language.name).is_some());
        for alias in language.aliases {
            assert!(seen.insert(alias), "alias {alias} is used twice");
            let found = by_name(alias).expect("an alias is a name");
            assert!(std::ptr::eq(found, language), "{alias} leads to {}", found.name);
        }
    }
    assert_eq!(by_name("C++").map(|language| language.name), Some("cpp"));
    assert!(by_name("klingon").is_none());
}
