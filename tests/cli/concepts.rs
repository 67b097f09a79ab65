//! Concepts of documents, without a language model.

use std::time::Duration;

use serde_json::json;

use super::Repository;

fn korean() -> Repository {
    let repository = Repository::empty();
    repository.write(
        "docs/소개.md",
        "# 토큰 버킷의 동작 방식\n\n토큰 버킷(Token Bucket)은 요청 속도를 제한하는 알고리즘이다.\n\n## 지수 백오프\n\n\
         **지수 백오프**란 재시도 사이의 간격을 늘리는 방법이다.\n",
    );
    repository.write(
        "docs/운영.md",
        "# 운영 안내\n\n서버에서 토큰 버킷을 설정한다. 실패하면 지수 백오프로 다시 시도하고, 상태는 Redis에 둔다.\n",
    );
    repository.write("docs/limits.md", "# Rate limiting\n\nThe token buckets of all clients live in Redis.\n");
    std::thread::sleep(Duration::from_millis(30));
    repository
}

#[test]
fn concepts_are_explained_with_their_places() {
    let repository = korean();
    let bucket = repository.cogo(["graph", "explain", "토큰 버킷", "--format", "json"]).expect(0).json();
    let places: Vec<_> =
        bucket["mentions"].as_array().expect("a list").iter().map(|seen| (&seen["path"], &seen["line"])).collect();
    assert_eq!(places, [(&json!("docs/소개.md"), &json!(3)), (&json!("docs/운영.md"), &json!(3))]);
    assert_eq!(bucket["mentions"][0]["origin"], "definition");
    assert_eq!(bucket["statements"][0]["words"], "also called");
    let text = repository.cogo(["graph", "explain", "token bucket"]).expect(0).out;
    assert!(text.contains("docs/limits.md:3") && text.contains("live in Redis"), "{text}");
}

#[test]
fn concepts_have_neighbours_and_ways() {
    let repository = korean();
    let redis = repository.cogo(["graph", "neighbors", "Redis"]).expect(0).out;
    assert!(redis.contains("운영 안내") && redis.contains("Rate limiting"), "{redis}");
    let way = repository.cogo(["graph", "path", "지수 백오프", "token bucket", "--format", "json"]).expect(0).json();
    assert!(way.as_array().expect("a list").len() >= 3, "{way}");
    assert_eq!(way[0]["link"]["backwards"], true);
    repository.cogo(["graph", "explain", "없는 낱말"]).expect(2);
}
