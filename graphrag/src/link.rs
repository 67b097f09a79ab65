//! From facts to edges.

use std::collections::{HashMap, HashSet};

use rag_core::bindings::{Expr, ScopeKind, Site, Source, Space};
use rag_core::{ReferenceKind, Span, Symbol, SymbolKind};

use crate::c::C;
use crate::classes::Classes;
use crate::edge::{Edge, Target, Tier};
use crate::file::{Family, File, FileFacts};
use crate::finding::Finding;
use crate::imports::{Import, imports};
use crate::manifest::Manifest;
use crate::mentions::{Mention, Names};
use crate::nominal::Nominal;
use crate::rust::{Answer, Rust};
use crate::surface::{Key, Route, surface};
use crate::types::Type;
use crate::world::{Entity, World};

/// A name that more definitions share says nothing: the use is unresolved, and listed as that, with how many there are.
const MAX_CANDIDATES: usize = 64;

/// What was found in all files together.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Uses of definitions; those of a file stand in the order of the text.
    pub edges: Vec<Edge>,
    /// What files import.
    pub imports: Vec<Import>,
    /// Where documents speak of code.
    pub mentions: Vec<Mention>,
    /// What a program answers to.
    pub routes: Vec<Route>,
    /// Variables of the environment that are read or set.
    pub keys: Vec<Key>,
}

/// Links the uses in `files` with definitions in `files`. A pure function: the order of the files changes nothing but
/// their indices. Edges of a file stand in the order of the text.
pub fn link(files: &[FileFacts], manifests: &[Manifest]) -> Vec<Edge> {
    let world = world(files, manifests);
    edges(&world, &Own::new(&world, manifests), &Candidates::new(&world))
}

/// Like [`link`], with imports and what documents mention.
pub fn resolve(files: &[FileFacts], manifests: &[Manifest]) -> Resolved {
    let world = world(files, manifests);
    let own = Own::new(&world, manifests);
    let candidates = Candidates::new(&world);
    let edges = edges(&world, &own, &candidates);
    let imports = (0..files.len() as u32).flat_map(|file| imports(&world, &own, file)).collect();
    let names = Names::new(files);
    let documents = (0..files.len() as u32).filter(|&file| files[file as usize].is_document());
    let mentions = documents.flat_map(|file| names.mentions(files, file)).collect();
    let (routes, keys) = surface(files, |file, site| edge(&world, &own, &candidates, file, site));
    Resolved { edges, imports, mentions, routes, keys }
}

fn world<'a>(files: &[FileFacts<'a>], manifests: &[Manifest]) -> World<'a> {
    World::new(files.iter().map(|facts| File::new(*facts)).collect(), manifests)
}

/// Families with rules of their own.
pub(crate) struct Own<'w, 'a> {
    pub(crate) rust: Rust<'w, 'a>,
    pub(crate) c: C<'w, 'a>,
    pub(crate) classes: Classes<'w, 'a>,
    php: Nominal<'w, 'a>,
    ruby: Nominal<'w, 'a>,
}

impl<'w, 'a> Own<'w, 'a> {
    fn new(world: &'w World<'a>, manifests: &[Manifest]) -> Self {
        Own {
            rust: Rust::new(&world.files, manifests),
            c: C::new(&world.files),
            classes: Classes::new(&world.files),
            php: Nominal::new(&world.files, Family::Php),
            ruby: Nominal::new(&world.files, Family::Ruby),
        }
    }
}

/// What one use means.
fn edge<'a>(world: &World<'a>, own: &Own<'_, 'a>, candidates: &Candidates<'a>, index: u32, site: &Site) -> Edge {
    world.next_use();
    match world.file(index).family {
        Family::Rust => answered(world, candidates, index, site, own.rust.answer(index, site)),
        Family::C => found(world, candidates, index, site, own.c.finding(index, site)),
        Family::Php => found(world, candidates, index, site, own.php.finding(index, site)),
        Family::Ruby => found(world, candidates, index, site, own.ruby.finding(index, site)),
        family if family.has_classes() => found(world, candidates, index, site, own.classes.finding(index, site)),
        _ => definition(world, candidates, index, site),
    }
}

