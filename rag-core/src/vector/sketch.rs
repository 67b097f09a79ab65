//! Sketches: one bit per dimension, to see at a glance which vectors cannot be near.
//!
//! The scan of all vectors is bound by memory: 256 bytes each. A sketch holds the signs alone, 32 bytes, and a query keeps four bits per
//! dimension: the asymmetric estimate of RaBitQ (Gao & Long 2024, arXiv 2405.12497) without its rotation, which gained nothing
//! here. It only chooses which vectors are looked at more closely.

use std::ops::Range;

use multiversion::multiversion;

use super::{QuantizedQuery, QuantizedVectors};

/// Bits per dimension of a query.
const PLANES: usize = 4;
/// Added to a query's numbers, −7 to 7, so that none is negative.
const OFFSET: i32 = 8;

/// The signs of all vectors of a segment.
pub(super) struct Sketches {
    /// 64-bit words per vector
    words: usize,
    signs: Vec<u64>,
}

impl Sketches {
    /// The sketches of `vectors`, made by reading all of them once.
    pub(super) fn of(vectors: &QuantizedVectors) -> Self {
        let words = vectors.dimensions().div_ceil(64);
        let mut signs = Vec::with_capacity(vectors.len() * words);
        for vector in vectors.bytes().chunks_exact(vectors.dimensions().max(1)) {
            signs.extend(vector.chunks(64).map(|part| {
                part.chunks(8).enumerate().fold(0, |word, (index, part)| word | positive(part) << (8 * index))
            }));
        }
        Sketches { words, signs }
    }

    /// How near each of `chunks` is to the query, by their signs: larger is nearer. Added to `out`, in their order.
    pub(super) fn estimate(&self, query: &SketchedQuery, chunks: Range<u32>, out: &mut Vec<i32>) {
        let range = chunks.start as usize * self.words..chunks.end as usize * self.words;
        let Some(signs) = self.signs.get(range) else { return };
        let start = out.len();
        out.resize(start + chunks.len(), 0);
        match self.words {
            // The length of the bundled model's vectors, known to the compiler.
            4 => estimate_all::<4>(signs, &query.planes, &mut out[start..]),
            words => {
                for (signs, out) in signs.chunks_exact(words.max(1)).zip(&mut out[start..]) {
                    *out = signs.iter().zip(&query.planes).map(|(signs, planes)| weigh(*signs, planes)).sum();
                }
            }
        }
    }
}

/// Bit *i* is set if number *i* is not negative; up to eight numbers.
fn positive(numbers: &[i8]) -> u64 {
    let mut bytes = [0x80; 8];
    for (byte, number) in bytes.iter_mut().zip(numbers) {
        *byte = *number as u8;
    }
    let positive = (!u64::from_le_bytes(bytes) >> 7) & 0x0101_0101_0101_0101;
    // Gathers the lowest bit of each byte.
    positive.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// A query in four bits per dimension.
pub(super) struct SketchedQuery {
    /// per 64 dimensions: one word per bit
    planes: Vec<[u64; PLANES]>,
}

impl SketchedQuery {
    pub(super) fn new(query: &QuantizedQuery) -> Self {
        let vector = query.vector();
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |max, x| max.max(x.abs()));
        let mut planes = vec![[0; PLANES]; vector.len().div_ceil(64)];
        for (index, x) in vector.iter().enumerate() {
            let number = (x / largest * 7.0).round() as i32 + OFFSET;
            for (bit, plane) in planes[index / 64].iter_mut().enumerate() {
                *plane |= u64::from(number >> bit & 1 == 1) << (index % 64);
            }
        }
        SketchedQuery { planes }
    }

    /// No estimate is farther from zero.
    pub(super) fn bound(&self) -> i32 {
        OFFSET * 64 * self.planes.len() as i32
    }
}

/// Σ of the query's numbers where the sign is positive, over 64 dimensions. (What is negative counts against a vector; that would double
/// this and add what all vectors share.)
#[inline(always)]
fn weigh(signs: u64, planes: &[u64; PLANES]) -> i32 {
    let [a, b, c, d] = *planes;
    let ones = |word: u64| word.count_ones() as i32;
    ones(signs & a) + (ones(signs & b) << 1) + (ones(signs & c) << 2) + (ones(signs & d) << 3) - OFFSET * ones(signs)
}

/// The same for vectors of `W` words, by the widest instructions there are. Plain loops: what an iterator's closure does would be
/// compiled without them.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vpopcntdq+avx2+bmi1+bmi2+popcnt",
    "x86_64+avx2+bmi1+bmi2+popcnt",
    "x86_64+popcnt"
))]
fn estimate_all<const W: usize>(signs: &[u64], planes: &[[u64; PLANES]], out: &mut [i32]) {
    let Some(planes) = planes.first_chunk::<W>() else { return };
    for (signs, out) in signs.as_chunks::<W>().0.iter().zip(out) {
        let mut sum = 0;
        for word in 0..W {
            sum += weigh(signs[word], &planes[word]);
        }
        *out = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::exact::tests::{stored, unit};
    use crate::vector::{Quantizer, quantize};

    #[test]
    fn estimates_are_what_the_signs_say() {
        for dimensions in [100, 256, 300] {
            let vectors: Vec<Vec<f32>> = (0..50).map(|seed| unit(seed, dimensions)).collect();
            let mut quantizer = Quantizer::new(dimensions);
            vectors.iter().for_each(|vector| quantizer.push(vector));
            let (_folder, stored) = stored(quantizer, dimensions);
            let query = QuantizedQuery::new(unit(99, dimensions));
            let largest = query.vector().iter().fold(0f32, |max, x| max.max(x.abs()));
            let slowly = |vector: &Vec<f32>| -> i32 {
                let mut bytes = Vec::new();
                quantize(vector, &mut bytes);
                let parts = bytes.iter().zip(query.vector()).filter(|(byte, _)| **byte >= 0);
                parts.map(|(_, q)| (q / largest * 7.0).round() as i32).sum()
            };
            let mut found = Vec::new();
            Sketches::of(&stored).estimate(&SketchedQuery::new(&query), 10..40, &mut found);
            let expected: Vec<i32> = vectors[10..40].iter().map(slowly).collect();
            assert_eq!(found, expected, "{dimensions} dimensions");
        }
    }
}
