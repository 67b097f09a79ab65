//! Reading a channel: from memory while one keeps up, from the table while one does not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::message::{Channel, Delivery, Message};
use super::ring::{Found, Ring};
use super::table::Feed;

/// Messages that are taken at once.
const BATCH: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A reader of a channel. It holds no message back from others, however slow it is.
pub struct Subscription {
    ring: Arc<Ring>,
    news: watch::Receiver<i64>,
    after: i64,
    ready: VecDeque<Arc<Message>>,
    table: Option<Arc<Feed>>,
}

impl Subscription {
    pub(super) fn new(ring: Arc<Ring>, after: i64, table: Option<Arc<Feed>>) -> Self {
        let news = ring.watch();
        Subscription { ring, news, after, ready: VecDeque::new(), table }
    }

    /// Waits for the next delivery. Giving up the wait loses nothing.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if let Some(message) = self.ready.pop_front() {
                self.after = message.seq;
                if message.expires_at.is_none_or(|end| end > now()) {
                    return Delivery::Message(message);
                }
                continue;
            }
            self.news.borrow_and_update();
            match self.ring.after(self.after, BATCH, &mut self.ready) {
                Found::Some => {}
                // The sender lives as long as the ring.
                Found::Nothing => drop(self.news.changed().await),
                Found::Forgotten(complete_after) => match self.table.clone() {
                    None => return self.lag(complete_after),
                    Some(table) => {
                        if let Some(lagged) = self.catch_up(&table, complete_after).await {
                            return lagged;
                        }
                    }
                },
            }
        }
    }

    /// The number of the message that was delivered last, for [`super::Start::After`].
    pub fn position(&self) -> i64 {
        self.after
    }

    fn lag(&mut self, to: i64) -> Delivery {
        let gone = to.saturating_sub(self.after);
        self.after = to;
        Delivery::Lagged(gone as u64)
    }

    /// Reads what is not in memory any more; as long as it takes, because the tables may be away for a while.
    async fn catch_up(&mut self, table: &Feed, complete_after: i64) -> Option<Delivery> {
        let mut pause = FIRST_PAUSE;
        loop {
            match table.read(self.after, BATCH).await {
                Ok(page) if page.pruned > self.after => return Some(self.lag(page.pruned)),
                Ok(page) => {
                    // Expired messages are not read: without any, everything up to the ring is over.
                    if page.messages.is_empty() {
                        self.after = complete_after;
                    }
                    self.ready.extend(page.messages.into_iter().map(|(message, _)| message));
                    return None;
                }
                Err(error) => {
                    let channel = Channel::as_str(table.channel());
                    tracing::warn!(channel, %error, "cannot read, and tries again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
