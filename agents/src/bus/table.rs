//! A bus over tables: one reader per channel and process, which hints wake up, and which looks by itself now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::journal::{Journal, NOTICES, Page, PostgresJournal};
use super::message::{Channel, Member, Message, NewMessage, Presence, Start};
use super::realtime::{self, Bell};
use super::ring::{Capacity, Ring};
use super::subscription::Subscription;
use super::{Bus, Result, presence};

/// Messages that are read at once.
const BATCH: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a [`TableBus`] reads.
#[derive(Clone, Copy, Debug)]
pub struct BusOptions {
    /// How often a channel is looked at, whatever hints say: what a message is late at most if its hint is lost.
    pub poll: Duration,
    /// So many of the last messages of each channel are kept in memory; who is slower reads the table.
    pub recent: usize,
}

impl Default for BusOptions {
    fn default() -> Self {
        BusOptions { poll: Duration::from_secs(1), recent: 1024 }
    }
}

/// A bus whose messages and members are kept in tables.
pub struct TableBus {
    reader: Arc<Reader>,
    bell: Option<Bell>,
    _listener: Option<Task>,
}

/// The channels that somebody in this process reads.
pub(super) struct Reader {
    journal: Arc<dyn Journal>,
    options: BusOptions,
    feeds: Mutex<HashMap<Channel, Weak<Feed>>>,
}

/// One channel that is read.
pub(super) struct Feed {
    channel: Channel,
    journal: Arc<dyn Journal>,
    ring: Arc<Ring>,
    wake: Arc<Notify>,
    bell: Option<Bell>,
    _pump: Task,
}

