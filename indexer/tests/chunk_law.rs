//! The law of chunking, for real files of every language and for broken ones: the chunks of a document, in order, are
//! its text, byte for byte; no cut lies inside a token; nothing is longer than it must be.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexer::build_document;
use indexer::document::{DocumentFormat, notebook};
use indexer::language::{self, Parser};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rag_core::Document;
use tree_sitter::{Node, Tree};

const SIZES: [usize; 4] = [64, 300, 1500, 20_000];

/// Files of one extension that are taken from the machine, at most.
const FILES_PER_EXTENSION: usize = 12;
const LARGEST_FILE: u64 = 60_000;

#[test]
fn fixtures_of_every_language() {
    let mut parser = Parser::new();
    let fixtures = fixtures();
    assert!(fixtures.len() > 40, "the fixtures of the languages are here");
    for (path, text) in &fixtures {
        for size in SIZES {
            check(&mut parser, path, text, size);
        }
    }
}

#[test]
fn files_of_this_machine() {
    let mut files = Vec::new();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["indexer", "rag-core", "src", "benches", "docs"] {
        collect(&workspace.join(folder), &mut files);
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registry = home.map(|home| home.join("registry/src")).filter(|folder| folder.is_dir());
    match &registry {
        Some(registry) => collect(registry, &mut files),
        None => println!("no cargo registry on this machine: only files of this workspace are checked"),
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut parser = Parser::new();
    // A stride spreads the choice over many crates.
    files.sort();
    let mut by_extension: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in files {
        let extension = path.extension().map_or(String::new(), |extension| extension.to_string_lossy().into_owned());
        by_extension.entry(extension).or_default().push(path);
    }
    for (extension, paths) in by_extension {
        let stride = paths.len().div_ceil(FILES_PER_EXTENSION);
        for path in paths.iter().step_by(stride) {
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let size = SIZES[text.len() % SIZES.len()];
            check(&mut parser, &path.to_string_lossy(), &text, size);
            check(&mut parser, &path.to_string_lossy(), &text, 1500);
            *used.entry(extension.clone()).or_default() += 1;
        }
    }
    println!("checked {} files of this machine: {used:?}", used.values().sum::<usize>());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn broken_files(
        fixture in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..5),
        size in prop::sample::select(&SIZES[..]),
    ) {
        let fixtures = fixtures();
        let (path, text) = fixture.get(&fixtures);
        let mut text = text.clone();
        for mutation in &mutations {
            mutation.apply(&mut text, &fixtures);
        }
        check(&mut Parser::new(), path, &text, size);
    }

    #[test]
    fn any_text(
        fixture in any::<prop::sample::Index>(),
        text in "(\\PC|[ \\n\\t\\r({\\[\"'#=*-]){0,400}",
        size in 8usize..200,
    ) {
        let fixtures = fixtures();
        check(&mut Parser::new(), &fixture.get(&fixtures).0, &text, size);
        for path in ["a.md", "a.rst", "a.adoc", "a.html", "a.txt", "a.unknown"] {
            check(&mut Parser::new(), path, &text, size);
        }
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Truncate(prop::sample::Index),
    CutFront(prop::sample::Index),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, String),
    Repeat(prop::sample::Index, usize),
    Crlf,
    OneLine,
    NoFinalNewline,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Mutation::Truncate),
        index().prop_map(Mutation::CutFront),
        (index(), index(), index()).prop_map(|(a, b, c)| Mutation::Splice(a, b, c)),
        (index(), "\\PC{1,20}").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), "[\u{1}-\u{7f}]{1,200}").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), "([a-z]{1,9}[ ,;(]){100,300}").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), "([a-zß€]{1000,2000})").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), "[(\\[{<\"'`*#/\\\\\n]").prop_map(|(at, text)| Mutation::Insert(at, text.repeat(300))),
        (index(), 2usize..6).prop_map(|(at, times)| Mutation::Repeat(at, times)),
        Just(Mutation::Crlf),
        Just(Mutation::OneLine),
        Just(Mutation::NoFinalNewline),
    ]
}

