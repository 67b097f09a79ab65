//! The models of a tier: whose turn is it, and who comes after?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm::{Charge, LanguageModel, Price, Usage, Usd};

use super::config::ModelConfig;
use super::score::Promise;
use crate::guard::{Guard, State};

/// A model that can be asked.
pub(super) struct Backend {
    pub name: String,
    /// Its key at the guard.
    pub key: String,
    pub model: Arc<dyn LanguageModel>,
    pub price: Option<Price>,
    weight: u32,
    latency: Option<Duration>,
}

impl Backend {
    pub fn new(config: &ModelConfig, model: Arc<dyn LanguageModel>) -> Self {
        // The parts of a key have dots between them; the name is one part.
        let keep = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        Backend {
            name: config.name().to_owned(),
            key: format!("llm.{}", config.name().chars().map(keep).collect::<String>()),
            model,
            price: config.price(),
            weight: config.weight,
            latency: config.latency_ms.map(Duration::from_millis),
        }
    }

    pub fn charge(&self, usage: Usage) -> Charge {
        Charge { usage, cost: self.price.as_ref().map_or_else(Usd::default, |price| price.of(usage)) }
    }
}

/// The models of one tier.
#[derive(Default)]
pub(super) struct Pool {
    backends: Vec<Arc<Backend>>,
    /// What each has to its credit (smooth weighted round robin, as nginx does it).
    credits: Mutex<Vec<i64>>,
}

impl Pool {
    pub fn new(backends: Vec<Arc<Backend>>) -> Self {
        let credits = vec![0; backends.len()].into();
        Pool { backends, credits }
    }

    pub fn is_empty(&self) -> bool {
        self.backends.is_empty()
    }

    /// The best that any of them promises for so many tokens.
    pub fn promise(&self, usage: Usage) -> Promise {
        Promise {
            latency: self.backends.iter().filter_map(|backend| backend.latency).min(),
            cost: self.backends.iter().filter_map(|backend| Some(backend.price.as_ref()?.of(usage))).min(),
        }
    }

    /// All of them, in the order they shall be asked: whose turn it is by weight, then the others by weight. Those that a breaker keeps
    /// closed off come last, and get no turn.
    pub fn order(&self, guard: &Guard) -> Vec<Arc<Backend>> {
        let works: Vec<bool> = self.backends.iter().map(|backend| guard.state(&backend.key) != State::Open).collect();
        let mut credits = self.credits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut total = 0;
        for (at, backend) in self.backends.iter().enumerate().filter(|(at, _)| works[*at]) {
            credits[at] += i64::from(backend.weight);
            total += i64::from(backend.weight);
        }
        let mut turns: Vec<usize> = (0..self.backends.len()).collect();
        turns.sort_by_key(|at| (!works[*at], std::cmp::Reverse(credits[*at]), *at));
        if let Some(first) = turns.first().filter(|at| works[**at]) {
            credits[*first] -= total;
        }
        turns.into_iter().map(|at| self.backends[at].clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use llm::{Prompt, Reply};

    use super::*;
    use crate::guard::{Blame, Call, Fault, Policies, Scope};

    struct Silent;

    impl LanguageModel for Silent {
        fn name(&self) -> &str {
            "silent"
        }

        fn complete(&self, _: &Prompt) -> llm::Result<Reply> {
            Ok(Reply::default())
        }
    }

    fn pool(weights: &[(&str, u32)]) -> Pool {
        let backend = |(name, weight): &(&str, u32)| {
            let config = serde_json::json!({ "model": name, "weight": weight });
            Arc::new(Backend::new(&serde_json::from_value(config).expect("a model"), Arc::new(Silent)))
        };
        Pool::new(weights.iter().map(backend).collect())
    }

    fn shares(pool: &Pool, guard: &Guard, times: usize) -> BTreeMap<String, usize> {
        let mut shares = BTreeMap::new();
        for _ in 0..times {
            *shares.entry(pool.order(guard)[0].name.clone()).or_default() += 1;
        }
        shares
    }

    #[tokio::test]
    async fn turns_follow_the_weights_and_leave_out_what_fails() {
        let guard = Guard::new(Policies::load(None).expect("the default"));
        let pool = pool(&[("a", 5), ("b", 1), ("c", 2)]);
        assert_eq!(shares(&pool, &guard, 80), BTreeMap::from([("a".into(), 50), ("b".into(), 10), ("c".into(), 20)]));
        let scope = Scope::free("");
        for _ in 0..5 {
            let call = Call { key: "llm.a".into(), ..Call::default() };
            let fails = || async { Err::<crate::guard::Done<()>, _>(Fault::new(Blame::Lasting, "no")) };
            assert!(guard.call(&scope, call, fails).await.is_err());
        }
        let shares = shares(&pool, &guard, 30);
        assert_eq!((shares.get("a"), shares["b"], shares["c"]), (None, 10, 20));
        assert_eq!(pool.order(&guard)[2].name, "a");
    }
}
