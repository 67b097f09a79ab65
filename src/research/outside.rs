//! Evidence from outside of the repository. Who asked for it, and how, is not known here: passages come in, with where they were found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::{Evidence, Source};

/// The best passage of a source weighs as much as a hit between the first and the second of a search: the repository itself goes first.
const WEIGHT: f32 = 0.75;

/// What was found outside, and which sources gave no answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// What was found: the best of every source, then the second ones, and so on.
    pub passages: Vec<Passage>,
    /// Sources that gave no answer.
    pub unanswered: Vec<Unanswered>,
}

/// A text that a source has given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// What the text is.
    pub origin: Origin,
    /// The text.
    pub text: String,
    /// How many passages of the same source are better.
    pub rank: usize,
}

/// Where a passage was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// The source that was asked, by its name in the settings.
    pub source: String,
    /// The title.
    pub title: String,
    /// The address.
    pub url: String,
    /// The artifact of the job in which the text is kept as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A source that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unanswered {
    /// Its name.
    pub source: String,
    /// Why not.
    pub reason: String,
}

impl Evidence {
    pub(super) fn of_passage(passage: &Passage) -> Self {
        Evidence {
            path: passage.origin.url.clone(),
            start_line: 1,
            end_line: passage.text.lines().count().max(1) as u32,
            source: Source::Web,
            weight: WEIGHT / (passage.rank + 1) as f32,
            text: passage.text.clone(),
            origin: Some(passage.origin.clone()),
            link: None,
        }
    }
}
