//! A connection to the server behind synchronous calls. What failed because the server was away or busy is tried again.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use neo4rs::{BoltType, ConfigBuilder, Graph, Neo4jErrorKind, Query};
use tokio::runtime::Runtime;

use super::{Address, SERVER};
use crate::{Error, Result};

/// Rows that are asked for at once.
const FETCH: usize = 10_000;
/// For how long a statement may run, and a connection be waited for.
const STATEMENT: Duration = Duration::from_secs(60);
/// Pauses between tries, from the first to the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(2)];

/// Ends of error codes that pass although they are not called transient: the server was stopped, or is not up yet; another client made
/// the same index at the same time, which `IF NOT EXISTS` sees only afterwards.
const PASSING: [&str; 5] = [
    "Transaction.Terminated",
    "Transaction.LockClientStopped",
    "DatabaseUnavailable",
    "NotALeader",
    "SchemaRuleAlreadyExists",
];

/// What a query returned: of each row, the list that it calls `row`.
pub(super) type Rows = Vec<Vec<BoltType>>;

/// Why something did not work.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may work another time.
    Passing(String),
    /// It will not.
    Lasting(Error),
}

impl From<neo4rs::Error> for Failure {
    fn from(error: neo4rs::Error) -> Self {
        use neo4rs::Error as E;
        let reason = error.to_string();
        match &error {
            E::AuthenticationError(_) => Failure::Lasting(Error::Unfit { server: SERVER, reason }),
            E::Neo4j(said) => match said.kind() {
                Neo4jErrorKind::Transient => Failure::Passing(reason),
                _ if PASSING.iter().any(|code| said.code().ends_with(code)) => Failure::Passing(reason),
                _ => Failure::Lasting(Error::Server { server: SERVER, reason }),
            },
            E::UrlParseError(_)
            | E::UnsupportedScheme(_)
            | E::InvalidDnsName(_)
            | E::InvalidConfig
            | E::UnsupportedVersion(..)
            | E::ProtocolMismatch(_) => Failure::Lasting(Error::Unreachable { server: SERVER, reason }),
            E::StringTooLong
            | E::MapTooBig
            | E::BytesTooBig
            | E::ListTooLong
            | E::ConversionError
            | E::DeserializationError(_) => Failure::Lasting(Error::Server { server: SERVER, reason }),
            // A connection that breaks may leave any half of a message behind.
            _ => Failure::Passing(reason),
        }
    }
}

/// Counts tries, and waits between them.
pub(super) struct Tries {
    until: Instant,
    pause: Duration,
}

impl Tries {
    pub(super) fn new(patience: Duration) -> Self {
        Tries { until: Instant::now() + patience, pause: PAUSES[0] }
    }

    /// Waits a moment after a failure, longer each time.
    ///
    /// # Errors
    /// If it cannot pass, or patience is over.
    pub(super) fn after(&mut self, failure: Failure) -> Result<()> {
        match failure {
            Failure::Lasting(error) => Err(error),
            Failure::Passing(reason) if Instant::now() >= self.until => {
                Err(Error::Unreachable { server: SERVER, reason })
            }
            Failure::Passing(reason) => {
                tracing::debug!(%reason, pause = ?self.pause, "neo4j is tried again");
                std::thread::sleep(self.pause);
                self.pause = (self.pause * 2).min(PAUSES[1]);
                Ok(())
            }
        }
    }
}

pub(super) struct Client {
    runtime: Runtime,
    address: Address,
    /// Made anew after a failure: a pool may hold connections that are dead and do not know it.
    graph: Mutex<Graph>,
    pub(super) patience: Duration,
}

impl Client {
    pub(super) fn open(address: &Address, patience: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::Unreachable { server: SERVER, reason: error.to_string() })?;
        let graph = Mutex::new(connect(&runtime, address)?);
        Ok(Client { runtime, address: address.clone(), graph, patience })
    }

    fn graph(&self) -> Graph {
        self.graph.lock().expect("no panic holds it").clone()
    }

    /// Leaves the connections behind that there are.
    fn renew(&self) -> Result<()> {
        *self.graph.lock().expect("no panic holds it") = connect(&self.runtime, &self.address)?;
        Ok(())
    }

    /// What a query that only reads returns, however often it must be tried.
    pub(super) fn read(&self, query: impl Fn() -> Query) -> Result<Rows> {
        let mut tries = Tries::new(self.patience);
        loop {
            match self.try_read(query()) {
                Ok(rows) => return Ok(rows),
                Err(failure) => tries.after(failure)?,
            }
        }
    }

    /// As [`read`](Self::read), once.
    pub(super) fn try_read(&self, query: Query) -> Result<Rows, Failure> {
        let graph = self.graph();
        let done = self.runtime.block_on(async {
            let mut stream = graph.execute_read(query).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(list(row.get::<BoltType>("row").map_err(neo4rs::Error::from)?));
            }
            Ok(rows)
        });
        self.settled(done)
    }

    /// Runs statements in one transaction, once. If the first returns no row, nothing is done and the answer is no.
    pub(super) fn try_write(&self, statements: Vec<Query>) -> Result<Option<Rows>, Failure> {
        let graph = self.graph();
        let done = self.runtime.block_on(async {
            let mut transaction = graph.start_txn().await?;
            let mut first: Option<Rows> = None;
            for statement in statements {
                let mut stream = transaction.execute(statement).await?;
                let mut rows = Vec::new();
                while let Some(row) = stream.next(transaction.handle()).await? {
                    if first.is_none() {
                        rows.push(list(row.get::<BoltType>("row").map_err(neo4rs::Error::from)?));
                    }
                }
                match &first {
                    None if rows.is_empty() => {
                        transaction.rollback().await?;
                        return Ok(None);
                    }
                    None => first = Some(rows),
                    Some(_) => {}
                }
            }
            transaction.commit().await?;
            Ok(first)
        });
        self.settled(done)
    }

    /// Runs a statement outside of a transaction of ours, as changes of the schema must be.
    pub(super) fn run(&self, statement: &str) -> Result<()> {
        let mut tries = Tries::new(self.patience);
        loop {
            let graph = self.graph();
            let done = self.runtime.block_on(async { graph.run(Query::new(statement.to_owned())).await });
            match self.settled(done.map(drop)) {
                Ok(()) => return Ok(()),
                Err(failure) => tries.after(failure)?,
            }
        }
    }

    fn settled<T>(&self, done: Result<T, neo4rs::Error>) -> Result<T, Failure> {
        done.map_err(|error| {
            let failure = Failure::from(error);
            match self.renew() {
                Err(error) => Failure::Lasting(error),
                Ok(()) => failure,
            }
        })
    }
}

fn connect(runtime: &Runtime, address: &Address) -> Result<Graph> {
    let mut config = ConfigBuilder::default()
        .uri(address.server())
        .user(address.user.as_str())
        .password(address.password.as_str())
        .fetch_size(FETCH)
        .max_connections(4)
        .connection_timeout(STATEMENT);
    if let Some(database) = &address.database {
        config = config.db(database.as_str());
    }
    let _inside = runtime.enter();
    let graph = config.build().and_then(Graph::connect);
    graph.map_err(|error| Error::Address { address: address.to_string(), server: SERVER, reason: error.to_string() })
}

fn list(row: BoltType) -> Vec<BoltType> {
    match row {
        BoltType::List(list) => list.value,
        other => vec![other],
    }
}
