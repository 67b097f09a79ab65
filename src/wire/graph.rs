//! Answers of the graph.

use std::collections::BTreeMap;

use graphrag::Graph;
use graphrag::extract::Log;
use graphrag::extract::summary::Sentence;
use graphrag::graph::{Community, Follow, Link, NodeId, NodeKind, Reached, Relation, Site};
use rag_core::{Result, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use super::PlaceJson;
use crate::ask::Answer;
use crate::extract;
use crate::overview::{Explanation, Overview, summary};
use crate::question::{FAR, Found, reason};

/// A node: a folder, file, symbol, section or package.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NodeJson {
    /// Its file, if it lies in one.
    pub path: Option<String>,
    /// Its qualified name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// First line, from 1; 0 if it has none.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
}

impl NodeJson {
    /// The node `id`.
    pub fn new(graph: &Graph, id: NodeId) -> Self {
        let node = graph.node(id);
        NodeJson {
            path: node.file.map(|_| graph.path(id).to_owned()),
            name: node.name.to_owned(),
            kind: node.kind.as_str(),
            start_line: node.lines.0,
            end_line: node.lines.1,
        }
    }

    /// Several nodes.
    pub fn all<'i>(graph: &Graph, ids: impl IntoIterator<Item = &'i NodeId>) -> Vec<Self> {
        ids.into_iter().map(|&id| NodeJson::new(graph, id)).collect()
    }
}

/// A link, and how sure it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LinkJson {
    /// The relation: call, import, …
    pub kind: &'static str,
    /// `proven` or `possible`.
    pub tier: &'static str,
    /// Definitions it may mean.
    pub candidates: u32,
    /// Line of the use.
    pub line: u32,
    /// Of similar definitions: the share of both that is the same, up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
}

impl From<&Link> for LinkJson {
    fn from(link: &Link) -> Self {
        let tier = if link.is_proven { "proven" } else { "possible" };
        let similarity = (link.relation == Relation::Similar).then_some(f64::from(link.count) / 1000.0);
        let candidates = if similarity.is_some() { 1 } else { link.count };
        LinkJson { kind: link.relation.as_str(), tier, candidates, line: link.line, similarity }
    }
}

/// A node that was reached.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReachedJson {
    #[serde(flatten)]
    node: NodeJson,
    /// Links on the way.
    pub distance: u32,
    /// Whether all of them are proven.
    pub proven: bool,
    /// The last of them.
    pub link: LinkJson,
    /// In words, why a change may reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ReachedJson {
    /// What was reached.
    pub fn new(graph: &Graph, reached: &Reached) -> Self {
        ReachedJson {
            node: NodeJson::new(graph, reached.node),
            distance: reached.distance,
            proven: reached.is_proven,
            link: LinkJson::from(&reached.link),
            reason: None,
        }
    }

    fn all(graph: &Graph, reached: &[Reached], limit: usize) -> Vec<Self> {
        reached.iter().take(limit).map(|reached| ReachedJson::new(graph, reached)).collect()
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}

/// A use of a name that nobody can resolve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SitePlace {
    #[serde(flatten)]
    place: Place,
    /// How many definitions it may mean, if these are too many to list it among their users; else 0.
    candidates: u32,
}

/// Who uses a node, or what it uses.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsesAnswer {
    /// The node.
    pub symbol: NodeJson,
    /// What was found, at most as much as was asked for.
    pub found: Vec<ReachedJson>,
    /// How many were found that are proven.
    pub proven: usize,
    /// How many others.
    pub possible: usize,
    /// Uses of that name that nobody can resolve: as long as there are any, nobody can say that it is not used.
    pub unresolved: Vec<SitePlace>,
    /// How many of these there are.
    pub unresolved_total: usize,
}

impl UsesAnswer {
    /// What was found about `start`.
    pub fn new(graph: &Graph, start: NodeId, found: &Found, limit: usize) -> Self {
        let Found { reached: found, unresolved } = found;
        let proven = found.iter().filter(|reached| reached.is_proven).count();
        let place = |site: &Site| SitePlace {
            place: Place { path: graph.path(site.node).to_owned(), line: site.line },
            candidates: site.candidates,
        };
        UsesAnswer {
            symbol: NodeJson::new(graph, start),
            found: ReachedJson::all(graph, found, limit),
            proven,
            possible: found.len() - proven,
            unresolved: unresolved.iter().take(limit).map(place).collect(),
            unresolved_total: unresolved.len(),
        }
    }
}