/// A task that ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl TableBus {
    /// Without hints: others are noticed by looking.
    pub fn polling(journal: Arc<dyn Journal>, options: BusOptions) -> Self {
        TableBus { reader: Reader::new(journal, options), bell: None, _listener: None }
    }

    /// With `LISTEN`. The journal has to notify.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn listening(journal: PostgresJournal, options: BusOptions) -> Result<Self> {
        let mut listener = PgListener::connect_with(journal.pool()).await?;
        listener.listen(NOTICES).await?;
        let reader = Reader::new(Arc::new(journal), options);
        let task = Task(tokio::spawn(listen(listener, Arc::downgrade(&reader))));
        Ok(TableBus { reader, bell: None, _listener: Some(task) })
    }

    /// With broadcasts over Supabase Realtime. It connects in the background, as often as it has to; until then others are noticed by
    /// looking.
    ///
    /// # Errors
    /// If the address cannot be used.
    pub fn realtime(journal: Arc<dyn Journal>, service: realtime::Options, options: BusOptions) -> Result<Self> {
        let reader = Reader::new(journal, options);
        let weak = Arc::downgrade(&reader);
        let bell = Bell::new(service, move |channel| {
            let Some(reader) = weak.upgrade() else { return };
            match channel {
                Some(channel) => reader.wake(channel),
                None => reader.wake_all(),
            }
        })?;
        Ok(TableBus { reader, bell: Some(bell), _listener: None })
    }

    /// Deletes messages that are older, and their keys. Who has not read them gets [`super::Delivery::Lagged`].
    ///
    /// # Errors
    /// If the tables cannot be reached.
    pub async fn prune(&self, older_than: Duration) -> Result<u64> {
        self.reader.journal.prune(older_than).await
    }

    async fn expire(&self) -> Result<()> {
        for member in self.reader.journal.expire().await? {
            presence::tell(self, &member, false).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Bus for TableBus {
    async fn publish(&self, channel: &Channel, message: NewMessage) -> Result<Arc<Message>> {
        let message = Arc::new(self.reader.journal.append(channel, &message).await?);
        self.reader.wake(channel.as_str());
        if let Some(bell) = &self.bell {
            bell.ring(channel, message.seq);
        }
        Ok(message)
    }

    async fn subscribe(&self, channel: &Channel, start: Start) -> Result<Subscription> {
        let (feed, last) = self.reader.feed(channel, self.bell.as_ref()).await?;
        let after = match start {
            Start::Now => last,
            Start::After(seq) => seq,
        };
        Ok(Subscription::new(feed.ring.clone(), after, Some(feed)))
    }

    async fn announce(&self, member: &Member, ttl: Duration) -> Result<()> {
        self.expire().await?;
        if let Some(bell) = &self.bell {
            bell.track(member);
        }
        if self.reader.journal.beat(member, ttl).await? { presence::tell(self, member, true).await } else { Ok(()) }
    }

    async fn leave(&self, id: &str) -> Result<()> {
        if let Some(bell) = &self.bell {
            bell.untrack(id);
        }
        match self.reader.journal.leave(id).await? {
            Some(member) => presence::tell(self, &member, false).await,
            None => Ok(()),
        }
    }

    async fn members(&self) -> Result<Vec<Presence>> {
        self.expire().await?;
        self.reader.journal.members().await
    }
}

impl Reader {
    fn new(journal: Arc<dyn Journal>, options: BusOptions) -> Arc<Self> {
        Arc::new(Reader { journal, options, feeds: Mutex::default() })
    }

    /// The feed of a channel, and the number of its last message.
    async fn feed(&self, channel: &Channel, bell: Option<&Bell>) -> Result<(Arc<Feed>, i64)> {
        let known = || {
            let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            feeds.get(channel).and_then(Weak::upgrade)
        };
        // Asked after the feed, so that nothing lies between the two.
        let feed = known();
        let last = self.journal.read(channel, i64::MAX, 1).await?.last;
        if let Some(feed) = feed {
            return Ok((feed, last));
        }
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been faster.
        if let Some(feed) = feeds.get(channel).and_then(Weak::upgrade) {
            return Ok((feed, last));
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let feed = Arc::new(Feed::new(channel.clone(), self.journal.clone(), last, self.options, bell.cloned()));
        feeds.insert(channel.clone(), Arc::downgrade(&feed));
        Ok((feed, last))
    }

    fn wake(&self, channel: &str) {
        let Ok(channel) = channel.parse::<Channel>() else { return };
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(&channel).and_then(Weak::upgrade) {
            feed.wake.notify_one();
        }
    }

    fn wake_all(&self) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.values().filter_map(Weak::upgrade).for_each(|feed| feed.wake.notify_one());
    }
}

impl Feed {
    fn new(channel: Channel, journal: Arc<dyn Journal>, last: i64, options: BusOptions, bell: Option<Bell>) -> Self {
        let capacity = Capacity { messages: options.recent.max(1), ..Capacity::default() };
        let (ring, wake) = (Arc::new(Ring::new(last, capacity)), Arc::new(Notify::new()));
        let pump = pump(channel.clone(), journal.clone(), ring.clone(), wake.clone(), options.poll);
        if let Some(bell) = &bell {
            bell.follow(&channel);
        }
        Feed { channel, journal, ring, wake, bell, _pump: Task(tokio::spawn(pump)) }
    }

    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    pub async fn read(&self, after: i64, most: usize) -> Result<Page> {
        self.journal.read(&self.channel, after, most).await
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(bell) = &self.bell {
            bell.unfollow(&self.channel);
        }
    }
}

/// Moves new messages from the table to the ring.
async fn pump(channel: Channel, journal: Arc<dyn Journal>, ring: Arc<Ring>, wake: Arc<Notify>, poll: Duration) {
    let mut after = ring.last();
    let mut pause = FIRST_PAUSE;
    loop {
        match journal.read(&channel, after, BATCH).await {
            Ok(page) => {
                pause = FIRST_PAUSE;
                let is_full = page.messages.len() == BATCH;
                let newest = page.messages.last().map_or(after, |(message, _)| message.seq);
                // Without more to read, what has no message here has expired.
                after = if is_full { newest } else { newest.max(page.last) };
                ring.push(page.messages);
                if !is_full {
                    let _ = tokio::time::timeout(poll, wake.notified()).await;
                }
            }
            Err(error) => {
                tracing::warn!(channel = channel.as_str(), %error, "cannot read, and tries again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Passes notices on. After a lost connection, all channels are looked at: notices are lost with it.
async fn listen(mut listener: PgListener, reader: Weak<Reader>) {
    loop {
        let notice = listener.try_recv().await;
        let Some(reader) = reader.upgrade() else { return };
        match notice {
            Ok(Some(notice)) => reader.wake(notice.payload()),
            // It is connected again, and listens.
            Ok(None) => reader.wake_all(),
            Err(error) => {
                tracing::warn!(%error, "no notices for now");
                while listener.listen(NOTICES).await.is_err() {
                    tokio::time::sleep(FIRST_PAUSE * 10).await;
                }
                reader.wake_all();
            }
        }
    }
}
