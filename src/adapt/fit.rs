//! Weights that answer questions better than the usual ones, and lie near them.

use crate::FEATURES;

/// A weight per feature.
pub(super) type Weights = [f32; FEATURES.len()];

/// How much the square of a weight's distance from the usual one costs, in units of that weight. Of 1, 0.2, 0.05 and 0.01 this gained
/// most on the development repositories of code_search: on their judged questions, which are not those that are fitted on.
const PENALTY: f64 = 0.2;
/// A weight of 0 is moved as if it were so large.
const SMALLEST: f64 = 0.5;
/// Steps of the descent, at most.
const STEPS: usize = 200;
/// It ends when a step gains less.
const ENOUGH: f64 = 1e-6;

/// A question with its candidates.
pub(super) struct Question {
    /// Features of each candidate, best first by the usual weights.
    pub rows: Vec<Weights>,
    /// Which of them answer it.
    pub answers: Vec<bool>,
    /// How many files answer it, found or not.
    pub targets: usize,
}

impl Question {
    /// NDCG@10 with these weights.
    pub fn ndcg(&self, weights: &Weights) -> f64 {
        let mut order: Vec<(f32, bool)> =
            self.rows.iter().zip(&self.answers).map(|(row, answer)| (dot(row, weights), *answer)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let found: f64 = (0..order.len().min(10)).filter(|rank| order[*rank].1).map(gain).sum();
        found / (0..self.targets.min(10)).map(gain).sum::<f64>()
    }

    /// −log of the chance of each answer against all that are none (Cao et al. 2007), mean over the answers; its gradient is added.
    fn loss(&self, weights: &Weights, gradient: &mut [f64; FEATURES.len()]) -> f64 {
        let scores: Vec<f64> = self.rows.iter().map(|row| f64::from(dot(row, weights))).collect();
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let likely: Vec<f64> = scores.iter().map(|score| (score - best).exp()).collect();
        let others: f64 =
            likely.iter().zip(&self.answers).filter(|(_, answer)| !**answer).map(|(likely, _)| likely).sum();
        let answers = self.answers.iter().filter(|answer| **answer).count() as f64;
        let mut loss = 0.0;
        for (file, _) in self.answers.iter().enumerate().filter(|(_, answer)| **answer) {
            let all = others + likely[file];
            // Underflow: so unlikely that the number for it is 0.
            loss -= (likely[file] / all).max(f64::MIN_POSITIVE).ln() / answers;
            for (row, (likely, answer)) in self.rows.iter().zip(likely.iter().zip(&self.answers)) {
                if !answer {
                    let share = likely / all / answers;
                    gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum += share * f64::from(*value));
                }
            }
            let share = (likely[file] / all - 1.0) / answers;
            gradient.iter_mut().zip(&self.rows[file]).for_each(|(sum, value)| *sum += share * f64::from(*value));
        }
        loss
    }
}

fn dot(row: &Weights, weights: &Weights) -> f32 {
    row.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// Weights fitted to the questions by gradient descent; those of `usual` that are 0 stay, and none changes its sign.
pub(super) fn fit(questions: &[&Question], usual: &Weights) -> Weights {
    let learning: Vec<&&Question> =
        questions.iter().filter(|q| q.answers.contains(&true) && q.answers.contains(&false)).collect();
    if learning.is_empty() {
        return *usual;
    }
    // In units of the usual weights, all directions are about as steep.
    let units = usual.map(|weight| if weight == 0.0 { 0.0 } else { f64::from(weight.abs()).max(SMALLEST) });
    let loss = |weights: &Weights| {
        let mut gradient = [0.0; FEATURES.len()];
        let sum: f64 = learning.iter().map(|question| question.loss(weights, &mut gradient)).sum();
        let count = learning.len() as f64;
        let mut loss = sum / count;
        for index in (0..FEATURES.len()).filter(|index| units[*index] > 0.0) {
            let moved = f64::from(weights[index] - usual[index]) / units[index];
            loss += PENALTY * moved * moved;
            gradient[index] = gradient[index] / count * units[index] + 2.0 * PENALTY * moved;
        }
        (loss, gradient)
    };
    let (mut weights, mut step) = (*usual, 1.0);
    let (mut now, mut gradient) = loss(&weights);
    for _ in 0..STEPS {
        let mut next = weights;
        for index in (0..FEATURES.len()).filter(|index| units[*index] > 0.0) {
            let moved = f64::from(weights[index]) - step * gradient[index] * units[index];
            // What speaks for a file never begins to speak against it.
            next[index] = if (moved > 0.0) == (usual[index] > 0.0) { moved as f32 } else { 0.0 };
        }
        let (then, gradient_then) = loss(&next);
        if then < now {
            let gained = now - then;
            (weights, now, gradient) = (next, then, gradient_then);
            step *= 1.5;
            if gained < ENOUGH {
                break;
            }
        } else {
            step /= 2.0;
            if step < 1e-6 {
                break;
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(usize, f32)]) -> Weights {
        let mut row = [0.0; FEATURES.len()];
        values.iter().for_each(|(index, value)| row[*index] = *value);
        row
    }

    /// The answer has more of feature 4, and the others more of feature 2.
    fn question() -> Question {
        Question {
            rows: vec![row(&[(2, 1.0), (4, 0.1)]), row(&[(2, 0.4), (4, 0.5)]), row(&[(2, 0.9)])],
            answers: vec![false, true, false],
            targets: 1,
        }
    }

    #[test]
    fn weights_move_to_what_tells_answers_apart() {
        let mut usual = [0.0; FEATURES.len()];
        (usual[2], usual[4], usual[8]) = (2.0, 1.0, -3.0);
        let questions = [question(), question(), question()];
        let weights = fit(&questions.iter().collect::<Vec<_>>(), &usual);
        assert!(weights[4] > usual[4] && weights[2] < usual[2], "{weights:?}");
        assert!(weights[2] >= 0.0, "it does not change its sign");
        assert_eq!((weights[0], weights[8]), (0.0, -3.0), "of what they say nothing, nothing changes");
        assert!(question().ndcg(&weights) > question().ndcg(&usual));
    }

    #[test]
    fn without_questions_nothing_changes() {
        let usual = [1.0; FEATURES.len()];
        assert_eq!(fit(&[], &usual), usual);
        let unanswered = Question { rows: vec![row(&[(1, 1.0)])], answers: vec![false], targets: 1 };
        assert_eq!(fit(&[&unanswered], &usual), usual);
        assert_eq!(unanswered.ndcg(&usual), 0.0);
    }
}
