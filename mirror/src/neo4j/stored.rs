//! What a mirror holds, read unit by unit.

use neo4rs::{BoltType, Query};

use super::client::{Client, Failure, Rows, Tries};
use super::cypher::{self, NODE, OF_ORIGIN, Shape};
use super::picture::tie_digest;
use super::value::{Digest, Value};
use crate::{Origin, Result};

/// Items that hold from one revision until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// At this revision.
    At(i64),
    /// At this revision, or until it.
    Until(i64),
}

impl Holding {
    fn condition(self, item: &str) -> String {
        match self {
            Holding::At(_) => format!("{item}.since <= $at AND {item}.until > $at"),
            Holding::Until(_) => format!("{item}.since <= $at AND {item}.until >= $at"),
        }
    }

    fn revision(self) -> i64 {
        match self {
            Holding::At(revision) | Holding::Until(revision) => revision,
        }
    }
}

pub(super) struct Node {
    pub id: String,
    pub unit: String,
    /// What it is said to be.
    pub version: Option<Digest>,
    /// What it is.
    pub content: Digest,
    pub values: Vec<Value<'static>>,
    pub until: i64,
}

pub(super) struct Tie {
    pub id: String,
    pub shape: Shape,
    /// The versions of both ends; none if one has none.
    pub ends: Option<[Digest; 2]>,
    /// Both ends in words.
    pub names: [String; 2],
    pub values: Vec<Value<'static>>,
    pub until: i64,
}

impl Tie {
    /// What tells it apart; a tie of a node without a version is like no other.
    pub(super) fn digest(&self) -> Digest {
        match self.ends {
            Some([from, to]) => tie_digest(self.shape, from, to, &self.values),
            None => Digest::of(&self.id, &[]),
        }
    }
}

pub(super) struct Reader<'c> {
    pub client: &'c Client,
    pub origin: &'c Origin,
    pub holding: Holding,
    /// Units that are asked for at once: fewer where connections do not last.
    pub batch: usize,
}

impl Reader<'_> {
    /// The nodes of some of `units`, from the first on, and how many units these are.
    pub(super) fn nodes(&mut self, units: &[&str]) -> Result<(Vec<Node>, usize)> {
        let values: Vec<String> = NODE.iter().map(|name| format!("n.{name}")).collect();
        let text = format!(
            "UNWIND $units AS unit MATCH (n:CogoNode {{{OF_ORIGIN}, unit: unit}}) {} WHERE {} \
             RETURN [elementId(n), n.unit, n.version, n.until, head([x IN labels(n) WHERE x IN $labels]), {}] AS row",
            cypher::by("n", "unit"),
            self.holding.condition("n"),
            values.join(", ")
        );
        let (rows, taken) = self.of_units(&text, units)?;
        Ok((rows.into_iter().map(node).collect(), taken))
    }

    /// The ties that start in some of `units`.
    pub(super) fn ties(&mut self, units: &[&str]) -> Result<(Vec<Tie>, usize)> {
        let mut properties: Vec<&str> = Shape::all().flat_map(|shape| shape.properties()).copied().collect();
        properties.sort_unstable();
        properties.dedup();
        let values: Vec<String> = properties.iter().map(|name| format!("l.{name}")).collect();
        let name = |end: &str| format!("[{end}.kind, {end}.qualified, {end}.path]");
        let text = format!(
            "UNWIND $units AS unit MATCH (a:CogoNode {{{OF_ORIGIN}, unit: unit}})-[l:{}]->(b) {} WHERE {} \
             RETURN [elementId(l), type(l), l.until, a.version, b.version, {}, {}, {}] AS row",
            Shape::types(),
            cypher::by("a", "unit"),
            self.holding.condition("l"),
            name("a"),
            name("b"),
            values.join(", ")
        );
        let (rows, taken) = self.of_units(&text, units)?;
        Ok((rows.into_iter().filter_map(|row| tie(row, &properties)).collect(), taken))
    }

    fn of_units(&mut self, text: &str, units: &[&str]) -> Result<(Rows, usize)> {
        let mut tries = Tries::new(self.client.patience);
        loop {
            let taken = units.len().min(self.batch);
            let names: Vec<BoltType> = units[..taken].iter().map(|unit| BoltType::from(*unit)).collect();
            let query = cypher::of(self.origin, text).param("units", names).param("at", self.holding.revision());
            let query = query.param("labels", cypher::labels());
            match self.client.try_read(query) {
                Ok(rows) => {
                    self.batch = (self.batch * 2).min(MOST_UNITS);
                    return Ok((rows, taken));
                }
                Err(failure) => {
                    self.batch = (self.batch / 4).max(1);
                    tries.after(failure)?;
                }
            }
        }
    }
}

