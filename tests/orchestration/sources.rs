//! Evidence from outside of the repository: asked for only where that is configured and allowed, cited so that it can be looked up, and done
//! without where a source fails.

use serde_json::{Value, json};

use super::source_double::{Reply, SourceDouble};
use super::{AgentsConfig, Status, World, settings};

const SHOP: &str = "def checkout(basket):\n    \"\"\"Pays for a basket with a token.\"\"\"\n    return basket.pay()\n";
const QUESTION: &str = "how does checkout pay for a basket?";

/// What the searches of the double find.
fn script(number: usize, target: &str) -> Reply {
    let hit = |text: &str| {
        json!({ "results": [{ "title": "Payment guide", "url": "https://pay.example/guide", "content": text }] })
            .to_string()
    };
    let good = "A <b>basket</b> &amp; its token are paid at checkout in one step. Nothing else matters here.";
    let ok = |body: String| Reply::Http(200, "", body);
    match target.split('?').next().unwrap_or_default() {
        "/searx" => ok(hit(good)),
        "/copy" => ok(hit(&good.replace("<b>", "").replace("</b>", ""))),
        "/w/api.php" => ok(json!({ "query": { "pages": [
            { "index": 2, "title": "Moon", "fullurl": "https://wiki.example/Moon", "extract": "The moon is far away from here." },
            { "index": 1, "title": "Basket", "fullurl": "https://wiki.example/Basket", "extract": "To pay for a basket, checkout takes a token." }
        ] } }).to_string()),
        "/late" if number == 0 => Reply::Http(429, "retry-after: 1\r\n", "{}".into()),
        "/late" => ok(json!({ "data": { "hits": [
            { "name": "Late", "at": "https://late.example/", "body": "At checkout the basket is paid late." }
        ] } }).to_string()),
        "/broken" => Reply::Http(500, "", "{}".into()),
        "/slow" => Reply::Silence,
        "/cut" => Reply::Cut,
        "/wrong" => ok("<html>checkout</html>".into()),
        "/shape" => ok(json!({ "results": { "checkout": 1 } }).to_string()),
        "/huge" => ok(json!({ "results": [], "more": "x".repeat(5_000) }).to_string()),
        "/moved" => Reply::Http(302, "location: /searx\r\n", "{}".into()),
        _ => Reply::Http(404, "", "{}".into()),
    }
}

fn searx(url: &str, name: &str) -> Value {
    json!({ "name": name, "kind": "searxng", "url": format!("{url}/{name}"), "max_bytes": 4_000 })
}

/// A world with these sources, and a shop. Nobody waits long for a second attempt.
async fn world(sources: Vec<Value>) -> (tempfile::TempDir, World) {
    let retry =
        json!({ "keys": { "web.*": { "max_attempts": 2, "first_delay_ms": 10 }, "web.slow": { "timeout_ms": 200 } } });
    let (folder, settings) = settings(&[
        ("sources.json", json!({ "sources": sources }).to_string()),
        ("retry_policy.json", retry.to_string()),
    ]);
    let world = World::new(settings).await;
    world.write("shop.py", SHOP);
    (folder, world)
}

#[tokio::test]
async fn what_is_found_outside_is_cited_and_kept() {
    let double = SourceDouble::start(script);
    let wiki = json!({ "name": "wiki", "kind": "mediawiki", "url": format!("{}/w/api.php", double.url) });
    let (_folder, world) = world(vec![wiki, searx(&double.url, "searx"), searx(&double.url, "copy")]).await;
    let id = world.submit("research", json!({ "question": QUESTION, "web": true })).await;
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let result = job.result.expect("a result");
    let evidence = result["evidence"].as_array().expect("evidence");
    let outside: Vec<&Value> = evidence.iter().filter(|piece| piece["source"] == "web").collect();
    let urls: Vec<&Value> = outside.iter().map(|piece| &piece["path"]).collect();
    assert_eq!(
        urls,
        ["https://wiki.example/Basket", "https://pay.example/guide"],
        "the moon says nothing, a copy nothing new"
    );
    // Every sentence quotes what is kept.
    let text = result["text"].as_str().expect("text");
    assert!(text.contains("Basket says: “To pay for a basket, checkout takes a token.”"), "{text}");
    assert!(text.contains("Payment guide says: “A basket & its token are paid at checkout in one step.”"), "{text}");
    assert!(text.contains("<https://pay.example/guide> (kept as web/searx/1.txt)"), "{text}");
    assert!(text.contains("`checkout` (function): Pays for a basket with a token."), "{text}");
    let kept = world.store.artifacts(id).await.expect("artifacts");
    let kept = kept.iter().find(|artifact| artifact.name == "web/searx/1.txt").expect("it is kept");
    let kept = std::fs::read_to_string(kept.uri.strip_prefix("file://").expect("a file")).expect("it is there");
    assert!(kept.contains("https://pay.example/guide") && kept.contains("are paid at checkout in one step."), "{kept}");
    assert_eq!(result["sentences"][0]["cites"], json!([0]), "the repository goes first");
    assert_eq!(evidence[0]["path"], "shop.py");
    let asked = double.requests.lock().expect("no panic").clone();
    assert!(asked.iter().all(|(target, _)| target.contains("=how+does+checkout+pay+for+a+basket%3F")), "{asked:?}");
}

