//! cogo for Python, the compiled half: thin classes over [`cogo::Engine`].
//!
//! What users see is written in Python (`python/cogo/`), with types and documentation. This crate converts, releases the
//! interpreter's lock around work (`calls.rs`), and turns errors into exceptions (`failure.rs`). Answers of the graph cross as JSON,
//! in the shapes of [`cogo::wire`].

mod calls;
mod embedder;
mod engine;
mod failure;
mod graph;
mod hit;

use pyo3::prelude::*;

#[pymodule]
fn _cogo(module: &Bound<'_, PyModule>) -> PyResult<()> {
    calls::remember_process();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<embedder::Embedder>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<hit::Hit>()
}
