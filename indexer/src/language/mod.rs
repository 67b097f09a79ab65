//! The languages cogo knows, and what it finds in their files: definitions and references.
//!
//! [`detect`] tells the language of a file, [`Parser`] parses it and returns an [`Outline`].
//! What to extract is data: one rule file per language in `rules/`, see [`rules`] for the format.

mod detect;
mod find;
mod names;
mod parser;
mod rules;
mod sort;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub use detect::{by_name, detect};
pub use parser::{Outline, Parser};
pub use table::{Language, LanguageKind, all};
