//! The graph in a file. It is made of what the index holds and can be made again; so whatever is wrong with the file, the
//! answer is to make it again.

use std::path::Path;

use bytemuck::{Pod, cast_slice};
use rag_core::Result;
use rag_core::store::container::{Container, ContainerWriter};

use super::array::Array;
use super::evidence::{EvidenceRecord, EvidenceTable};
use super::{Graph, LinkRecord, Links, NONE, NodeKind, NodeRecord, Relation, Unresolved};

/// Tells graph files from others. Any change of what is stored, or of how links are found, is a new kind.
const KIND: u32 = 0x6772_0004;

impl Graph {
    /// Writes the graph to `path`; it appears there at once. `key` names what it was made of.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path, key: u64) -> Result<()> {
        let next = path.with_extension(format!("{}.next", std::process::id()));
        let written = self.write_to(&next, key).and_then(|()| Ok(std::fs::rename(&next, path)?));
        if written.is_err() {
            let _ = std::fs::remove_file(&next);
        }
        written
    }

    fn write_to(&self, path: &Path, key: u64) -> Result<()> {
        let mut writer = ContainerWriter::create(path, KIND)?;
        writer.section("key", &[&key.to_le_bytes()])?;
        writer.section("nodes", &[cast_slice(&self.nodes)])?;
        writer.section("names", &[&self.names])?;
        writer.section("symbols", &[cast_slice(&self.first_symbol)])?;
        for (name, links) in [("uses", &self.uses), ("used_by", &self.used_by)] {
            writer.section(&format!("{name}.ends"), &[cast_slice(&links.ends)])?;
            writer.section(name, &[cast_slice(&links.links)])?;
        }
        writer.section("unresolved.names", &[&self.unresolved.names])?;
        writer.section("unresolved.ends", &[cast_slice(&self.unresolved.ends)])?;
        writer.section("unresolved", &[cast_slice(&self.unresolved.sites)])?;
        writer.section("evidence", &[cast_slice(&self.evidence.0)])?;
        writer.finish().map(drop)
    }

    /// Opens the graph at `path`; `None` if it was made of something else, or is damaged.
    ///
    /// # Errors
    /// If there is no such file, or it cannot be read.
    pub fn open(path: &Path, key: u64) -> Result<Option<Self>> {
        let container = Container::open(path, KIND, None)?;
        if *container.section("key")? != key.to_le_bytes() {
            return Ok(None);
        }
        let links = |name: &str| -> Result<Links> {
            let ends = array(&container, &format!("{name}.ends"))?;
            Ok(Links { ends, links: array(&container, name)? })
        };
        let graph = Graph {
            nodes: array(&container, "nodes")?,
            names: array(&container, "names")?,
            first_symbol: array(&container, "symbols")?,
            uses: links("uses")?,
            used_by: links("used_by")?,
            unresolved: Unresolved {
                names: array(&container, "unresolved.names")?,
                ends: array(&container, "unresolved.ends")?,
                sites: array(&container, "unresolved")?,
            },
            evidence: EvidenceTable(array(&container, "evidence")?),
        };
        Ok(Some(graph).filter(Graph::is_whole))
    }

    /// Whether nothing points outside: checksums tell accidents, this tells files that somebody made up.
    pub(super) fn is_whole(&self) -> bool {
        let nodes = self.nodes.len();
        let known = |id: u32| (id as usize) < nodes;
        let node = |record: &NodeRecord| {
            let end = record.name_at as usize + record.name_len as usize;
            let name = self.names.get(record.name_at as usize..end);
            name.is_some_and(|name| std::str::from_utf8(name).is_ok())
                && (record.parent == NONE || known(record.parent))
                && (record.file == NONE || (record.file as usize) < self.first_symbol.len())
                && record.lines[0] <= record.lines[1]
                && u8::try_from(record.kind).ok().and_then(NodeKind::from_number).is_some()
        };
        let link = |record: &LinkRecord| known(record.node) && usize::from(record.relation) < Relation::ALL.len();
        let links = |links: &Links| {
            links.ends.len() == nodes
                && links.ends.is_sorted()
                && links.ends.last().map_or(0, |end| *end as usize) == links.links.len()
                && links.links.iter().all(link)
        };
        let evidence = |record: &EvidenceRecord| {
            let end = record.words_at as usize + record.words_len as usize;
            end <= self.names.len() && (record.file as usize) < self.first_symbol.len()
        };
        let Unresolved { names, ends, sites } = &self.unresolved;
        self.first_symbol.len() <= nodes
            && self.first_symbol.is_sorted()
            && self.first_symbol.iter().all(|&first| first as usize <= nodes)
            && self.nodes.iter().all(node)
            && links(&self.uses)
            && links(&self.used_by)
            && ends.is_sorted_by(|a, b| a[0] <= b[0] && a[1] <= b[1])
            && ends.last().map_or([0, 0], |end| end.map(|end| end as usize)) == [names.len(), sites.len()]
            && sites.iter().all(link)
            && self.evidence.0.is_sorted()
            && self.evidence.0.iter().all(evidence)
    }
}

fn array<T: Pod>(container: &Container, name: &str) -> Result<Array<T>> {
    container.records(name).map(Array::Stored)
}
