//! Which definitions are copies of others? MinHash (Broder 1997) with banding (Indyk & Motwani 1998) over shingles of tokens finds
//! who may be alike in linear time; what is said was then counted.
//!
//! Copies are told apart by what stands in them, without comments and layout: names are kept, so two functions of one shape are
//! no copies. A pure function of the files, whose order is that of their paths.

mod sketch;

use std::collections::{HashMap, HashSet};

use rag_core::{Span, Symbol, SymbolKind};
use rayon::prelude::*;

use crate::file::FileFacts;
use crate::tokens::Tokens;
use sketch::{BANDS, SHINGLE, Shingles};

/// What is shorter is alike by chance: getters, constructors that pass their arguments on.
const FEWEST_TOKENS: usize = 60;
/// Share of the shingles of both that definitions have in common, in thousandths. Below, they do not look like copies.
const ALIKE: u32 = 700;
/// Of definitions that lie within each other, only so many are looked at: the rest is part of them.
const DEEPEST: usize = 8;
/// Equal definitions up to so many are all linked with each other. More of them are generated; each is linked with the first.
const MOST_EQUAL: usize = 8;
/// Of those that share a band, each is compared with so many before it.
const NEAREST: usize = 8;

/// Two definitions that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alike {
    /// File and symbol of the first.
    pub a: (u32, u32),
    /// Those of the second.
    pub b: (u32, u32),
    /// Shared among all shingles of both, in thousandths.
    pub shared: u32,
    /// Whether they have the same tokens in the same order.
    pub is_equal: bool,
}

/// A definition that is long enough to be compared.
struct Definition {
    place: (u32, u32),
    /// hash of all its tokens
    whole: u64,
    /// hashes of its tokens
    tokens: Vec<u32>,
    bands: [u32; BANDS],
}

/// The definitions of `files` that are alike, in the order of the first, then of the second.
pub(crate) fn similar(files: &[FileFacts]) -> Vec<Alike> {
    let read = |(file, facts): (usize, &FileFacts)| definitions(file as u32, facts);
    let definitions: Vec<Definition> = files.par_iter().enumerate().flat_map_iter(read).collect();
    let (mut found, firsts) = equal(files, &definitions);
    found.extend(near(&definitions, &firsts));
    // A function and the closure that it consists of are not two.
    found.retain(|alike| {
        let (one, other) = (symbol(files, alike.a), symbol(files, alike.b));
        let within = one.span.contains(other.span) || other.span.contains(one.span);
        sort(one.kind) == sort(other.kind) && (alike.a.0 != alike.b.0 || !within)
    });
    found.par_sort_unstable_by_key(|alike| (alike.a, alike.b));
    found
}

fn symbol<'f>(files: &[FileFacts<'f>], (file, number): (u32, u32)) -> &'f Symbol {
    &files[file as usize].symbols[number as usize]
}

/// What is compared with each other: types with types, functions with functions.
fn sort(kind: SymbolKind) -> Option<u64> {
    match kind {
        _ if kind.is_callable() => Some(0),
        _ if kind.is_type() => Some(1),
        _ => None,
    }
}

/// The definitions of a file that are long enough.
fn definitions(file: u32, facts: &FileFacts) -> Vec<Definition> {
    let is_long = |symbol: &Symbol| sort(symbol.kind).is_some() && symbol.span.len() >= FEWEST_TOKENS;
    if !facts.symbols.iter().any(is_long) {
        return Vec::new();
    }
    let tokens: Vec<(u32, u32)> = code(facts, Span::new(0..facts.text.len()))
        .map(|(span, text)| (span.start, xxhash_rust::xxh3::xxh3_64(text.as_bytes()) as u32))
        .collect();
    let mut open: Vec<u32> = Vec::new();
    let mut found = Vec::new();
    for (symbol, number) in facts.symbols.iter().zip(0..) {
        open.retain(|end| *end > symbol.span.start);
        let Some(sort) = sort(symbol.kind).filter(|_| is_long(symbol) && open.len() < DEEPEST) else { continue };
        let first = tokens.partition_point(|(start, _)| *start < symbol.span.start);
        let last = tokens.partition_point(|(start, _)| *start < symbol.span.end);
        if last - first < FEWEST_TOKENS {
            continue;
        }
        open.push(symbol.span.end);
        let own: Vec<u32> = tokens[first..last].iter().map(|(_, hash)| *hash).collect();
        let whole = sketch::hash(&own, sort);
        found.push(Definition { place: (file, number), whole, bands: sketch::bands(&own, sort), tokens: own });
    }
    found
}

