//! The graph of a repository: which use means which definition, and how sure we are.
//!
//! [`link`] is a pure function of the facts of all files. An edge is *proven* if scopes, imports and the types of
//! receivers leave one definition, *possible* with all candidates if only the name is known, *external* if the name
//! comes from outside of the repository, and *unresolved* if nothing is known. No edge is made up. [`Graph`] is what can
//! be asked about them.

mod annotation;
mod c;
mod classes;
mod edge;
mod effort;
mod exports;
pub mod extract;
mod file;
mod finding;
mod go_members;
mod go_modules;
pub mod graph;
mod imports;
mod infer;
mod java_calls;
mod java_modules;
mod java_names;
mod java_overloads;
pub mod knowledge;
mod link;
mod manifest;
mod members;
mod mentions;
mod modules;
pub mod network;
mod nominal;
mod parameters;
mod rust;
pub mod scip;
mod scopes;
mod similar;
mod surface;
mod tokens;
mod types;
mod world;

#[cfg(test)]
mod tests;

pub use edge::{Edge, Target, Tier};
pub use file::FileFacts;
pub use graph::Graph;
pub use imports::{Import, Imported};
pub use link::{Resolved, link, resolve};
pub use manifest::{Manifest, ManifestKind};
pub use mentions::Mention;
pub use surface::{Key, Route};
