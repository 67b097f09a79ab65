//! The languages cogo knows, and what it finds in their files: definitions and references.
//!
//! [`detect`] tells the language of a file, [`Parser`] parses it and returns an [`Outline`].
//! What to extract is data: one rule file per language in `rules/`, see `rules.rs` for the format.

mod bindings;
mod compile;
mod define;
mod detect;
mod entry;
mod find;
mod masks;
mod names;
mod parser;
mod rules;
mod sort;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub use bindings::bindings;
pub use detect::{by_name, detect};
pub use entry::{Language, LanguageKind};
pub use parser::{Outline, Parser};
pub use table::all;
