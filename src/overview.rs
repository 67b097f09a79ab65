//! How a repository is organised, and what one symbol is about, without a language model.

use std::collections::BTreeMap;

use graphrag::Graph;
use graphrag::graph::{Community, Follow, Link, NodeId, NodeKind, Relation};
use rag_core::{Result, Snapshot, SymbolKind};

use crate::graph::symbol_of;

/// Files, packages and communities that are named.
const MOST: usize = 10;
/// Longest summary, in bytes.
const LONGEST_SUMMARY: usize = 160;
/// How far tests are looked for.
const FAR: u32 = 4;

/// How a repository is organised.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Files by language, the most first.
    pub languages: Vec<(String, u64)>,
    /// The parts that hang together, the largest first.
    pub communities: Vec<Community>,
    /// Files that most other files use, with how many.
    pub central: Vec<(NodeId, usize)>,
    /// Packages from outside, with the number of files that need them.
    pub packages: Vec<(NodeId, usize)>,
    /// Concepts that most sections of documents speak of, with how many.
    pub concepts: Vec<(NodeId, usize)>,
    /// Functions where programs start.
    pub entries: Vec<NodeId>,
}

/// Describes the repository.
pub fn overview(snapshot: &Snapshot, graph: &Graph) -> Overview {
    let counts = &snapshot.manifest.counts.languages;
    let mut languages: Vec<(String, u64)> = counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
    languages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let sources = graph.files().filter(|&file| !graph.is_test(file));
    let mut central: Vec<(NodeId, usize)> = sources.map(|file| (file, graph.times_used(file))).collect();
    let of_kind = |kind: NodeKind| graph.ids().filter(move |&id| graph.node(id).kind == kind);
    let mut packages: Vec<(NodeId, usize)> =
        of_kind(NodeKind::Package).map(|package| (package, graph.used_by(package).len())).collect();
    let spoken_of = |id: NodeId| graph.used_by(id).filter(|link| link.relation == Relation::Mention).count();
    let mut concepts: Vec<(NodeId, usize)> = graph.concepts().map(|concept| (concept, spoken_of(concept))).collect();
    for counted in [&mut central, &mut packages, &mut concepts] {
        counted.retain(|(_, count)| *count > 0);
        counted.sort_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
        counted.truncate(MOST);
    }
    let is_entry = |&id: &NodeId| {
        let node = graph.node(id);
        let is_top = node.parent == node.file || node.kind == NodeKind::Symbol(SymbolKind::Method);
        node.own_name().eq_ignore_ascii_case("main") && is_top && !graph.is_test(id)
    };
    let callable = |&id: &NodeId| graph.node(id).kind.symbol().is_some_and(SymbolKind::is_callable);
    let mut entries: Vec<NodeId> = graph.ids().filter(callable).filter(is_entry).collect();
    entries.truncate(MOST);
    Overview { languages, communities: graph.communities().coarsest().to_vec(), central, packages, concepts, entries }
}

/// What is known of one symbol.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// Its signature, as it is written.
    pub signature: Option<String>,
    /// The first sentence of its documentation.
    pub summary: Option<String>,
    /// By relation: what it uses, proven links only.
    pub uses: BTreeMap<Relation, Vec<NodeId>>,
    /// By relation: who uses it, proven links only.
    pub used_by: BTreeMap<Relation, Vec<NodeId>>,
    /// Possible uses of it, and uses of its name that nobody can resolve.
    pub doubtful: (usize, usize),
    /// Definitions that are like it, equal ones first.
    pub similar: Vec<Link>,
    /// Tests that reach it.
    pub tests: Vec<NodeId>,
    /// The part of the repository that it belongs to.
    pub community: Option<Community>,
}

/// Explains `id`.
///
/// # Errors
/// If a stored text is damaged.
pub fn explain(snapshot: &Snapshot, graph: &Graph, id: NodeId) -> Result<Explanation> {
    let mut explanation = Explanation::default();
    for (links, by_relation) in [
        (graph.uses(id).collect::<Vec<_>>(), &mut explanation.uses),
        (graph.used_by(id).collect::<Vec<_>>(), &mut explanation.used_by),
    ] {
        for link in links.iter().filter(|link| link.is_proven && link.relation != Relation::Similar) {
            let nodes = by_relation.entry(link.relation).or_default();
            if !nodes.contains(&link.node) {
                nodes.push(link.node);
            }
        }
    }
    let likely = |link: &Link| !link.is_proven && link.relation != Relation::Similar;
    let possible = graph.used_by(id).filter(likely).count();
    explanation.similar = graph.uses(id).filter(|link| link.relation == Relation::Similar).collect();
    explanation.doubtful = (possible, graph.unresolved(id).len());
    let follow = Follow { relations: &[Relation::Call], proven_only: false, depth: FAR };
    let reached = graph.reach(&[id], true, follow).into_iter().map(|reached| reached.node);
    explanation.tests = reached.filter(|&node| graph.is_test(node)).collect();
    let file = graph.node(id).file;
    let communities = graph.communities();
    explanation.community =
        communities.coarsest().iter().find(|part| file.is_some_and(|file| part.files.contains(&file))).cloned();
    if let Some((symbol, text)) = symbol_of(snapshot, graph, id)? {
        let words: Vec<&str> = text.slice(symbol.signature).split_whitespace().collect();
        explanation.signature = Some(words.join(" ")).filter(|signature| !signature.is_empty());
        explanation.summary = first_sentence(text.slice(symbol.doc));
    }
    Ok(explanation)
}

/// The first sentence of a symbol's documentation.
///
/// # Errors
/// If the stored text is damaged.
pub fn summary(snapshot: &Snapshot, graph: &Graph, id: NodeId) -> Result<Option<String>> {
    Ok(symbol_of(snapshot, graph, id)?.and_then(|(symbol, text)| first_sentence(text.slice(symbol.doc))))
}

/// The first sentence of a comment, without its marks.
pub(crate) fn first_sentence(doc: &str) -> Option<String> {
    let marks = |c: char| {
        matches!(c, '/' | '*' | '#' | '!' | '"' | '\'' | '-' | ';' | '%' | '{' | '}' | '|') || c.is_whitespace()
    };
    let lines = doc.lines().map(|line| line.trim_start_matches(marks).trim_end_matches(marks));
    // Sphinx marks comments on attributes by `#:`.
    let lines = lines.map(|line| line.strip_prefix(": ").unwrap_or(line));
    let paragraph: Vec<&str> = lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    let end = text.match_indices(". ").next().map_or(text.len(), |(at, _)| at + 1);
    let end = text.floor_char_boundary(end.min(LONGEST_SUMMARY));
    Some(text[..end].trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_first_sentences_without_marks() {
        assert_eq!(first_sentence("/// Takes a token. Blocks\n/// if none.\n").as_deref(), Some("Takes a token."));
        assert_eq!(
            first_sentence("\"\"\"\n    Reads\n    a file.\n\n    More.\n\"\"\"").as_deref(),
            Some("Reads a file.")
        );
        assert_eq!(first_sentence("#: How long a session lasts.").as_deref(), Some("How long a session lasts."));
        assert_eq!(first_sentence("/** */"), None);
        assert_eq!(first_sentence(&"é".repeat(200)).map(|text| text.len()), Some(160));
    }
}
