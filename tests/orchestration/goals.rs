//! Goals in plain words, and what their results must hold. The test and the benchmark read them alike.

/// What of this repository is asked about.
pub const FOLDERS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "docs", "rag-core/src", "indexer/src/scan", "agents/src"];

/// A goal, and texts of which the result must hold each.
pub const SCENARIOS: [(&str, &[&str]); 46] = [
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
    ("what breaks if I change `RetryPolicy`?", &["agents/src/retry.rs"]),
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
    ("find who calls `check_size` and explain how it is limited", &["\"callers\"", "agents/src/job/", "\"text\""]),
    ("who calls `check_size`, and why?", &["\"callers\"", "\"answer\"", "agents/src/job/"]),
    (
        "compare `Sqlite` and `Postgres`, then show what breaks if `Sqlite` changes",
        &["agents/src/store/postgres", "\"impact\"", "\"changed\""],
    ),
    ("explain Lexicon; what breaks if I change it?", &["rag-core/src/analysis.rs", "\"impact\""]),
    ("index this repository, then give me an overview", &["files", "communities"]),
    ("run the tests and explain SegmentWriter", &["\"passed\":true", "rag-core/src/store/segment_writer.rs"]),
    // The name is known to nobody: one part is planned again, the other is kept.
    (
        "explain Lexicon and tell me what breaks if I change segment_writer_of_old_days",
        &["rag-core/src/analysis.rs", "\"meant\""],
    ),
    ("`check_size` 를 누가 호출하는지 찾고 어떻게 쓰이는지 설명해줘", &["\"callers\"", "agents/src/job/", "\"text\""]),
    (
        "`LocalBus` 와 `TableBus` 를 비교해줘. 그리고 `LocalBus` 를 바꾸면 무엇이 영향을 받나요?",
        &["agents/src/bus/table.rs", "\"impact\""],
    ),
    ("테스트를 실행하고 이 저장소의 전체 구조를 알려줘", &["\"passed\":true", "communities"]),
];
