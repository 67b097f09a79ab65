//! Compares a mirror with the index, item by item.

use std::collections::{BTreeSet, HashMap};

use graphrag::Graph;

use super::picture::{Number, Picture, describe, describe_tie};
use super::stored::{self, Holding, MOST_UNITS, Reader};
use super::value::{Digest, Value};
use super::{Neo4j, SERVER, Visible, check};
use crate::{Difference, Error, Origin, Result, Verified};

/// How often it begins again when a sync came between.
const BEGINNINGS: usize = 5;

impl Neo4j {
    /// Compares what readers of the mirror see with `graph`, and names every difference. Nothing is taken for granted: what items say is
    /// read, not what was noted about them.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub fn verify(&self, origin: &Origin, graph: &Graph) -> Result<Verified> {
        check(origin)?;
        let picture = Picture::new(graph);
        for _ in 0..BEGINNINGS {
            let Some(visible) = self.visible(origin)? else {
                let differences = vec![Difference::Missing(format!("repository {}", origin.repository))];
                return Ok(Verified { differences, ..Verified::default() });
            };
            let verified = self.compare(origin, &picture, visible)?;
            if self.visible(origin)? == Some(visible) {
                return Ok(verified);
            }
        }
        let reason = "the repository is synced all the time".to_owned();
        Err(Error::Server { server: SERVER, reason })
    }

    pub(super) fn visible(&self, origin: &Origin) -> Result<Option<Visible>> {
        stored::visible(&self.client, origin)
    }

    fn compare(&self, origin: &Origin, picture: &Picture, visible: Visible) -> Result<Verified> {
        let mut names: BTreeSet<String> = picture.units.iter().map(|unit| unit.name.clone()).collect();
        names.extend(stored::units(&self.client, origin)?.into_iter().map(|unit| unit.name));
        names.extend(stored::units_of_nodes(&self.client, origin)?);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let nodes_of: HashMap<&str, &[Number]> =
            picture.units.iter().map(|unit| (unit.name.as_str(), unit.nodes.as_slice())).collect();
        let holding = Holding::At(visible.revision);
        let mut reader = Reader { client: &self.client, origin, holding, batch: MOST_UNITS };
        let mut verified = Verified { generation: Some(visible.generation), ..Verified::default() };
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            let (stored, taken) = reader.nodes(rest)?;
            let (batch, after) = rest.split_at(taken);
            rest = after;
            let nodes: Vec<Number> =
                batch.iter().flat_map(|name| nodes_of.get(name).copied().unwrap_or_default()).copied().collect();
            compare_nodes(picture, &nodes, stored, &mut verified);
            let mut of_batch = batch;
            let mut stored = Vec::new();
            while !of_batch.is_empty() {
                let (ties, taken) = reader.ties(of_batch)?;
                stored.extend(ties);
                of_batch = &of_batch[taken..];
            }
            compare_ties(picture, &nodes, stored, &mut verified);
        }
        verified.differences.sort_unstable();
        Ok(verified)
    }
}

fn compare_nodes(picture: &Picture, nodes: &[Number], stored: Vec<stored::Node>, verified: &mut Verified) {
    let mut wanted: HashMap<Digest, Number> = nodes.iter().map(|&node| (picture.version(node), node)).collect();
    verified.checked += stored.len() as u64;
    let mut strange = Vec::new();
    for found in stored {
        match found.version.and_then(|version| wanted.remove(&version)) {
            Some(node) if found.content == picture.version(node) && found.unit == picture.unit(node) => {}
            Some(node) => verified.differences.push(Difference::Changed(picture.describe(node))),
            None => strange.push(found),
        }
    }
    // A node of another version is the same node, changed.
    let key = |values: &[Value]| values.first().and_then(Value::to_text).map(str::to_owned);
    let mut missing: HashMap<Option<String>, Number> =
        wanted.into_values().map(|node| (key(&picture.values(node)), node)).collect();
    for found in strange {
        verified.differences.push(match missing.remove(&key(&found.values)) {
            Some(node) => Difference::Changed(picture.describe(node)),
            None => Difference::Extra(describe(&found.values)),
        });
    }
    verified.differences.extend(missing.into_values().map(|node| Difference::Missing(picture.describe(node))));
}

fn compare_ties(picture: &Picture, nodes: &[Number], stored: Vec<stored::Tie>, verified: &mut Verified) {
    verified.checked += stored.len() as u64;
    let mut there: HashMap<Digest, Vec<stored::Tie>> = HashMap::new();
    for tie in stored {
        there.entry(tie.digest()).or_default().push(tie);
    }
    for tie in nodes.iter().flat_map(|&node| picture.ties(node)) {
        if there.get_mut(&picture.digest(&tie)).and_then(Vec::pop).is_none() {
            verified.differences.push(Difference::Missing(picture.describe_tie(&tie)));
        }
    }
    for tie in there.into_values().flatten() {
        let [from, to] = &tie.names;
        verified.differences.push(Difference::Extra(describe_tie(tie.shape, from, to, &tie.values)));
    }
}
