//! Sums over a generation, which ranking compares single chunks with.

use super::Snapshot;

/// What all live chunks add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Files.
    pub documents: u64,
    /// Chunks.
    pub chunks: u64,
    /// Terms of the chunks' texts, of the names they define, and of their documentation.
    pub terms: [u64; 3],
}

impl Sums {
    /// The sums of a generation.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut sums = Sums::default();
        for live in &snapshot.segments {
            sums.documents += live.live.iter().filter(|live| **live).count() as u64;
            for (index, chunk) in live.segment.chunks.iter().enumerate() {
                if live.is_live(index as u32) {
                    sums.chunks += 1;
                    sums.terms.iter_mut().zip(chunk.terms).for_each(|(sum, terms)| *sum += u64::from(terms));
                }
            }
        }
        sums
    }
}
