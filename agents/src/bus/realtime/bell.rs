//! Waking others up: a broadcast on the topic of a channel says that there is something to read.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Options;
use super::client::{self, Command, Event};
use crate::bus::Result;
use crate::bus::message::{Channel, Member};

const PREFIX: &str = "realtime:";
const EVENT: &str = "message";
/// Topics that are joined only to send. The service allows a hundred per connection.
const SENDING: usize = 40;

/// Rings for others, and hears them ring.
#[derive(Clone)]
pub(crate) struct Bell(Arc<Inner>);

struct Inner {
    commands: mpsc::UnboundedSender<Command>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often each channel is followed.
    followed: HashMap<Channel, usize>,
    /// Channels that were rung on and are not followed, the last one at the end.
    sending: VecDeque<Channel>,
    /// What is shown of members of this process.
    members: BTreeMap<String, Value>,
}

impl Bell {
    /// Connects in the background. `on_ring` gets the name of a channel with news; none if all may have some.
    pub fn new(options: Options, on_ring: impl Fn(Option<&str>) + Send + 'static) -> Result<Self> {
        let commands = client::start(options, move |event| {
            let (Event::Joined(topic) | Event::Broadcast(topic)) = &event;
            on_ring(topic.strip_prefix(PREFIX));
        })?;
        Ok(Bell(Arc::new(Inner { commands, state: Mutex::default() })))
    }

    /// Tells others that message `seq` is on a channel.
    pub fn ring(&self, channel: &Channel, seq: i64) {
        let mut state = self.state();
        if !state.followed.contains_key(channel) {
            match state.sending.iter().position(|other| other == channel) {
                Some(at) => drop(state.sending.remove(at)),
                None => self.tell(Command::Join(topic(channel))),
            }
            state.sending.push_back(channel.clone());
            if state.sending.len() > SENDING
                && let Some(oldest) = state.sending.pop_front()
            {
                self.tell(Command::Leave(topic(&oldest)));
            }
        }
        self.tell(Command::Broadcast { topic: topic(channel), event: EVENT, payload: json!({ "seq": seq }) });
    }

    /// Listens to a channel, as often as it is called.
    pub fn follow(&self, channel: &Channel) {
        let mut state = self.state();
        let count = state.followed.entry(channel.clone()).or_default();
        *count += 1;
        if *count == 1 {
            state.sending.retain(|other| other != channel);
            self.tell(Command::Join(topic(channel)));
        }
    }

    /// Takes one [`Bell::follow`] back.
    pub fn unfollow(&self, channel: &Channel) {
        let mut state = self.state();
        let Some(count) = state.followed.get_mut(channel) else { return };
        *count -= 1;
        if *count == 0 {
            state.followed.remove(channel);
            self.tell(Command::Leave(topic(channel)));
        }
    }

    /// Shows a member to those who watch the presence of `system:events`. The table is what counts.
    pub fn track(&self, member: &Member) {
        let shown = json!({ "kind": member.kind, "meta": member.meta });
        let mut state = self.state();
        if state.members.get(&member.id) == Some(&shown) {
            return;
        }
        let is_first = state.members.insert(member.id.clone(), shown).is_none() && state.members.len() == 1;
        self.show(&state);
        drop(state);
        if is_first {
            self.follow(&Channel::system());
        }
    }

    /// Does not show a member any more.
    pub fn untrack(&self, id: &str) {
        let mut state = self.state();
        if state.members.remove(id).is_none() {
            return;
        }
        self.show(&state);
        let is_last = state.members.is_empty();
        drop(state);
        if is_last {
            self.unfollow(&Channel::system());
        }
    }

    fn show(&self, state: &State) {
        let payload = (!state.members.is_empty()).then(|| json!({ "members": state.members }));
        self.tell(Command::Track { topic: topic(&Channel::system()), payload });
    }

    /// The client takes commands as long as it lives; without it there is nobody to tell.
    fn tell(&self, command: Command) {
        let _ = self.0.commands.send(command);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn topic(channel: &Channel) -> String {
    format!("{PREFIX}{channel}")
}
