//! Labels, types and properties, and the statements that write them. All names come from fixed lists: nothing that a repository says
//! ever becomes part of a statement.

use graphrag::graph::{NodeKind, Relation};
use neo4rs::Query;

use super::picture::NAME;
use crate::Origin;

/// An item that still holds ends at this revision.
pub(super) const NEVER: i64 = i64::MAX;

/// Properties of a node, in the order in which its values stand.
pub(super) const NODE: [&str; 9] =
    ["key", "kind", "name", "qualified", "path", "position", "first_line", "last_line", "term"];

/// What a relationship says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Where it lies: `LIES_IN`.
    Within,
    /// A link of the graph, under the name of its relation.
    Link(Relation),
    /// A use that may mean anything of a name: `UNRESOLVED`.
    Unresolved,
    /// What bears a link out: `EVIDENCE`.
    Evidence,
}

impl Shape {
    /// Every shape.
    pub(super) fn all() -> impl Iterator<Item = Shape> {
        let others = [Shape::Within, Shape::Unresolved, Shape::Evidence];
        others.into_iter().chain(Relation::ALL.into_iter().map(Shape::Link))
    }

    /// The type of the relationship.
    pub(super) fn name(self) -> String {
        match self {
            Shape::Within => "LIES_IN".to_owned(),
            Shape::Link(relation) => relation.as_str().to_uppercase().replace('-', "_"),
            Shape::Unresolved => "UNRESOLVED".to_owned(),
            Shape::Evidence => "EVIDENCE".to_owned(),
        }
    }

    /// The types of all shapes, as a pattern names them.
    pub(super) fn types() -> String {
        Shape::all().map(Shape::name).collect::<Vec<_>>().join("|")
    }

    /// Its properties, in the order in which its values stand.
    pub(super) fn properties(self) -> &'static [&'static str] {
        match self {
            Shape::Within => &[],
            Shape::Link(_) => &["line", "count", "proven"],
            Shape::Unresolved => &["relation", "line", "candidates", "nth"],
            Shape::Evidence => &["origin", "path", "line", "start", "end", "words", "nth"],
        }
    }
}

/// Label of the nodes of a kind; every node is a `CogoNode`, too.
pub(super) fn label(kind: NodeKind) -> String {
    let word = if kind.symbol().is_some() { "symbol" } else { kind.as_str() };
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A query with the parameters that name whose items are meant.
pub(super) fn of(origin: &Origin, text: &str) -> Query {
    Query::new(text.to_owned()).param("tenant", origin.tenant.as_str()).param("repository", origin.repository.as_str())
}

/// `{tenant: $tenant, repository: $repository`, to be continued and closed.
pub(super) const OF_ORIGIN: &str = "tenant: $tenant, repository: $repository";

/// Makes the planner take the index of a property of `CogoNode`. Plans that are made while the database is still empty read everything.
pub(super) fn by(item: &str, property: &str) -> String {
    format!("USING INDEX {item}:CogoNode({property}, tenant, repository)")
}

/// Creates nodes; rows are unit, version and values.
pub(super) fn create_nodes(label: &str) -> String {
    let values: Vec<String> = (2..).zip(NODE).map(|(at, name)| format!("{name}: r[{at}]")).collect();
    format!(
        "UNWIND $rows AS r CREATE (:CogoNode:{label} {{{OF_ORIGIN}, unit: r[0], version: r[1], {}, \
         since: $next, until: $never}})",
        values.join(", ")
    )
}

/// Every label of ours but `CogoNode`.
pub(super) fn labels() -> Vec<String> {
    let mut labels: Vec<String> = NodeKind::all().map(label).chain([NAME.to_owned()]).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Gives nodes back what they said; rows are id, unit and values.
pub(super) fn mend_nodes(label: &str) -> String {
    let others: Vec<String> = labels().into_iter().filter(|other| other != label).collect();
    let others = others.join(":");
    let values: Vec<String> = (2..).zip(NODE).map(|(at, name)| format!("n.{name} = r[{at}]")).collect();
    format!(
        "UNWIND $rows AS r MATCH (n) WHERE elementId(n) = r[0] REMOVE n:{others} SET n:{label}, n.unit = r[1], {}",
        values.join(", ")
    )
}

/// Creates relationships; rows are the ids of both ends and values. To look ends up by version would take a lock for each.
pub(super) fn create_ties(shape: Shape) -> String {
    let values: String = (2..).zip(shape.properties()).map(|(at, name)| format!("{name}: r[{at}], ")).collect();
    format!(
        "UNWIND $rows AS r MATCH (a:CogoNode) WHERE elementId(a) = r[0] MATCH (b:CogoNode) WHERE elementId(b) = r[1] \
         CREATE (a)-[:{} {{{values}since: $next, until: $never}}]->(b)",
        shape.name()
    )
}

/// Says until when items hold; rows are id and revision.
pub(super) const END_NODES: &str = "UNWIND $rows AS r MATCH (n:CogoNode) WHERE elementId(n) = r[0] SET n.until = r[1]";
/// As [`END_NODES`].
pub(super) const END_TIES: &str = "UNWIND $rows AS r MATCH ()-[l]->() WHERE elementId(l) = r[0] SET l.until = r[1]";
