//! Edges from a SCIP index: what a compiler found, where one has run over the repository.
//!
//! [`import`] reads an index (<https://github.com/scip-code/scip>) and answers the uses that our own facts know;
//! [`merge`] puts its answers in the place of ours. An index comes from the repository and may be old or made up: a file
//! whose text does not fit what the index says of it is left out, and paths only select among the given files.

mod answers;
mod fit;
mod position;
mod symbol;
mod wire;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::edge::{Edge, Tier};
use crate::file::FileFacts;
use answers::{Fitting, Known, Names};
use fit::fit;
use wire::{Document, Index};

/// The bytes are no SCIP index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SCIP index, or a part of one")]
pub struct NotScip;

impl From<wire::Malformed> for NotScip {
    fn from(_: wire::Malformed) -> Self {
        NotScip
    }
}

/// What an index says of some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Answers to uses, and an [`Inherit`](rag_core::ReferenceKind::Inherit) edge from the name of what implements or overrides something
    /// without naming it. In the order of files and texts.
    pub edges: Vec<Edge>,
    /// Per file: whether the index covers it and fits its text.
    pub covered: Vec<bool>,
    /// Files that the index covers, but in another state.
    pub stale: Vec<u32>,
    /// Number of documents that are none of the files.
    pub elsewhere: usize,
}

/// Reads what `index` says of `files`.
///
/// A use is answered if the index has an occurrence exactly where [`link`](crate::link()) has a use or the file imports a name; that
/// says how the name is used, which SCIP does not. The edge is *proven* if the index names one definition, *possible* if it names
/// several (a union type), and *external* if the index does not define the symbol and defines nothing else of its package.
/// No answer is given for local variables and parameters, as the index does not say what they hold, and for modules.
///
/// A document fits if every occurrence lies in the text, none cuts a word, definitions stand where their names are, and the
/// text is the same if the index has it. An edit behind the last occurrence is not noticed.
///
/// # Errors
/// [`NotScip`] if the bytes cannot be read.
pub fn import(index: &[u8], files: &[FileFacts]) -> Result<Imported, NotScip> {
    let index = Index::read(index)?;
    let by_path: HashMap<&str, u32> = files.iter().zip(0..).map(|(file, number)| (file.path, number)).collect();
    let mut imported = Imported { covered: vec![false; files.len()], ..Imported::default() };
    let mut stale = BTreeSet::new();
    let mut known = Known::default();
    let mut fitting: Vec<Fitting> = Vec::new();
    for (bytes, number) in index.documents.iter().zip(0..) {
        let document = Document::read(bytes)?;
        let file = by_path.get(document.path.strip_prefix("./").unwrap_or(document.path)).copied();
        let occurrences = match file {
            Some(file) => fit(&document, files[file as usize].text, index.tool)?,
            None => None,
        };
        match (file, occurrences) {
            (Some(file), Some(occurrences)) => {
                imported.covered[file as usize] = true;
                known.define(number, file, &occurrences);
                fitting.push(Fitting {
                    document: number,
                    file,
                    occurrences,
                    implementations: document.implementations()?,
                });
            }
            (file, _) => {
                match file {
                    Some(file) => drop(stale.insert(file)),
                    None => imported.elsewhere += 1,
                }
                for occurrence in document.occurrences() {
                    let occurrence = occurrence?;
                    if occurrence.is_definition {
                        known.define_elsewhere(occurrence.symbol);
                    }
                }
            }
        }
    }
    imported.stale = stale.into_iter().filter(|&file| !imported.covered[file as usize]).collect();
    let names: HashMap<u32, Names> =
        fitting.iter().map(|document| (document.file, Names::new(&files[document.file as usize]))).collect();
    // Files that belong to several packages have several documents; the first that knows an answer gives it.
    fitting.sort_by_key(|document| document.file);
    for documents in fitting.chunk_by(|a, b| a.file == b.file) {
        let mut answered = HashSet::new();
        let first = imported.edges.len();
        for document in documents {
            let mut edges = known.edges(files, &names, document);
            edges.retain(|edge| !answered.contains(&(edge.site, edge.kind)));
            answered.extend(edges.iter().map(|edge| (edge.site, edge.kind)));
            imported.edges.extend(edges);
        }
        imported.edges[first..].sort_by_key(|edge| (edge.site, edge.kind));
    }
    Ok(imported)
}

/// Puts answers of an index in the place of linked ones; uses that it does not answer keep theirs.
///
/// A proven edge stays if the index calls the symbol external: to the index of one package, its neighbours are external.
pub fn merge(linked: Vec<Edge>, imported: Imported) -> Vec<Edge> {
    let key = |edge: &Edge| (edge.file, edge.site, edge.kind);
    let answers: HashMap<_, Tier> = imported.edges.iter().map(|edge| (key(edge), edge.tier)).collect();
    let mut ours = HashSet::new();
    let mut merged = Vec::with_capacity(linked.len().max(imported.edges.len()));
    for edge in linked {
        let answer = answers.get(&key(&edge));
        if answer == Some(&Tier::External) && edge.tier == Tier::Proven {
            ours.insert(key(&edge));
        } else if answer.is_some() {
            continue;
        }
        merged.push(edge);
    }
    merged.extend(imported.edges.into_iter().filter(|edge| !ours.contains(&key(edge))));
    merged.sort_by_key(key);
    merged
}