/// The tokens in a part of a file that are code: documentation written as a string is none.
fn code<'f>(facts: &FileFacts<'f>, part: Span) -> impl Iterator<Item = (Span, &'f str)> {
    let first = facts.symbols.partition_point(|symbol| symbol.span.start < part.start);
    let inside = facts.symbols[first..].iter().take_while(|symbol| symbol.span.start < part.end);
    let mut docs: Vec<Span> = inside.map(|symbol| symbol.doc).filter(|doc| !doc.is_empty()).collect();
    docs.sort_unstable();
    let text = facts.text;
    let mut docs = docs.into_iter().peekable();
    let mut tokens = Tokens::new(facts.language, text, part.range());
    std::iter::from_fn(move || {
        loop {
            let token = tokens.next()?;
            while docs.next_if(|doc| doc.end <= token.span.start).is_some() {}
            match docs.peek() {
                Some(doc) if doc.start <= token.span.start => tokens.skip_to(doc.end as usize),
                _ => return Some((token.span, text.get(token.span.range()).unwrap_or_default())),
            }
        }
    })
}

/// Definitions that are equal, and one of each that stands for all that equal it.
fn equal(files: &[FileFacts], definitions: &[Definition]) -> (Vec<Alike>, Vec<u32>) {
    // Tokens were compared by their hashes so far.
    let same = |a: &Definition, b: &Definition| {
        let tokens = |of: &Definition| {
            code(&files[of.place.0 as usize], symbol(files, of.place).span).map(|(_, text)| text).collect::<Vec<_>>()
        };
        a.tokens == b.tokens && tokens(a) == tokens(b)
    };
    let mut groups: HashMap<u64, Vec<u32>> = HashMap::with_capacity(definitions.len());
    for (definition, index) in definitions.iter().zip(0..) {
        groups.entry(definition.whole).or_default().push(index);
    }
    let mut firsts = Vec::with_capacity(groups.len());
    let mut found = Vec::new();
    for group in groups.values() {
        let first = &definitions[group[0] as usize];
        firsts.push(group[0]);
        let rest = || group[1..].iter().filter(|index| same(first, &definitions[**index as usize]));
        let linked = if group.len() <= MOST_EQUAL { group.len() } else { 1 };
        let members: Vec<u32> = std::iter::once(&group[0]).chain(rest()).copied().collect();
        for (at, &a) in members.iter().enumerate().take(linked) {
            for &b in &members[at + 1..] {
                let (a, b) = (definitions[a as usize].place, definitions[b as usize].place);
                found.push(Alike { a, b, shared: 1000, is_equal: true });
            }
        }
    }
    firsts.sort_unstable();
    (found, firsts)
}

/// Those of `firsts` that have enough in common.
fn near(definitions: &[Definition], firsts: &[u32]) -> Vec<Alike> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for band in 0..BANDS {
        let mut keys: Vec<(u32, u32)> =
            firsts.iter().map(|&index| (definitions[index as usize].bands[band], index)).collect();
        keys.par_sort_unstable();
        for shared in keys.chunk_by(|a, b| a.0 == b.0) {
            for (at, &(_, b)) in shared.iter().enumerate() {
                pairs.extend(shared[at.saturating_sub(NEAREST)..at].iter().map(|&(_, a)| (a, b)));
            }
        }
        pairs.par_sort_unstable();
        pairs.dedup();
    }
    let named: HashSet<u32> = pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
    let shingles: HashMap<u32, Shingles> =
        named.into_par_iter().map(|index| (index, Shingles::new(&definitions[index as usize].tokens))).collect();
    let compare = |&(a, b): &(u32, u32)| {
        let shared = shingles[&a].shared(&shingles[&b]);
        let (a, b) = (definitions[a as usize].place, definitions[b as usize].place);
        (shared >= ALIKE).then_some(Alike { a, b, shared, is_equal: false })
    };
    pairs.par_iter().filter_map(compare).collect()
}

const _: () = assert!(FEWEST_TOKENS > SHINGLE);

#[cfg(test)]
mod tests;
