//! The graph of a folder: parsed and linked in one go, without an index.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use graphrag::{Edge, FileFacts, Manifest};
use rag_core::Document;

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
/// `package.json` and `tsconfig*.json` are read everywhere. Hidden folders and `node_modules` are left out.
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
            let manifest = name == "package.json" || name.starts_with("tsconfig") && name.ends_with(".json");
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
    let mut parser = indexer::language::Parser::new();
    let chunk_bytes = indexer::IndexOptions::default().chunk_bytes as usize;
    let documents: Vec<Document> =
        texts.into_iter().map(|(path, text)| indexer::build_document(&mut parser, &path, text, chunk_bytes)).collect();
    let parsing = start.elapsed();
    let start = Instant::now();
    let facts: Vec<FileFacts> = documents.iter().map(FileFacts::from).collect();
    let edges = graphrag::link(&facts, &manifests);
    Ok(Linked { edges, parsing, linking: start.elapsed(), documents })
}