/// Units that are read at once at most: with what one holds on the average, some ten thousand items.
pub(super) const MOST_UNITS: usize = 256;

fn node(row: Vec<BoltType>) -> Node {
    let text = |at: usize| row.get(at).map(Value::of).and_then(|value| value.to_text().map(str::to_owned));
    let values: Vec<Value<'static>> = row.iter().skip(5).map(owned).collect();
    Node {
        id: text(0).unwrap_or_default(),
        unit: text(1).unwrap_or_default(),
        version: text(2).as_deref().and_then(Digest::parse),
        content: Digest::of(&text(4).unwrap_or_default(), &values),
        until: row.get(3).map(Value::of).and_then(|value| value.to_number()).unwrap_or_default(),
        values,
    }
}

fn tie(row: Vec<BoltType>, properties: &[&str]) -> Option<Tie> {
    let text = |at: usize| row.get(at).map(Value::of).and_then(|value| value.to_text().map(str::to_owned));
    let kind = text(1)?;
    let shape = Shape::all().find(|shape| shape.name() == kind)?;
    let named = |wanted: &str| properties.iter().position(|name| *name == wanted);
    let values = shape.properties().iter().map(|name| {
        let at = named(name).map(|at| at + 7);
        at.and_then(|at| row.get(at)).map_or(Value::Nothing, owned)
    });
    let version = |at: usize| text(at).as_deref().and_then(Digest::parse);
    let name = |at: usize| match row.get(at) {
        Some(BoltType::List(list)) => {
            let parts: Vec<Value> = list.value.iter().map(Value::of).collect();
            let part = |at: usize| parts.get(at).and_then(Value::to_text);
            let (kind, name) = (part(0).unwrap_or("node"), part(1).unwrap_or("?"));
            let path = part(2).filter(|path| *path != name);
            path.map_or_else(|| format!("{kind} {name}"), |path| format!("{kind} {name} in {path}"))
        }
        _ => "?".to_owned(),
    };
    Some(Tie {
        id: text(0)?,
        shape,
        ends: version(3).zip(version(4)).map(|(from, to)| [from, to]),
        names: [name(5), name(6)],
        until: row.get(2).map(Value::of).and_then(|value| value.to_number()).unwrap_or_default(),
        values: values.collect(),
    })
}

fn owned(value: &BoltType) -> Value<'static> {
    match Value::of(value) {
        Value::Text(text) => Value::text(text.into_owned()),
        Value::Number(number) => Value::Number(number),
        Value::Truth(truth) => Value::Truth(truth),
        Value::Nothing => Value::Nothing,
        Value::Foreign => Value::Foreign,
    }
}

/// A unit that the mirror knows.
pub(super) struct Unit {
    pub name: String,
    /// Over what it will hold when the present or last sync is done; none while it is being written.
    pub digest: Option<Digest>,
    /// The last revision that changed it, until what ended then is removed.
    pub touched: Option<i64>,
}

/// Every unit that the mirror knows; page by page, so that an answer is never long.
pub(super) fn units(client: &Client, origin: &Origin) -> Result<Vec<Unit>> {
    let text = format!(
        "MATCH (u:CogoUnit {{{OF_ORIGIN}}}) WHERE u.unit > $after \
         RETURN [u.unit, u.digest, u.touched] AS row ORDER BY u.unit LIMIT $most"
    );
    let mut found: Vec<Unit> = Vec::new();
    paged(client, |most| {
        let after = found.last().map_or("", |unit| unit.name.as_str());
        let rows = client.try_read(cypher::of(origin, &text).param("after", after).param("most", most))?;
        let count = rows.len();
        for row in rows {
            let values: Vec<Value> = row.iter().map(Value::of).collect();
            found.push(Unit {
                name: values.first().and_then(Value::to_text).unwrap_or_default().to_owned(),
                digest: values.get(1).and_then(Value::to_text).and_then(Digest::parse),
                touched: values.get(2).and_then(Value::to_number),
            });
        }
        Ok(count)
    })?;
    Ok(found)
}

