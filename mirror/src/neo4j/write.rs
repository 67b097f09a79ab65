//! Writing in transactions that are as large as the connection bears.

use std::collections::{BTreeMap, HashMap};

use neo4rs::{BoltType, Query};

use super::SERVER;
use super::client::Failure;
use super::cypher::{self, NEVER, OF_ORIGIN};
use super::lease::Lease;
use super::picture::{Number, Picture, Tie};
use super::value::{Digest, Value};
use crate::Error;

/// Items of one transaction at most; more take longer than they save.
const MOST: usize = 10_000;
/// Fewer than this are not tried.
const LEAST: usize = 50;

/// A change of the mirror.
pub(super) enum Change<'g> {
    /// Something in this unit will change; whether there may be anything that ends.
    Touch(String, bool),
    /// A node is new.
    Create(Number),
    /// A node does not say any more what it should.
    Mend(String, Number),
    /// Nodes and ties hold until a revision.
    EndNode(String, i64),
    EndTie(String, i64),
    Join(Tie<'g>),
    /// A unit is written; none if there is no such unit any more.
    Done(String, Option<Digest>),
    DropTie(String),
    DropNode(String),
    /// Nothing that ended is left in a unit.
    Swept(String),
}

pub(super) struct Writer<'w, 'c, 'g> {
    pub lease: &'w mut Lease<'c>,
    picture: &'w Picture<'g>,
    changes: Vec<Change<'g>>,
    size: usize,
    /// Ids of nodes in the server, of those that ties were joined to.
    ids: HashMap<Number, String>,
}

impl<'w, 'c, 'g> Writer<'w, 'c, 'g> {
    pub(super) fn new(lease: &'w mut Lease<'c>, picture: &'w Picture<'g>) -> Self {
        Writer { lease, picture, changes: Vec::new(), size: MOST, ids: HashMap::new() }
    }

    /// Changes come into effect in their order; those of one transaction together.
    pub(super) fn push(&mut self, change: Change<'g>) -> Result<(), Failure> {
        self.changes.push(change);
        if self.changes.len() < MOST { Ok(()) } else { self.flush() }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.locate()?;
        let (mut done, mut tries) = (0, self.lease.tries());
        while done < self.changes.len() {
            let end = self.changes.len().min(done + self.size);
            let statements = statements(self.lease, self.picture, &self.ids, &self.changes[done..end]);
            if self.lease.write(statements, &mut tries)? {
                done = end;
                self.size = (self.size * 2).min(MOST);
                tries = self.lease.tries();
            } else {
                self.size = (self.size / 4).max(LEAST);
            }
        }
        self.changes.clear();
        Ok(())
    }

    /// Asks where the ends of new ties are.
    fn locate(&mut self) -> Result<(), Failure> {
        let mut open: Vec<Number> = Vec::new();
        for change in &self.changes {
            if let Change::Join(tie) = change {
                open.extend([tie.from, tie.to].into_iter().filter(|end| !self.ids.contains_key(end)));
            }
        }
        open.sort_unstable();
        open.dedup();
        let text = format!(
            "UNWIND $rows AS r MATCH (n:CogoNode {{{OF_ORIGIN}, version: r[1]}}) {} RETURN [r[0], elementId(n)] AS row",
            cypher::by("n", "version")
        );
        let (mut rest, mut size, mut tries) = (open.as_slice(), self.size, self.lease.tries());
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(rest.len().min(size));
            let row = |&node: &Number| -> BoltType {
                [BoltType::from(node), BoltType::from(self.picture.version(node).to_hex())].into_iter().collect()
            };
            let rows: Vec<BoltType> = batch.iter().map(row).collect();
            match self.lease.client.try_read(self.lease.query(&text).param("rows", rows)) {
                Ok(rows) => {
                    for row in rows {
                        let [node, id] = &row[..] else { continue };
                        if let (Some(node), Some(id)) = (Value::of(node).to_number(), Value::of(id).to_text()) {
                            self.ids.insert(node, id.to_owned());
                        }
                    }
                    (rest, tries) = (after, self.lease.tries());
                }
                Err(failure) => {
                    size = (size / 4).max(LEAST);
                    tries.after(failure).map_err(Failure::Lasting)?;
                }
            }
        }
        match open.iter().find(|end| !self.ids.contains_key(end)) {
            None => Ok(()),
            // It was there a moment ago, and nobody else may write.
            Some(&end) => Err(Failure::Lasting(Error::Server {
                server: SERVER,
                reason: format!("{} is gone; `cogo verify neo4j --repair` makes it anew", self.picture.describe(end)),
            })),
        }
    }
}

