//! Sketches: one bit per dimension, to see at a glance which vectors cannot be near; and a second, for those that may be.
//!
//! The scan of all vectors is bound by memory: 256 bytes each. A sketch holds the signs alone, 32 bytes, and a query keeps four bits per
//! dimension: the asymmetric estimate of RaBitQ (Gao & Long 2024, arXiv 2405.12497) without its rotation, which gained nothing
//! here. The second bit tells which numbers are large, and lies apart, as few are asked for it. Both only choose which vectors are
//! looked at more closely.

use std::ops::Range;

use multiversion::multiversion;

use super::{QuantizedQuery, QuantizedVectors};

/// Bits per dimension of a query.
const PLANES: usize = 4;
/// Added to a query's numbers, −7 to 7, so that none is negative.
const OFFSET: i32 = 8;

/// A number of a vector is large if it is so many times as large as its numbers are on average.
const LARGE: f32 = 1.25;

/// The sketches of all vectors of a segment.
pub(super) struct Sketches {
    /// 64-bit words per vector
    words: usize,
    signs: Vec<u64>,
    large: Vec<u64>,
}

impl Sketches {
    /// The sketches of `vectors`, made by reading all of them once.
    pub(super) fn of(vectors: &QuantizedVectors) -> Self {
        let words = vectors.dimensions().div_ceil(64);
        let mut signs = Vec::with_capacity(vectors.len() * words);
        let mut large = Vec::with_capacity(vectors.len() * words);
        for vector in vectors.bytes().chunks_exact(vectors.dimensions().max(1)) {
            let sum: u32 = vector.iter().map(|number| u32::from(number.unsigned_abs())).sum();
            let limit = LARGE * sum as f32 / vector.len() as f32;
            signs.extend(vector.chunks(64).map(|part| bits(part, |number| number >= 0)));
            large.extend(vector.chunks(64).map(|part| bits(part, |number| f32::from(number.unsigned_abs()) >= limit)));
        }
        Sketches { words, signs, large }
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

    /// How near each of `chunks` is, by signs and sizes, as if its numbers were −3, −1, 1 and 3: larger is nearer. Added to `out`, in their
    /// order; chunks that are not there are left out.
    pub(super) fn estimate_closer(&self, query: &SketchedQuery, chunks: &[u32], out: &mut Vec<i32>) {
        estimate_chosen(self, &query.planes, chunks, out);
    }
}

/// Bit *i* is set if number *i* `is` so; up to 64 numbers.
fn bits(numbers: &[i8], is: impl Fn(i8) -> bool) -> u64 {
    numbers.iter().enumerate().fold(0, |word, (index, &number)| word | u64::from(is(number)) << index)
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

/// Σ of the query's numbers times −3, −1, 1 or 3, but for what all vectors share, halved.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vpopcntdq+avx2+bmi1+bmi2+popcnt",
    "x86_64+avx2+bmi1+bmi2+popcnt",
    "x86_64+popcnt"
))]
fn estimate_chosen(sketches: &Sketches, planes: &[[u64; PLANES]], chunks: &[u32], out: &mut Vec<i32>) {
    let words = sketches.words;
    for chunk in chunks {
        let range = *chunk as usize * words..(*chunk as usize + 1) * words;
        let (Some(signs), Some(large)) = (sketches.signs.get(range.clone()), sketches.large.get(range)) else {
            continue;
        };
        let mut sum = 0;
        for word in 0..words.min(planes.len()) {
            let (signs, large, planes) = (signs[word], large[word], &planes[word]);
            sum += weigh(signs, planes) + 2 * weigh(signs & large, planes) - weigh(large, planes);
        }
        out.push(sum);
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
            let (sketches, sketched) = (Sketches::of(&stored), SketchedQuery::new(&query));
            let mut found = Vec::new();
            sketches.estimate(&sketched, 10..40, &mut found);
            let expected: Vec<i32> = vectors[10..40].iter().map(slowly).collect();
            assert_eq!(found, expected, "{dimensions} dimensions");

            let numbers: Vec<i32> = query.vector().iter().map(|q| (q / largest * 7.0).round() as i32).collect();
            let closely = |vector: &Vec<f32>| -> i32 {
                let mut bytes = Vec::new();
                quantize(vector, &mut bytes);
                let mean = bytes.iter().map(|byte| f32::from(byte.unsigned_abs())).sum::<f32>() / bytes.len() as f32;
                let size = |byte: i8| if f32::from(byte.unsigned_abs()) >= LARGE * mean { 3 } else { 1 };
                let sum = |numbers: &mut dyn Iterator<Item = i32>| -> i32 { numbers.sum() };
                let parts = bytes.iter().zip(&numbers);
                let whole =
                    sum(&mut parts.map(|(byte, q)| if *byte >= 0 { q * size(*byte) } else { -q * size(*byte) }));
                (whole + sum(&mut numbers.iter().copied())) / 2
            };
            let chunks: Vec<u32> = (0..50).rev().step_by(3).collect();
            let mut found = Vec::new();
            sketches.estimate_closer(&sketched, &chunks, &mut found);
            let expected: Vec<i32> = chunks.iter().map(|chunk| closely(&vectors[*chunk as usize])).collect();
            assert_eq!(found, expected, "{dimensions} dimensions");
        }
    }
}
