//! One sync at a time. Who syncs holds a lease on the repository's node. Each write takes the lock of that node, and happens only if the
//! lease is still held and no write came between; so a write is done once, also where its answer got lost on the way.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use neo4rs::{BoltType, Query};

use super::client::{Client, Failure, Tries};
use super::cypher::{self, OF_ORIGIN};
use super::value::Value;
use super::{Patience, SERVER, Visible};
use crate::{Error, Origin, Result};

/// How often it is looked whether another sync has ended.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct Lease<'c> {
    pub client: &'c Client,
    pub origin: &'c Origin,
    patience: &'c Patience,
    holder: String,
    step: i64,
    /// What readers see.
    pub visible: Visible,
    /// Whether more was written than is visible.
    pub is_pending: bool,
}

impl<'c> Lease<'c> {
    /// Waits until no other sync of `origin` runs, and takes the lease.
    pub(super) fn take(client: &'c Client, origin: &'c Origin, patience: &'c Patience) -> Result<Self> {
        let random = || RandomState::new().build_hasher().finish();
        let holder = format!("{:016x}{:016x}", random(), random());
        // The property is read after the write lock is there: what is read before may be outdated by then.
        let text = format!(
            "MERGE (r:CogoRepository {{{OF_ORIGIN}}}) \
             ON CREATE SET r.revision = 0, r.generation = 0, r.step = 0 \
             SET r.busy = true \
             WITH r, r.holder IS NULL OR r.holder = $holder OR r.lease < timestamp() AS free \
             SET r.holder = CASE WHEN free THEN $holder ELSE r.holder END, \
                 r.lease = CASE WHEN free THEN timestamp() + $lease ELSE r.lease END \
             REMOVE r.busy \
             RETURN [free, r.step, r.revision, r.generation, r.pending] AS row"
        );
        let until = Instant::now() + patience.others;
        let mut tries = Tries::new(patience.server);
        loop {
            let query = cypher::of(origin, &text)
                .param("holder", holder.as_str())
                .param("lease", patience.lease.as_millis() as i64);
            let row = match client.try_write(vec![query]) {
                Ok(rows) => rows.into_iter().flatten().next().unwrap_or_default(),
                Err(failure) => {
                    tries.after(failure)?;
                    continue;
                }
            };
            let number = |at: usize| row.get(at).map(Value::of).and_then(|value| value.to_number::<i64>());
            if row.first().map(Value::of) == Some(Value::Truth(true)) {
                let (revision, generation) = (number(2).unwrap_or_default(), number(3).unwrap_or_default());
                let visible = Visible { revision, generation: generation.max(0) as u64 };
                let step = number(1).unwrap_or_default();
                let is_pending = row.get(4).map(Value::of) == Some(Value::Truth(true));
                return Ok(Lease { client, origin, patience, holder, step, visible, is_pending });
            }
            if Instant::now() >= until {
                let reason = "another sync of this repository is running".to_owned();
                return Err(Error::Server { server: SERVER, reason });
            }
            std::thread::sleep(LOOK);
            tries = Tries::new(patience.server);
        }
    }

    /// Does `statements` in one transaction, if the lease is still held. `false`: it did not work this time and nothing is done, but
    /// may work with less or later.
    pub(super) fn write(&mut self, statements: Vec<Query>, tries: &mut Tries) -> Result<bool, Failure> {
        let fence = format!(
            "MATCH (r:CogoRepository {{{OF_ORIGIN}}}) SET r.busy = true \
             WITH r WHERE r.holder = $holder AND r.step = $step \
             SET r.step = $step + 1, r.lease = timestamp() + $lease REMOVE r.busy \
             RETURN r.step AS row"
        );
        let fence = self.query(&fence).param("step", self.step);
        let done = self.client.try_write(std::iter::once(fence).chain(statements).collect());
        match done {
            Ok(Some(_)) => {
                self.step += 1;
                Ok(true)
            }
            Ok(None) => Err(lost()),
            Err(failure) => {
                tries.after(failure).map_err(Failure::Lasting)?;
                self.settle(tries)
            }
        }
    }

    /// Whether the last write was done after all. It waits for the node's lock: after that, the write is over.
    fn settle(&mut self, tries: &mut Tries) -> Result<bool, Failure> {
        let text = format!(
            "MATCH (r:CogoRepository {{{OF_ORIGIN}}}) SET r.busy = true \
             WITH r, r.holder = $holder AS held SET r.lease = CASE WHEN held THEN timestamp() + $lease ELSE r.lease END \
             REMOVE r.busy RETURN [held, r.step] AS row"
        );
        loop {
            match self.client.try_write(vec![self.query(&text)]) {
                Ok(rows) => {
                    let row: Vec<BoltType> = rows.into_iter().flatten().next().unwrap_or_default();
                    let values: Vec<Value> = row.iter().map(Value::of).collect();
                    if values.first() != Some(&Value::Truth(true)) {
                        return Err(lost());
                    }
                    let is_done = values.get(1) == Some(&Value::Number(self.step + 1));
                    self.step += i64::from(is_done);
                    return Ok(is_done);
                }
                Err(failure) => tries.after(failure).map_err(Failure::Lasting)?,
            }
        }
    }

    /// Does `statements` however often it must be tried.
    pub(super) fn insist(&mut self, statements: impl Fn(&Self) -> Vec<Query>) -> Result<(), Failure> {
        let mut tries = Tries::new(self.patience.server);
        while !self.write(statements(self), &mut tries)? {}
        Ok(())
    }

    /// A query with who we are.
    pub(super) fn query(&self, text: &str) -> Query {
        cypher::of(self.origin, text)
            .param("holder", self.holder.as_str())
            .param("lease", self.patience.lease.as_millis() as i64)
    }

    /// The revision that is being written.
    pub(super) fn next(&self) -> i64 {
        self.visible.revision + 1
    }

    pub(super) fn tries(&self) -> Tries {
        Tries::new(self.patience.server)
    }

    /// Shows the revision that was written, as that of `generation`.
    pub(super) fn show(&mut self, generation: u64) -> Result<(), Failure> {
        let next = self.next();
        let text = format!(
            "MATCH (r:CogoRepository {{{OF_ORIGIN}}}) \
             SET r.revision = $next, r.generation = $generation, r.synced = datetime() \
             REMOVE r.pending"
        );
        self.insist(|lease| {
            vec![lease.query(&text).param("next", next).param("generation", generation.min(i64::MAX as u64) as i64)]
        })?;
        self.visible = Visible { revision: next, generation };
        self.is_pending = false;
        Ok(())
    }

    /// Notes that something will be written that is not visible yet.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        let text = format!("MATCH (r:CogoRepository {{{OF_ORIGIN}}}) SET r.pending = true");
        self.insist(|lease| vec![lease.query(&text)])?;
        self.is_pending = true;
        Ok(())
    }
}

impl Drop for Lease<'_> {
    /// Lets the next sync begin at once. If that does not work, it begins when the lease has run out.
    fn drop(&mut self) {
        let text = format!(
            "MATCH (r:CogoRepository {{{OF_ORIGIN}}}) WHERE r.holder = $holder REMOVE r.holder, r.lease RETURN 1 AS row"
        );
        let _ = self.client.try_write(vec![self.query(&text)]);
    }
}

fn lost() -> Failure {
    Failure::Passing("another sync took over".to_owned())
}