/// A statement per kind of change, whatever comes first first.
fn statements(lease: &Lease, picture: &Picture, ids: &HashMap<Number, String>, changes: &[Change]) -> Vec<Query> {
    let mut rows: BTreeMap<(Step, String), Vec<BoltType>> = BTreeMap::new();
    let hex = |node: Number| BoltType::from(picture.version(node).to_hex());
    for change in changes {
        let (step, text, row): (Step, String, BoltType) = match change {
            Change::Touch(unit, is_known) => (Step::Touch, touch(*is_known), unit.as_str().into()),
            Change::Mend(id, node) => {
                let values = picture.values(*node);
                let first = [BoltType::from(id.as_str()), BoltType::from(picture.unit(*node))];
                let row = first.into_iter().chain(values.iter().map(|value| value.to_bolt()));
                (Step::Nodes, cypher::mend_nodes(&picture.label(*node)), row.collect())
            }
            Change::EndNode(id, until) => (Step::Nodes, cypher::END_NODES.to_owned(), pair(id, *until)),
            Change::Create(node) => {
                let values = picture.values(*node);
                let first = [BoltType::from(picture.unit(*node)), hex(*node)];
                let row = first.into_iter().chain(values.iter().map(|value| value.to_bolt()));
                (Step::Nodes, cypher::create_nodes(&picture.label(*node)), row.collect())
            }
            Change::EndTie(id, until) => (Step::Ties, cypher::END_TIES.to_owned(), pair(id, *until)),
            Change::Join(tie) => {
                let first = [tie.from, tie.to].map(|end| BoltType::from(ids[&end].as_str()));
                let row = first.into_iter().chain(tie.values.iter().map(|value| value.to_bolt()));
                (Step::Ties, cypher::create_ties(tie.shape), row.collect())
            }
            Change::Done(unit, digest) => {
                let digest = digest.map(Digest::to_hex).unwrap_or_default();
                let row = [BoltType::from(unit.as_str()), BoltType::from(digest)];
                (Step::Done, done(), row.into_iter().collect())
            }
            Change::DropTie(id) => (Step::Ties, DROP_TIES.to_owned(), id.as_str().into()),
            Change::DropNode(id) => (Step::Nodes, DROP_NODES.to_owned(), id.as_str().into()),
            Change::Swept(unit) => (Step::Done, swept(), unit.as_str().into()),
        };
        rows.entry((step, text)).or_default().push(row);
    }
    let query = |((_, text), rows): ((Step, String), Vec<BoltType>)| {
        lease.query(&text).param("rows", rows).param("next", lease.next()).param("never", NEVER)
    };
    rows.into_iter().map(query).collect()
}

/// The order of changes within a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Touch,
    Nodes,
    Ties,
    Done,
}

fn touch(is_known: bool) -> String {
    let touched = if is_known { "SET u.touched = $next " } else { "" };
    format!("UNWIND $rows AS unit MERGE (u:CogoUnit {{{OF_ORIGIN}, unit: unit}}) {touched}REMOVE u.digest")
}

fn done() -> String {
    format!("UNWIND $rows AS r MATCH (u:CogoUnit {{{OF_ORIGIN}, unit: r[0]}}) SET u.digest = r[1]")
}

/// A unit without a digest that is over anything is one of the past.
fn swept() -> String {
    format!(
        "UNWIND $rows AS unit MATCH (u:CogoUnit {{{OF_ORIGIN}, unit: unit}}) REMOVE u.touched \
         WITH u WHERE u.digest = '' DELETE u"
    )
}

const DROP_TIES: &str = "UNWIND $rows AS id MATCH ()-[l]->() WHERE elementId(l) = id DELETE l";
const DROP_NODES: &str = "UNWIND $rows AS id MATCH (n:CogoNode) WHERE elementId(n) = id DETACH DELETE n";

fn pair(id: &str, until: i64) -> BoltType {
    [BoltType::from(id), BoltType::from(until)].into_iter().collect()
}
