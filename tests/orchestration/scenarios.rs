//! Goals and what a good result holds.

use std::time::Instant;

use serde_json::json;

use super::{Status, World, allowing};

/// A goal, and texts of which the result must hold each.
const SCENARIOS: [(&str, &[&str]); 36] = [
    ("find where a commit renames the CURRENT file", &["rag-core/src/store/"]),
    ("where are camelCase identifiers split into words?", &["rag-core/src/analysis.rs"]),
    ("locate the code that detects private keys", &["indexer/src/scan/secret/"]),
    ("search for the circuit breaker", &["agents/src/guard/breaker.rs"]),
    ("show me how vectors are quantized to int8", &["rag-core/src/vector/quantized.rs"]),
    ("where is .gitignore honoured when a folder is walked?", &["indexer/src/scan/walk.rs"]),
    ("중복 벡터를 양자화하는 코드는 어디에 있나요? quantized", &["quantized.rs"]),
    ("circuit breaker 를 찾아줘", &["agents/src/guard/"]),
    ("HNSW 그래프는 어디서 만들어지나요?", &["rag-core/src/vector/hnsw.rs"]),
    ("BM25 점수를 계산하는 곳을 찾아줘", &["rag-core/src/hybrid/"]),
    ("retry_policy 는 어디에서 읽나요?", &["agents/"]),
    ("explain Lexicon", &["rag-core/src/analysis.rs"]),
    ("what does `Budget` do?", &["agents/src/guard/budget.rs"]),
    ("describe SegmentWriter", &["rag-core/src/store/segment_writer.rs"]),
    ("how does the lease of a job work?", &["agents/src/"]),
    ("why are hints not the truth?", &["hint"]),
    ("SegmentWriter 를 설명해줘", &["rag-core/src/store/segment_writer.rs"]),
    ("`Lexicon` 은 무엇을 하나요?", &["rag-core/src/analysis.rs"]),
    ("who calls `estimate_closer`?", &["callers"]),
    ("`quick_select_or_nobody` 누가 호출하나요? SegmentWriter", &["callers"]),
    ("callers of `check_size`", &["agents/src/job/"]),
    ("`check_size` 는 누가 호출하나요?", &["agents/src/job/"]),
    ("what breaks if I change `RetryPolicy`?", &["agents/src/job/retry.rs"]),
    ("impact of changing agents/src/hint.rs", &["agents/src/hint.rs"]),
    ("`Lexicon` 을 바꾸면 무엇이 영향을 받나요?", &["rag-core/src/analysis.rs"]),
    ("what is affected by a change of segment_writer_of_old_days?", &["impact"]),
    ("compare `Sqlite` and `Postgres`", &["agents/src/store/sqlite", "agents/src/store/postgres"]),
    ("what is the difference between the circuit breaker and the rate limit?", &["breaker", "rate"]),
    ("`LocalBus` 와 `TableBus` 를 비교해줘", &["agents/src/bus/local.rs", "agents/src/bus/table.rs"]),
    ("how do I let more workers work on jobs?", &["worker"]),
    ("how can I make a bus in memory?", &["agents/src/bus/"]),
    ("give me an overview of this repository", &["rag-core/src", "communities"]),
    ("이 저장소의 전체 구조를 알려줘", &["rag-core/src", "communities"]),
    ("index this repository", &["files"]),
    ("이 저장소를 색인해줘", &["files"]),
    ("run the tests", &["\"passed\":true"]),
];

#[tokio::test]
async fn goals_are_reached() {
    let world = World::new(allowing(&["make test"])).await.with_sources();
    world.write("Makefile", "test:\n\ttrue\n");
    let (mut times, mut failures) = (Vec::new(), Vec::new());
    for (goal, wanted) in SCENARIOS {
        let begun = Instant::now();
        let id = world.submit("orchestrate", json!({ "goal": goal })).await;
        world.work().await;
        times.push(begun.elapsed().as_millis());
        let job = world.job(id).await;
        let result = job.result.map(|result| result["result"].to_string()).unwrap_or_default();
        let missing: Vec<&&str> = wanted.iter().filter(|text| !result.contains(**text)).collect();
        if job.status != Status::Succeeded || !missing.is_empty() {
            failures.push(format!("{goal}: {} {:?}, without {missing:?}", job.status, job.error));
        }
    }
    times.sort_unstable();
    let reached = SCENARIOS.len() - failures.len();
    let (half, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("{reached} of {} goals reached; half within {half} ms, 95 % within {most} ms", SCENARIOS.len());
    assert!(failures.is_empty(), "{failures:#?}");
}
