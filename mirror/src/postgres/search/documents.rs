//! Documents that a process has read; they never change, so they are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rag_core::store::Segment;
use sqlx::{PgConnection, Row};

use super::super::failure::Attempt;

/// Most bytes that are kept.
const LARGEST: usize = 512 << 20;

/// Open documents by their ids, which are never given twice.
#[derive(Default)]
pub(super) struct Documents(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    open: HashMap<i64, (Arc<Segment>, usize)>,
    bytes: usize,
}

impl Documents {
    /// The documents with these ids, in their order; `None` if one has been removed since.
    pub(super) async fn get(
        &self,
        connection: &mut PgConnection,
        dimensions: u32,
        ids: &[i64],
    ) -> Attempt<Option<Vec<Arc<Segment>>>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: HashMap<i64, Arc<Segment>> = HashMap::with_capacity(ids.len());
        let mut unknown = Vec::new();
        {
            let kept = lock();
            for id in ids {
                match kept.open.get(id) {
                    Some((segment, _)) => drop(found.insert(*id, segment.clone())),
                    None => unknown.push(*id),
                }
            }
        }
        if !unknown.is_empty() {
            let rows = sqlx::query("SELECT id, path, body FROM cogo.documents WHERE id = ANY($1)")
                .bind(&unknown)
                .fetch_all(connection)
                .await?;
            let mut new = Vec::with_capacity(rows.len());
            for row in &rows {
                let (id, path, body): (i64, &str, &[u8]) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                new.push((id, Arc::new(Segment::from_extract(path, body, dimensions as usize)?), body.len()));
            }
            let mut kept = lock();
            if kept.bytes > LARGEST {
                *kept = Kept::default();
            }
            for (id, segment, bytes) in new {
                found.insert(id, segment.clone());
                if kept.open.insert(id, (segment, bytes)).is_none() {
                    kept.bytes += bytes;
                }
            }
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }
}
