//! Providers against the scripted server.

use std::time::Duration;

use llm::{Error, LanguageModel, Prompt, Provider, Reply, Tool, Usage};
use serde_json::{Value, json};

use super::model_server::{Answer, ModelServer, Shape};

const TEXT: &str = "Zwölf 토큰 버킷 🦀: the bucket fills, \"quoted\"\nand ends.";

fn prompt() -> Prompt {
    let tool = Tool {
        name: "search".into(),
        description: "Finds files.".into(),
        schema: json!({ "type": "object", "properties": { "query": { "type": "string" } } }),
    };
    Prompt {
        system: "You know files.".into(),
        user: "Where?".into(),
        max_output: 77,
        tools: vec![tool],
        ..Prompt::default()
    }
}

/// A call of a provider, on a thread where it may block.
async fn ask<T: Send + 'static>(options: llm::ProviderOptions, ask: impl FnOnce(&Provider) -> T + Send + 'static) -> T {
    let call = move || ask(&Provider::new(&options).expect("a provider"));
    tokio::task::spawn_blocking(call).await.expect("no panic")
}

async fn stream(options: llm::ProviderOptions) -> (llm::Result<Reply>, String) {
    ask(options, |provider| {
        let mut seen = String::new();
        let reply = provider.stream(&prompt(), &mut |piece| seen.push_str(piece));
        (reply, seen)
    })
    .await
}

fn with_calls() -> Answer {
    let calls = vec![
        ("search".to_owned(), json!({ "query": "토큰 버킷" })),
        ("search".to_owned(), json!({ "query": "two", "deep": [1, { "x": null }] })),
    ];
    Answer { calls, ..Answer::text(TEXT) }
}

#[tokio::test]
async fn replies_have_text_calls_and_usage_in_every_shape() {
    let server = ModelServer::start(|_| with_calls()).await;
    for shape in Shape::ALL {
        let reply = ask(server.options(shape, "m"), |provider| provider.complete(&prompt())).await.expect("a reply");
        assert_eq!(reply.text, TEXT, "{shape:?}");
        assert_eq!(reply.usage, Some(Usage { input: 100, output: 10 }), "{shape:?}");
        let calls: Vec<(String, Value)> = reply.calls.into_iter().map(|call| (call.name, call.arguments)).collect();
        assert_eq!(calls, with_calls().calls, "{shape:?}");
    }
    for asked in server.asked() {
        let body = asked.body.to_string();
        assert!(body.contains("You know files.") && body.contains("Where?") && body.contains("77"), "{body}");
        assert!(body.contains("Finds files.") && asked.model == "m" && !asked.is_stream, "{body}");
        assert!(asked.key.ends_with("none"), "no key is made up: {}", asked.key);
    }
}

#[tokio::test]
async fn a_stream_may_be_split_at_any_byte() {
    let server = ModelServer::start(|asked| {
        // The user's text says how: every so many bytes, or once.
        let split: usize = asked.model.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number");
        let pieces =
            if asked.model.starts_with("every") { (split..4000).step_by(split).collect() } else { vec![split] };
        Answer { pieces, ..with_calls() }
    })
    .await;
    for shape in Shape::ALL {
        let every = [1, 2, 3, 7].map(|size| format!("every-{size}"));
        let once = (1..1500).step_by(13).map(|at| format!("once-{at}"));
        for model in every.into_iter().chain(once) {
            let (reply, seen) = stream(server.options(shape, &model)).await;
            let reply = reply.unwrap_or_else(|error| panic!("{shape:?} {model}: {error}"));
            assert_eq!((reply.text.as_str(), seen.as_str()), (TEXT, TEXT), "{shape:?} {model}");
            assert_eq!(reply.usage, Some(Usage { input: 100, output: 10 }), "{shape:?} {model}");
            let calls: Vec<(String, Value)> = reply.calls.into_iter().map(|call| (call.name, call.arguments)).collect();
            assert_eq!(calls, with_calls().calls, "{shape:?} {model}");
        }
    }
    assert!(server.asked().iter().all(|asked| asked.is_stream));
}

