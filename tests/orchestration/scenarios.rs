//! Goals in plain words are reached.

use serde_json::json;

use super::goals::SCENARIOS;
use super::{Status, World, allowing};

#[tokio::test]
async fn goals_are_reached() {
    let world = World::new(allowing(&["make test"])).await.with_sources();
    world.write("Makefile", "test:\n\ttrue\n");
    let mut failures = Vec::new();
    for (goal, wanted) in SCENARIOS {
        let id = world.submit("orchestrate", json!({ "goal": goal })).await;
        world.work().await;
        let job = world.job(id).await;
        let result = job.result.map(|result| result["result"].to_string()).unwrap_or_default();
        let missing: Vec<&&str> = wanted.iter().filter(|text| !result.contains(**text)).collect();
        if job.status != Status::Succeeded || !missing.is_empty() {
            failures.push(format!("{goal}: {} {:?}, without {missing:?}", job.status, job.error));
        }
    }
    assert!(failures.is_empty(), "{} of {} failed: {failures:#?}", failures.len(), SCENARIOS.len());
}
