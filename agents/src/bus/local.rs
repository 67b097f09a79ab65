//! The bus within one process: nothing to set up, nothing that outlives it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use uuid::Uuid;

use super::message::{Channel, Member, Message, NewMessage, Presence, Start};
use super::ring::{Capacity, Ring};
use super::subscription::Subscription;
use super::{Bus, Result, presence};

/// A bus in memory. It keeps the last 1024 messages of each channel (or 8 MiB of them).
#[derive(Default)]
pub struct LocalBus {
    channels: Mutex<HashMap<Channel, Arc<Line>>>,
    members: Mutex<BTreeMap<String, Seen>>,
    capacity: Capacity,
}

struct Line {
    ring: Arc<Ring>,
    /// Messages that were sent with a key, by tenant and key.
    keys: Mutex<HashMap<(String, String), Arc<Message>>>,
}

struct Seen {
    presence: Presence,
    until: Instant,
}

impl LocalBus {
    /// A bus that keeps so many messages of each channel.
    pub fn with_capacity(messages: usize) -> Self {
        LocalBus { capacity: Capacity { messages: messages.max(1), ..Capacity::default() }, ..LocalBus::default() }
    }

    fn line(&self, channel: &Channel) -> Arc<Line> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = channels.get(channel) {
            return line.clone();
        }
        let line = Arc::new(Line { ring: Arc::new(Ring::new(0, self.capacity)), keys: Mutex::default() });
        channels.insert(channel.clone(), line.clone());
        line
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out who was not heard of in time.
    fn expired(&self) -> Vec<Member> {
        let now = Instant::now();
        let mut members = self.members();
        let gone: Vec<String> =
            members.iter().filter(|(_, seen)| seen.until <= now).map(|(id, _)| id.clone()).collect();
        gone.iter().filter_map(|id| members.remove(id)).map(|seen| seen.presence.member).collect()
    }

    async fn expire(&self) -> Result<()> {
        for member in self.expired() {
            presence::tell(self, &member, false).await?;
        }
        Ok(())
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, channel: &Channel, new: NewMessage) -> Result<Arc<Message>> {
        let size = new.checked()?.len();
        let line = self.line(channel);
        // Numbers are given and messages added under one lock, so that they are in order.
        let mut keys = line.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let key = new.idempotency_key.clone().map(|key| (new.tenant.clone(), key));
        if let Some(earlier) = key.as_ref().and_then(|key| keys.get(key)) {
            return Ok(earlier.clone());
        }
        let at = now();
        let message = Arc::new(Message {
            id: Uuid::now_v7().to_string(),
            channel: channel.clone(),
            seq: line.ring.last() + 1,
            to: new.to,
            tenant: new.tenant,
            intent: new.intent,
            payload: new.payload,
            trace_id: new.trace_id,
            idempotency_key: new.idempotency_key,
            attempts: new.attempts,
            at,
            expires_at: new.ttl.map(|ttl| at.saturating_add(ttl.as_millis() as i64)),
        });
        if let Some(key) = key {
            keys.insert(key, message.clone());
        }
        for gone in line.ring.push([(message.clone(), size)]) {
            if let Some(key) = &gone.idempotency_key {
                keys.remove(&(gone.tenant.clone(), key.clone()));
            }
        }
        Ok(message)
    }

    async fn subscribe(&self, channel: &Channel, start: Start) -> Result<Subscription> {
        let ring = self.line(channel).ring.clone();
        let after = match start {
            Start::Now => ring.last(),
            Start::After(seq) => seq,
        };
        Ok(Subscription::new(ring, after, None))
    }

    async fn announce(&self, member: &Member, ttl: Duration) -> Result<()> {
        self.expire().await?;
        let (seen, until) = (now(), Instant::now() + ttl);
        let is_new = {
            let mut members = self.members();
            let since = members.get(&member.id).map(|seen| seen.presence.since);
            let presence = Presence { member: member.clone(), since: since.unwrap_or(seen), seen };
            members.insert(member.id.clone(), Seen { presence, until });
            since.is_none()
        };
        if is_new { presence::tell(self, member, true).await } else { Ok(()) }
    }

    async fn leave(&self, id: &str) -> Result<()> {
        let gone = self.members().remove(id);
        match gone {
            Some(seen) => presence::tell(self, &seen.presence.member, false).await,
            None => Ok(()),
        }
    }

    async fn members(&self) -> Result<Vec<Presence>> {
        self.expire().await?;
        Ok(self.members().values().map(|seen| seen.presence.clone()).collect())
    }
}
