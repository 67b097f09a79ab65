//! What the symbols at a use mean, by the definitions of the index.

use std::collections::{BTreeSet, HashMap, HashSet};

use rag_core::bindings::Source;
use rag_core::{ReferenceKind, Span};

use super::fit::{Occurrence, is_named};
use super::symbol::{Suffix, Symbol, without_accessor};
use crate::edge::{Edge, Target, Tier};
use crate::file::FileFacts;
use crate::link::enclose;

/// How many definitions a symbol may have; one with more is no definition in parts, but noise.
const MAX_DEFINITIONS: usize = 64;

/// A document that fits its file.
pub(super) struct Fitting<'a> {
    /// Its number in the index: local symbols belong to it.
    pub(super) document: u32,
    pub(super) file: u32,
    pub(super) occurrences: Vec<Occurrence<'a>>,
    pub(super) implementations: Vec<(&'a str, &'a str)>,
}

/// The definition around a function or method, and its name.
type PartsKey<'a> = (Option<u32>, &'a str);

/// What is found by place or name in a file that fits.
pub(super) struct Names<'a> {
    /// Place of a name → symbol.
    symbols: HashMap<Span, u32>,
    /// Places where a function or class, and not a variable, is bound.
    scopes: HashSet<Span>,
    /// Parent and name of a function or method → all that are called so: overloads and accessors are one definition in
    /// parts, of which an index may name the first only.
    parts: HashMap<PartsKey<'a>, Vec<(u32, Span)>>,
    /// Symbol → key of its parts.
    owners: HashMap<u32, PartsKey<'a>>,
    /// Everything that is bound.
    bound: HashSet<&'a str>,
    /// Place of a use → how the name is used there.
    uses: HashMap<Span, Vec<ReferenceKind>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(facts: &FileFacts<'a>) -> Self {
        let bindings = facts.bindings;
        let is_scope = |source: Source| matches!(source, Source::Scope(_));
        let scopes = bindings.names.iter().filter(|binding| is_scope(binding.source));
        let mut uses: HashMap<Span, Vec<ReferenceKind>> = HashMap::new();
        let by_name = bindings.scopes.is_empty();
        let references = facts.references.iter();
        // Where there are facts for linking, these tell calls and types; names that are imported stand among the references.
        let references = references.filter(|reference| by_name || reference.kind == ReferenceKind::Import);
        let references = references.map(|reference| (reference.name, reference.kind));
        for (name, kind) in bindings.sites.iter().map(|site| (site.name, site.kind)).chain(references) {
            let kinds = uses.entry(name).or_default();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let mut parts: HashMap<PartsKey, Vec<(u32, Span)>> = HashMap::new();
        let mut owners = HashMap::new();
        for (symbol, number) in facts.symbols.iter().zip(0..).filter(|(symbol, _)| symbol.kind.is_callable()) {
            let key = (symbol.parent, symbol.name.text(facts.text));
            parts.entry(key).or_default().push((number, symbol.name));
            owners.insert(number, key);
        }
        Names {
            parts,
            owners,
            symbols: facts.symbols.iter().zip(0..).map(|(symbol, number)| (symbol.name, number)).collect(),
            scopes: scopes.map(|binding| binding.name).collect(),
            bound: bindings.names.iter().map(|binding| binding.name.text(facts.text)).collect(),
            uses,
        }
    }
}

/// The definitions of an index.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// Symbols of everywhere.
    global: HashMap<&'a str, Vec<(u32, Span)>>,
    /// Symbols of one document.
    local: HashMap<(u32, &'a str), Vec<(u32, Span)>>,
    /// Symbols that are (also) defined in files we do not have in that state.
    elsewhere: HashSet<&'a str>,
    /// Packages that something is defined of.
    packages: HashSet<&'a str>,
}

/// What the index knows of a symbol.
enum Meaning<'k> {
    Defined(&'k [(u32, Span)]),
    External,
    Unknown,
}

