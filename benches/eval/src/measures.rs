//! NDCG, MRR and recall as the code_search protocol defines them.

use serde::{Deserialize, Serialize};

/// A place in a repository that answers a query.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Path relative to the checkout or to the indexed root.
    pub path: String,
    /// First line, if the label is that precise.
    pub start_line: Option<u32>,
    /// Last line.
    pub end_line: Option<u32>,
}

/// Whether paths must be equal, or one may be a suffix of the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// One may be a suffix of the other, by whole components: the published protocol.
    Suffix,
    /// Equal.
    Strict,
}

impl Target {
    /// Whether a result at `path` (relative to the checkout) and `lines` answers this target.
    pub fn is_hit(&self, path: &str, lines: (u32, u32), paths: Paths) -> bool {
        let suffix = |long: &str, short: &str| {
            long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let same =
            path == self.path || (paths == Paths::Suffix && (suffix(path, &self.path) || suffix(&self.path, path)));
        let overlap = match (self.start_line, self.end_line) {
            (Some(start), Some(end)) => lines.0 <= end && start <= lines.1,
            _ => true,
        };
        same && overlap
    }
}

/// Measures of one query, or means of many.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Measures {
    /// NDCG@10.
    pub ndcg10: f64,
    /// MRR@10 of the first hit target.
    pub mrr10: f64,
    /// Share of targets among the first 1, 5 and 10 results.
    pub recall1: f64,
    /// See `recall1`.
    pub recall5: f64,
    /// See `recall1`.
    pub recall10: f64,
}

impl Measures {
    /// Measures of a query with `targets` targets, whose first hits have these 1-based ranks (at most 10).
    pub fn of(ranks: &[usize], targets: usize) -> Self {
        let mut distinct = ranks.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let gain = |rank: usize| 1.0 / (rank as f64 + 1.0).log2();
        let ideal: f64 = (1..=targets.min(10)).map(gain).sum();
        let recall = |k: usize| ranks.iter().filter(|rank| **rank <= k).count() as f64 / targets as f64;
        Measures {
            ndcg10: distinct.iter().map(|&rank| gain(rank)).sum::<f64>() / ideal,
            mrr10: distinct.first().map_or(0.0, |rank| 1.0 / *rank as f64),
            recall1: recall(1),
            recall5: recall(5),
            recall10: recall(10),
        }
    }

    /// The mean of `all`; zeros if there are none.
    pub fn mean(all: impl IntoIterator<Item = Measures>) -> Self {
        let mut sum = Measures::default();
        let mut count = 0.0;
        for one in all {
            sum.ndcg10 += one.ndcg10;
            sum.mrr10 += one.mrr10;
            sum.recall1 += one.recall1;
            sum.recall5 += one.recall5;
            sum.recall10 += one.recall10;
            count += 1.0;
        }
        let count = f64::max(count, 1.0);
        Measures {
            ndcg10: sum.ndcg10 / count,
            mrr10: sum.mrr10 / count,
            recall1: sum.recall1 / count,
            recall5: sum.recall5 / count,
            recall10: sum.recall10 / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_targets_in_one_result_count_once() {
        let measures = Measures::of(&[1, 1], 2);
        assert!((measures.ndcg10 - 1.0 / (1.0 + 1.0 / 3f64.log2())).abs() < 1e-12);
        assert_eq!((measures.mrr10, measures.recall1), (1.0, 1.0));
    }

    #[test]
    fn lines_must_overlap_and_suffixes_are_whole_components() {
        let target = Target { path: "src/mod.rs".into(), start_line: Some(10), end_line: Some(20) };
        assert!(target.is_hit("a/src/mod.rs", (20, 30), Paths::Suffix));
        assert!(!target.is_hit("a/src/mod.rs", (20, 30), Paths::Strict));
        assert!(!target.is_hit("src/mod.rs", (21, 30), Paths::Suffix));
        assert!(!target.is_hit("asrc/mod.rs", (10, 20), Paths::Suffix));
    }
}
