//! The last messages of a channel, in memory, and those who wait for the next.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use super::message::Message;

/// What is not among the last so many messages, or bytes of payload, is forgotten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capacity {
    pub messages: usize,
    pub bytes: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Capacity { messages: 1024, bytes: 8 * 1024 * 1024 }
    }
}

pub(super) struct Ring {
    capacity: Capacity,
    inner: RwLock<Inner>,
    last: watch::Sender<i64>,
}

struct Inner {
    messages: VecDeque<(Arc<Message>, usize)>,
    bytes: usize,
    /// Everything after this number, up to the last, is here.
    complete_after: i64,
}

/// What there is after a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Messages.
    Some,
    /// Nothing yet.
    Nothing,
    /// What comes next is not here any more; everything after this number is.
    Forgotten(i64),
}

impl Ring {
    /// Messages after number `last` will be pushed.
    pub fn new(last: i64, capacity: Capacity) -> Self {
        let inner = Inner { messages: VecDeque::new(), bytes: 0, complete_after: last };
        Ring { capacity, inner: inner.into(), last: watch::Sender::new(last) }
    }

    /// Adds messages with numbers above all that are here; gives those that had to go.
    pub fn push(&self, messages: impl IntoIterator<Item = (Arc<Message>, usize)>) -> Vec<Arc<Message>> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let mut gone = Vec::new();
        let mut last = None;
        for (message, size) in messages {
            last = Some(message.seq);
            inner.bytes += size;
            inner.messages.push_back((message, size));
        }
        while inner.messages.len() > self.capacity.messages || inner.bytes > self.capacity.bytes {
            let Some((message, size)) = inner.messages.pop_front() else { break };
            inner.bytes -= size;
            inner.complete_after = message.seq;
            gone.push(message);
        }
        drop(inner);
        if let Some(last) = last {
            self.last.send_replace(last);
        }
        gone
    }

    /// The number of the last message.
    pub fn last(&self) -> i64 {
        *self.last.borrow()
    }

    /// Notices when there are new messages.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.last.subscribe()
    }

    /// Collects at most `most` messages after number `after` into `out`, which is empty.
    pub fn after(&self, after: i64, most: usize, out: &mut VecDeque<Arc<Message>>) -> Found {
        let inner = self.read();
        if after < inner.complete_after {
            return Found::Forgotten(inner.complete_after);
        }
        let from = inner.messages.partition_point(|(message, _)| message.seq <= after);
        let found = inner.messages.range(from..).take(most);
        out.extend(found.map(|(message, _)| message.clone()));
        if out.is_empty() { Found::Nothing } else { Found::Some }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}