fn edges<'a>(world: &World<'a>, own: &Own<'_, 'a>, candidates: &Candidates<'a>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for index in 0..world.files.len() as u32 {
        let first = edges.len();
        let file = world.file(index);
        edges.extend(file.facts.bindings.sites.iter().map(|site| edge(world, own, candidates, index, site)));
        let by_name = file.facts.bindings.scopes.is_empty();
        let falls_back = file.family.falls_back_to_names();
        let sites: HashSet<u32> = match by_name || !falls_back {
            true => HashSet::new(),
            false => file.facts.bindings.sites.iter().map(|site| site.name.start).collect(),
        };
        for reference in file.facts.references {
            // What the facts leave out is still a use.
            let left_out = falls_back && !sites.contains(&reference.name.start);
            if (by_name || left_out) && reference.kind != ReferenceKind::Import {
                let means = possible(candidates.of(file, reference.name, true), Tier::Unresolved);
                edges.push(means.edge(index, reference.name, reference.kind));
            }
        }
        edges[first..].sort_by_key(|edge| (edge.site, edge.kind));
        enclose(&mut edges[first..], file.facts.symbols);
    }
    edges
}

/// Fills in the innermost symbol around each edge; both are in the order of the text.
pub(crate) fn enclose(edges: &mut [Edge], symbols: &[Symbol]) {
    let mut open: Vec<u32> = Vec::new();
    let mut next = 0;
    for edge in edges {
        while let Some(symbol) = symbols.get(next)
            && symbol.span.start <= edge.site.start
        {
            open.retain(|&index| symbols[index as usize].span.end > symbol.span.start);
            open.push(next as u32);
            next += 1;
        }
        open.retain(|&index| symbols[index as usize].span.end > edge.site.start);
        edge.enclosing = open.last().copied();
    }
}

/// Definitions by name, for uses of which only the name is known.
struct Candidates<'a> {
    members: HashMap<(Family<'a>, &'a str), Vec<Target>>,
    others: HashMap<(Family<'a>, &'a str), Vec<Target>>,
}

impl<'a> Candidates<'a> {
    fn new(world: &World<'a>) -> Self {
        let mut candidates = Candidates { members: HashMap::new(), others: HashMap::new() };
        for (file, index) in world.files.iter().zip(0..) {
            let facts = file.facts.bindings;
            if facts.scopes.is_empty() || file.family.falls_back_to_names() {
                for (symbol, number) in file.facts.symbols.iter().zip(0..) {
                    let used = symbol.kind.is_callable() || symbol.kind.is_type();
                    if used && symbol.kind != SymbolKind::Extension {
                        let target = Target { file: index, name: symbol.name, symbol: Some(number) };
                        candidates.others.entry((file.family, file.text(symbol.name))).or_default().push(target);
                    }
                }
                continue;
            }
            for binding in &facts.names {
                let inside = file.scope(binding.scope).kind;
                let member = matches!(inside, ScopeKind::Class | ScopeKind::Object | ScopeKind::Extension);
                let callable = match binding.source {
                    Source::Scope(_) => true,
                    // A member of a function type.
                    Source::Declared(declared, _) => member && matches!(facts.expr(declared), Expr::Scope(_)),
                    _ => false,
                };
                if !callable {
                    continue;
                }
                let target = Target { file: index, name: binding.name, symbol: file.symbol_at(binding.name) };
                let table = if member { &mut candidates.members } else { &mut candidates.others };
                table.entry((file.family, file.text(binding.name))).or_default().push(target);
            }
        }
        candidates
    }