#[tokio::test]
async fn a_stream_that_is_cut_is_no_answer() {
    let server = ModelServer::start(|asked| {
        let cut = asked.model.parse().expect("a number");
        Answer { cut: Some(cut), ..Answer::text(TEXT) }
    })
    .await;
    for shape in Shape::ALL {
        for cut in [0, 10, 150, 300] {
            let (reply, seen) = stream(server.options(shape, &cut.to_string())).await;
            let error = reply.expect_err("it was cut");
            assert!(error.may_cost() || error.is_transient(), "{shape:?} {cut}: {error:?}");
            assert!(TEXT.starts_with(&seen), "{shape:?} {cut}: {seen}");
        }
    }
    // The stream ends as streams do, and yet the answer is not at its end.
    let server = ModelServer::start(|_| Answer {
        raw: Some("data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n".into()),
        ..Answer::default()
    })
    .await;
    let (reply, seen) = stream(server.options(Shape::OpenAi, "m")).await;
    assert!(matches!(reply, Err(Error::Reply(_))), "{reply:?}");
    assert_eq!(seen, "half");
}

#[tokio::test]
async fn failures_say_whether_another_try_may_help() {
    let server = ModelServer::start(|asked| match asked.model.as_str() {
        "busy" => Answer { retry_after: Some(7), ..Answer::status(429, "slow down") },
        "broken" => Answer::status(500, "we are sorry"),
        "refused" => Answer::status(401, "wrong key"),
        "slow" => Answer { delay: Duration::from_secs(20), ..Answer::text("late") },
        "cut" => Answer { cut: Some(20), ..Answer::text(TEXT) },
        _ => Answer { raw: Some("{ \"choices\": nonsense".into()), ..Answer::default() },
    })
    .await;
    for shape in Shape::ALL {
        let fails = async |model: &str| {
            let options = llm::ProviderOptions { timeout: Duration::from_millis(300), ..server.options(shape, model) };
            ask(options, |provider| provider.complete(&prompt())).await.expect_err("no answer")
        };
        let busy = fails("busy").await;
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)), "{shape:?}");
        assert!(busy.is_transient() && busy.to_string().contains("slow down"), "{busy}");
        assert!(fails("broken").await.is_transient());
        let refused = fails("refused").await;
        assert!(refused.is_callers() && refused.hint().is_some(), "{refused}");
        assert!(matches!(fails("slow").await, Error::Timeout), "{shape:?}");
        assert!(fails("cut").await.may_cost(), "{shape:?}");
        let nonsense = fails("nonsense").await;
        assert!(matches!(nonsense, Error::Reply(_)) && nonsense.may_cost(), "{shape:?}: {nonsense:?}");
    }
    let nobody =
        llm::ProviderOptions { base_url: Some("http://127.0.0.1:9/v1".into()), ..server.options(Shape::OpenAi, "m") };
    let error = ask(nobody, |provider| provider.complete(&prompt())).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Network(_)), "{error:?}");
}

#[tokio::test]
async fn each_service_may_have_a_key_of_its_own() {
    let server = ModelServer::start(|_| Answer::text("yes")).await;
    // Some variable that is set wherever tests run.
    let options = llm::ProviderOptions { key_variable: Some("PATH".into()), ..server.options(Shape::OpenAi, "m") };
    ask(options.clone(), |provider| provider.complete(&prompt()).map(drop)).await.expect("a reply");
    assert_eq!(server.asked()[0].key, format!("Bearer {}", std::env::var("PATH").expect("a path")));
    let missing = llm::ProviderOptions { key_variable: Some("COGO_TEST_NO_SUCH_KEY".into()), ..options };
    let error = Provider::new(&missing).expect_err("no key");
    assert!(error.hint().is_some_and(|hint| hint.contains("COGO_TEST_NO_SUCH_KEY")), "{error}");
}