impl Mutation {
    fn apply(&self, text: &mut String, fixtures: &[(String, String)]) {
        let place = |text: &str, at: &prop::sample::Index| text.floor_char_boundary(at.index(text.len() + 1));
        match self {
            Mutation::Truncate(at) => text.truncate(place(text, at)),
            Mutation::CutFront(at) => drop(text.drain(..place(text, at))),
            Mutation::Splice(at, from, start) => {
                let (_, other) = from.get(fixtures);
                let start = place(other, start);
                let end = other.floor_char_boundary(start + 500);
                text.insert_str(place(text, at), &other[start..end]);
            }
            Mutation::Insert(at, more) => text.insert_str(place(text, at), more),
            Mutation::Repeat(at, times) => {
                let part = text[place(text, at)..].repeat(*times);
                text.push_str(&part[..part.floor_char_boundary(20_000)]);
            }
            Mutation::Crlf => *text = text.replace('\n', "\r\n"),
            Mutation::OneLine => *text = text.replace('\n', " "),
            Mutation::NoFinalNewline => text.truncate(text.trim_end().len()),
        }
    }
}

#[test]
fn edge_cases() {
    let mut parser = Parser::new();
    let long = "x".repeat(10_000);
    let nested = "(".repeat(5_000);
    let texts = ["", "\n", "\r\n", " ", "\n\n\n", "x", "a\rb\rc", "\u{feff}fn a() {}", "€", "\t\n\tx", &long, &nested];
    let mut paths: Vec<String> = fixtures().into_iter().map(|(path, _)| path).collect();
    paths.extend(["a.md", "a.rst", "a.adoc", "a.html", "a.txt", "a.ipynb", "a"].map(str::to_owned));
    for path in paths {
        for text in texts {
            for size in [1, 7, 64, 1500] {
                check(&mut parser, &path, text, size);
            }
        }
    }
}

#[test]
fn documents() {
    let mut parser = Parser::new();
    let underlined = "Title\n=====\n\nSome words here.\n\nPart\n----\n\n".repeat(40);
    let marked =
        "# One\n## Two\n### Three\n\nwords and words\n\n- a\n- b\n\n```rust\nfn main() {}\n# no heading\n```\n"
            .repeat(40);
    let adoc = "= Title\n\n== Section\n\nsome words\n\n----\n== no section\n----\n\n=== Deeper\n\nmore\n".repeat(40);
    let html =
        "<html><body><h1>One</h1><p>words</p><h2 id=x>Two <b>bold</b></h2><pre>x\ny</pre>\n</body></html>".repeat(40);
    for (path, text) in [("a.rst", underlined), ("a.md", marked), ("a.adoc", adoc), ("a.html", html)] {
        for size in [16, 64, 300, 1500] {
            check(&mut parser, path, &text, size);
            check(&mut parser, path, &text.replace('\n', "\r\n"), size);
            check(&mut parser, path, text.trim_end(), size);
        }
    }
}

