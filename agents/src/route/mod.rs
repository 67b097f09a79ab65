//! Model routing: the smallest model that will do, the next larger one if it did not.
//!
//! A question is scored ([`Signals`], [`Score`]) and goes to a tier. Of the tier's models one is asked by weight, the others after it if it
//! fails. The answer is checked by whoever asks; if it is too weak, the next tier is asked, a bounded number of times. Every step is
//! recorded with its reason, and every call goes through the [`Guard`].

mod config;
mod pool;
mod score;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use llm::{LanguageModel, Prompt, Reply, Usage};
use serde::Serialize;
use serde_json::json;

pub use config::{ModelConfig, RoutingConfig, Thresholds, Tier, Weights};
pub use score::{Score, Signals, Term};

use crate::guard::{Blame, Call, Done, Fault, Guard, Record, RecordError, Scope};
use pool::{Backend, Pool};

/// Why an answer will not do.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Weakness {
    /// It is not what was asked for: no JSON, not of the schema, empty.
    #[error("the answer cannot be used: {0}")]
    Invalid(String),
    /// It says things without saying where they come from.
    #[error("the answer cites nothing")]
    NoCitations,
    /// Its evidence covers so much of the question, from 0 to 1.
    #[error("the answer covers {0:.2} of the question")]
    LowCoverage(f64),
}

impl Weakness {
    /// Of two weak answers the one with the larger worth is kept.
    fn worth(&self) -> f64 {
        match self {
            Weakness::Invalid(_) => -2.0,
            Weakness::NoCitations => -1.0,
            Weakness::LowCoverage(coverage) => coverage.clamp(0.0, 1.0),
        }
    }
}

/// Says whether an answer will do.
pub type Verify<'a> = &'a (dyn Fn(&Reply) -> Result<(), Weakness> + Sync);

/// The best answer that was got.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What the model said.
    pub reply: Reply,
    /// The tier that was asked last for it.
    pub tier: Tier,
    /// The model.
    pub model: String,
    /// What is still wrong with it; none if it will do.
    pub weakness: Option<Weakness>,
}