#[tokio::test]
async fn a_source_that_fails_is_told_and_done_without() {
    let (double, other) = (SourceDouble::start(script), SourceDouble::start(script));
    let late = json!({ "name": "late", "kind": "json", "url": format!("{}/late?q={{query}}&n={{results}}", double.url), "items": "/data/hits",
        "title": "/name", "link": "/at", "text": "/body", "key_variable": "PATH", "headers": { "X-Key": "{key}" } });
    let names = ["broken", "slow", "cut", "wrong", "shape", "huge", "moved"];
    let mut sources: Vec<Value> = names.iter().map(|name| searx(&double.url, name)).collect();
    sources.push(late);
    sources.push(
        json!({ "name": "locked", "kind": "json", "url": format!("{}/searx?q={{query}}", other.url), "title": "/t",
        "link": "/u", "text": "/x", "key_variable": "COGO_TEST_NO_SUCH_KEY", "headers": { "X-Key": "{key}" } }),
    );
    let (_folder, world) = world(sources).await;
    let id = world.submit("research", json!({ "question": QUESTION, "web": true })).await;
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let result = job.result.expect("a result");
    let text = result["text"].as_str().expect("text");
    for (name, reason) in [
        ("broken", "status 500"),
        ("slow", "200ms"),
        ("cut", ""),
        ("wrong", "no JSON"),
        ("shape", "no list at `/results`"),
        ("huge", "more than 4000 bytes"),
        ("moved", "leads to another address"),
        ("locked", "`COGO_TEST_NO_SUCH_KEY` is not set"),
    ] {
        let line = text.lines().find(|line| line.starts_with(&format!("no answer from {name}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{name}: {text}");
    }
    assert!(
        text.contains("Late says: “At checkout the basket is paid late.”"),
        "after a pause it was asked again: {text}"
    );
    assert!(text.contains("Pays for a basket with a token."), "the repository still answers: {text}");
    assert_eq!((double.count("/broken"), double.count("/late"), double.count("/wrong")), (2, 2, 1));
    assert_eq!(
        (double.count("/searx"), other.count("/searx")),
        (0, 0),
        "nobody was followed, nothing went out without its key"
    );
    // The key went into its header, and nowhere else.
    let key = std::env::var("PATH").expect("a variable");
    let asked = double.requests.lock().expect("no panic").clone();
    assert!(asked.iter().any(|(target, headers)| target.starts_with("/late") && headers.contains(&key)));
    let events = world.store.events(&id.stream(), 0, 500).await.expect("read");
    assert!(!events.iter().any(|event| event.data.to_string().contains(&key)), "no key is recorded");
    assert!(
        events.iter().any(|event| event.kind.contains("call_failed") && event.data.to_string().contains("web.broken"))
    );
}

#[tokio::test]
async fn nothing_is_asked_outside_unless_the_run_allows_it() {
    let double = SourceDouble::start(script);
    let (_folder, world) = world(vec![searx(&double.url, "searx")]).await;
    let quiet = world.submit("research", json!({ "question": QUESTION })).await;
    let goal = world.submit("orchestrate", json!({ "goal": QUESTION })).await;
    // A plan cannot allow what its goal does not.
    let plan = json!({ "goal": "g", "steps": [{ "id": "ask", "tool": { "name": "research", "input":
        { "path": "${input/path}", "question": QUESTION, "web": true } } }] });
    let sly = world.submit("orchestrate", json!({ "plan": plan })).await;
    world.work().await;
    for id in [quiet, goal, sly] {
        assert_eq!(world.job(id).await.status, Status::Succeeded);
    }
    let said = world.job(sly).await.result.expect("a result");
    assert_eq!(said["result"]["ask"]["unanswered"][0]["reason"], "the goal does not say `web=true`");
    assert_eq!(double.count("/searx"), 0);
    let loud = world.submit("orchestrate", json!({ "goal": QUESTION, "web": true })).await;
    world.work().await;
    let result = world.job(loud).await.result.expect("a result").to_string();
    assert!(double.count("/searx") > 0 && result.contains("https://pay.example/guide"), "{result}");
}

#[tokio::test]
async fn what_is_not_configured_cannot_be_asked() {
    let world = World::new(AgentsConfig::default()).await;
    for (kind, inputs) in [("research", json!({ "question": "q" })), ("orchestrate", json!({ "goal": "g" }))] {
        let mut inputs = inputs;
        inputs["web"] = true.into();
        assert!(world.prepare(kind, inputs).is_err_and(|reason| reason.contains("sources.json")));
    }
}
