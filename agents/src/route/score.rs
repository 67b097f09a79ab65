//! Which tier does this work want? A weighted sum of signals, with its terms, so that everybody can see why.

use std::time::Duration;

use llm::{Usage, Usd};
use serde::Serialize;

use super::config::{RoutingConfig, Tier};

/// Work of an unknown kind is in the middle.
const UNKNOWN_KIND: f64 = 0.5;

/// What is known about a piece of work before a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signals {
    /// Kind of work: `intent`, `summary`, `planning`, `design` … as the configuration lists them.
    pub kind: String,
    /// What goes wrong if the answer is wrong: from 0, nothing, to 1.
    pub risk: f64,
    /// How unsure the evidence leaves one: from 0 to 1.
    pub uncertainty: f64,
    /// The answer should be there within this time.
    pub latency: Option<Duration>,
    /// It should not cost more than this.
    pub cost: Option<Usd>,
}

/// One signal's part of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Its name.
    pub signal: &'static str,
    /// From 0 to 1.
    pub value: f64,
    /// How much it counts; all weights together are 1.
    pub weight: f64,
}

/// The tier that is wanted, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// From 0 to 1.
    pub value: f64,
    /// What it is the sum of.
    pub terms: Vec<Term>,
    /// The tier.
    pub tier: Tier,
    /// What the tier follows from, besides the sum.
    pub because: Vec<String>,
}

/// What a tier can promise: the best of its models.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Promise {
    pub latency: Option<Duration>,
    pub cost: Option<Usd>,
}

/// Scores work that has to read and write at most `usage`. The same input gives the same score.
pub(super) fn score(
    config: &RoutingConfig,
    signals: &Signals,
    usage: Usage,
    promise: impl Fn(Tier) -> Promise,
) -> Score {
    let weights = &config.weights;
    let all = weights.risk + weights.uncertainty + weights.kind + weights.length;
    let kind = config.kinds.get(&signals.kind).copied().unwrap_or(UNKNOWN_KIND);
    let length = usage.input as f64 / config.long_tokens.max(1) as f64;
    let terms = [
        ("risk", signals.risk, weights.risk),
        ("uncertainty", signals.uncertainty, weights.uncertainty),
        ("kind", kind, weights.kind),
        ("length", length, weights.length),
    ];
    let terms = terms.map(|(signal, value, weight)| Term { signal, value: share(value), weight: weight / all });
    let value = terms.iter().map(|term| term.value * term.weight).sum();
    let mut tier = match value {
        value if value >= config.thresholds.full => Tier::Full,
        value if value >= config.thresholds.mini => Tier::Mini,
        _ => Tier::Nano,
    };
    let mut because = Vec::new();
    let floor = config.floors.get(&signals.kind).copied().unwrap_or(Tier::Nano);
    if tier < floor {
        tier = floor;
        because.push(format!("`{}` never gets less", signals.kind));
    }
    while let Some(below) = below(tier).filter(|below| *below >= floor) {
        let promised = promise(tier);
        let late = promised.latency.zip(signals.latency).filter(|(takes, target)| takes > target);
        let dear = promised.cost.zip(signals.cost).filter(|(costs, target)| costs > target);
        match (late, dear) {
            (Some((takes, target)), _) => because.push(format!("{tier:?} takes {takes:?}, and {target:?} is wanted")),
            (None, Some((costs, target))) => because.push(format!("{tier:?} may cost {costs}, and {target} is wanted")),
            (None, None) => break,
        }
        tier = below;
    }
    Score { value, terms: terms.into(), tier, because }
}

fn below(tier: Tier) -> Option<Tier> {
    Tier::ALL.into_iter().rev().find(|other| *other < tier)
}

/// From 0 to 1. What is no number is as bad as it gets.
fn share(value: f64) -> f64 {
    if value.is_nan() { 1.0 } else { value.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config() -> RoutingConfig {
        RoutingConfig::load(None).expect("the default")
    }

    fn tier(kind: &str, risk: f64, uncertainty: f64, tokens: u64) -> Tier {
        let signals = Signals { kind: kind.into(), risk, uncertainty, ..Signals::default() };
        score(&config(), &signals, Usage { input: tokens, output: 0 }, |_| Promise::default()).tier
    }

    #[test]
    fn small_work_is_nano_and_design_is_full() {
        assert_eq!(tier("intent", 0.1, 0.2, 200), Tier::Nano);
        assert_eq!(tier("summary", 0.3, 0.4, 8000), Tier::Mini);
        assert_eq!(tier("answer", 0.9, 0.8, 16_000), Tier::Full);
        assert_eq!(tier("design", 0.0, 0.0, 0), Tier::Full);
        assert_eq!(tier("unheard of", f64::NAN, f64::NAN, u64::MAX), Tier::Full);
    }

    #[test]
    fn targets_lower_the_tier_but_not_below_the_floor() {
        let promise = |tier| Promise { latency: Some(Duration::from_secs(1 + 4 * tier as u64)), cost: Usd::new(0.01) };
        let ask = |kind: &str, latency, cost| {
            let signals = Signals { kind: kind.into(), risk: 1.0, uncertainty: 1.0, latency, cost };
            score(&config(), &signals, Usage::default(), promise)
        };
        let hurried = ask("answer", Some(Duration::from_secs(6)), None);
        assert_eq!((hurried.tier, hurried.because.len()), (Tier::Mini, 1));
        assert_eq!(hurried.because[0], "Full takes 9s, and 6s is wanted");
        assert_eq!(ask("answer", None, Usd::new(0.001)).tier, Tier::Nano);
        assert_eq!(ask("design", Some(Duration::from_secs(1)), None).tier, Tier::Full);
    }

    proptest! {
        /// More of a signal never wants a smaller model.
        #[test]
        fn more_of_a_signal_never_wants_less(risk in 0.0..1.0f64, unsure in 0.0..1.0f64, tokens in 0u64..40_000, more in 0.0..1.0f64) {
            let before = tier("answer", risk, unsure, tokens);
            prop_assert!(tier("answer", risk + more, unsure, tokens) >= before);
            prop_assert!(tier("answer", risk, unsure + more, tokens) >= before);
            prop_assert!(tier("answer", risk, unsure, tokens + (more * 1e4) as u64) >= before);
            prop_assert!(tier("design", risk, unsure, tokens) >= before);
        }
    }
}