/// Everything that a node hangs together with directly.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NeighborsAnswer {
    /// The node.
    pub node: NodeJson,
    /// What it lies in.
    pub r#in: Option<NodeJson>,
    /// What lies in it.
    pub holds: Vec<NodeJson>,
    /// What it uses.
    pub uses: Vec<ReachedJson>,
    /// Who uses it.
    pub used_by: Vec<ReachedJson>,
}

impl NeighborsAnswer {
    /// The neighbours of `start`, at most `limit` of each sort.
    pub fn new(graph: &Graph, start: NodeId, uses: &[Reached], used_by: &[Reached], limit: usize) -> Self {
        NeighborsAnswer {
            node: NodeJson::new(graph, start),
            r#in: graph.node(start).parent.map(|parent| NodeJson::new(graph, parent)),
            holds: NodeJson::all(graph, graph.children(start).iter().take(limit)),
            uses: ReachedJson::all(graph, uses, limit),
            used_by: ReachedJson::all(graph, used_by, limit),
        }
    }
}

/// A step of a way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepJson {
    #[serde(flatten)]
    node: NodeJson,
    /// The link that leads on; none at the end.
    pub link: Option<StepLink>,
}

/// A link of a way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepLink {
    #[serde(flatten)]
    link: LinkJson,
    /// Whether it is taken from its end to its start: from a concept to who speaks of it.
    backwards: bool,
}

/// Whether a step leads from a concept to who speaks of it.
pub fn is_back(graph: &Graph, node: NodeId, link: &Link) -> bool {
    let ahead = |ahead: Link| ahead.node == link.node && ahead.relation == link.relation && ahead.line == link.line;
    graph.node(node).kind == NodeKind::Concept && !graph.uses(node).any(ahead)
}

impl StepJson {
    /// A shortest way from `from` to `to`; empty if there is none of so many links.
    pub fn way(graph: &Graph, from: NodeId, to: NodeId, depth: Option<u32>, proven_only: bool) -> Vec<Self> {
        let follow = Follow { relations: &[], proven_only, depth: depth.unwrap_or(FAR) };
        let way = graph.way(&[from], &[to], follow).unwrap_or_default();
        let step = |(id, link): &(NodeId, Option<Link>)| StepJson {
            node: NodeJson::new(graph, *id),
            link: link.as_ref().map(|link| StepLink { link: link.into(), backwards: is_back(graph, *id, link) }),
        };
        way.iter().map(step).collect()
    }
}

/// What a change may reach.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImpactAnswer {
    /// Definitions, the most likely first.
    pub affected: Vec<ReachedJson>,
    /// Tests to run.
    pub tests: Vec<ReachedJson>,
    /// Sections of documents to read again.
    pub documents: Vec<ReachedJson>,
    /// Files that the same commits often changed.
    pub together: Vec<ReachedJson>,
}

impl ImpactAnswer {
    /// What was found, at most `limit` of each sort.
    pub fn new(graph: &Graph, impact: &graphrag::graph::Impact, limit: usize) -> Self {
        let list = |part: &[Reached]| -> Vec<ReachedJson> {
            let with_reason = |reached: &Reached| ReachedJson {
                reason: Some(reason(graph, reached)),
                ..ReachedJson::new(graph, reached)
            };
            part.iter().take(limit).map(with_reason).collect()
        };
        ImpactAnswer {
            affected: list(&impact.affected),
            tests: list(&impact.tests),
            documents: list(&impact.documents),
            together: list(&impact.together),
        }
    }
}

/// A symbol with the first sentence of its documentation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SymbolJson {
    #[serde(flatten)]
    node: NodeJson,
    /// The first sentence of its documentation.
    summary: Option<String>,
    /// Its share of what a walk from the hits comes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f32>,
}

impl SymbolJson {
    fn new(snapshot: &Snapshot, graph: &Graph, id: NodeId) -> Result<Self> {
        Ok(SymbolJson { node: NodeJson::new(graph, id), summary: summary(snapshot, graph, id)?, share: None })
    }
}