/// Why there is no answer at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No model is configured that could be asked.
    #[error("no language model can be asked: {0}")]
    NoModel(&'static str),
    /// Every model that was asked failed; this is how the last one did.
    #[error("no language model answered")]
    Call(#[from] crate::guard::Error),
    /// A decision could not be recorded.
    #[error("a decision could not be recorded")]
    Record(#[source] RecordError),
}

impl Error {
    /// The error with its causes, in one line.
    pub fn describe(&self) -> String {
        match self {
            Error::Call(error) => error.describe(),
            Error::Record(cause) => format!("{self}: {cause}"),
            Error::NoModel(_) => self.to_string(),
        }
    }
}

/// Asks the right model.
pub struct Router {
    guard: Arc<Guard>,
    config: RoutingConfig,
    pools: BTreeMap<Tier, Pool>,
}

/// One step of a question, for the record.
#[derive(Serialize)]
struct Decision<'a> {
    step: &'static str,
    tier: Tier,
    model: &'a str,
    because: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<&'a Score>,
}

impl Router {
    /// A router over the configured models; `open` makes each of them.
    ///
    /// # Errors
    /// What `open` says of the first that cannot be made.
    pub fn new(
        guard: Arc<Guard>,
        config: RoutingConfig,
        mut open: impl FnMut(&ModelConfig) -> llm::Result<Arc<dyn LanguageModel>>,
    ) -> llm::Result<Self> {
        let mut pools = BTreeMap::new();
        for (tier, models) in &config.tiers {
            let backends = models.iter().map(|model| Ok(Arc::new(Backend::new(model, open(model)?))));
            pools.insert(*tier, Pool::new(backends.collect::<llm::Result<_>>()?));
        }
        pools.retain(|_, pool: &mut Pool| !pool.is_empty());
        Ok(Router { guard, config, pools })
    }

    /// Whether there is no model to ask. Agents then do without.
    pub fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// The tier that a prompt with these signals is for, and why.
    pub fn score(&self, prompt: &Prompt, signals: &Signals) -> Score {
        let read = llm::estimate(&prompt.system) + llm::estimate(&prompt.user);
        let usage = Usage { input: read, output: prompt.max_output.into() };
        let promise = |tier| self.pools.get(&tier).map(|pool| pool.promise(usage)).unwrap_or_default();
        score::score(&self.config, signals, usage, promise)
    }

    /// Asks models, from the right tier upwards, until `verify` is content with an answer, or there is no other way to try.
    /// The best answer is given back even if it is too weak, and when the budget is exhausted.
    ///
    /// # Errors
    /// If there is no answer at all, or what happened cannot be recorded.
    pub async fn ask(
        &self,
        scope: &Scope,
        prompt: Prompt,
        signals: &Signals,
        verify: Verify<'_>,
    ) -> Result<Answer, Error> {
        let score = self.score(&prompt, signals);
        let mut tier = self.serving(score.tier).ok_or(Error::NoModel("none is configured"))?;
        let prompt = Arc::new(prompt);
        let mut because = match &score.because[..] {
            [] => format!("score {:.2}", score.value),
            reasons => format!("score {:.2}; {}", score.value, reasons.join("; ")),
        };
        if tier != score.tier {
            because = format!("{because}; no model is configured for {:?}", score.tier);
        }
        let mut best: Option<Answer> = None;
        let mut pauses = self.pauses();
        let mut step = "route";
        loop {
            let first = (step, because.as_str(), (step == "route").then_some(&score));
            let outcome = self.ask_tier(scope, tier, &prompt, first).await;
            let (weak, failure) = match outcome {
                Ok((backend, reply)) => {
                    let weakness = verify(&reply).err();
                    let answer = Answer { reply, tier, model: backend.name.clone(), weakness };
                    let Some(weakness) = answer.weakness.clone() else {
                        self.record(scope, "route_answered", &decision("answer", &answer, "it will do")).await?;
                        return Ok(answer);
                    };
                    let worth = |answer: &Answer| answer.weakness.as_ref().map_or(2.0, Weakness::worth);
                    if best.as_ref().is_none_or(|best| worth(&answer) >= worth(best)) {
                        best = Some(answer);
                    }
                    (weakness.to_string(), None)
                }
                Err(error) => (error.describe(), Some(error)),
            };
            let is_final = matches!(
                failure,
                Some(
                    Error::Record(_)
                        | Error::Call(crate::guard::Error::Exhausted(_) | crate::guard::Error::Record { .. })
                )
            );
            let next = self.pools.keys().copied().find(|other| *other > tier).filter(|_| !is_final);
            let Some((next, pause)) = next.zip(pauses.next()) else {
                return self.settle(scope, best, failure).await;
            };
            metrics::counter!("cogo_route_escalations_total").increment(1);
            because = format!("{tier:?}: {weak}");
            (tier, step) = (next, "escalate");
            tokio::time::sleep(pause.min(scope.budget.time_left().unwrap_or(Duration::MAX))).await;
        }
    }

    /// Nothing more can be tried: the best of the weak answers, or the last failure.
    async fn settle(&self, scope: &Scope, best: Option<Answer>, failure: Option<Error>) -> Result<Answer, Error> {
        match (best, failure) {
            (_, Some(Error::Record(error))) => Err(Error::Record(error)),
            (_, Some(error @ Error::Call(crate::guard::Error::Record { .. }))) => Err(error),
            (Some(best), _) => {
                let why = best.weakness.as_ref().map(ToString::to_string).unwrap_or_default();
                let because = format!("nothing better can be got; {why}");
                self.record(scope, "route_answered", &decision("best so far", &best, &because)).await?;
                Ok(best)
            }
            (None, failure) => Err(failure.unwrap_or(Error::NoModel("none answered"))),
        }
    }

    /// Asks the models of a tier, one after the other, until one answers.
    async fn ask_tier(
        &self,
        scope: &Scope,
        tier: Tier,
        prompt: &Arc<Prompt>,
        (mut step, because, mut score): (&'static str, &str, Option<&Score>),
    ) -> Result<(Arc<Backend>, Reply), Error> {
        let mut because = because.to_owned();
        let mut failure = Error::NoModel("money is limited, and no price is known");
        let pool = self.pools.get(&tier).into_iter();
        for backend in pool.flat_map(|pool| pool.order(&self.guard)) {
            if scope.budget.limits().cost.is_some() && backend.price.is_none() {
                continue;
            }
            let decision = Decision { step, tier, model: &backend.name, because: because.clone(), score: score.take() };
            self.record(scope, "route_decided", &decision).await?;
            metrics::counter!("cogo_route_total", "tier" => format!("{tier:?}").to_lowercase()).increment(1);
            match self.call(scope, &backend, prompt).await {
                Ok(reply) => return Ok((backend, reply)),
                Err(error @ (crate::guard::Error::Exhausted(_) | crate::guard::Error::Record { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    because = error.describe();
                    step = "fail over";
                    failure = error.into();
                }
            }
        }
        Err(failure)
    }

    async fn call(
        &self,
        scope: &Scope,
        backend: &Arc<Backend>,
        prompt: &Arc<Prompt>,
    ) -> Result<Reply, crate::guard::Error> {
        let most = Usage { input: llm::at_most(prompt), output: prompt.max_output.into() };
        let call = Call {
            key: backend.key.clone(),
            request: json!({ "model": backend.name, "prompt": prompt.as_ref() }),
            worst: backend.charge(most),
        };
        let attempt = || async {
            let (asked, prompt) = (backend.clone(), prompt.clone());
            // A model blocks; if this attempt is given up, its thread ends when the request does.
            let answer = tokio::task::spawn_blocking(move || asked.model.complete(&prompt)).await;
            let reply = answer.map_err(|error| Fault::new(Blame::Lasting, format!("it panicked: {error}")))??;
            let used = reply.usage.map(|usage| backend.charge(usage));
            Ok(Done { value: reply, used })
        };
        self.guard.call(scope, call, attempt).await
    }

    /// The tier that serves `wanted`: itself, the next above, or else the next below.
    fn serving(&self, wanted: Tier) -> Option<Tier> {
        let mut tiers = self.pools.keys().copied();
        tiers.clone().find(|tier| *tier >= wanted).or_else(|| tiers.next_back())
    }

    fn pauses(&self) -> backon::ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(self.config.escalation_delay_ms))
            .with_max_times(self.config.max_escalations as usize)
            .with_jitter()
            .build()
    }

    async fn record(&self, scope: &Scope, event: &'static str, decision: &Decision<'_>) -> Result<(), Error> {
        let record = Record {
            event,
            key: decision.model.to_owned(),
            trace: scope.trace.clone(),
            data: serde_json::to_value(decision).unwrap_or_default(),
            files: Vec::new(),
        };
        scope.recorder.record(record).await.map_err(Error::Record)
    }
}

fn decision<'a>(step: &'static str, answer: &'a Answer, because: &str) -> Decision<'a> {
    Decision { step, tier: answer.tier, model: &answer.model, because: because.to_owned(), score: None }
}
