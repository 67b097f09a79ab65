//! Hits.

use rag_core::Hit;
use serde::Serialize;
use utoipa::ToSchema;

/// A hit: a piece of a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HitJson {
    /// Relative to the repository, with `/` separators.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Qualified name of the definition that the piece is, begins, or lies in.
    pub symbol: Option<String>,
    /// Kind of that definition.
    pub kind: Option<&'static str>,
    /// Language of the file.
    pub language: String,
    /// The text.
    pub snippet: String,
    /// The repository, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Names the piece to `GET /v1/chunks/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How the score came about, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Vec<TermJson>>,
}

/// A term of a score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TermJson {
    /// The feature.
    pub name: &'static str,
    /// Its value for this hit.
    pub value: f32,
    /// Its weight.
    pub weight: f32,
    /// `value · weight`.
    pub contribution: f32,
}

impl HitJson {
    /// The hit, without repository and id.
    pub fn new(hit: Hit, explain: bool) -> Self {
        let term = |term: &rag_core::hybrid::Term| TermJson {
            name: term.name,
            value: term.value,
            weight: term.weight,
            contribution: term.value * term.weight,
        };
        HitJson {
            terms: explain.then(|| hit.terms.iter().map(term).collect()),
            path: hit.path,
            start_line: hit.start_line,
            end_line: hit.end_line,
            score: hit.score,
            symbol: hit.symbol,
            kind: hit.kind.map(|kind| kind.as_str()),
            language: hit.language,
            snippet: hit.text,
            repository: None,
            id: None,
        }
    }
}

/// Where a hit lies.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlaceJson {
    /// Relative to the repository.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// Qualified name of the definition.
    pub symbol: Option<String>,
}

impl From<&Hit> for PlaceJson {
    fn from(hit: &Hit) -> Self {
        PlaceJson {
            path: hit.path.clone(),
            start_line: hit.start_line,
            end_line: hit.end_line,
            symbol: hit.symbol.clone(),
        }
    }
}