/// Files that hang together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommunityJson {
    /// Where its heart lies, and what it is about.
    title: String,
    /// The most used first.
    files: Vec<String>,
    /// What others use most.
    key_symbols: Vec<SymbolJson>,
    /// Communities (by their number in the list) that it uses.
    uses: Vec<CommunityUses>,
    /// The community of the next coarser level that it is part of.
    part_of: Option<usize>,
    /// What a language model has written of it, if it was told to.
    summary: Option<SummaryJson>,
}

/// What a language model has written.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SummaryJson {
    /// The model.
    model: String,
    /// Each with what it rests on.
    sentences: Vec<SentenceJson>,
}

/// A sentence of a language model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentenceJson {
    text: String,
    /// Files and definitions that it rests on.
    cites: Vec<String>,
}

/// Uses of one community by another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommunityUses {
    community: usize,
    uses: u32,
}

impl SummaryJson {
    fn of(snapshot: &Snapshot, graph: &Graph, summaries: &Log, community: &Community) -> Result<Option<Self>> {
        if summaries.records().is_empty() {
            return Ok(None);
        }
        let (part, content) = extract::part(snapshot, graph, community)?;
        let sentence = |sentence: Sentence| SentenceJson { text: sentence.text, cites: sentence.cites };
        Ok(extract::summary_of(summaries, &part, content).map(|written| SummaryJson {
            model: written.model,
            sentences: written.sentences.into_iter().map(sentence).collect(),
        }))
    }
}

impl CommunityJson {
    fn all(
        snapshot: &Snapshot,
        graph: &Graph,
        summaries: &Log,
        communities: &[Community],
        limit: usize,
    ) -> Result<Vec<Self>> {
        let one = |community: &Community| -> Result<Self> {
            let keys = community.key_symbols.iter().map(|&id| SymbolJson::new(snapshot, graph, id));
            Ok(CommunityJson {
                title: community.title.clone(),
                files: community.files.iter().map(|&file| graph.path(file).to_owned()).collect(),
                key_symbols: keys.collect::<Result<_>>()?,
                uses: community.uses.iter().map(|&(community, uses)| CommunityUses { community, uses }).collect(),
                part_of: community.part_of,
                summary: SummaryJson::of(snapshot, graph, summaries, community)?,
            })
        };
        communities.iter().take(limit).map(one).collect()
    }
}

/// Communities at several levels.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommunitiesAnswer {
    /// Fine ones first.
    pub levels: Vec<Vec<CommunityJson>>,
}

impl CommunitiesAnswer {
    /// At most `limit` of each level.
    ///
    /// # Errors
    /// If a stored text is damaged.
    pub fn new(
        snapshot: &Snapshot,
        graph: &Graph,
        summaries: &Log,
        levels: &[Vec<Community>],
        limit: usize,
    ) -> Result<Self> {
        let levels = levels.iter().map(|level| CommunityJson::all(snapshot, graph, summaries, level, limit));
        Ok(CommunitiesAnswer { levels: levels.collect::<Result<_>>()? })
    }
}

/// Files of a language.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Counted {
    /// What is counted.
    name: String,
    /// Number of files.
    files: u64,
}

/// A concept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Spoken {
    name: String,
    /// Sections that speak of it.
    sections: u64,
}

/// How a repository is organised.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverviewAnswer {
    files: u64,
    lines: u64,
    symbols: u64,
    /// The most frequent first.
    languages: Vec<Counted>,
    /// Parts that hang together.
    communities: Vec<CommunityJson>,
    /// Files that most other files use.
    central: Vec<Counted>,
    /// Packages from outside, with the number of files that need them.
    packages: Vec<Counted>,
    /// Concepts that most sections of documents speak of.
    concepts: Vec<Spoken>,
    /// Where programs start.
    entries: Vec<NodeJson>,
}

impl OverviewAnswer {
    /// At most `limit` communities.
    ///
    /// # Errors
    /// If a stored text is damaged.
    pub fn new(snapshot: &Snapshot, graph: &Graph, summaries: &Log, found: &Overview, limit: usize) -> Result<Self> {
        let counted = |list: &[(NodeId, usize)]| -> Vec<Counted> {
            list.iter()
                .map(|&(id, files)| Counted { name: graph.node(id).name.to_owned(), files: files as u64 })
                .collect()
        };
        let spoken = |&(id, sections): &(NodeId, usize)| Spoken {
            name: graph.node(id).name.to_owned(),
            sections: sections as u64,
        };
        let counts = &snapshot.manifest.counts;
        Ok(OverviewAnswer {
            files: counts.files,
            lines: counts.lines,
            symbols: counts.symbols,
            languages: found
                .languages
                .iter()
                .map(|(name, files)| Counted { name: name.clone(), files: *files })
                .collect(),
            communities: CommunityJson::all(snapshot, graph, summaries, &found.communities, limit)?,
            central: counted(&found.central),
            packages: counted(&found.packages),
            concepts: found.concepts.iter().map(spoken).collect(),
            entries: NodeJson::all(graph, &found.entries),
        })
    }
}

