//! Messages between agents, and who is there.
//!
//! A [`Bus`] has channels with numbered messages, and members. Agent code does not know which one it has:
//!
//! | bus | messages are kept | how others notice |
//! |---|---|---|
//! | [`LocalBus`] | the last ones, in memory | at once, in this process |
//! | [`TableBus`] over SQLite | in a table | by looking |
//! | [`TableBus`] over PostgreSQL | in a table | `LISTEN`/`NOTIFY`, and by looking |
//! | the same with Supabase Realtime | in a table | a broadcast, and by looking |
//!
//! A notice is only a hint to look: it can be lost, doubled or late, and nothing else happens than that a message comes later. Whoever
//! publishes never waits for whoever reads. Who reads too slowly gets [`Delivery::Lagged`] where messages are gone, and goes on.

mod journal;
mod local;
mod message;
mod presence;
pub mod realtime;
mod ring;
mod subscription;
mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use journal::{Journal, PostgresJournal, SqliteJournal};
pub use local::LocalBus;
pub use message::{Address, Channel, Delivery, MAX_PAYLOAD, Member, Message, NewMessage, Presence, Start};
pub use presence::{Online, join};
pub use subscription::Subscription;
pub use table::{BusOptions, TableBus};

/// What can go wrong on a bus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that cannot be sent, or no channel.
    #[error("{0}")]
    Invalid(String),
    /// The tables cannot be reached, or not be used.
    #[error("the tables of the bus cannot be used")]
    Tables(#[from] sqlx::Error),
    /// A row that no version of this program wrote.
    #[error("a message in the table cannot be read: {0}")]
    Row(String),
    /// Settings that cannot be used.
    #[error("{0}")]
    Settings(String),
}

/// Result of using a bus.
pub type Result<T> = std::result::Result<T, Error>;

/// Messages between agents, and who is there.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends a message. It is on the channel when this returns. Gives the message, or the one that was sent with the same key before.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is too large; where messages are kept in tables, if those cannot be reached.
    async fn publish(&self, channel: &Channel, message: NewMessage) -> Result<Arc<Message>>;

    /// Reads a channel from `start` on.
    ///
    /// # Errors
    /// Where messages are kept in tables, if those cannot be reached.
    async fn subscribe(&self, channel: &Channel, start: Start) -> Result<Subscription>;

    /// Says that a member is there, for so long. The first time, `agent.online` is sent to `system:events`; a member that was not heard
    /// of in time is gone, with `agent.offline`.
    ///
    /// # Errors
    /// Where members are kept in tables, if those cannot be reached.
    async fn announce(&self, member: &Member, ttl: Duration) -> Result<()>;

    /// Says that a member goes.
    ///
    /// # Errors
    /// As above.
    async fn leave(&self, id: &str) -> Result<()>;

    /// Who is there, by id.
    ///
    /// # Errors
    /// As above.
    async fn members(&self) -> Result<Vec<Presence>>;
}
