//! Routing, over providers that speak with the scripted server.

use std::sync::Arc;
use std::time::Duration;

use agents::guard::{Budget, Guard, Limits, Memory, Scope, State};
use agents::route::{Answer as Best, Error, Router, RoutingConfig, Signals, Tier, Weakness};
use llm::{LanguageModel, Prompt, Provider, Reply};
use serde_json::{Value, json};

use super::guard::policies;
use super::model_server::{Answer, Asked, ModelServer, Shape};

/// Models of each tier, in shapes that differ: `nano-a`, `nano-b`, `mini-a` …
fn config(tiers: Value) -> RoutingConfig {
    let folder = tempfile::tempdir().expect("a folder");
    let file = json!({ "tiers": tiers, "escalation_delay_ms": 1 });
    std::fs::write(folder.path().join("model_routing.json"), file.to_string()).expect("write");
    RoutingConfig::load(Some(folder.path())).expect("a configuration")
}

fn model(name: &str) -> Value {
    json!({ "model": name, "input_price": 1.0, "output_price": 2.0 })
}

struct Set {
    server: ModelServer,
    guard: Arc<Guard>,
    router: Router,
    memory: Memory,
    scope: Scope,
}

impl Set {
    async fn new(tiers: Value, script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let server = ModelServer::start(script).await;
        let retry = json!({ "max_attempts": 1, "timeout_ms": 400 });
        let breaker = json!({ "min_requests": 3, "open_ms": 60000 });
        let guard = Arc::new(Guard::new(policies(retry, breaker, json!({}))));
        let router = Router::new(guard.clone(), config(tiers), |model| {
            let shape = match model.name().as_bytes().last() {
                Some(b'a') => Shape::OpenAi,
                Some(b'b') => Shape::Anthropic,
                _ => Shape::Gemini,
            };
            let provider = Provider::new(&server.options(shape, &model.model))?;
            Ok(Arc::new(provider) as Arc<dyn LanguageModel>)
        });
        let memory = Memory::default();
        let scope = Scope { recorder: Arc::new(memory.clone()), ..Scope::free("trace-7") };
        Set { server, guard, router: router.expect("providers"), memory, scope }
    }

    fn limited(mut self, limits: Limits) -> Self {
        self.scope.budget = Arc::new(Budget::new(limits));
        self
    }

    async fn ask(&self, kind: &str) -> Result<Best, Error> {
        let prompt = Prompt { user: "Which?".into(), max_output: 50, ..Prompt::default() };
        let signals = Signals { kind: kind.into(), ..Signals::default() };
        self.router.ask(&self.scope, prompt, &signals, &verify).await
    }

    fn models(&self) -> Vec<String> {
        self.server.asked().into_iter().map(|asked| asked.model).collect()
    }

