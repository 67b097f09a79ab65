//! Search quality on a repository that every test machine has: this one.
//!
//! A floor, not a benchmark: it notices when ranking breaks. Changes of ranking are judged with `cogo-eval`.

use std::path::Path;

use cogo::{Engine, EngineOptions, Query};

/// Questions and the files that answer them.
const QUERIES: &[(&str, &[&str])] = &[
    ("where does a commit rename the CURRENT file", &["rag-core/src/store/mod.rs"]),
    ("split camelCase identifiers into words", &["rag-core/src/analysis.rs"]),
    ("greedy WordPiece of unknown words", &["rag-core/src/embedding/static_model.rs"]),
    ("quantize vectors to int8", &["rag-core/src/vector/quantized.rs"]),
    ("load the HNSW graph from disk", &["rag-core/src/vector/hnsw.rs", "rag-core/src/store/segment.rs"]),
    ("BM25 inverse document frequency", &["rag-core/src/hybrid/lexical.rs"]),
    ("weights of the ranking formula", &["rag-core/src/hybrid/ranking.rs"]),
    ("detect private keys in text", &["indexer/src/scan/secret/private_key.rs"]),
    ("walk a folder and honour .gitignore", &["indexer/src/scan/walk.rs"]),
    ("headings of a Markdown document", &["indexer/src/document/markdown.rs"]),
    ("cells of a Jupyter notebook", &["indexer/src/document/notebook.rs"]),
    ("which segments are rewritten when many are half dead", &["indexer/src/merge.rs"]),
    ("choose cuts by dynamic programming", &["indexer/src/chunk/partition.rs"]),
    ("compare the tree with the last generation and index what changed", &["indexer/src/pipeline.rs"]),
    ("progress bar on the terminal", &["src/cli/progress.rs"]),
    ("origin of a setting: flag, environment, file or default", &["src/config.rs"]),
    ("follow the file system and keep the index fresh", &["src/watch.rs", "src/http/repositories.rs"]),
    ("exit code of an error", &["src/cli/failure.rs", "rag-core/src/error.rs"]),
    ("NDCG and recall of ranked results", &["src/eval/measures.rs"]),
    ("names of the crash points", &["rag-core/src/store/crash.rs"]),
    (
        "communities of a graph by Leiden's algorithm",
        &["graphrag/src/network/leiden.rs", "graphrag/src/network/communities.rs"],
    ),
    ("personalised PageRank by forward push", &["graphrag/src/network/walk.rs"]),
    (
        "which files were changed by the same commits",
        &["indexer/src/history/co_change.rs", "indexer/src/history/mod.rs"],
    ),
    ("read the protobuf of a SCIP index", &["graphrag/src/scip/wire.rs", "graphrag/src/scip/mod.rs"]),
    ("choose between overloads by the types of the arguments", &["graphrag/src/java_overloads.rs"]),
    ("code that a document mentions", &["graphrag/src/mentions.rs"]),
    ("title and template headings of a bug report", &["rag-core/src/hybrid/report.rs"]),
    (
        "tests to run and documents to read again after a change",
        &["graphrag/src/graph/impact.rs", "src/cli/graph/impact.rs", "src/mcp/tools/impact.rs", "src/wire/graph.rs"],
    ),
    ("SegmentWriter", &["rag-core/src/store/segment_writer.rs"]),
    ("Searcher", &["rag-core/src/hybrid/searcher/mod.rs"]),
    ("Lexicon", &["rag-core/src/analysis.rs"]),
    ("Workspace", &["src/engine.rs"]),
];

#[test]
fn questions_about_this_repository_are_answered() {
    let folder = tempfile::tempdir().expect("temp dir");
    let options = EngineOptions { folder: Some(folder.path().join("index")), ..EngineOptions::default() };
    let engine = Engine::new(Path::new(env!("CARGO_MANIFEST_DIR")), options);
    engine.refresh(&|_| ()).expect("index this repository");

    let mut reciprocal_ranks = 0.0;
    let mut found = 0;
    for (text, expected) in QUERIES {
        let mut query = Query::new(*text);
        // The questions themselves stand in this file.
        query.filter.paths = vec!["!tests/".into()];
        let hits = engine.search(&query).expect("search").hits;
        let rank = hits.iter().position(|hit| expected.contains(&hit.path.as_str()));
        match rank {
            Some(at) => {
                reciprocal_ranks += 1.0 / (at + 1) as f64;
                found += 1;
            }
            None => println!("{text}: not found, first is {:?}", hits.first().map(|hit| &hit.path)),
        }
        println!("{text}: {rank:?}");
    }
    let mrr = reciprocal_ranks / QUERIES.len() as f64;
    println!("MRR@10 {mrr:.3}, found {found} of {}", QUERIES.len());
    assert!(mrr >= 0.75, "MRR@10 fell to {mrr:.3}");
    assert!(found + 1 >= QUERIES.len(), "only {found} of {} questions have their file among ten hits", QUERIES.len());
}