/// A definition that is like another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimilarJson {
    #[serde(flatten)]
    node: NodeJson,
    /// How sure, and how much is the same.
    link: LinkJson,
}

impl SimilarJson {
    fn new(graph: &Graph, link: &Link) -> Self {
        SimilarJson { node: NodeJson::new(graph, link.node), link: link.into() }
    }
}

/// What is known of one symbol.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explained {
    symbol: NodeJson,
    /// As it is written.
    signature: Option<String>,
    /// The first sentence of its documentation.
    summary: Option<String>,
    /// By relation: what it uses, proven links only.
    uses: BTreeMap<&'static str, Vec<NodeJson>>,
    /// By relation: who uses it, proven links only.
    used_by: BTreeMap<&'static str, Vec<NodeJson>>,
    /// Possible uses of it.
    possible: usize,
    /// Uses of its name that nobody can resolve.
    unresolved: usize,
    /// Definitions that are like it, equal ones first.
    similar: Vec<SimilarJson>,
    /// Tests that reach it.
    tests: Vec<NodeJson>,
    /// The part of the repository that it belongs to.
    community: Option<String>,
}

impl Explained {
    /// What was found of `id`, at most `limit` of each sort.
    pub fn new(graph: &Graph, id: NodeId, found: &Explanation, limit: usize) -> Self {
        let by_relation = |map: &BTreeMap<Relation, Vec<NodeId>>| {
            map.iter()
                .map(|(relation, ids)| (relation.as_str(), NodeJson::all(graph, ids.iter().take(limit))))
                .collect()
        };
        Explained {
            symbol: NodeJson::new(graph, id),
            signature: found.signature.clone(),
            summary: found.summary.clone(),
            uses: by_relation(&found.uses),
            used_by: by_relation(&found.used_by),
            possible: found.doubtful.0,
            unresolved: found.doubtful.1,
            similar: found.similar.iter().take(limit).map(|link| SimilarJson::new(graph, link)).collect(),
            tests: NodeJson::all(graph, found.tests.iter().take(limit)),
            community: found.community.as_ref().map(|community| community.title.clone()),
        }
    }
}

/// A part of the repository that has to do with a question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AskedPart {
    title: String,
    /// Its share of what a walk from the hits comes by.
    share: f32,
    files: Vec<String>,
    key_symbols: Vec<NodeJson>,
    hits: Vec<PlaceJson>,
}

/// The answer to a question about a repository.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Asked {
    /// How wide the question was taken: `global`, `local` or `drift`.
    scope: &'static str,
    parts: Vec<AskedPart>,
    /// What the question names.
    named: Vec<NodeJson>,
    /// What hangs together with the hits.
    symbols: Vec<SymbolJson>,
    hits: Vec<PlaceJson>,
}

impl Asked {
    /// What was found.
    ///
    /// # Errors
    /// If a stored text is damaged.
    pub fn new(snapshot: &Snapshot, graph: &Graph, answer: &Answer) -> Result<Self> {
        let symbol = |&(id, share): &(NodeId, f32)| -> Result<SymbolJson> {
            Ok(SymbolJson { share: Some(share), ..SymbolJson::new(snapshot, graph, id)? })
        };
        let parts = answer.parts.iter().map(|part| AskedPart {
            title: part.community.title.clone(),
            share: part.share,
            files: part.community.files.iter().map(|&file| graph.path(file).to_owned()).collect(),
            key_symbols: NodeJson::all(graph, &part.community.key_symbols),
            hits: part.hits.iter().map(PlaceJson::from).collect(),
        });
        Ok(Asked {
            scope: answer.scope.as_str(),
            parts: parts.collect(),
            named: NodeJson::all(graph, &answer.named),
            symbols: answer.symbols.iter().map(symbol).collect::<Result<_>>()?,
            hits: answer.hits.iter().map(PlaceJson::from).collect(),
        })
    }
}
