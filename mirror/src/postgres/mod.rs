//! Chunks, vectors and text search in PostgreSQL with pgvector.
//!
//! * `address.rs`, `connection.rs`, `failure.rs`: a session that is fit for a mirror; what a failure means.
//! * `migrations/`: the schema `cogo`.
//! * `local.rs`, `rows.rs`, `copy.rs`: the documents of a generation as rows.
//! * `sync.rs`, `terms.rs`, `index.rs`: bringing the mirror up to date.
//! * `edges.rs`: uses of definitions, when documents are there.
//! * `encodings.rs`: what a large model has made of chunks so far.
//! * `verify.rs`: comparing it row by row.
//! * `search/`: answering queries from it.

mod address;
mod connection;
mod copy;
mod edges;
mod encodings;
mod failure;
mod index;
mod insert;
mod local;
mod rows;
mod search;
mod sync;
mod terms;
mod verify;

use std::time::Duration;

use graphrag::Graph;
use rag_core::Snapshot;
use rag_core::store::Vectors;
use tokio::runtime::Runtime;

pub use self::search::{Answer, Document, Reader};

use self::address::Address;
use self::failure::{Attempt, Failure};
use self::local::Local;
use self::sync::Progress;
use crate::{Error, Origin, Result, Synced, Verified};

