//! Which segments to rewrite, so that neither dead files nor small segments pile up.

use rag_core::store::LiveSegment;
use rag_core::store::catalog::{CatalogEntry, Place};

/// More segments than this, and the smaller ones become one.
const MOST_SEGMENTS: usize = 10;
/// A segment with fewer live chunks than this share is rewritten.
const LEAST_LIVE: f64 = 0.5;

/// Per segment: whether its live files are indexed again into a new segment. `kept` are the entries
/// that would stay in it.
///
/// Rewriting is paid by the changes that caused it: a segment is rewritten when half of it is dead, and
/// of many segments only those up to a quarter of the largest, so that a large one is not
/// touched until as much as a quarter of it has changed.
pub fn segments_to_rewrite(segments: &[LiveSegment], kept: &[CatalogEntry]) -> Vec<bool> {
    let mut live_chunks = vec![0u64; segments.len()];
    for entry in kept {
        if let Place::Indexed { segment, file } = entry.place {
            let chunks = segments[segment as usize].segment.chunks_of(file).len();
            live_chunks[segment as usize] += chunks as u64;
        }
    }
    let largest = live_chunks.iter().copied().max().unwrap_or(0);
    let crowded = live_chunks.iter().filter(|chunks| **chunks > 0).count() >= MOST_SEGMENTS;
    segments
        .iter()
        .zip(live_chunks)
        .map(|(live, chunks)| {
            let all = live.segment.entry().chunks;
            let hollow = (chunks as f64) < LEAST_LIVE * f64::from(all);
            chunks > 0 && (hollow || (crowded && chunks <= largest / 4))
        })
        .collect()
}