    /// Candidates that a use written as `site` can mean, in a language in which the number of arguments is fixed and a
    /// method is no function.
    fn callable(&self, world: &World<'a>, file: &File<'a>, site: &Site) -> Vec<Target> {
        let key = (file.family, file.text(site.name));
        let of = |table: &HashMap<_, Vec<Target>>| table.get(&key).cloned().unwrap_or_default();
        let mut found = match file.facts.bindings.expr(site.expr) {
            Expr::Attribute(..) => of(&self.members),
            Expr::Name(..) => of(&self.others),
            _ => [of(&self.members), of(&self.others)].concat(),
        };
        if site.kind == ReferenceKind::Call && site.arguments < u16::MAX {
            let member = matches!(file.facts.bindings.expr(site.expr), Expr::Attribute(..));
            found.retain(|target| world.file(target.file).takes(target.name, site.arguments as usize, member));
        }
        found
    }

    /// Definitions of that name, as many as an edge may have.
    fn of(&self, file: &File<'a>, name: Span, any: bool) -> Named {
        let key = (file.family, file.text(name));
        let of = |table: &'_ HashMap<_, Vec<Target>>| {
            let all = table.get(&key).map(Vec::as_slice).unwrap_or_default();
            (all[..all.len().min(MAX_CANDIDATES + 1)].to_vec(), all.len())
        };
        let (mut targets, mut total) = of(&self.members);
        if any || targets.is_empty() {
            let (others, further) = of(&self.others);
            targets.extend(others);
            total += further;
        }
        Named { targets, total }
    }
}

/// Definitions of one name.
struct Named {
    /// All, if an edge may have so many; else some of them.
    targets: Vec<Target>,
    total: usize,
}

impl From<Vec<Target>> for Named {
    fn from(targets: Vec<Target>) -> Self {
        Named { total: targets.len(), targets }
    }
}

/// What a use means.
struct Means {
    tier: Tier,
    targets: Vec<Target>,
    /// how many definitions share the name, if these are too many to name them
    shared_by: u32,
}

impl Means {
    fn new(tier: Tier, targets: Vec<Target>) -> Self {
        Means { tier, targets, shared_by: 0 }
    }

    fn edge(self, file: u32, site: Span, kind: ReferenceKind) -> Edge {
        let Means { tier, targets, shared_by } = self;
        Edge { file, site, kind, enclosing: None, tier, targets, shared_by }
    }
}

fn definition<'a>(world: &World<'a>, candidates: &Candidates<'a>, index: u32, site: &Site) -> Edge {
    let file = world.file(index);
    let space = if site.kind == ReferenceKind::Type { Space::Type } else { Space::Value };
    let mut entities = match (file.family, site.kind) {
        (Family::Java, ReferenceKind::Call) => world.java_called(index, site),
        _ => world.meaning(index, site.expr, space),
    };
    if site.kind == ReferenceKind::Inherit {
        let types = world.meaning(index, site.expr, Space::Type);
        entities.extend(types.into_iter().filter(|entity| matches!(entity, Entity::Binding(..))));
        if entities.iter().any(|entity| matches!(entity, Entity::Binding(..))) {
            entities.retain(|entity| matches!(entity, Entity::Binding(..)));
        }
    }
    let member = matches!(file.facts.bindings.expr(site.expr), Expr::Attribute(..));
    let mut found: Vec<(Target, u32)> = Vec::new();
    let mut outside = false;
    let mut open = false;
    let mut variable = false;
    for entity in entities {
        match entity {
            Entity::Binding(file, binding) => match follow(world, file, binding) {
                Followed::Targets(targets) => found.extend(targets),
                Followed::Maybe(targets) => {
                    found.extend(targets);
                    open = true;
                }
                Followed::External => outside = true,
                Followed::Unknown => {
                    open = true;
                    variable = true;
                }
            },
            // Calling a module: nothing that could be a definition.
            Entity::Module(_) | Entity::Unresolved => open = true,
            Entity::External => outside = true,
        }
    }
    if site.kind == ReferenceKind::Call {
        found = found.into_iter().map(|target| constructor(world, target)).collect();
    }
    found.sort_unstable();
    found.dedup();
    let agree = found.windows(2).all(|pair| same_definition(world, pair[0], pair[1]));
    let targets: Vec<Target> = found.into_iter().map(|(target, _)| target).collect();
    let means = match (targets.is_empty(), outside, open) {
        (false, false, false) if agree => Means::new(Tier::Proven, targets),
        (false, ..) => Means::new(Tier::Possible, targets),
        (true, true, false) if !member && shares_names(file) => {
            possible(candidates.of(file, site.name, true), Tier::External)
        }
        (true, true, false) => Means::new(Tier::External, targets),
        // A variable hides what has its name, whatever it holds.
        (true, ..) if variable && file.family.is_static() => Means::new(Tier::Unresolved, targets),
        (true, ..) => possible(candidates.of(file, site.name, !member), Tier::Unresolved),
    };
    means.edge(index, site.name, site.kind)
}

