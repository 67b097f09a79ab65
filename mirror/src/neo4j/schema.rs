//! What a server must have before it can hold mirrors.

use neo4rs::Query;

use super::SERVER;
use super::client::Client;
use super::value::Value;
use crate::{Error, Result};

/// The oldest version with `elementId` and the present form of constraints.
const OLDEST: u32 = 5;

/// Constraints and indexes, all on labels of ours. Unique by several properties is what the community edition has, too.
/// What differs most stands first: keys are compared from there.
const SCHEMA: [&str; 7] = [
    "CREATE CONSTRAINT cogo_repository IF NOT EXISTS FOR (n:CogoRepository) REQUIRE (n.tenant, n.repository) IS UNIQUE",
    "CREATE CONSTRAINT cogo_unit IF NOT EXISTS FOR (n:CogoUnit) REQUIRE (n.unit, n.tenant, n.repository) IS UNIQUE",
    "CREATE CONSTRAINT cogo_version IF NOT EXISTS FOR (n:CogoNode) REQUIRE (n.version, n.tenant, n.repository) IS UNIQUE",
    "CREATE INDEX cogo_node_unit IF NOT EXISTS FOR (n:CogoNode) ON (n.unit, n.tenant, n.repository)",
    "CREATE INDEX cogo_node_name IF NOT EXISTS FOR (n:CogoNode) ON (n.name, n.tenant, n.repository)",
    "CREATE INDEX cogo_node_path IF NOT EXISTS FOR (n:CogoNode) ON (n.path, n.tenant, n.repository)",
    "CREATE INDEX cogo_node_term IF NOT EXISTS FOR (n:CogoNode) ON (n.term, n.tenant, n.repository)",
];

/// Refuses servers that are too old.
pub(super) fn check(client: &Client) -> Result<()> {
    let text = "CALL dbms.components() YIELD name, versions RETURN [name, versions[0]] AS row";
    let rows = client.read(|| Query::new(text.to_owned()))?;
    let version = rows.iter().find_map(|row| row.get(1).map(Value::of)?.to_text().map(str::to_owned));
    let version = version.unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        let reason = format!("it is Neo4j {version}; version {OLDEST} or newer is needed");
        return Err(Error::Unfit { server: SERVER, reason });
    }
    Ok(())
}

/// Makes constraints and indexes that are not there, and waits until they can be used.
pub(super) fn ensure(client: &Client) -> Result<()> {
    let names = "SHOW INDEXES YIELD name, state WHERE state = 'ONLINE' AND name STARTS WITH 'cogo_' RETURN name AS row";
    let there = client.read(|| Query::new(names.to_owned()))?;
    if there.len() >= SCHEMA.len() {
        return Ok(());
    }
    for statement in SCHEMA {
        client.run(statement)?;
    }
    client.run("CALL db.awaitIndexes(300)")
}
