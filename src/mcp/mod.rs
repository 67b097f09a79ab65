//! cogo for coding agents, over the Model Context Protocol: six tools that only read, files as resources, a few prompts.
//!
//! A [`Host`] is a repository that is served: its index is made and kept up to date behind, and nobody waits for that.
//! [`serve_stdio`] speaks with the process that started us; [`service`] is the same over HTTP, to be mounted into a server.
//! What a tool answers is text with a limit in tokens: compact, the same for the same question, with places to cite and what
//! to ask next.
//!
//! The protocol (`rmcp`) is known to `server.rs`, `stdio.rs` and `http.rs` only.

mod answer;
mod host;
mod http;
pub mod install;
mod prompts;
mod resources;
mod server;
mod stdio;
mod tools;

pub use host::Host;
pub use http::{HttpOptions, serve_http, service};
pub use stdio::{Opener, serve_stdio};
pub use tools::{Refusal, call, definitions};
