//! Hits.

use pyo3::prelude::*;

/// A piece of a file that answers a query.
#[pyclass(frozen, module = "cogo")]
pub struct Hit(cogo::Hit);

impl From<cogo::Hit> for Hit {
    fn from(hit: cogo::Hit) -> Self {
        Hit(hit)
    }
}

#[pymethods]
impl Hit {
    /// Relative to the repository, with `/` separators.
    #[getter]
    fn path(&self) -> &str {
        &self.0.path
    }

    /// First line, from 1.
    #[getter]
    fn start_line(&self) -> u32 {
        self.0.start_line
    }

    /// Last line, inclusive.
    #[getter]
    fn end_line(&self) -> u32 {
        self.0.end_line
    }

    /// Higher is better; comparable within one answer only.
    #[getter]
    fn score(&self) -> f32 {
        self.0.score
    }

    /// Qualified name of the definition that the piece is, begins, or lies in.
    #[getter]
    fn symbol(&self) -> Option<&str> {
        self.0.symbol.as_deref()
    }

    /// Kind of that definition: `function`, `class`, …
    #[getter]
    fn kind(&self) -> Option<&'static str> {
        self.0.kind.map(|kind| kind.as_str())
    }

    /// Language of the file.
    #[getter]
    fn language(&self) -> &str {
        &self.0.language
    }

    /// The text.
    #[getter]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// Name, value and weight of each term of the score; empty unless the query asked to explain.
    #[getter]
    fn terms(&self) -> Vec<(&'static str, f32, f32)> {
        self.0.terms.iter().map(|term| (term.name, term.value, term.weight)).collect()
    }

    fn __repr__(&self) -> String {
        let hit = &self.0;
        let symbol = hit.symbol.as_ref().map(|symbol| format!(" {symbol}")).unwrap_or_default();
        format!("<Hit {}:{}-{}{symbol} {:.2}>", hit.path, hit.start_line, hit.end_line, hit.score)
    }
}
