//! The graph in Neo4j.
//!
//! What the index says is a picture of items: nodes, and relationships between them, each known by a digest of all that it says.
//! A sync writes what the server lacks and ends the validity of what it should not have; as items carry the revisions from and until
//! which they hold, nobody sees them before the one write that raises the repository's revision. A file's items have a digest
//! together, so that only files that differ are looked into. The same state is reached however often a sync is broken off.
//!
//! Labels, relationship types and properties are described in `docs/neo4j.md`.

mod address;
mod ask;
mod assembly;
mod client;
mod cypher;
mod lease;
mod part;
mod picture;
mod schema;
mod stored;
mod sync;
mod value;
mod verify;
mod write;

use std::sync::{Arc, RwLock};
use std::time::Duration;

pub use address::Address;
pub use ask::{Changed, View};
pub use sync::SyncOptions;

use crate::{Error, Origin, Result};
use client::Client;

/// Name of this kind of server in messages.
const SERVER: &str = "Neo4j";
/// The longest name of a tenant or a repository, in bytes; an index of the server holds it.
const LONGEST_NAME: usize = 1000;

/// How patient a mirror is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For how long it tries again when the server cannot be reached.
    pub server: Duration,
    /// For how long another sync is waited for.
    pub others: Duration,
    /// After what time a sync that says nothing is taken for dead.
    pub lease: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { server: Duration::from_secs(60), others: Duration::from_secs(600), lease: Duration::from_secs(15) }
    }
}

/// A Neo4j server that holds mirrors of graphs.
pub struct Neo4j {
    client: Client,
    patience: Patience,
    /// The graph that was read last as a whole, with its origin and revision.
    whole: RwLock<Option<(Origin, i64, Arc<graphrag::Graph>)>>,
}

impl Neo4j {
    /// A connection to the server at `address`. What mirrors need (constraints, indexes) is made by the first sync.
    ///
    /// # Errors
    /// If the server cannot be reached, refuses the password, or is older than Neo4j 5.
    pub fn open(address: &Address, patience: Patience) -> Result<Self> {
        let client = Client::open(address, patience.server)?;
        schema::check(&client)?;
        Ok(Neo4j { client, patience, whole: RwLock::default() })
    }

    /// Runs a Cypher query that only reads, with `$tenant`, `$repository` and `$revision` of `origin`; gives of each row what it calls
    /// `row`, as text.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses it.
    pub fn query(&self, origin: &Origin, cypher: &str) -> Result<Vec<Vec<String>>> {
        let revision = self.visible(origin)?.map_or(0, |visible| visible.revision);
        let rows = self.client.read(|| cypher::of(origin, cypher).param("revision", revision))?;
        Ok(rows.iter().map(|row| row.iter().map(value::shown).collect()).collect())
    }
}

/// What readers see of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visible {
    /// Items hold from and until revisions; this one is shown.
    revision: i64,
    /// The generation of the index that was mirrored.
    generation: u64,
}

/// Refuses names that the server's indexes cannot hold.
fn check(origin: &Origin) -> Result<()> {
    let is_long = |name: &str| name.is_empty() || name.len() > LONGEST_NAME;
    if is_long(&origin.tenant) || is_long(&origin.repository) {
        let reason = format!("names of tenants and repositories have 1 to {LONGEST_NAME} bytes");
        return Err(Error::Unfit { server: SERVER, reason });
    }
    Ok(())
}