/// What is known of a use whose name so many definitions have; `otherwise`, if none has.
fn possible(candidates: impl Into<Named>, otherwise: Tier) -> Means {
    let Named { targets, total } = candidates.into();
    match total {
        0 => Means::new(otherwise, targets),
        1..=MAX_CANDIDATES => Means::new(Tier::Possible, targets),
        _ => Means { tier: Tier::Unresolved, targets: Vec::new(), shared_by: total as u32 },
    }
}

/// An edge of what a family's own rules found.
fn answered<'a>(world: &World<'a>, candidates: &Candidates<'a>, index: u32, site: &Site, answer: Answer) -> Edge {
    let file = world.file(index);
    let member = matches!(file.facts.bindings.expr(site.expr), Expr::Attribute(..));
    let named = || candidates.callable(world, file, site);
    let sure = !matches!(answer, Answer::Maybe(_));
    let means = match answer {
        Answer::Bindings(found) | Answer::Maybe(found) => {
            let mut found: Vec<(Target, u32)> = found
                .into_iter()
                .map(|(file, index)| {
                    let (owner, binding) = (world.file(file), world.file(file).binding(index));
                    (Target { file, name: binding.name, symbol: owner.symbol_at(binding.name) }, binding.scope)
                })
                .collect();
            found.sort_unstable();
            found.dedup();
            let agree = found.windows(2).all(|pair| same_definition(world, pair[0], pair[1]));
            {
                let tier = if agree && sure { Tier::Proven } else { Tier::Possible };
                Means::new(tier, found.into_iter().map(|(target, _)| target).collect())
            }
        }
        Answer::External => Means::new(Tier::External, Vec::new()),
        Answer::Variable => Means::new(Tier::Unresolved, Vec::new()),
        Answer::Likely | Answer::Unknown => match (named(), answer) {
            // A method that nothing in the repository can be.
            (targets, answer) if targets.is_empty() && (member || matches!(answer, Answer::Likely)) => {
                Means::new(Tier::External, targets)
            }
            (targets, _) => possible(targets, Tier::Unresolved),
        },
    };
    means.edge(index, site.name, site.kind)
}

/// An edge of what a family's own rules found.
fn found<'a>(world: &World<'a>, candidates: &Candidates<'a>, index: u32, site: &Site, finding: Finding) -> Edge {
    let target = |(file, binding): (u32, u32)| {
        let owner = world.file(file);
        let name = owner.binding(binding).name;
        Target { file, name, symbol: owner.symbol_at(name) }
    };
    let mut targets: Vec<Target> = finding.found.into_iter().map(target).collect();
    targets.sort_unstable();
    targets.dedup();
    let means = match finding.tier {
        tier if finding.by_name => possible(candidates.of(world.file(index), site.name, true), tier),
        Tier::Possible => possible(targets, Tier::Unresolved),
        tier => Means::new(tier, targets),
    };
    means.edge(index, site.name, site.kind)
}

