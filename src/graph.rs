//! The graph of a repository: from what its index holds, or of a folder without an index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use graphrag::extract::{self, Said};
use graphrag::graph::{CoChange, NodeId, POSSIBLE};
use graphrag::scip::Imported;
use graphrag::{Edge, FileFacts, Graph, Manifest};
use indexer::history::{Limits, history};
use indexer::language::Parser;
use rag_core::bindings::Bindings;
use rag_core::hybrid::FileLinks;
use rag_core::store::catalog::Place;
use rag_core::store::{Segment, Text};
use rag_core::{Document, Reference, Result, Snapshot, Symbol, SymbolKind};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// Name of the graph in the folder of a generation.
const FILE: &str = "graph.bin";
/// Name of a SCIP index in the root of a repository.
const SCIP: &str = "index.scip";

/// Files of a folder and the edges between them.
pub struct Linked {
    /// The files; edges name them by index.
    pub documents: Vec<Document>,
    /// Uses of definitions.
    pub edges: Vec<Edge>,
    /// Time for parsing on one thread.
    pub parsing: Duration,
    /// Time for linking.
    pub linking: Duration,
}

/// Parses and links the files below `root` that lie in one of `folders` (relative, ending with `/`; all if there are none).
/// Manifests (`package.json`, `Cargo.toml`, `go.mod`, …) are read everywhere. Hidden folders and `node_modules` are left out.
pub fn link_folder(root: &Path, folders: &[String]) -> std::io::Result<Linked> {
    let mut texts = BTreeMap::new();
    let mut manifests = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
                open.push(path);
                continue;
            }
            let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            let relative = relative.replace('\\', "/");
            let manifest = Manifest::is_named(&name);
            let wanted = folders.is_empty() || folders.iter().any(|folder| relative.starts_with(folder.as_str()));
            if !kind.is_file() || !manifest && !wanted {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if manifest {
                manifests.push((relative.clone(), text.clone()));
            }
            if wanted {
                texts.insert(relative, text);
            }
        }
    }
    manifests.sort();
    let manifests: Vec<Manifest> = manifests.iter().flat_map(|(path, text)| Manifest::read(path, text)).collect();
    let start = Instant::now();
    let mut parser = Parser::new();
    let chunk_bytes = indexer::IndexOptions::default().chunk_bytes as usize;
    let documents: Vec<Document> =
        texts.into_iter().map(|(path, text)| indexer::build_document(&mut parser, &path, text, chunk_bytes)).collect();
    let parsing = start.elapsed();
    let start = Instant::now();
    let facts: Vec<FileFacts> = documents.iter().map(FileFacts::of).collect();
    let edges = graphrag::link(&facts, &manifests);
    Ok(Linked { edges, parsing, linking: start.elapsed(), documents })
}

/// What the SCIP index at `path` says of the files; none if there is none, or it is broken.
fn scip_index(path: &Path, files: &[FileFacts]) -> Option<Imported> {
    let index = std::fs::read(path).ok()?;
    match graphrag::scip::import(&index, files) {
        Ok(imported) => {
            let covered = imported.covered.iter().filter(|covered| **covered).count();
            tracing::debug!(covered, stale = imported.stale.len(), "read the SCIP index");
            Some(imported)
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the SCIP index is left out");
            None
        }
    }
}

/// Which of the files the last commits changed together.
fn co_changes(root: &Path, files: &[FileFacts]) -> Vec<CoChange> {
    let limits = Limits::default();
    let Some(history) = history(root, &limits) else { return Vec::new() };
    let file = |path: &str| files.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| index as u32);
    let pairs = history.co_changed(&limits);
    let changes = pairs.iter().filter_map(|pair| {
        Some(CoChange { a: file(&pair.path)?, b: file(&pair.with)?, commits: pair.count })
            .filter(|pair| pair.a < pair.b)
    });
    changes.collect()
}

/// How the files hang together, for a walk from hits: what is used often weighs more, but not so much.
pub(crate) fn file_links(graph: &Graph) -> FileLinks {
    let often = |count: u32| (1.0 + count as f32).ln();
    let mut links = Vec::new();
    for ((from, to), uses) in graph.uses_between_files() {
        links.push((from, to, POSSIBLE * often(uses.possible)));
        links.push((from, to, often(uses.proven)));
    }
    FileLinks::new(graph.files().map(|file| graph.path(file).to_owned()).collect(), &links)
}

/// The symbol that a node is, and the text that its spans point into.
///
/// # Errors
/// If the stored text is damaged.
pub(crate) fn symbol_of<'s>(snapshot: &'s Snapshot, graph: &Graph, id: NodeId) -> Result<Option<(Symbol, Text<'s>)>> {
    let place = snapshot.entry(graph.path(id)).map(|entry| entry.place);
    let (Some(Place::Indexed { segment, file }), Some(number)) = (place, graph.node(id).symbol) else {
        return Ok(None);
    };
    let segment = &snapshot.segments[segment as usize].segment;
    let Some(symbol) = segment.symbol(file, number) else { return Ok(None) };
    Ok(Some((symbol, segment.text(file)?)))
}

/// A file of the index, with what linking wants to know of it.
pub(crate) struct Indexed<'s> {
    path: &'s str,
    language: &'s str,
    text: &'s str,
    symbols: Vec<Symbol>,
    references: Vec<Reference>,
}