    /// The steps that were recorded: what, and why.
    fn steps(&self) -> Vec<(String, String)> {
        let records = self.memory.records();
        let decisions = records.iter().filter(|record| record.event.starts_with("route"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        decisions.map(|record| (text(&record.data["step"]), text(&record.data["because"]))).collect()
    }
}

/// Answers say themselves how good they are.
fn verify(reply: &Reply) -> Result<(), Weakness> {
    match reply.text.as_str() {
        "good" => Ok(()),
        "uncited" => Err(Weakness::NoCitations),
        text => match text.parse() {
            Ok(coverage) => Err(Weakness::LowCoverage(coverage)),
            Err(_) => Err(Weakness::Invalid("no number".into())),
        },
    }
}

fn tiers() -> Value {
    json!({ "nano": [model("nano-a")], "mini": [model("mini-b")], "full": [model("full-c")] })
}

fn by_tier(asked: &Asked, nano: Answer, mini: Answer, full: Answer) -> Answer {
    match asked.model.split('-').next() {
        Some("nano") => nano,
        Some("mini") => mini,
        _ => full,
    }
}

#[tokio::test]
async fn small_work_goes_to_the_small_model_and_design_to_the_large_one() {
    let set = Set::new(tiers(), |_| Answer::text("good")).await;
    let nano = set.ask("intent").await.expect("an answer");
    let full = set.ask("design").await.expect("an answer");
    assert_eq!((nano.tier, nano.model.as_str(), full.tier), (Tier::Nano, "nano-a", Tier::Full));
    assert_eq!(set.models(), ["nano-a", "full-c"]);
    let records = set.memory.records();
    let score = &records[0].data["score"];
    assert_eq!((&records[0].event, score["terms"].as_array().map(Vec::len)), (&"route_decided", Some(4)));
    assert!(score["value"].as_f64().is_some_and(|value| value < 0.1), "{score}");
    assert_eq!(set.scope.budget.spent().1.usage.total(), 220);
    assert_eq!(set.scope.budget.spent().1.cost.map(|cost| cost.dollars()), Some(0.000_24));
}

#[tokio::test]
async fn weak_answers_are_asked_for_again_one_tier_up() {
    let set = Set::new(tiers(), |asked| {
        by_tier(asked, Answer::text("nonsense"), Answer::text("uncited"), Answer::text("good"))
    })
    .await;
    let answer = set.ask("intent").await.expect("an answer");
    assert_eq!((answer.tier, answer.weakness), (Tier::Full, None));
    let steps = set.steps();
    assert_eq!(
        steps.iter().map(|(step, _)| step.as_str()).collect::<Vec<_>>(),
        ["route", "escalate", "escalate", "answer"]
    );
    assert_eq!(steps[1].1, "Nano: the answer cannot be used: no number");
    assert_eq!(steps[2].1, "Mini: the answer cites nothing");
}

#[tokio::test]
async fn if_nothing_is_good_enough_the_best_is_given_with_what_it_lacks() {
    let set =
        Set::new(tiers(), |asked| by_tier(asked, Answer::text("0.4"), Answer::text("0.7"), Answer::text("nonsense")))
            .await;
    let answer = set.ask("intent").await.expect("an answer");
    assert_eq!((answer.tier, answer.weakness), (Tier::Mini, Some(Weakness::LowCoverage(0.7))));
    assert_eq!(set.steps().last().expect("a step").0, "best so far");

    // Two escalations at most, whatever there is; and none that the budget does not allow.
    let set = Set::new(tiers(), |_| Answer::text("0.4")).await.limited(Limits { calls: Some(2), ..Limits::default() });
    let answer = set.ask("intent").await.expect("an answer");
    assert_eq!((answer.tier, set.server.count()), (Tier::Mini, 2));
    let error = set.ask("intent").await.expect_err("nothing is left, and nothing was got");
    assert!(matches!(error, Error::Call(agents::guard::Error::Exhausted(_))), "{error:?}");
}

#[tokio::test]
async fn providers_share_the_work_and_stand_in_for_each_other() {
    let two = json!({ "mini": [
        { "model": "mini-a", "weight": 2, "input_price": 1.0, "output_price": 1.0 }, model("mini-b"), model("mini-c"),
    ] });
    let set = Set::new(two, |asked| match asked.model.as_str() {
        "mini-a" => Answer::status(503, "overloaded"),
        _ => Answer::text("good"),
    })
    .await;
    for _ in 0..12 {
        let answer = set.ask("summary").await.expect("another provider answers");
        assert_ne!(answer.model, "mini-a");
    }
    assert_eq!(set.guard.state("llm.mini-a"), State::Open);
    let count = |name: &str| set.models().iter().filter(|model| *model == name).count();
    // After three failures it is not asked any more, and the others take turns.
    assert_eq!((count("mini-a"), count("mini-b") + count("mini-c")), (3, 12));
    assert!(count("mini-b") >= 4 && count("mini-c") >= 4, "{:?}", set.models());
    let steps = set.steps();
    let fail_over = steps.iter().find(|(step, _)| step == "fail over").expect("a step");
    assert!(fail_over.1.contains("`llm.mini-a` failed"), "{fail_over:?}");
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_passed_over() {
    let set = Set::new(tiers(), |asked| {
        let slow = Answer { delay: Duration::from_secs(3), ..Answer::text("good") };
        by_tier(asked, slow, Answer::text("good"), Answer::text("good"))
    })
    .await;
    let answer = set.ask("intent").await.expect("the next tier answers");
    assert_eq!(answer.tier, Tier::Mini);
    assert!(set.steps()[1].1.contains("did not answer"), "{:?}", set.steps());
}

#[tokio::test]
async fn a_tier_without_models_is_served_by_another() {
    let set = Set::new(json!({ "mini": [model("mini-a")] }), |_| Answer::text("good")).await;
    assert_eq!(set.ask("intent").await.expect("an answer").tier, Tier::Mini);
    assert_eq!(set.ask("design").await.expect("an answer").tier, Tier::Mini);
    let none = Set::new(json!({}), |_| Answer::text("good")).await;
    assert!(none.router.is_empty());
    assert!(matches!(none.ask("intent").await, Err(Error::NoModel(_))));
    // Where money is limited, a model without a price is not asked.
    let money = Limits { cost: llm::Usd::new(1.0), ..Limits::default() };
    let set = Set::new(json!({ "nano": [{ "model": "x-a" }] }), |_| Answer::text("good")).await.limited(money);
    assert!(matches!(set.ask("intent").await, Err(Error::NoModel(_))));
    assert_eq!(set.server.count(), 0);
}