/// Whether a file is a script without imports and exports: it sees the names of all others of its kind.
fn shares_names(file: &File) -> bool {
    let facts = file.facts.bindings;
    file.family == Family::Script
        && facts.exports.is_empty()
        && !facts.names.iter().any(|binding| matches!(binding.source, Source::Import { .. }))
}

/// Whether two targets are parts of one definition: overloads, accessor pairs, merged declarations. They have one name and
/// stand in one scope.
fn same_definition(world: &World, (a, a_scope): (Target, u32), (b, b_scope): (Target, u32)) -> bool {
    let file = world.file(a.file);
    // Overloads are definitions of their own.
    file.family != Family::Java && a.file == b.file && a_scope == b_scope && file.text(a.name) == file.text(b.name)
}

/// Calling a script's class that writes a constructor calls that.
fn constructor(world: &World, (target, scope): (Target, u32)) -> (Target, u32) {
    let file = world.file(target.file);
    if file.family != Family::Script {
        return (target, scope);
    }
    let own = file.bound(scope, file.text(target.name)).iter().find_map(|&index| match file.binding(index).source {
        Source::Scope(class) if file.scope(class).kind == ScopeKind::Class => {
            let written = file.bound(class, "constructor").iter();
            written.map(|&index| file.binding(index).name).next().map(|name| (name, class))
        }
        _ => None,
    });
    own.map_or((target, scope), |(name, class)| {
        (Target { file: target.file, name, symbol: file.symbol_at(name) }, class)
    })
}

enum Followed {
    /// Targets and the scopes they are bound in.
    Targets(Vec<(Target, u32)>),
    /// What the declared type of a variable names: at run time it may be something derived from it.
    Maybe(Vec<(Target, u32)>),
    External,
    Unknown,
}

/// The definition that a binding is, or, of a local variable, that it holds.
fn follow(world: &World, file: u32, index: u32) -> Followed {
    let this = world.file(file);
    let binding = this.binding(index);
    let own = || {
        let target = Target { file, name: binding.name, symbol: this.symbol_at(binding.name) };
        Followed::Targets(vec![(target, binding.scope)])
    };
    match binding.source {
        Source::Scope(_) | Source::Alias(_) => return own(),
        Source::Receiver | Source::ReceiverClass | Source::TypeParameter(_) => {}
        // A function listed in an object (`{ parse }`) is that function.
        Source::Value(value)
            if matches!(this.facts.bindings.expr(value), Expr::Name(..))
                && this.scope(binding.scope).kind == ScopeKind::Object =>
        {
            return match held(world, file, index) {
                Followed::Targets(targets) => Followed::Targets(targets),
                _ => own(),
            };
        }
        _ if !matches!(this.scope(binding.scope).kind, ScopeKind::Function | ScopeKind::Block) => return own(),
        _ => {}
    }
    match (held(world, file, index), binding.source) {
        (Followed::Targets(targets), Source::Declared(_, None)) => Followed::Maybe(targets),
        // It may be given another function later.
        (Followed::Targets(targets), _) if this.family.is_static() => Followed::Maybe(targets),
        (followed, _) => followed,
    }
}

/// The classes and functions that a variable holds.
fn held(world: &World, file: u32, index: u32) -> Followed {
    let values = world.entity_value(Entity::Binding(file, index), &Default::default());
    let mut targets = Vec::new();
    let mut outside = false;
    for value in values.iter() {
        match value {
            Type::Class(def, _) | Type::Function(def, _) => {
                let owner = world.file(def.file);
                let name = owner.scope(def.scope).name;
                if name.is_empty() {
                    return Followed::Unknown;
                }
                let target = Target { file: def.file, name, symbol: owner.symbol_at(name) };
                targets.push((target, owner.scope(def.scope).parent));
            }
            Type::External => outside = true,
            _ => return Followed::Unknown,
        }
    }
    match (targets.is_empty(), outside) {
        (false, false) => Followed::Targets(targets),
        (true, true) => Followed::External,
        _ => Followed::Unknown,
    }
}