#[test]
fn notebooks() {
    let mut parser = Parser::new();
    let mut cells = Vec::new();
    for number in 0..30 {
        let lines: Vec<String> = (0..number).map(|line| format!("marker_{number}_{line} = \"ü\\n\"\n")).collect();
        let kind = if number % 3 == 0 { "markdown" } else { "code" };
        cells
            .push(serde_json::json!({"cell_type": kind, "metadata": {}, "outputs": [{"text": "no"}], "source": lines}));
    }
    let json = serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    let json = serde_json::to_string_pretty(&json).expect("JSON");
    let raw: Vec<&str> = json.lines().collect();
    for size in [40, 300, 1500] {
        let document = check(&mut parser, "a.ipynb", &json, size);
        for number in 1..30 {
            let marker = format!("marker_{number}_0 ");
            let chunk = document.chunks.iter().find(|chunk| chunk.span.text(&document.text).contains(&marker));
            let chunk = chunk.expect("every cell is in the text");
            let lines = &raw[chunk.lines.0 as usize - 1..chunk.lines.1 as usize];
            assert!(lines.iter().any(|line| line.contains(&marker)), "{marker}: {:?}", chunk.lines);
        }
    }
    for cut in (0..json.len()).step_by(97) {
        check(&mut parser, "a.ipynb", &json[..json.floor_char_boundary(cut)], 300);
    }
    check(&mut parser, "a.ipynb", r#"{"cells": [], "nbformat": 4}"#, 300);
}

/// Files of a megabyte that are odd in one way each take no time to speak of.
#[test]
fn odd_large_files_are_cut_in_linear_time() {
    let mut parser = Parser::new();
    let megabyte = |part: &str| part.repeat((1 << 20) / part.len());
    let files = [
        ("numbers.json", format!("[{}0]", megabyte("1,"))),
        ("one_line.json", format!("[{}0]", megabyte("{\"a\":[1,2,3]},"))),
        ("headings.md", megabyte("# a\n")),
        ("headings.rst", megabyte("ab\n==\n")),
        ("headings.adoc", megabyte("== a\n")),
        ("headings.html", megabyte("<h1>a</h1>")),
        ("words.txt", megabyte("word ")),
        ("word.txt", megabyte("w")),
        ("lines.txt", megabyte("\n")),
        ("blanks.txt", megabyte(" ")),
        ("keys.toml", megabyte("a=1\n")),
        ("one_line.py", megabyte("a=1;")),
        ("functions.py", megabyte("def f(): pass\n")),
        ("comments.rs", megabyte("//\n")),
        (
            "notebook.ipynb",
            format!("{{\"nbformat\":4,\"cells\":[{}{{}}]}}", megabyte("{\"cell_type\":\"code\",\"source\":\"x\"},")),
        ),
    ];
    for (path, text) in files {
        let started = Instant::now();
        let document = build_document(&mut parser, path, text, 1500);
        let elapsed = started.elapsed();
        println!("{path}: {} chunks in {elapsed:?}", document.chunks.len());
        // Parsing gives up after two seconds of its own.
        assert!(elapsed < Duration::from_secs(8), "{path} took {elapsed:?}");
        assert_covers(&document, path);
    }
}

/// Builds the document and panics unless it keeps the law.
fn check(parser: &mut Parser, path: &str, text: &str, size: usize) -> Document {
    let document = build_document(parser, path, text.to_owned(), size);
    let what = format!("{path}, chunks of {size}");
    assert_covers(&document, &what);
    assert_symbols(&document, &what);
    if path.ends_with(".ipynb") && notebook(text).is_some() {
        return document;
    }
    assert_eq!(document.text, text, "{what}");
    assert_lines(&document, &what);
    let language = language::detect(path, &text[..text.floor_char_boundary(4096)]);
    let tree = language
        .filter(|language| DocumentFormat::from_language(language.name).is_none())
        .and_then(|language| parser.parse(language, text).tree)
        // A tree of one leaf says nothing: the text is cut as text.
        .filter(|tree| tree.root_node().child_count() > 0);
    match tree {
        Some(tree) => {
            let tokens = tokens(&tree);
            assert_no_token_is_cut(&document, &tokens, size, &what);
            assert_no_code_is_too_long(&document, &tokens, size, &what);
        }
        None => assert_no_text_is_too_long(&document, size, &what),
    }
    document
}

fn assert_covers(document: &Document, what: &str) {
    let mut joined = String::new();
    let mut end = 0;
    for chunk in &document.chunks {
        assert_eq!(chunk.span.start, end, "{what}: a gap or an overlap");
        assert!(!chunk.span.is_empty() || document.text.is_empty(), "{what}: an empty chunk");
        end = chunk.span.end;
        joined.push_str(document.text.get(chunk.span.range()).expect("a chunk ends between characters"));
    }
    assert!(!document.chunks.is_empty(), "{what}: no chunk");
    assert_eq!(joined, document.text, "{what}: the chunks are not the text");
}

fn assert_lines(document: &Document, what: &str) {
    let bytes = document.text.as_bytes();
    let (mut first, mut at) = (1u32, 0usize);
    for chunk in &document.chunks {
        // Counted byte by byte: what an editor shows.
        while at < chunk.span.start as usize {
            first += u32::from(bytes[at] == b'\n');
            at += 1;
        }
        let within = &bytes[chunk.span.range()];
        let within = &within[..within.len().saturating_sub(1)];
        let last = first + within.iter().map(|byte| u32::from(*byte == b'\n')).sum::<u32>();
        assert_eq!(chunk.lines, (first, last), "{what}: lines of {:?}", chunk.span);
    }
}

fn assert_symbols(document: &Document, what: &str) {
    for chunk in &document.chunks {
        let Some(index) = chunk.symbol else { continue };
        let symbol = document.symbols.get(index as usize).unwrap_or_else(|| panic!("{what}: symbol {index}"));
        let begins = chunk.span.range().contains(&(symbol.span.start as usize));
        let surrounds = symbol.span.start <= chunk.span.start && chunk.span.start < symbol.span.end;
        assert!(begins || surrounds, "{what}: {symbol:?} has nothing to do with {:?}", chunk.span);
    }
}

/// The leaves of a syntax tree that hold text, in order.
fn tokens(tree: &Tree) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut cursor = tree.walk();
    loop {
        if cursor.goto_first_child() {
            continue;
        }
        let node: Node = cursor.node();
        tokens.push(node.byte_range());
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                tokens.retain(|token| !token.is_empty());
                return tokens;
            }
        }
    }
}

