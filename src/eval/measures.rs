//! NDCG, MRR and recall of a ranking.

use std::collections::BTreeMap;

/// Measures by name, each from 0 to 1.
pub type Values = BTreeMap<String, f64>;

/// Whether paths must be equal, or one may be a suffix of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// One may be a suffix of the other, by whole components.
    Suffix,
    /// Equal.
    Strict,
}

/// `ndcg@10`, `mrr@10`, `recall@1`, `recall@5` and `recall@10` of a question with `targets` places, those found having these ranks
/// (from 1, at most 10).
///
/// All places have the gain 1. DCG (Järvelin & Kekäläinen 2002) sums 1/log2(rank + 1) over distinct ranks; the ideal has one place on
/// each of the first ranks.
pub fn measures(ranks: &[usize], targets: usize) -> Values {
    let mut distinct = ranks.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let gain = |rank: usize| 1.0 / (rank as f64 + 1.0).log2();
    let ideal: f64 = (1..=targets.min(10)).map(gain).sum();
    let recall = |k: usize| ranks.iter().filter(|rank| **rank <= k).count() as f64 / targets as f64;
    let values = [
        ("ndcg@10", distinct.iter().map(|&rank| gain(rank)).fold(0.0, std::ops::Add::add) / ideal),
        ("mrr@10", distinct.first().map_or(0.0, |rank| 1.0 / *rank as f64)),
        ("recall@1", recall(1)),
        ("recall@5", recall(5)),
        ("recall@10", recall(10)),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_places_in_one_result_count_once() {
        let measures = measures(&[1, 1], 2);
        assert!((measures["ndcg@10"] - 1.0 / (1.0 + 1.0 / 3f64.log2())).abs() < 1e-12);
        assert_eq!((measures["mrr@10"], measures["recall@1"]), (1.0, 1.0));
    }

    #[test]
    fn what_is_not_found_counts() {
        let measures = measures(&[2], 2);
        assert_eq!((measures["mrr@10"], measures["recall@1"], measures["recall@5"]), (0.5, 0.0, 0.5));
    }
}
