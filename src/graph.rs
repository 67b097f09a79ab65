//! The graph of a repository: from what its index holds, or of a folder without an index.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use graphrag::{Edge, FileFacts, Graph, Manifest};
use indexer::language::Parser;
use rag_core::bindings::Bindings;
use rag_core::store::Segment;
use rag_core::store::catalog::Place;
use rag_core::{Document, Reference, Result, Snapshot, Symbol};
use rayon::prelude::*;

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
/// `package.json`, `tsconfig*.json` and `go.mod` are read everywhere. Hidden folders and `node_modules` are left out.
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
            let manifest = is_manifest(&name);
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
    let bind = |document: &Document| indexer::build_bindings(&mut parser, &document.path, &document.text);
    let bindings: Vec<Bindings> = documents.iter().map(bind).collect();
    let parsing = start.elapsed();
    let start = Instant::now();
    let facts: Vec<FileFacts> =
        documents.iter().zip(&bindings).map(|(document, bindings)| FileFacts::of(document, bindings)).collect();
    let edges = graphrag::link(&facts, &manifests);
    Ok(Linked { edges, parsing, linking: start.elapsed(), documents })
}

/// A file of the index, with what linking wants to know of it.
struct Indexed<'s> {
    path: &'s str,
    language: &'s str,
    text: &'s str,
    symbols: Vec<Symbol>,
    references: Vec<Reference>,
    bindings: Bindings,
}

/// Links all indexed files. Their texts are parsed again, on all threads; names are not part of the index.
///
/// # Errors
/// [`Error::Corrupt`](rag_core::Error::Corrupt) if stored texts or references are damaged.
pub fn of_snapshot(snapshot: &Snapshot) -> Result<Graph> {
    let mut places = Vec::new();
    for entry in &snapshot.catalog {
        if let Place::Indexed { segment, file } = entry.place {
            places.push((&*snapshot.segments[segment as usize].segment, file));
        }
    }
    let files: Vec<Indexed> = places.par_iter().map_init(Parser::new, read).collect::<Result<_>>()?;
    let manifests: Vec<Manifest> = files
        .iter()
        .filter(|file| is_manifest(file.path.rsplit('/').next().unwrap_or(file.path)))
        .flat_map(|file| Manifest::read(file.path, file.text))
        .collect();
    let facts: Vec<FileFacts> = files
        .iter()
        .map(|file| FileFacts {
            path: file.path,
            language: file.language,
            text: file.text,
            symbols: &file.symbols,
            references: &file.references,
            bindings: &file.bindings,
        })
        .collect();
    Ok(Graph::new(&facts, &graphrag::link(&facts, &manifests)))
}

fn read<'s>(parser: &mut Parser, &(segment, file): &(&'s Segment, u32)) -> Result<Indexed<'s>> {
    let (path, text) = (segment.path(file), segment.text(file)?.as_str());
    Ok(Indexed {
        path,
        language: segment.language(file),
        text,
        symbols: segment.symbols(file),
        references: segment.references(file)?,
        bindings: indexer::build_bindings(parser, path, text),
    })
}

fn is_manifest(name: &str) -> bool {
    matches!(name, "package.json" | "go.mod") || name.starts_with("tsconfig") && name.ends_with(".json")
}