fn assert_no_token_is_cut(document: &Document, tokens: &[Range<usize>], size: usize, what: &str) {
    let text = &document.text;
    for chunk in &document.chunks[1..] {
        let cut = chunk.span.start as usize;
        let first = tokens.partition_point(|token| token.end <= cut);
        for token in tokens[first..].iter().take_while(|token| token.start < cut) {
            let (before, after) = (text.get(token.start..cut), text.get(cut..token.end));
            // Some grammars count line breaks and indentation as part of a token.
            let blank = |part: Option<&str>| part.is_some_and(|part| part.trim().is_empty());
            if blank(before) || blank(after) {
                continue;
            }
            let at_line_start = text.as_bytes()[cut - 1] == b'\n';
            let long = token.len() > size;
            assert!(long && at_line_start, "{what}: cut at {cut} inside token {token:?} {:?}", text.get(token.clone()));
        }
    }
}

/// Cuts that lie closer together compete for one place.
fn slack(size: usize) -> usize {
    size / 48 + 2
}

fn assert_no_code_is_too_long(document: &Document, tokens: &[Range<usize>], size: usize, what: &str) {
    let text = document.text.as_bytes();
    for chunk in &document.chunks {
        // A node that is small enough is not looked into. Blanks around it, and what belongs to no token because the
        // file is broken, may still make its chunk longer.
        let (start, end) = (chunk.span.start as usize, chunk.span.end as usize);
        let held =
            tokens.partition_point(|token| token.start < start)..tokens.partition_point(|token| token.start < end);
        let extent = tokens[held].iter().fold(start..start, |extent, token| match extent.is_empty() {
            true => token.start..token.end.min(end),
            false => extent.start..token.end.min(end),
        });
        if chunk.span.len() <= size || extent.len() <= size + 2 * slack(size) {
            continue;
        }
        let inner = chunk.span.start as usize + slack(size)..(chunk.span.end as usize).saturating_sub(slack(size));
        let first = tokens.partition_point(|token| token.start < inner.start);
        for token in tokens[first..].iter().take_while(|token| token.start < inner.end) {
            let blanks =
                text[..token.start].iter().rev().take_while(|byte| byte.is_ascii_whitespace() && **byte != b'\n');
            let line = token.start - blanks.count();
            let begins_line = line == 0 || text[line - 1] == b'\n';
            let place = if begins_line { line } else { token.start };
            assert!(!inner.contains(&place), "{what}: {:?} could be cut at {place}", chunk.span);
        }
    }
}

fn assert_no_text_is_too_long(document: &Document, size: usize, what: &str) {
    let text = document.text.as_bytes();
    for chunk in document.chunks.iter().filter(|chunk| chunk.span.len() > size) {
        let (start, end) = (chunk.span.start as usize, chunk.span.end as usize);
        assert!(end - start <= 2 * size + 2 * slack(size) + 4, "{what}: {:?} is too long", chunk.span);
        let inner = start + slack(size)..end.saturating_sub(slack(size));
        let newline = inner.clone().find(|at| text[at - 1] == b'\n');
        assert_eq!(newline, None, "{what}: {:?} could be cut at a line", chunk.span);
    }
}

/// Every fixture of the language tests: path and text.
fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/language/tests/fixtures");
    let mut fixtures: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the fixtures are in the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "listing"))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a fixture is text"))
        })
        .collect();
    fixtures.sort();
    fixtures
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            collect(&entry.path(), files);
        } else if kind.is_file() && entry.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST_FILE) {
            files.push(entry.path());
        }
    }
}
