//! How far a mean can be trusted.

use serde::{Deserialize, Serialize};

use super::outcome::Averaged;

/// So many resamples; the ends of an interval are stable to its second digit.
const RESAMPLES: usize = 2_000;
/// From so many repositories on, repositories are drawn; below, the questions within each.
const REPOSITORIES: usize = 5;

/// A mean, and the interval that holds 95 % of the means of resamples (percentile bootstrap, Efron 1979).
///
/// Questions about one repository succeed and fail together, so whole repositories are drawn where there are five or more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How many values it is made of.
    pub count: usize,
}

impl Estimate {
    /// The estimate from the values of each repository. The same values give the same interval.
    pub fn of(repositories: &[Vec<f64>], averaged: Averaged) -> Self {
        let filled: Vec<&[f64]> = repositories.iter().map(Vec::as_slice).filter(|values| !values.is_empty()).collect();
        let mut random = fastrand::Rng::with_seed(0x636f_676f);
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| match filled.len() >= REPOSITORIES {
                true => averaged.mean((0..filled.len()).map(|_| {
                    let drawn = filled[random.usize(..filled.len())];
                    (drawn.iter().sum(), drawn.len())
                })),
                false => averaged.mean(filled.iter().map(|values| {
                    ((0..values.len()).map(|_| values[random.usize(..values.len())]).sum(), values.len())
                })),
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
        Estimate {
            mean: averaged.mean(filled.iter().map(|values| (values.iter().sum(), values.len()))),
            low: at(0.025),
            high: at(0.975),
            count: filled.iter().map(|values| values.len()).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_values_make_it_narrower() {
        let repositories = |count: usize| -> Vec<Vec<f64>> {
            (0..count).map(|index| vec![f64::from(u8::from(index % 2 == 0)); 4]).collect()
        };
        let few = Estimate::of(&repositories(8), Averaged::ByQuestion);
        let many = Estimate::of(&repositories(128), Averaged::ByQuestion);
        assert_eq!((few.mean, many.mean, few.count), (0.5, 0.5, 32));
        assert!(many.high - many.low < (few.high - few.low) / 2.0, "{few:?} {many:?}");
        assert!(few.low <= few.mean && few.mean <= few.high);
        assert_eq!(few, Estimate::of(&repositories(8), Averaged::ByQuestion));
    }

    #[test]
    fn repositories_count_the_same_or_by_their_questions() {
        let values = [vec![1.0; 9], vec![0.0]];
        assert_eq!(Estimate::of(&values, Averaged::ByRepository).mean, 0.5);
        assert_eq!(Estimate::of(&values, Averaged::ByQuestion).mean, 0.9);
        assert_eq!(Estimate::of(&[], Averaged::ByQuestion).mean, 0.0);
    }
}
