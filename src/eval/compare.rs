//! What changed between two runs of the same questions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::EvalError;
use super::outcome::{Answer, Outcome};
use super::resample::Estimate;

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Each measure that both have.
    pub measures: BTreeMap<String, Change>,
    /// Answers with other values of the first measure, worst losses first.
    pub answers: Vec<AnswerChange>,
    /// Questions that only one of the runs has; they are left out.
    pub unmatched: usize,
}

/// How a measure changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Mean of the questions that both have, before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Mean of the differences, question by question. An interval without 0 is more than chance.
    pub difference: Estimate,
    /// Questions that are answered better.
    pub better: usize,
    /// Worse.
    pub worse: usize,
}

/// How an answer changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerChange {
    /// The repository that was asked, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The question.
    pub query: String,
    /// Value of the measure before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// The first result before, as `path:first-last`.
    pub first_before: Option<String>,
    /// After.
    pub first_after: Option<String>,
}

impl Comparison {
    /// Compares two runs; single answers are compared by `measure`.
    ///
    /// # Errors
    /// [`EvalError::Apart`] if they have no question or not this measure in common, or one is a summary.
    pub fn new(before: &Outcome, after: &Outcome, measure: &str) -> Result<Self, EvalError> {
        if before.answers.is_empty() || after.answers.is_empty() {
            return Err(EvalError::Apart("one of them is a summary, without single answers".into()));
        }
        let key = |answer: &Answer| (answer.repository.clone(), answer.query.clone());
        let earlier: BTreeMap<_, &Answer> = before.answers.iter().map(|answer| (key(answer), answer)).collect();
        let pairs: Vec<(&Answer, &Answer)> =
            after.answers.iter().filter_map(|answer| Some((*earlier.get(&key(answer))?, answer))).collect();
        if pairs.is_empty() {
            return Err(EvalError::Apart("they have no question in common".into()));
        }
        if !before.all.contains_key(measure) || !after.all.contains_key(measure) {
            return Err(EvalError::Apart(format!("they have no measure `{measure}`")));
        }
        let names = after.all.keys().filter(|name| before.all.contains_key(*name));
        let measures = names.map(|name| (name.clone(), Change::of(name, &pairs, after))).collect();
        let mut answers: Vec<AnswerChange> = pairs.iter().filter_map(|pair| AnswerChange::of(measure, pair)).collect();
        answers.sort_by(|a, b| (a.after - a.before).total_cmp(&(b.after - b.before)));
        let unmatched = before.answers.len() + after.answers.len() - 2 * pairs.len();
        Ok(Comparison { measures, answers, unmatched })
    }

    /// Whether `measure` dropped by more than chance.
    pub fn dropped(&self, measure: &str) -> bool {
        self.measures.get(measure).is_some_and(|change| change.difference.high < 0.0)
    }
}

impl Change {
    fn of(name: &str, pairs: &[(&Answer, &Answer)], run: &Outcome) -> Self {
        let value = |answer: &Answer| answer.values.get(name).copied();
        let mut repositories: BTreeMap<Option<&str>, [Vec<f64>; 3]> = BTreeMap::new();
        for (before, after) in pairs {
            if let (Some(was), Some(is)) = (value(before), value(after)) {
                let values = repositories.entry(after.repository.as_deref()).or_default();
                values.iter_mut().zip([was, is, is - was]).for_each(|(values, value)| values.push(value));
            }
        }
        let estimate = |index: usize| {
            let values: Vec<Vec<f64>> = repositories.values().map(|values| values[index].clone()).collect();
            Estimate::of(&values, run.run.averaged)
        };
        let differences = || repositories.values().flat_map(|values| &values[2]);
        Change {
            before: estimate(0).mean,
            after: estimate(1).mean,
            difference: estimate(2),
            better: differences().filter(|difference| **difference > 0.0).count(),
            worse: differences().filter(|difference| **difference < 0.0).count(),
        }
    }
}

impl AnswerChange {
    fn of(measure: &str, (before, after): &(&Answer, &Answer)) -> Option<Self> {
        let (was, is) = (*before.values.get(measure)?, *after.values.get(measure)?);
        (was != is).then(|| AnswerChange {
            repository: after.repository.clone(),
            query: after.query.clone(),
            before: was,
            after: is,
            first_before: before.first.first().cloned(),
            first_after: after.first.first().cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{Averaged, Run};
    use super::*;

    fn outcome(values: &[f64]) -> Outcome {
        let run = Run {
            set: "made up".into(),
            cogo: "0".into(),
            model: "none".into(),
            mode: "hybrid".into(),
            averaged: Averaged::ByQuestion,
        };
        let answer = |(index, value): (usize, &f64)| Answer {
            repository: None,
            category: None,
            query: format!("question {index}"),
            values: [("ndcg@10".to_owned(), *value)].into(),
            first: Vec::new(),
            elapsed_us: None,
        };
        Outcome::new(run, values.iter().enumerate().map(answer).collect())
    }

    #[test]
    fn a_loss_everywhere_is_more_than_chance() {
        let (good, bad) = (outcome(&[1.0; 20]), outcome(&[0.5; 20]));
        let comparison = Comparison::new(&good, &bad, "ndcg@10").expect("they are alike");
        assert!(comparison.dropped("ndcg@10"));
        assert_eq!((comparison.measures["ndcg@10"].better, comparison.measures["ndcg@10"].worse), (0, 20));
        let back = Comparison::new(&bad, &good, "ndcg@10").expect("they are alike");
        assert!(!back.dropped("ndcg@10"));
        assert_eq!(back.measures["ndcg@10"].difference.mean, 0.5);
    }

    #[test]
    fn one_loss_in_many_may_be_chance_and_is_named() {
        let mut values = [1.0; 20];
        let before = outcome(&values);
        values[7] = 0.0;
        let comparison = Comparison::new(&before, &outcome(&values), "ndcg@10").expect("they are alike");
        assert!(!comparison.dropped("ndcg@10"), "{comparison:?}");
        assert_eq!(comparison.answers.len(), 1);
        assert_eq!(comparison.answers[0].query, "question 7");
    }

    #[test]
    fn other_questions_are_not_compared() {
        let (one, two) = (outcome(&[1.0]), outcome(&[1.0, 1.0]));
        assert_eq!(Comparison::new(&one, &two, "ndcg@10").expect("one is the same").unmatched, 1);
        assert!(Comparison::new(&one, &one.clone().summary(), "ndcg@10").is_err());
        assert!(Comparison::new(&one, &two, "ncdg@10").is_err(), "no such measure");
    }
}
