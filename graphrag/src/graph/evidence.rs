//! Where documents bear links out: the words behind a mention of a concept, or behind what is said of two of them.

use bytemuck::{Pod, Zeroable};
use rag_core::Span;

use super::array::Array;
use super::build::Builder;
use super::{Graph, Link, NodeId, NodeKind, Relation};
use crate::knowledge::{Knowledge, Origin, Subject};

/// Words of a document that bear a link out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence<'g> {
    /// The file.
    pub file: NodeId,
    /// Its line.
    pub line: u32,
    /// The words in the text of the file.
    pub span: Span,
    /// How we know.
    pub origin: Origin,
    /// How the two hang together, in words; empty for a mention.
    pub words: &'g str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(super) struct EvidenceRecord {
    pub user: u32,
    pub node: u32,
    pub origin: u32,
    pub file: u32,
    pub line: u32,
    pub start: u32,
    pub end: u32,
    pub words_at: u32,
    pub words_len: u32,
}

/// Sorted by the link, then by what says most.
pub(super) struct EvidenceTable(pub Array<EvidenceRecord>);

impl Graph {
    /// What bears the link from `user` to `node` out; what says most comes first.
    pub fn evidence(&self, user: NodeId, node: NodeId) -> impl Iterator<Item = Evidence<'_>> {
        let all = &self.evidence.0;
        let first = all.partition_point(|record| (record.user, record.node) < (user, node));
        let of_link = all[first..].iter().take_while(move |record| (record.user, record.node) == (user, node));
        of_link.map(|record| Evidence {
            file: record.file,
            line: record.line,
            span: Span { start: record.start, end: record.end.max(record.start) },
            origin: Origin::ALL[record.origin as usize % Origin::ALL.len()],
            words: std::str::from_utf8(&self.names[record.words_at as usize..][..record.words_len as usize])
                .unwrap_or_default(),
        })
    }

    /// The concepts, sorted by name.
    pub fn concepts(&self) -> std::ops::Range<NodeId> {
        let first = self.nodes.iter().rposition(|record| record.kind != u32::from(NodeKind::Concept.number()));
        first.map_or(0, |last| last as NodeId + 1)..self.ids().end
    }
}

impl Builder<'_, '_> {
    /// Concepts come last among the nodes.
    pub(super) fn knowledge(&mut self, knowledge: &Knowledge) {
        let first = self.nodes.len() as NodeId;
        for concept in &knowledge.concepts {
            self.node(NodeKind::Concept, &concept.name);
        }
        for (concept, node) in knowledge.concepts.iter().zip(first..) {
            for seen in &concept.sightings {
                let user = self.node_of(seen.citation.file, seen.symbol);
                let record = self.evidence_record(user, node, seen.citation, (0, 0));
                self.link(
                    user,
                    Link { node, relation: Relation::Mention, line: record.line, count: 1, is_proven: true },
                );
            }
        }
        for statement in &knowledge.statements {
            let node = |subject: &Subject| match subject {
                Subject::Concept(number) => first + number,
                Subject::Code(target) => self.target(target),
            };
            let (user, node) = (node(&statement.from), node(&statement.to));
            let words = (self.names.len() as u32, statement.words.len() as u32);
            self.names.push_str(&statement.words);
            let record = self.evidence_record(user, node, statement.citation, words);
            let is_proven = statement.citation.origin != Origin::Model;
            self.link(user, Link { node, relation: Relation::Relate, line: record.line, count: 1, is_proven });
        }
        self.evidence.sort_unstable();
    }

    fn evidence_record(
        &mut self,
        user: NodeId,
        node: NodeId,
        citation: crate::knowledge::Citation,
        (words_at, words_len): (u32, u32),
    ) -> EvidenceRecord {
        let line = self.lines[citation.file as usize].of(citation.span.start);
        let (file, origin) = (citation.file, citation.origin as u32);
        let Span { start, end } = citation.span;
        let record = EvidenceRecord { user, node, origin, file, line, start, end, words_at, words_len };
        self.evidence.push(record);
        record
    }
}
