//! Workflows and roles in files: those that cogo comes with, and limits that hold.

use serde_json::{Value, json};

use super::{AgentsConfig, Status, World, settings};
use crate::cli::language_model_double::{Answer, Double};

const SHOP: &str = "def checkout(basket):\n    \"\"\"Pays for a basket.\"\"\"\n    return basket.pay()\n";
const TEST: &str = "from shop import checkout\n\n\ndef test_checkout():\n    assert checkout(None)\n";

async fn shop(settings: AgentsConfig) -> World {
    let world = World::new(settings).await;
    world.write("shop.py", SHOP);
    world.write("test_shop.py", TEST);
    world
}

/// A model in every tier, which `double` is.
fn routing(double: &Double) -> String {
    let models = json!([{ "model": "gpt-4o-mini", "base_url": double.url }]);
    json!({ "tiers": { "nano": models, "mini": models, "full": models } }).to_string()
}

#[tokio::test]
async fn what_cogo_comes_with_works() {
    let world = shop(AgentsConfig::default()).await;
    let review = json!({ "workflow": "change-review", "input": { "symbol": "checkout" } });
    let review = world.submit("orchestrate", review).await;
    let tour = world.submit("orchestrate", json!({ "workflow": "tour" })).await;
    world.work().await;
    let (review, tour) = (world.job(review).await, world.job(tour).await);
    assert_eq!(
        (review.status, tour.status),
        (Status::Succeeded, Status::Succeeded),
        "{:?} {:?}",
        review.error,
        tour.error
    );
    let result = review.result.expect("a result");
    assert_eq!(result["reasons"], json!(["the workflow `change-review`"]));
    assert_eq!(result["result"]["impact"]["changed"][0]["name"], "checkout", "{result}");
    assert_eq!(result["result"]["tests"][0]["name"], "test_checkout", "{result}");
    assert!(review.deadline.is_some(), "its role has limited its time");
    let result = tour.result.expect("a result");
    assert!(!result["result"]["overview"]["communities"].is_null(), "{result}");
}

#[tokio::test]
async fn inputs_are_checked_before_anything_runs() {
    let world = shop(AgentsConfig::default()).await;
    for (inputs, wanted) in [
        (json!({ "workflow": "change-reviw" }), "cogo agent workflows"),
        (json!({ "workflow": "change-review" }), "\"symbol\" is a required property"),
        (json!({ "workflow": "change-review", "input": { "symbol": 7 } }), "/symbol: 7 is not of type"),
        (json!({ "workflow": "change-review", "input": { "symbol": "a" }, "role": "operator" }), "is `reviewer`"),
        (json!({ "workflow": "tour", "plan": { "goal": "g", "steps": [] } }), "not both"),
        (json!({ "goal": "explain checkout", "role": "king" }), "cogo agent roles"),
        (
            json!({ "role": "researcher", "plan": { "goal": "g", "steps": [{ "id": "run", "tool": { "name": "command" } }] } }),
            "step `run` needs the tool `command`, which the role `researcher` may not use",
        ),
    ] {
        let refused = world.prepare("orchestrate", inputs.clone()).expect_err(wanted);
        assert!(refused.contains(wanted), "{inputs}: {refused}");
    }
}

#[tokio::test]
async fn a_role_does_nothing_that_it_may_not() {
    let world = shop(AgentsConfig::default()).await;
    let id = world.submit("orchestrate", json!({ "goal": "explain checkout", "role": "operator" })).await;
    world.work().await;
    let job = world.job(id).await;
    let error = job.error.expect("a reason");
    assert_eq!(job.status, Status::Failed);
    assert!(error.contains("which the role `operator` may not use"), "{error}");
    assert_eq!(world.parts(id).await.len(), 0, "nothing has begun");
}

#[tokio::test]
async fn a_role_speaks_first_and_may_ask_so_often() {
    let double = Double::start(|_, _| Answer::text("fine", (10, 2)));
    let critic = "about: criticises\npersona: You are a critic.\ntools: [model]\nlimits: { calls: 2 }\n";
    let pedant = "about: is exact\npersona: You are a pedant.\ntools: [model]\n";
    let (_folder, settings) = settings(&[
        ("model_routing.json", routing(&double)),
        ("roles/critic.yaml", critic.into()),
        ("roles/pedant.yaml", pedant.into()),
    ]);
    let world = shop(settings).await;
    let ask =
        |id: &str, role: Value| json!({ "id": id, "model": { "prompt": "Is it good?", "role": role }, "attempts": 1 });
    let plan = json!({ "goal": "ask thrice", "steps":
        [ask("first", Value::Null), ask("second", "pedant".into()), ask("third", Value::Null)] });
    let id = world.submit("orchestrate", json!({ "plan": plan, "role": "critic" })).await;
    world.work().await;
    let job = world.job(id).await;
    let error = job.error.expect("the third may not ask");
    assert!(error.contains("the role `critic` may do no more: calls: 2 were all used"), "{error}");
    let told: Vec<String> = double
        .requests
        .lock()
        .expect("no panic")
        .iter()
        .map(|(body, _)| body["messages"][0]["content"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(told, ["You are a critic.", "You are a critic.\n\nYou are a pedant."]);
    let asked = world.parts(id).await;
    assert!(
        asked.iter().all(|part| part.progress.as_ref().is_some_and(|told| told["used"]["calls"] == 1)),
        "{asked:?}"
    );
}