/// Units that nodes say they are of, whatever the mirror knows.
pub(super) fn units_of_nodes(client: &Client, origin: &Origin) -> Result<Vec<String>> {
    let text = format!("MATCH (n:CogoNode {{{OF_ORIGIN}}}) WHERE n.unit IS NOT NULL RETURN DISTINCT n.unit AS row");
    let rows = client.read(|| cypher::of(origin, &text))?;
    Ok(rows.iter().filter_map(|row| row.first().map(Value::of)?.to_text().map(str::to_owned)).collect())
}

/// Nodes or ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Node,
    Tie,
}

/// Ids of what is of no use any more in some units: what ended with the visible revision or before; if `all` is asked for, what holds at
/// no revision there can be, too.
pub(super) fn of_no_use(
    client: &Client,
    origin: &Origin,
    units: &[&str],
    visible: i64,
    kind: Kind,
    all: bool,
) -> Result<Vec<String>> {
    let (item, pattern) = match kind {
        Kind::Node => ("n", String::new()),
        Kind::Tie => ("l", format!("-[l:{}]->()", Shape::types())),
    };
    let condition = match (kind, all) {
        (_, false) => format!("{item}.until <= $visible"),
        // A tie without revisions is none of ours.
        (Kind::Tie, true) => "(l.until <= $visible OR l.since > $visible + 1)".to_owned(),
        (Kind::Node, true) => {
            "(coalesce(n.until, 0) <= $visible OR coalesce(n.since, $visible + 2) > $visible + 1)".to_owned()
        }
    };
    let text = format!(
        "UNWIND $units AS unit MATCH (n:CogoNode {{{OF_ORIGIN}, unit: unit}}){pattern} {} WHERE {condition} \
         RETURN elementId({item}) AS row",
        cypher::by("n", "unit")
    );
    let names: Vec<BoltType> = units.iter().map(|unit| BoltType::from(*unit)).collect();
    let rows = client.read(|| cypher::of(origin, &text).param("units", names.clone()).param("visible", visible))?;
    Ok(rows.iter().filter_map(|row| row.first().map(Value::of)?.to_text().map(str::to_owned)).collect())
}

/// Calls `page` with how many rows it should ask for, until there are no more.
pub(super) fn paged(client: &Client, mut page: impl FnMut(i64) -> Result<usize, Failure>) -> Result<()> {
    let (mut most, mut tries) = (MOST_ROWS, Tries::new(client.patience));
    loop {
        match page(most) {
            Ok(count) if count < most as usize => return Ok(()),
            Ok(_) => {
                most = (most * 2).min(MOST_ROWS);
                tries = Tries::new(client.patience);
            }
            Err(failure) => {
                most = (most / 4).max(16);
                tries.after(failure)?;
            }
        }
    }
}

/// Rows of a page.
const MOST_ROWS: i64 = 10_000;

/// What is visible of a repository; none if nothing was ever synced.
pub(super) fn visible(client: &Client, origin: &Origin) -> Result<Option<super::Visible>> {
    let text = format!(
        "MATCH (r:CogoRepository {{{OF_ORIGIN}}}) WHERE r.revision > 0 RETURN [r.revision, r.generation] AS row"
    );
    let rows = client.read(|| -> Query { cypher::of(origin, &text) })?;
    let numbers =
        rows.first().map(|row| row.iter().map(|value| Value::of(value).to_number::<i64>().unwrap_or_default()));
    Ok(numbers.map(|mut numbers| super::Visible {
        revision: numbers.next().unwrap_or_default(),
        generation: numbers.next().unwrap_or_default().max(0) as u64,
    }))
}
