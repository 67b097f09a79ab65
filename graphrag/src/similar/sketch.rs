//! Sketches of token sequences: sets that share much share a band, most likely.

use bytemuck::cast_slice;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tokens of a shingle: as long as a short statement.
pub(super) const SHINGLE: usize = 5;
/// Bands: two sets with a share of 0.8 in common agree in one of them with a probability above 0.99, of 0.5 with 0.6.
pub(super) const BANDS: usize = 16;
/// Minima of a band.
const ROWS: usize = 4;
/// Minima of a sketch; a power of two.
const BINS: usize = BANDS * ROWS;

/// A hash of a sequence of tokens.
pub(super) fn hash(tokens: &[u32], seed: u64) -> u64 {
    xxh3_64_with_seed(cast_slice(tokens), seed)
}

/// One hash per shingle spread over bins (Li, Owen & Zhang 2012): one hash function does the work of many. A bin without a minimum
/// takes that of another one (Shrivastava 2017).
fn minima(tokens: &[u32], seed: u64) -> [u32; BINS] {
    let mut minima: [Option<u32>; BINS] = [None; BINS];
    for shingle in tokens.windows(SHINGLE) {
        let hash = hash(shingle, seed);
        let bin = &mut minima[(hash >> 32) as usize % BINS];
        *bin = Some(bin.map_or(hash as u32, |least| least.min(hash as u32)));
    }
    std::array::from_fn(|bin| {
        let source = (0..).map(|attempt: u32| hash(&[bin as u32, attempt], seed) as usize % BINS);
        // Among so many attempts one meets a bin that is filled: there is a shingle.
        let borrowed = || source.take(BINS * BINS).find_map(|source| minima[source]);
        minima[bin].or_else(borrowed).unwrap_or_default()
    })
}

/// One key per band.
pub(super) fn bands(tokens: &[u32], seed: u64) -> [u32; BANDS] {
    let minima = minima(tokens, seed);
    std::array::from_fn(|band| hash(&minima[band * ROWS..][..ROWS], band as u64) as u32)
}

/// The shingles of a definition, as a sorted set.
pub(super) struct Shingles(Vec<u32>);

impl Shingles {
    pub(super) fn new(tokens: &[u32]) -> Self {
        let mut all: Vec<u32> = tokens.windows(SHINGLE).map(|shingle| hash(shingle, 0) as u32).collect();
        all.sort_unstable();
        all.dedup();
        Shingles(all)
    }

    /// What both have of what one of them has (Jaccard's index), in thousandths, rounded down.
    pub(super) fn shared(&self, other: &Shingles) -> u32 {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = 0;
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    both += 1;
                    a.next();
                    b.next();
                }
            }
        }
        let all = self.0.len() + other.0.len() - both;
        (both * 1000).checked_div(all).unwrap_or(0) as u32
    }
}