/// How messages call this kind of server.
const NAME: &str = "PostgreSQL";
/// Connections in a row on which nothing gets done before a sync gives up.
const FRUITLESS: u32 = 50;
/// Tries to connect, at first and to a server that was there before and may be starting again; the wait after the first try doubles.
const FIRST_TRIES: u32 = 3;
const TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Whether `text` is an address of this kind of server.
pub fn is_address(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

/// How to sync.
#[derive(Clone, Copy, Debug)]
pub struct SyncOptions {
    /// Whether a mirror of a newer generation may be replaced: by another clone, or an index that was written anew.
    pub older: bool,
    /// How long to wait for another sync of the same repository.
    pub wait: Duration,
}

impl Default for SyncOptions {
    fn default() -> Self {
        SyncOptions { older: false, wait: Duration::from_secs(600) }
    }
}

/// The mirror of one repository in a PostgreSQL database.
pub struct Postgres {
    address: Address,
    origin: Origin,
    runtime: Runtime,
}

impl Postgres {
    /// The mirror of `origin` at `url` (`postgres://user:password@host:port/database`). Connects when it is used.
    ///
    /// # Errors
    /// [`Error::Address`] if the URL cannot be read.
    pub fn new(url: &str, origin: Origin) -> Result<Self> {
        let address = Address::parse(url)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Server { server: NAME, reason: error.to_string() })?;
        Ok(Postgres { address, origin, runtime })
    }

    /// Brings the mirror up to date with `snapshot`. A lost connection is made again, and what was written is not written twice.
    ///
    /// # Errors
    /// If the server cannot be reached or used ([`Error::Unreachable`], [`Error::Unfit`], [`Error::Server`]), or holds a newer
    /// generation ([`Error::Older`]): readers see what they saw before.
    pub fn sync(&self, snapshot: &Snapshot, options: &SyncOptions) -> Result<Synced> {
        let local = Local::new(snapshot)?;
        let mut progress = Progress::new();
        self.with_patience(&mut progress, |connection, progress| {
            if !progress.prepared {
                self.runtime.block_on(connection::prepare(connection, &self.origin))?;
                progress.prepared = true;
                progress.steps += 1;
            }
            sync::attempt(&self.runtime, connection, &self.origin, &local, options, progress)
        })?;
        Ok(progress.synced)
    }

    /// Brings the uses of definitions up to date with the graph of `generation`, which was synced before. Counts are of uses.
    ///
    /// # Errors
    /// If the server cannot be reached or used.
    pub fn sync_edges(&self, generation: u64, graph: &Graph, options: &SyncOptions) -> Result<Synced> {
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                sync::lock(connection, &self.origin, options.wait).await?;
                edges::sync(connection, &self.origin, generation, graph).await
            })
        })
    }

    /// Adds what the large model `model` has made of the chunks of `snapshot`, which was synced before, as far as it has come; what other
    /// large models made is removed. Counts are of chunks.
    ///
    /// # Errors
    /// If the server cannot be reached or used.
    pub fn sync_encodings(
        &self,
        snapshot: &Snapshot,
        model: &str,
        vectors: &Vectors,
        options: &SyncOptions,
    ) -> Result<Synced> {
        let local = Local::new(snapshot)?;
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                sync::lock(connection, &self.origin, options.wait).await?;
                encodings::sync(connection, &self.origin, &local, model, vectors).await
            })
        })
    }

    /// Compares all that `model` has made with what the mirror holds of it.
    ///
    /// # Errors
    /// If the server cannot be reached or used.
    pub fn verify_encodings(&self, snapshot: &Snapshot, model: &str, vectors: &Vectors) -> Result<Verified> {
        let local = Local::new(snapshot)?;
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                connection::check(connection).await?;
                encodings::verify(connection, &self.origin, &local, model, vectors, false).await
            })
        })
    }

    /// Writes anew what differs of what `model` has made, and says where that was.
    ///
    /// # Errors
    /// As [`verify_encodings`](Self::verify_encodings).
    pub fn repair_encodings(
        &self,
        snapshot: &Snapshot,
        model: &str,
        vectors: &Vectors,
        options: &SyncOptions,
    ) -> Result<(Verified, Synced)> {
        let local = Local::new(snapshot)?;
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                sync::lock(connection, &self.origin, options.wait).await?;
                let verified = encodings::verify(connection, &self.origin, &local, model, vectors, true).await?;
                let synced = encodings::sync(connection, &self.origin, &local, model, vectors).await?;
                Ok((verified, synced))
            })
        })
    }

    /// Compares every use of a definition with the graph of `generation`.
    ///
    /// # Errors
    /// If the server cannot be reached or used, or holds another generation.
    pub fn verify_edges(&self, generation: u64, graph: &Graph) -> Result<Verified> {
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                connection::check(connection).await?;
                edges::verify(connection, &self.origin, generation, graph, false).await
            })
        })
    }

    /// Writes the uses anew where they differ, and says where that was.
    ///
    /// # Errors
    /// As [`verify_edges`](Self::verify_edges).
    pub fn repair_edges(&self, generation: u64, graph: &Graph, options: &SyncOptions) -> Result<(Verified, Synced)> {
        self.with_patience(&mut Progress::new(), |connection, _| {
            self.runtime.block_on(async {
                sync::lock(connection, &self.origin, options.wait).await?;
                let verified = edges::verify(connection, &self.origin, generation, graph, true).await?;
                let synced = edges::sync(connection, &self.origin, generation, graph).await?;
                Ok((verified, synced))
            })
        })
    }

    /// Compares every row of the mirror with what `snapshot` says it should be.
    ///
    /// # Errors
    /// If the server cannot be reached or used.
    pub fn verify(&self, snapshot: &Snapshot) -> Result<Verified> {
        let local = Local::new(snapshot)?;
        let mut progress = Progress::new();
        self.with_patience(&mut progress, |connection, _| {
            self.runtime.block_on(async {
                connection::check(connection).await?;
                verify::verify(connection, &self.origin, &local).await
            })
        })
        .map(|found| found.verified)
    }

    /// Writes what differs anew, and says what did. Readers see the old rows until all are there.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn repair(&self, snapshot: &Snapshot, options: &SyncOptions) -> Result<(Verified, Synced)> {
        let local = Local::new(snapshot)?;
        let mut progress = Progress::new();
        let verified = self.with_patience(&mut progress, |connection, progress| {
            let found = self.runtime.block_on(async {
                connection::prepare(connection, &self.origin).await?;
                let found = verify::verify(connection, &self.origin, &local).await?;
                verify::disown(connection, &self.origin, &found, options).await?;
                Attempt::Ok(found)
            })?;
            sync::attempt(&self.runtime, connection, &self.origin, &local, options, progress)?;
            self.runtime.block_on(verify::recount(connection, &self.origin))?;
            Ok(found.verified)
        })?;
        Ok((verified, progress.synced))
    }

    /// Runs `act` with a connection, and with another one as long as connections break and something gets done.
    fn with_patience<T>(
        &self,
        progress: &mut Progress,
        mut act: impl FnMut(&mut sqlx::PgConnection, &mut Progress) -> Attempt<T>,
    ) -> Result<T> {
        let (mut fruitless, mut refused, mut tries) = (0, 0, FIRST_TRIES);
        loop {
            let before = progress.steps;
            let outcome = match self.runtime.block_on(connection::connect(&self.address, &self.origin)) {
                Err(Failure::Lost(reason)) if refused + 1 < tries => {
                    tracing::debug!(reason, "no connection; trying again");
                    std::thread::sleep(FIRST_WAIT * 2u32.pow(refused));
                    refused += 1;
                    continue;
                }
                Err(failure) => return Err(failure.into()),
                Ok(mut connection) => {
                    (refused, tries) = (0, TRIES);
                    let outcome = act(&mut connection, progress);
                    self.runtime.block_on(async {
                        match outcome {
                            Ok(_) => connection::close(connection).await,
                            Err(_) => drop(connection),
                        }
                    });
                    outcome
                }
            };
            let reason = match outcome {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Lost(reason)) => reason,
            };
            fruitless = if progress.steps > before { 0 } else { fruitless + 1 };
            if fruitless > FRUITLESS {
                return Err(Error::Unreachable { server: NAME, reason });
            }
            tracing::debug!(reason, "the connection is lost; trying again");
            progress.be_careful();
        }
    }
}
