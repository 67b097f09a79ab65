//! The bundled model as a class.

use cogo::Error;
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::prelude::*;
use rag_core::embedding::{Embedder as _, StaticEmbedder};

use crate::calls::detached;
use crate::failure::Failure;

/// Texts between two looks for Ctrl-C.
const BATCH: usize = 1024;

/// The model that is part of every index.
#[pyclass(frozen, module = "cogo._cogo")]
pub struct Embedder(StaticEmbedder);

#[pymethods]
impl Embedder {
    #[new]
    fn new(py: Python<'_>) -> Self {
        Embedder(detached(py, StaticEmbedder::bundled))
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.id()
    }

    #[getter]
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// One row per text. The array takes the memory over that the rows were written to.
    fn embed<'py>(&self, py: Python<'py>, texts: Vec<String>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let dimensions = self.0.dimensions();
        let mut rows = vec![0.0; texts.len() * dimensions];
        for (texts, rows) in texts.chunks(BATCH).zip(rows.chunks_mut(BATCH * dimensions)) {
            detached(py, || {
                for (text, row) in texts.iter().zip(rows.chunks_mut(dimensions)) {
                    self.0.embed(text, row);
                }
            });
            py.check_signals()?;
        }
        let shaped = Array2::from_shape_vec((texts.len(), dimensions), rows);
        let model = |reason: String| Failure::from(Error::Model { name: self.0.id().to_owned(), reason });
        Ok(shaped.map_err(|error| model(error.to_string()))?.into_pyarray(py))
    }
}
