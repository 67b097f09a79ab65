//! Waking workers of other processes: `NOTIFY` when a job is ready, `LISTEN` for it.
//!
//! A notification takes a lock that all commits share, so they are sent apart from the transactions, and one stands for all jobs of a
//! short while. One that is lost costs a worker the time until it looks by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;

use crate::Hint;

const CHANNEL: &str = "cogo_jobs";
/// At most one notification in this time.
const APART: Duration = Duration::from_millis(10);
/// Pause before listening again after the connection broke.
const AGAIN: Duration = Duration::from_millis(500);

/// Rings in other processes, and hears their ringing.
pub(super) struct Bell {
    pool: PgPool,
    is_rung: AtomicBool,
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl Bell {
    pub(super) fn new(pool: PgPool) -> Arc<Self> {
        Arc::new(Bell { pool, is_rung: AtomicBool::new(false), listener: Mutex::default() })
    }

    /// Tells the others, soon.
    pub(super) fn ring(self: &Arc<Self>) {
        if self.is_rung.swap(true, Ordering::AcqRel) {
            return;
        }
        let bell = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(APART).await;
            bell.is_rung.store(false, Ordering::Release);
            let told = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&bell.pool).await;
            if let Err(error) = told {
                tracing::debug!(%error, "workers elsewhere were not told");
            }
        });
    }

    /// Begins to listen, once.
    pub(super) fn listen(self: &Arc<Self>, hint: &Hint) {
        let mut listener = self.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if listener.is_none() {
            *listener = Some(tokio::spawn(hear(self.pool.clone(), hint.clone())));
        }
    }

    /// Ends listening.
    pub(super) fn stop(&self) {
        let listener = self.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(listener) = listener {
            listener.abort();
        }
    }
}

async fn hear(pool: PgPool, hint: Hint) {
    while !pool.is_closed() {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            // What was said before is not heard: look.
            hint.heard();
            while let Ok(Some(_)) = listener.try_recv().await {
                hint.heard();
            }
        }
        hint.heard();
        tokio::time::sleep(AGAIN).await;
    }
}
