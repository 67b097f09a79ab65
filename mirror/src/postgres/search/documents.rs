//! Documents that a process has read; they never change, so they are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rag_core::store::Segment;
use sqlx::{PgConnection, Row};

use super::super::failure::Attempt;
use super::state::State;

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
    /// The documents with these ids.
    pub(super) async fn get(
        &self,
        connection: &mut PgConnection,
        state: &State,
        ids: &[i64],
    ) -> Attempt<Vec<Arc<Segment>>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::with_capacity(ids.len());
        let mut unknown = Vec::new();
        {
            let kept = lock();
            for id in ids {
                match kept.open.get(id) {
                    Some((segment, _)) => found.push(segment.clone()),
                    None => unknown.push(*id),
                }
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let rows = sqlx::query("SELECT id, body FROM cogo.documents WHERE id = ANY($1)")
            .bind(&unknown)
            .fetch_all(connection)
            .await?;
        let mut new = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, body): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            let name = state.documents.get(&id).map_or("", |(path, _)| path.as_str());
            new.push((id, Arc::new(Segment::from_extract(name, body, state.dimensions as usize)?), body.len()));
        }
        found.extend(new.iter().map(|(_, segment, _)| segment.clone()));
        let mut kept = lock();
        if kept.bytes > LARGEST {
            *kept = Kept::default();
        }
        for (id, segment, bytes) in new {
            kept.bytes += bytes;
            kept.open.insert(id, (segment, bytes));
        }
        Ok(found)
    }
}
