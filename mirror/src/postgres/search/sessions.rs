//! Connections of a reader.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::address::Address;
use super::super::connection;
use super::super::failure::{Attempt, Failure};

/// Questions that are asked at once.
const CONNECTIONS: usize = 8;
/// Longest wait for a new connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A statement that takes longer is given up by the server; a server that does not answer at all, a little later by us.
const STATEMENT_TIMEOUT: &str = "20s";
const ANSWER: Duration = Duration::from_secs(25);
/// Attempts on connections that break.
const TRIES: usize = 3;
/// Compiling a statement takes longer than running it; constants are written in the way of the standard.
const SETTINGS: &str = "SET jit = off; SET standard_conforming_strings = on; SET hnsw.ef_search = ";

/// Sessions that wait for the next question. Those of a server that has gone away are noticed when they are used, and made anew; a server
/// that cannot be reached is said at once.
pub(super) struct Sessions {
    address: Address,
    tenant: String,
    breadth: usize,
    runtime: Runtime,
    idle: Mutex<Vec<PgConnection>>,
    free: Semaphore,
}

impl Sessions {
    /// Sessions for `tenant` that search in graphs with this breadth. Connects when it is used.
    pub(super) fn new(address: Address, tenant: String, breadth: usize) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (idle, free) = (Mutex::default(), Semaphore::new(CONNECTIONS));
        Ok(Sessions { address, tenant, breadth, runtime, idle, free })
    }

    /// Where they lead, without a password.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Lets `act` have a connection, and another one if that breaks.
    pub(super) fn with<T>(&self, mut act: impl AsyncFnMut(&mut PgConnection) -> Attempt<T>) -> Attempt<T> {
        self.runtime.block_on(async {
            // Nobody closes it.
            let _free = self.free.acquire().await.map_err(|closed| Failure::Lost(closed.to_string()))?;
            let mut tries = 0;
            loop {
                tries += 1;
                let idle = self.idle().pop();
                let mut connection = match idle {
                    Some(connection) => connection,
                    None => self.connect().await?,
                };
                let outcome = timeout(ANSWER, act(&mut connection)).await;
                let outcome = outcome.unwrap_or_else(|_| {
                    Err(Failure::Lost(format!("{} did not answer in {} s", self.address, ANSWER.as_secs())))
                });
                match outcome {
                    Err(Failure::Lost(reason)) if tries < TRIES => {
                        tracing::debug!(reason, "the connection is lost; trying again");
                        // What became of this one has become of all.
                        self.idle().clear();
                    }
                    Err(Failure::Lost(reason)) => return Err(Failure::Lost(reason)),
                    outcome => {
                        self.idle().push(connection);
                        return outcome;
                    }
                }
            }
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Attempt<PgConnection> {
        let made = async {
            let mut connection = self.address.quiet().connect().await?;
            connection::set_session(&mut connection, &self.tenant, STATEMENT_TIMEOUT).await?;
            connection::execute(&mut connection, format!("{SETTINGS}{}", self.breadth)).await?;
            Ok(connection)
        };
        let late = || Failure::Lost(format!("{} did not answer in {} s", self.address, CONNECT.as_secs()));
        timeout(CONNECT, made).await.unwrap_or_else(|_| Err(late()))
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        // Connections end on the runtime that they live on.
        let _inside = self.runtime.enter();
        self.idle().clear();
    }
}