impl<'a> Known<'a> {
    pub(super) fn define(&mut self, document: u32, file: u32, occurrences: &[Occurrence<'a>]) {
        for occurrence in occurrences.iter().filter(|occurrence| occurrence.is_definition) {
            let places = match Symbol::parse(occurrence.symbol) {
                Some(Symbol::Local) => self.local.entry((document, occurrence.symbol)).or_default(),
                Some(Symbol::Global { package, .. }) => {
                    self.packages.insert(package);
                    self.global.entry(occurrence.symbol).or_default()
                }
                None => continue,
            };
            // One more than is used, to notice that there are more.
            if places.len() <= MAX_DEFINITIONS {
                places.push((file, occurrence.span));
            }
        }
    }

    pub(super) fn define_elsewhere(&mut self, symbol: &'a str) {
        if let Some(Symbol::Global { package, .. }) = Symbol::parse(symbol) {
            self.packages.insert(package);
            self.elsewhere.insert(symbol);
        }
    }

    fn meaning(&self, document: u32, name: &'a str, symbol: Symbol) -> Meaning<'_> {
        let places = match symbol {
            Symbol::Local => self.local.get(&(document, name)),
            Symbol::Global { .. } => self.global.get(name),
        };
        match (places, symbol) {
            (Some(places), _) if places.len() > MAX_DEFINITIONS || self.elsewhere.contains(name) => Meaning::Unknown,
            (Some(places), _) => Meaning::Defined(places),
            // What its own package should define, but does not, was generated, or is not indexed.
            (None, Symbol::Global { package, .. })
                if !self.packages.contains(package) && !self.elsewhere.contains(name) =>
            {
                Meaning::External
            }
            (None, _) => Meaning::Unknown,
        }
    }

    /// The definitions that count as targets: of a local symbol only functions and classes, of others no parameters and
    /// no modules.
    fn targets(&self, names: &HashMap<u32, Names>, symbol: Symbol, places: &[(u32, Span)]) -> Vec<Target> {
        let target = |&(file, name): &(u32, Span)| {
            let names = &names[&file];
            let target = Target { file, name, symbol: names.symbols.get(&name).copied() };
            let counts = match symbol {
                Symbol::Local => target.symbol.is_some() || names.scopes.contains(&name),
                Symbol::Global { suffix: Suffix::Parameter | Suffix::TypeParameter, .. } => false,
                Symbol::Global { suffix: Suffix::Namespace, .. } => target.symbol.is_some(),
                Symbol::Global { .. } => !name.is_empty(),
            };
            counts.then_some(target)
        };
        let mut found: Vec<Target> = places.iter().filter_map(target).collect();
        for at in 0..found.len() {
            let Target { file, symbol, .. } = found[at];
            let names = &names[&file];
            let parts = symbol.and_then(|symbol| names.parts.get(names.owners.get(&symbol)?));
            let parts = parts.into_iter().flatten().take(MAX_DEFINITIONS);
            found.extend(parts.map(|&(number, name)| Target { file, name, symbol: Some(number) }));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The edges of one file, in the order of its text.
    pub(super) fn edges(&self, files: &[FileFacts], names: &HashMap<u32, Names>, document: &Fitting<'a>) -> Vec<Edge> {
        let facts = &files[document.file as usize];
        let kinds = &names[&document.file].uses;
        let mut edges = Vec::new();
        let mut uses: Vec<(Span, &'a str)> = document
            .occurrences
            .iter()
            .filter(|occurrence| !occurrence.is_definition && !occurrence.span.is_empty())
            .map(|occurrence| (occurrence.span, occurrence.symbol))
            .collect();
        uses.sort_unstable();
        uses.dedup();
        for symbols in uses.chunk_by(|a, b| a.0 == b.0) {
            let site = symbols[0].0;
            for &kind in kinds.get(&site).into_iter().flatten() {
                if let Some((tier, targets)) = self.answer(names, document, kind, site.text(facts.text), symbols) {
                    edges.push(Edge { file: document.file, site, kind, enclosing: None, tier, targets, shared_by: 0 });
                }
            }
        }
        edges.sort_by_key(|edge| (edge.site, edge.kind));
        enclose(&mut edges, facts.symbols);
        edges.extend(self.implementations(names, document, &edges));
        edges.sort_by_key(|edge| (edge.site, edge.kind));
        edges
    }

    /// What the symbols of one place mean, used as `kind`; none if the index does not know all of them.
    fn answer(
        &self,
        names: &HashMap<u32, Names>,
        document: &Fitting<'a>,
        kind: ReferenceKind,
        text: &str,
        symbols: &[(Span, &'a str)],
    ) -> Option<(Tier, Vec<Target>)> {
        let symbols: Option<Vec<(&'a str, Symbol)>> =
            symbols.iter().map(|&(_, name)| Symbol::parse(name).map(|symbol| (name, symbol))).collect();
        let mut symbols = symbols?;
        // A script's name can mean a type and a value at once.
        let is_type = |symbol: &Symbol| matches!(symbol, Symbol::Global { suffix: Suffix::Type, .. });
        let wants_type = match kind {
            ReferenceKind::Type | ReferenceKind::Inherit => Some(true),
            ReferenceKind::Call => Some(false),
            ReferenceKind::Import => None,
        };
        if let Some(wanted) = wants_type
            && symbols.iter().any(|(_, symbol)| is_type(symbol) == wanted)
        {
            symbols.retain(|(_, symbol)| is_type(symbol) == wanted);
        }
        let parts = symbols.windows(2).all(|pair| same_definition(pair[0].1, pair[1].1));
        let mut targets = Vec::new();
        let (mut outside, mut inside) = (false, false);
        for (name, symbol) in symbols {
            // The name of something else: by another name only if this file gives it that.
            if is_named(symbol, text) == Some(false) && !names[&document.file].bound.contains(text) {
                return None;
            }
            match self.meaning(document.document, name, symbol) {
                Meaning::Defined(places) => {
                    let found = self.targets(names, symbol, places);
                    if found.is_empty() {
                        return None;
                    }
                    targets.extend(found);
                    inside = true;
                }
                Meaning::External => outside = true,
                Meaning::Unknown => return None,
            }
        }
        targets.sort_unstable();
        targets.dedup();
        if targets.len() > MAX_DEFINITIONS {
            return None;
        }
        let tier = match (inside, outside) {
            (true, false) if parts => Tier::Proven,
            (true, _) => Tier::Possible,
            (false, _) => Tier::External,
        };
        Some((tier, targets))
    }

    /// What the file's definitions implement or override, as far as `edges` do not say it already.
    fn implementations(&self, names: &HashMap<u32, Names>, document: &Fitting<'a>, edges: &[Edge]) -> Vec<Edge> {
        let said: HashSet<(Option<u32>, Target)> = edges
            .iter()
            .filter(|edge| edge.kind == ReferenceKind::Inherit)
            .flat_map(|edge| edge.targets.iter().map(|target| (edge.enclosing, *target)))
            .collect();
        let defined = |name: &'a str| {
            let symbol = Symbol::parse(name)?;
            match self.meaning(document.document, name, symbol) {
                Meaning::Defined(places) => Some(self.targets(names, symbol, places)),
                _ => None,
            }
        };
        let mut found = BTreeSet::new();
        for &(name, other) in &document.implementations {
            // The first part stands for the whole: all parts of both would be a product.
            let (Some(own), Some(base)) = (defined(name), defined(other)) else { continue };
            let own = own.into_iter().find(|own| own.file == document.file && own.symbol.is_some());
            let base = base.into_iter().find(|base| base.symbol.is_some());
            if let (Some(own), Some(base)) = (own, base)
                && own != base
                && !said.contains(&(own.symbol, base))
            {
                found.insert((own, base));
            }
        }
        let inherit = |(own, base): (Target, Target)| Edge {
            file: document.file,
            site: own.name,
            kind: ReferenceKind::Inherit,
            enclosing: own.symbol,
            tier: Tier::Proven,
            targets: vec![base],
            shared_by: 0,
        };
        found.into_iter().map(inherit).collect()
    }
}

/// Whether two symbols of one place are parts of one definition: a type and its value, the accessors of a property, or
/// declarations of a type that are merged (a value of two types has two members of a name, but a name is one type).
fn same_definition(a: Symbol, b: Symbol) -> bool {
    match (a, b) {
        (
            Symbol::Global { name: a, suffix: Suffix::Type, .. },
            Symbol::Global { name: b, suffix: Suffix::Type, .. },
        ) => a == b,
        (Symbol::Global { owner: a, name: first, .. }, Symbol::Global { owner: b, name: second, .. }) => {
            a == b && without_accessor(first) == without_accessor(second)
        }
        _ => false,
    }
}
