//! Being there: a heartbeat as long as a member lives.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;

use super::message::{Channel, Member, NewMessage};
use super::{Bus, Result};

/// Heartbeats per time to live: two may be lost.
const BEATS: u32 = 3;

/// A member that is kept online. Dropped, it is not heard of any more, and offline when its time is over; [`Online::leave`] is faster.
pub struct Online {
    bus: Arc<dyn Bus>,
    id: String,
    beats: JoinHandle<()>,
}

/// Announces a member and keeps doing so.
///
/// # Errors
/// If the first announcement fails. Later ones are repeated.
pub async fn join(bus: Arc<dyn Bus>, member: Member, ttl: Duration) -> Result<Online> {
    bus.announce(&member, ttl).await?;
    let (id, beating) = (member.id.clone(), bus.clone());
    let beats = tokio::spawn(async move {
        loop {
            tokio::time::sleep(ttl / BEATS).await;
            if let Err(error) = beating.announce(&member, ttl).await {
                tracing::warn!(member = member.id, %error, "a heartbeat was lost");
            }
        }
    });
    Ok(Online { bus, id, beats })
}

impl Online {
    /// Goes, and says so.
    ///
    /// # Errors
    /// If that cannot be said; the member is gone all the same, when its time is over.
    pub async fn leave(self) -> Result<()> {
        self.beats.abort();
        self.bus.leave(&self.id).await
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        self.beats.abort();
    }
}

/// Tells everybody that a member came or went.
pub(super) async fn tell(bus: &dyn Bus, member: &Member, is_online: bool) -> Result<()> {
    let intent = if is_online { "agent.online" } else { "agent.offline" };
    let payload = json!({ "id": member.id, "kind": member.kind, "meta": member.meta });
    bus.publish(&Channel::system(), NewMessage::new(intent, payload)).await.map(drop)
}
