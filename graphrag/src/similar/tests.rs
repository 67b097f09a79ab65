//! Copies, near copies, and what is none; and what banding misses.

use rag_core::bindings::Bindings;
use rag_core::{Span, Symbol, SymbolKind};

use super::*;

/// A function that is long enough; `twist` is one of its words.
fn function(name: &str, twist: &str) -> String {
    format!(
        "fn {name}(items: &[Item], limit: usize) -> Vec<Item> {{\n    let mut found = Vec::new();\n    \
         for item in items.iter().take(limit) {{\n        if item.price() > {twist} && !item.sold {{\n            \
         found.push(item.clone());\n        }} else {{\n            log(item, \"left out\");\n        }}\n    }}\n    \
         found.sort_by(|a, b| a.price().cmp(&b.price()));\n    found\n}}\n"
    )
}

struct Source {
    path: String,
    text: String,
    symbols: Vec<Symbol>,
}

/// A file of functions; each begins with `fn`.
fn source(path: &str, functions: &[String]) -> Source {
    let mut text = String::new();
    let mut symbols = Vec::new();
    for function in functions {
        let start = text.len() + function.find("fn ").expect("a function");
        text.push_str(function);
        let whole = Span::new(start..text.len());
        symbols.push(Symbol {
            kind: SymbolKind::Function,
            name: Span::new(start + 3..start + 4),
            span: whole,
            signature: whole,
            doc: Span::default(),
            parent: None,
        });
    }
    Source { path: path.into(), text, symbols }
}

fn found(sources: &[Source]) -> Vec<Alike> {
    let bindings = &Bindings::default();
    let mut facts = Vec::new();
    for Source { path, text, symbols } in sources {
        facts.push(FileFacts { path, language: "rust", text, symbols, references: &[], bindings });
    }
    similar(&facts)
}

#[test]
fn layout_and_comments_make_no_difference() {
    let one = function("pick", "10");
    let other = format!("// Picks.\n{}", one.replace("    ", "\t").replace("found\n}", "/* done */ found }"));
    let found = found(&[source("a.rs", &[one]), source("b.rs", &[other])]);
    assert_eq!(found, [Alike { a: (0, 0), b: (1, 0), shared: 1000, is_equal: true }]);
}

#[test]
fn a_changed_word_makes_it_possible_and_says_how_much_is_left() {
    let sources = [source("a.rs", &[function("pick", "10"), function("pick", "20"), function("other", "10")])];
    let found = found(&sources);
    let pairs: Vec<_> = found.iter().map(|alike| (alike.a.1, alike.b.1, alike.is_equal)).collect();
    assert_eq!(pairs, [(0, 1, false), (0, 2, false), (1, 2, false)]);
    assert!(found.iter().all(|alike| (ALIKE..1000).contains(&alike.shared)), "{found:?}");
}

#[test]
fn strings_that_differ_are_seen_whatever_is_in_them() {
    let changed = function("pick", "10").replace("left out", "left // out");
    let found = found(&[source("a.rs", &[function("pick", "10"), changed])]);
    assert!(found.len() == 1 && !found[0].is_equal, "{found:?}");
}

#[test]
fn short_and_unlike_definitions_are_left_alone() {
    let short = "fn a() -> usize { self.items.len() }\n".to_owned();
    let unlike = function("pick", "10").replace("item", "row").replace("found", "rows").replace("price", "cost");
    assert_eq!(found(&[source("a.rs", &[short.clone(), short, function("pick", "10"), unlike])]), []);
}

#[test]
fn many_equal_definitions_are_linked_with_the_first() {
    let all = vec![function("pick", "10"); 500];
    let found = found(&[source("a.rs", &all)]);
    assert_eq!(found.len(), 499);
    assert!(found.iter().all(|alike| alike.a == (0, 0) && alike.is_equal));
}

#[test]
fn many_that_are_alike_cost_no_square() {
    let all: Vec<String> = (0..2000).map(|number| function("pick", &number.to_string())).collect();
    let found = found(&[source("a.rs", &all)]);
    let mut linked = vec![0; all.len()];
    found.iter().flat_map(|alike| [alike.a.1, alike.b.1]).for_each(|symbol| linked[symbol as usize] += 1);
    assert!(linked.iter().all(|links| *links > 0), "nobody is left alone");
    assert!(found.len() < all.len() * BANDS * NEAREST, "{}", found.len());
}

#[test]
fn a_function_is_not_like_the_closure_in_it() {
    let inner = function("inner", "10");
    let mut source = source("a.rs", &[format!("fn outer() {{ {inner} }}")]);
    let at = source.text.find("fn inner").expect("it is there");
    source.symbols.push(Symbol { span: Span::new(at..at + inner.len()), ..source.symbols[0] });
    assert_eq!(found(&[source]), []);
}

/// What comparing everything with everything finds.
fn all_pairs(texts: &[String]) -> Vec<(u32, u32)> {
    let shingles: Vec<Shingles> = texts
        .iter()
        .map(|text| {
            let tokens = Tokens::new("rust", text, 0..text.len());
            let hash = |token: crate::tokens::Token| xxhash_rust::xxh3::xxh3_64(token.span.text(text).as_bytes());
            Shingles::new(&tokens.map(|token| hash(token) as u32).collect::<Vec<_>>())
        })
        .collect();
    let numbers = 0..texts.len() as u32;
    let pairs = numbers.clone().flat_map(|a| (a + 1..texts.len() as u32).map(move |b| (a, b)));
    pairs.filter(|&(a, b)| shingles[a as usize].shared(&shingles[b as usize]) >= ALIKE).collect()
}

#[test]
fn banding_misses_almost_nothing() {
    // Families of functions, each with some words of its own.
    let texts: Vec<String> = (0..60)
        .map(|number| {
            let family = number % 12;
            let own = |text: String, word: &str| text.replace(word, &format!("{word}_{family}"));
            let text = ["items", "found", "price", "limit"].iter().fold(function("pick", "10"), |text, w| own(text, w));
            match number / 12 {
                0 => text,
                1 => text.replace("10", "11"),
                2 => text.replace("\"left out\"", "\"gone\""),
                3 => text.replace("pick", "choose"),
                _ => text.replace("!item.sold", "item.free"),
            }
        })
        .collect();
    let expected = all_pairs(&texts);
    let found: Vec<(u32, u32)> = found(&[source("a.rs", &texts)]).iter().map(|one| (one.a.1, one.b.1)).collect();
    assert!(found.iter().all(|pair| expected.contains(pair)), "nothing is made up");
    assert!(expected.len() >= 60 && found.len() * 100 >= expected.len() * 95, "{} of {}", found.len(), expected.len());
}
