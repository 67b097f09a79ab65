//! A client of Supabase Realtime: Phoenix channels over a WebSocket, with broadcast and presence.
//!
//! The service "does not guarantee that every message will be delivered", so it is used to wake others up, and never to tell them
//! anything. It needs outbound connections only. Protocol: <https://supabase.com/docs/guides/realtime/protocol>.

mod bell;
mod client;
mod frame;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;

use super::{Error, Result};

pub(super) use bell::Bell;
pub use frame::Version;

/// Gives the token of the user, a fresh one if the last is about to expire.
pub type Token = Arc<dyn Fn() -> String + Send + Sync>;

/// Where the service is, and how to speak with it.
#[derive(Clone)]
pub struct Options {
    /// The project, `https://<ref>.supabase.co`, or the service itself, `wss://…/realtime/v1`.
    pub url: String,
    /// The key of the project (`apikey`).
    pub key: String,
    /// The token of the user, where channels are private.
    pub token: Option<Token>,
    /// Whether channels are private: the service then asks the policies of the database who may join.
    pub private: bool,
    /// The version of the protocol.
    pub version: Version,
    /// Heartbeats; the service wants one every 25 seconds at least. Without an answer before the next, the connection is given up.
    pub heartbeat: Duration,
    /// The first pause before connecting or joining again; later ones are longer, up to a hundred times.
    pub pause: Duration,
}

impl Options {
    /// For public channels, with the newest version of the protocol.
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        Options {
            url: url.into(),
            key: key.into(),
            token: None,
            private: false,
            version: Version::V2,
            heartbeat: Duration::from_secs(20),
            pause: Duration::from_millis(200),
        }
    }

    /// The address of the socket.
    fn address(&self) -> Result<String> {
        let invalid = |reason: &str| Error::Settings(format!("realtime address: {reason}"));
        let uri: Uri = self.url.parse().map_err(|_| invalid("it is no URL"))?;
        let scheme = match uri.scheme_str() {
            Some("http" | "ws") => "ws",
            Some("https" | "wss") => "wss",
            _ => return Err(invalid("it begins with https:// or wss://")),
        };
        let host = uri.authority().filter(|host| !host.as_str().contains('@'));
        let host = host.ok_or_else(|| invalid("it has a host, and no password"))?;
        let path = Some(uri.path().trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or("/realtime/v1");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-~".contains(c);
        if self.key.is_empty() || !self.key.chars().all(is_plain) {
            return Err(Error::Settings("realtime key: letters, digits, and `._-~`".into()));
        }
        Ok(format!("{scheme}://{host}{path}/websocket?apikey={}&vsn={}", self.key, self.version.as_str()))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Options").field("url", &self.url).field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_of_projects_and_services() {
        let address = |url: &str| Options::new(url, "key").address();
        let full = "wss://x.supabase.co/realtime/v1/websocket?apikey=key&vsn=2.0.0";
        assert_eq!(address("https://x.supabase.co").expect("an address"), full);
        assert_eq!(address("wss://x.supabase.co/realtime/v1/").expect("an address"), full);
        let own = address("http://127.0.0.1:4000/socket").expect("an address");
        assert_eq!(own, "ws://127.0.0.1:4000/socket/websocket?apikey=key&vsn=2.0.0");
        for url in ["", "x.supabase.co", "ftp://x/", "https://me:secret@x/"] {
            let error = address(url).expect_err("no address").to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Options::new("https://x", "a b").address().is_err());
        assert!(!format!("{:?}", Options::new("https://x", "sb_secret")).contains("sb_secret"));
    }
}
