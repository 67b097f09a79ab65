//! Hits as JSON: the contract that scripts rely on.

use rag_core::Hit;
use serde::Serialize;

use super::target::Target;

/// A hit as scripts see it. The names and their meaning do not change.
#[derive(Serialize)]
pub(super) struct HitJson<'h> {
    path: &'h str,
    start_line: u32,
    end_line: u32,
    score: f32,
    symbol: Option<&'h str>,
    kind: Option<&'static str>,
    language: &'h str,
    snippet: &'h str,
    /// Root of the repository, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// With `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Vec<TermJson>>,
}

#[derive(Serialize)]
struct TermJson {
    name: &'static str,
    value: f32,
    weight: f32,
    contribution: f32,
}

impl<'h> HitJson<'h> {
    pub(super) fn new(hit: &'h Hit, target: &Target, explain: bool) -> Self {
        let term = |term: &rag_core::hybrid::Term| TermJson {
            name: term.name,
            value: term.value,
            weight: term.weight,
            contribution: term.value * term.weight,
        };
        HitJson {
            path: &hit.path,
            start_line: hit.start_line,
            end_line: hit.end_line,
            score: hit.score,
            symbol: hit.symbol.as_deref(),
            kind: hit.kind.map(|kind| kind.as_str()),
            language: &hit.language,
            snippet: &hit.text,
            repository: target.repository_of(hit).map(|root| root.to_string_lossy().into_owned()),
            terms: explain.then(|| hit.terms.iter().map(term).collect()),
        }
    }
}

/// All hits as scripts see them.
pub(super) fn all<'h>(hits: &'h [Hit], target: &Target, explain: bool) -> Vec<HitJson<'h>> {
    hits.iter().map(|hit| HitJson::new(hit, target, explain)).collect()
}