impl Indexed<'_> {
    pub(crate) fn facts<'f>(&'f self, bindings: &'f Bindings) -> FileFacts<'f> {
        FileFacts {
            path: self.path,
            language: self.language,
            text: self.text,
            symbols: &self.symbols,
            references: &self.references,
            bindings,
        }
    }
}

/// Where the graph finds what the index does not hold.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The folder that is indexed: its git history tells which files change together.
    pub root: PathBuf,
    /// A SCIP index, whose answers go before our own; none: `index.scip` in the root, if there is one.
    pub scip: Option<PathBuf>,
    /// What a language model has read in documents; there may be none. See [`extract`](crate::extract).
    pub said: PathBuf,
}

impl Beside {
    fn scip(&self) -> PathBuf {
        self.scip.clone().unwrap_or_else(|| self.root.join(SCIP))
    }

    /// Changes with the SCIP index and with what a language model has read. History is read again when the files have changed.
    pub(crate) fn key(&self) -> u64 {
        let stamp = |path: &Path| std::fs::metadata(path).ok().map(|file| (file.len(), file.modified().ok()));
        let said = stamp(&self.said).filter(|(length, _)| *length > 0);
        let stamps = (stamp(&self.scip()), said);
        xxh3_64(format!("{} {} {stamps:?}", indexer::PIPELINE_VERSION, extract::VERSION).as_bytes())
    }
}

/// The graph of an index: as it was kept, or made now and kept with the generation.
///
/// # Errors
/// [`Error::Corrupt`](rag_core::Error::Corrupt) if stored texts or facts are damaged.
pub fn of_snapshot(snapshot: &Snapshot, beside: &Beside) -> Result<Graph> {
    let path = snapshot.folder.join(FILE);
    let key = beside.key();
    match Graph::open(&path, key) {
        Ok(Some(graph)) => return Ok(graph),
        Ok(None) => tracing::debug!(path = %path.display(), "the kept graph is of no use"),
        Err(error) => tracing::debug!(%error, "there is no kept graph"),
    }
    let graph = make(snapshot, beside)?;
    // It can always be made again: where nothing can be written, it is.
    if let Err(error) = graph.write(&path, key) {
        tracing::debug!(%error, "the graph is not kept");
    }
    Ok(graph)
}

/// The documents of an index.
pub(crate) fn documents(snapshot: &Snapshot) -> Result<Vec<Indexed<'_>>> {
    let mut documents = Vec::new();
    for entry in &snapshot.catalog {
        let Place::Indexed { segment, file } = entry.place else { continue };
        let segment = &*snapshot.segments[segment as usize].segment;
        let symbols = segment.symbols(file);
        let is_document = symbols.iter().any(|symbol| symbol.kind == SymbolKind::Section);
        if is_document || segment.language(file) == "text" {
            documents.push(Indexed {
                path: segment.path(file),
                language: segment.language(file),
                text: segment.text(file)?.as_str(),
                symbols,
                references: Vec::new(),
            });
        }
    }
    Ok(documents)
}

fn make(snapshot: &Snapshot, beside: &Beside) -> Result<Graph> {
    let mut places = Vec::new();
    for entry in &snapshot.catalog {
        if let Place::Indexed { segment, file } = entry.place {
            places.push((&*snapshot.segments[segment as usize].segment, file));
        }
    }
    let started = Instant::now();
    let files: Vec<Indexed> = places.par_iter().map(read).collect::<Result<_>>()?;
    let bindings: Vec<Bindings> =
        places.par_iter().map(|(segment, file)| segment.bindings(*file)).collect::<Result<_>>()?;
    let manifests: Vec<Manifest> = files
        .iter()
        .filter(|file| Manifest::is_named(file.path.rsplit('/').next().unwrap_or(file.path)))
        .flat_map(|file| Manifest::read(file.path, file.text))
        .collect();
    let facts: Vec<FileFacts> = files.iter().zip(&bindings).map(|(file, bindings)| file.facts(bindings)).collect();
    let read = started.elapsed();
    let mut resolved = graphrag::resolve(&facts, &manifests);
    if let Some(imported) = scip_index(&beside.scip(), &facts) {
        resolved.edges = graphrag::scip::merge(resolved.edges, imported);
    }
    let linked = started.elapsed();
    // What names stand for takes the most memory, and is not needed any more.
    drop(facts);
    drop(bindings);
    let none = Bindings::default();
    let facts: Vec<FileFacts> = files.iter().map(|file| file.facts(&none)).collect();
    let said = Said::read(&beside.said).unwrap_or_else(|error| {
        tracing::warn!(%error, "what a language model has read is left out");
        Said::default()
    });
    let known = graphrag::knowledge::knowledge(&facts, &said);
    tracing::debug!(concepts = known.concepts.len(), statements = known.statements.len(), at = ?started.elapsed(), "read the documents");
    let graph = Graph::new(&facts, resolved, &co_changes(&beside.root, &facts), &known);
    let (nodes, links) = graph.size();
    tracing::debug!(?read, ?linked, made = ?started.elapsed(), nodes, links, "made the graph");
    Ok(graph)
}

fn read<'s>(&(segment, file): &(&'s Segment, u32)) -> Result<Indexed<'s>> {
    let (path, text) = (segment.path(file), segment.text(file)?.as_str());
    Ok(Indexed {
        path,
        language: segment.language(file),
        text,
        symbols: segment.symbols(file),
        references: segment.references(file)?,
    })
}
