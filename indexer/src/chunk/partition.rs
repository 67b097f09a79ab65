//! Chooses where to cut.

/// A place where a text may be cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Offset of the byte after the cut.
    pub at: usize,
    /// How bad it is to cut here, in chunks: a cut of cost 1 is made only if it saves a chunk elsewhere.
    pub cost: f32,
}

/// Cuts closer together than this share of the size limit compete for one place, which bounds the work on
/// any input.
const PLACES_PER_CHUNK: usize = 48;

/// What a chunk that is far below the limit costs on top.
const SMALL_CHUNK: f32 = 0.3;

/// Ends of the chunks of a text of `len` bytes: the cheapest choice of `cuts` for which every chunk has at most
/// `max_bytes`, or holds no cut at all.
///
/// Cost of a choice: one per chunk, plus the cost of its cuts, plus a little for chunks that are small.
pub(super) fn partition(len: usize, mut cuts: Vec<Cut>, max_bytes: usize) -> Vec<usize> {
    if len == 0 {
        return Vec::new();
    }
    cuts.retain(|cut| cut.at > 0 && cut.at < len);
    cuts.sort_by(|a, b| a.at.cmp(&b.at).then(a.cost.total_cmp(&b.cost)));
    let mut cuts = thin(&cuts, (max_bytes / PLACES_PER_CHUNK).max(1));
    cuts.push(Cut { at: len, cost: 0.0 });
    // best[i]: cheapest way to end a chunk at cuts[i], and where that chunk begins.
    let mut best: Vec<(f32, usize)> = Vec::with_capacity(cuts.len());
    let mut window = 0;
    for (index, cut) in cuts.iter().enumerate() {
        let start_of = |from: usize| if from == 0 { 0 } else { cuts[from - 1].at };
        while window < index && cut.at - start_of(window) > max_bytes {
            window += 1;
        }
        let (cost, from) = (window..=index)
            .map(|from| {
                let before = if from == 0 { 0.0 } else { best[from - 1].0 };
                let fill = (cut.at - start_of(from)) as f32 / max_bytes as f32;
                let small = SMALL_CHUNK * (1.0 - fill).max(0.0).powi(2);
                (before + 1.0 + small, from)
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .expect("the window holds `index`");
        best.push((cost + cut.cost, from));
    }
    let mut ends = Vec::new();
    let mut next = cuts.len();
    while next > 0 {
        ends.push(cuts[next - 1].at);
        next = best[next - 1].1;
    }
    ends.reverse();
    ends
}

/// The cheapest cut of every `distance` bytes.
fn thin(cuts: &[Cut], distance: usize) -> Vec<Cut> {
    let buckets = cuts.chunk_by(|a, b| a.at / distance == b.at / distance);
    buckets.filter_map(|bucket| bucket.iter().copied().min_by(|a, b| a.cost.total_cmp(&b.cost))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(len: usize, cuts: &[(usize, f32)], max_bytes: usize, expected: &[usize]) {
        let cuts = cuts.iter().map(|&(at, cost)| Cut { at, cost }).collect();
        assert_eq!(partition(len, cuts, max_bytes), expected);
    }

    #[test]
    fn everything_fits_into_one_chunk() {
        check(100, &[(50, 0.0)], 100, &[100]);
        check(0, &[], 100, &[]);
    }

    #[test]
    fn cheap_cuts_are_preferred() {
        check(150, &[(60, 0.0), (80, 0.5)], 100, &[60, 150]);
        check(150, &[(60, 0.5), (80, 0.0)], 100, &[80, 150]);
    }

    #[test]
    fn what_cannot_be_cut_stays_whole() {
        check(1000, &[(10, 0.0), (900, 0.0)], 100, &[10, 900, 1000]);
    }
}
