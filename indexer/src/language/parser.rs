//! Parsing one file: grammar, time limit, walk.

use super::bindings::bindings;
use super::detect::by_name;
use super::entry::Language;
use super::masks::masked;
use super::rules::Rules;
use super::table::LANGUAGES;
use super::walk::{Found, walk};
use rag_core::bindings::Bindings;
use rag_core::{Reference, Symbol};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tree_sitter::{ParseOptions, ParseState, Range, Tree};

/// How long one file may take to parse.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// What was found in one file.
#[derive(Default)]
pub struct Outline {
    /// Definitions, sorted by start, parents before children.
    pub symbols: Vec<Symbol>,
    /// Uses of names, sorted by position.
    pub references: Vec<Reference>,
    /// What names stand for; empty for languages without a collector.
    pub bindings: Bindings,
    /// The syntax tree; none without a grammar, or if parsing took too long.
    pub tree: Option<Tree>,
    /// Number of syntax errors seen.
    pub errors: u32,
}

/// Parses files; reusable, one per thread.
#[derive(Default)]
pub struct Parser {
    /// One parser per language, in the order of the table: changing the grammar has a cost.
    parsers: Vec<Option<tree_sitter::Parser>>,
}

impl Parser {
    /// Creates a parser; grammars are loaded when first needed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses `text` and collects what it defines and uses. Never fails: without a grammar, or
    /// when the time limit is reached, the outline is empty and has no tree.
    pub fn parse(&mut self, language: &'static Language, text: &str) -> Outline {
        let Some((tree, mut found)) = self.walk(language, text, &[]) else {
            return Outline::default();
        };
        let scripts = std::mem::take(&mut found.scripts);
        if !scripts.is_empty()
            && let Some(language) = by_name("typescript")
            && let Some((_, inner)) = self.walk(language, text, &scripts)
        {
            found.append(inner);
        }
        Outline {
            bindings: bindings(language, &tree, text),
            symbols: found.symbols,
            references: found.references,
            tree: Some(tree),
            errors: found.errors,
        }
    }

    /// Parses the given ranges of `text` (all of it if there are none) and walks the tree.
    fn walk(&mut self, language: &'static Language, text: &str, ranges: &[Range]) -> Option<(Tree, Found)> {
        let tree = self.tree(language, text, ranges)?;
        let found = walk(&tree, text, &compiled(language)?.rules);
        Some((tree, found))
    }

    pub(super) fn tree(&mut self, language: &'static Language, text: &str, ranges: &[Range]) -> Option<Tree> {
        let compiled = compiled(language)?;
        if u32::try_from(text.len()).is_err() {
            return None;
        }
        let index = index_of(language)?;
        self.parsers.resize_with(LANGUAGES.len(), || None);
        let parser = self.parsers[index].get_or_insert_with(|| {
            let mut parser = tree_sitter::Parser::new();
            // A grammar of an unknown ABI leaves the parser without one: it then parses nothing.
            let _ = parser.set_language(&compiled.grammar);
            parser
        });
        parser.set_included_ranges(ranges).ok()?;
        let start = Instant::now();
        let mut give_up = |_: &ParseState| match start.elapsed() > TIME_LIMIT {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let bytes = masked(language.name, text);
        let tree = parser.parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut give_up)),
        );
        if tree.is_none() {
            parser.reset();
        }
        tree
    }
}

/// A loaded grammar and its rules.
pub(super) struct Compiled {
    pub(super) grammar: tree_sitter::Language,
    pub(super) rules: Rules,
    /// Lines of the rule file that do not fit the grammar; a test keeps this empty.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) errors: Vec<String>,
}

/// Loads a language's grammar and rules once per process.
pub(super) fn compiled(language: &'static Language) -> Option<&'static Compiled> {
    static COMPILED: OnceLock<Box<[OnceLock<Compiled>]>> = OnceLock::new();
    let (grammar, source) = language.grammar?;
    let all = COMPILED.get_or_init(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
    let slot = all.get(index_of(language)?)?;
    Some(slot.get_or_init(|| {
        let grammar = grammar();
        let (rules, errors) = Rules::compile(source, &grammar);
        Compiled { grammar, rules, errors }
    }))
}

fn index_of(language: &'static Language) -> Option<usize> {
    LANGUAGES.iter().position(|other| std::ptr::eq(other, language))
}
