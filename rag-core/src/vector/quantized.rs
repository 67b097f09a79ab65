//! Vectors as they are stored: int8 to scan, half precision to rescore.

use half::f16;
use half::slice::HalfFloatSliceExt;
use simsimd::SpatialSimilarity;

use crate::error::Result;
use crate::store::container::{Container, Records};

/// Collects the vectors of a segment.
pub struct Quantizer {
    dimensions: usize,
    bytes: Vec<i8>,
    scales: Vec<f32>,
    halves: Vec<f16>,
}

impl Quantizer {
    /// An empty collection of vectors of this length.
    pub fn new(dimensions: usize) -> Self {
        Quantizer { dimensions, bytes: Vec::new(), scales: Vec::new(), halves: Vec::new() }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Adds a vector.
    pub fn push(&mut self, vector: &[f32]) {
        debug_assert_eq!(vector.len(), self.dimensions);
        self.scales.push(quantize(vector, &mut self.bytes));
        let at = self.halves.len();
        self.halves.resize(at + vector.len(), f16::ZERO);
        self.halves[at..].convert_from_f32_slice(vector);
    }

    /// Adds a vector that another segment holds already.
    pub fn push_stored(&mut self, from: &QuantizedVectors, chunk: u32) {
        let range = from.range(chunk);
        self.bytes.extend_from_slice(&from.bytes[range.clone()]);
        self.scales.push(from.scales[chunk as usize]);
        self.halves.extend(from.halves[range].iter().map(|&bits| f16::from_bits(bits)));
    }

    /// The sections to store: name and content.
    pub fn sections(&self) -> [(&'static str, &[u8]); 3] {
        [
            ("vectors.i8", bytemuck::cast_slice(&self.bytes)),
            ("vectors.scale", bytemuck::cast_slice(&self.scales)),
            ("vectors.f16", bytemuck::cast_slice(&self.halves)),
        ]
    }
}

/// Appends `vector` as int8 to `out` and returns the scale that restores it.
pub(crate) fn quantize(vector: &[f32], out: &mut Vec<i8>) -> f32 {
    let largest = vector.iter().fold(0f32, |max, x| max.max(x.abs()));
    let scale = largest / 127.0;
    let factor = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    out.extend(vector.iter().map(|x| (x * factor).round() as i8));
    scale
}

/// A query in both forms.
pub struct QuantizedQuery {
    exact: Vec<f32>,
    bytes: Vec<i8>,
    scale: f32,
}

impl QuantizedQuery {
    /// Prepares a unit vector.
    pub fn new(vector: Vec<f32>) -> Self {
        let mut bytes = Vec::with_capacity(vector.len());
        let scale = quantize(&vector, &mut bytes);
        QuantizedQuery { exact: vector, bytes, scale }
    }

    /// The query as it was given.
    pub fn vector(&self) -> &[f32] {
        &self.exact
    }

    /// Whether the model knew nothing of the query.
    pub fn is_zero(&self) -> bool {
        self.scale == 0.0
    }
}

/// The stored vectors of a segment.
#[derive(Clone)]
pub struct QuantizedVectors {
    dimensions: usize,
    bytes: Records<i8>,
    scales: Records<f32>,
    halves: Records<u16>,
}

impl QuantizedVectors {
    /// The vectors of `container`, which must hold `chunks` of them.
    pub fn open(container: &Container, dimensions: usize, chunks: usize) -> Result<Self> {
        let vectors = QuantizedVectors {
            dimensions,
            bytes: container.records("vectors.i8")?,
            scales: container.records("vectors.scale")?,
            halves: container.records("vectors.f16")?,
        };
        let values = chunks * dimensions;
        let whole = vectors.bytes.len() == values && vectors.halves.len() == values && vectors.scales.len() == chunks;
        if whole { Ok(vectors) } else { Err(container.corrupt("vectors do not match the chunks")) }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The sections that hold the vectors of these chunks alone: name and content.
    pub(crate) fn sections_of(&self, chunks: std::ops::Range<u32>) -> [(&'static str, &[u8]); 3] {
        let (start, end) = (chunks.start as usize, chunks.end as usize);
        let values = start * self.dimensions..end * self.dimensions;
        [
            ("vectors.i8", bytemuck::cast_slice(&self.bytes[values.clone()])),
            ("vectors.scale", bytemuck::cast_slice(&self.scales[start..end])),
            ("vectors.f16", bytemuck::cast_slice(&self.halves[values])),
        ]
    }

    /// The stored halves of a chunk's vector, as bits.
    pub(crate) fn halves(&self, chunk: u32) -> &[u16] {
        &self.halves[self.range(chunk)]
    }

    /// Length of every vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All vectors as int8, one after the other.
    pub(super) fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    fn range(&self, chunk: u32) -> std::ops::Range<usize> {
        let start = chunk as usize * self.dimensions;
        start..start + self.dimensions
    }

    /// The cosine by int8 arithmetic: within about 0.005 of the true one.
    pub fn estimate(&self, query: &QuantizedQuery, chunk: u32) -> f32 {
        let dot = i8::dot(&query.bytes, &self.bytes[self.range(chunk)]).unwrap_or(0.0);
        dot as f32 * query.scale * self.scales[chunk as usize]
    }

    /// The same for several chunks.
    pub(super) fn estimates<'v>(
        &'v self,
        query: &'v QuantizedQuery,
        chunks: &'v [u32],
    ) -> impl Iterator<Item = f32> + 'v {
        // Behind these are views that check their bytes whenever they are asked for.
        let (bytes, scales): (&[i8], &[f32]) = (&self.bytes, &self.scales);
        chunks.iter().map(|&chunk| {
            let dot = i8::dot(&query.bytes, &bytes[self.range(chunk)]).unwrap_or(0.0);
            dot as f32 * query.scale * scales[chunk as usize]
        })
    }

    /// The cosine by f32 arithmetic. `scratch` is overwritten; it spares an allocation per call.
    pub fn score(&self, query: &QuantizedQuery, chunk: u32, scratch: &mut Vec<f32>) -> f32 {
        let halves: &[f16] = bytemuck::cast_slice(&self.halves[self.range(chunk)]);
        scratch.resize(halves.len(), 0.0);
        halves.convert_to_f32_slice(scratch);
        f32::dot(&query.exact, scratch).unwrap_or(0.0) as f32
    }

    /// The stored vector of a chunk.
    pub fn vector(&self, chunk: u32) -> Vec<f32> {
        self.halves[self.range(chunk)].iter().map(|&bits| f16::from_bits(bits).to_f32()).collect()
    }
}
