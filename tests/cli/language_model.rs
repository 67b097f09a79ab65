//! A language model reads the documents: what it costs, what is kept, what is believed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::language_model_double::{Answer, Double, passages, read};
use super::{Repository, Run, run};

const KEY: &str = "sk-very-secret-key-42";

/// Documents of so many sections, each large enough for a call of its own.
fn library(sections: usize) -> Repository {
    let repository = Repository::empty();
    for number in 0..sections {
        let filler = format!("Section {number} goes on about the weather of day {number}. ").repeat(80);
        let text = format!("# Day {number}\n\nThe night warden guards the admission gate.\n\n{filler}\n");
        repository.write(&format!("docs/day{number:02}.md"), &text);
    }
    std::thread::sleep(Duration::from_millis(30));
    repository
}

fn extract(repository: &Repository, double: &Double, args: &[&str]) -> Run {
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    command.args(["graph", "extract", "--model", "double", "--base-url", &double.url, "--format", "json"]).args(args);
    command.env("COGO_LLM_API_KEY", KEY).env("OPENAI_API_KEY", "sk-of-somebody-else");
    run(&mut command, "")
}

fn good() -> Double {
    Double::start(|_, body| Answer::text(&read(body), (1000, 100)))
}

#[test]
fn a_dry_run_and_a_run_without_consent_send_nothing() {
    let (repository, double) = (library(3), good());
    let plan = extract(&repository, &double, &["--dry-run"]).expect(0).json();
    assert_eq!(
        (plan["new"].as_u64(), plan["cached"].as_u64(), plan["preview"]["calls"].as_u64()),
        (Some(3), Some(0), Some(3))
    );
    assert!(plan["preview"]["price"].is_null() && plan["result"].is_null());
    let refused = extract(&repository, &double, &[]).expect(2);
    assert!(refused.err.contains("--max-cost"), "{refused:?}");
    // Its price is not known: money cannot be capped.
    let refused = extract(&repository, &double, &["--max-cost", "1"]).expect(2);
    assert!(refused.err.contains("price of `double` is not known"), "{refused:?}");
    assert_eq!(double.count(), 0);
}

#[test]
fn what_the_text_bears_out_is_kept_and_nothing_is_paid_twice() {
    let (repository, double) = (library(3), good());
    let done = extract(&repository, &double, &["--yes"]).expect(0).json();
    let result = &done["result"];
    assert_eq!(result["kept"], json!({ "entities": 6, "relations": 3 }));
    assert_eq!(result["dropped"], json!({ "entities": 3, "relations": 3 }));
    assert_eq!((&result["spent"]["requests"], &result["spent"]["input_tokens"]), (&json!(3), &json!(3000)));
    assert!(done["preview"]["price"].is_null() && result["complete"] == true);
    // A key for one service is not sent to another.
    let requests = double.requests.lock().expect("no panic").clone();
    assert!(requests.iter().all(|(_, key)| key == &format!("Bearer {KEY}")));
    assert!(requests.iter().all(|(body, _)| body["max_tokens"].as_u64().is_some_and(|most| most > 500)));

    let again = extract(&repository, &double, &["--yes"]).expect(0).json();
    assert_eq!((again["new"].as_u64(), again["cached"].as_u64(), double.count()), (Some(0), Some(3), 3));

    let known = repository.cogo(["graph", "explain", "night warden", "--format", "json"]).expect(0).json();
    assert_eq!(known["sections"], 3);
    let said = &known["statements"][0];
    assert_eq!(
        (&said["words"], &said["to"], &said["origin"]),
        (&json!("guards"), &json!("admission gate"), &json!("model"))
    );
    assert_eq!(said["quote"], "night warden guards the admission gate");
    repository.cogo(["graph", "explain", "flying dragon"]).expect(2);
    repository.cogo(["graph", "path", "night warden", "admission gate"]).expect(0);

    // Another text is another question; the others stay.
    repository
        .write("docs/day01.md", &format!("# Day 1\n\nThe night warden sleeps. {}\n", "It is a long day. ".repeat(20)));
    let plan = extract(&repository, &double, &["--dry-run"]).expect(0).json();
    assert_eq!((plan["new"].as_u64(), plan["cached"].as_u64()), (Some(1), Some(2)));
}

#[test]
fn the_cap_is_kept_and_the_next_run_goes_on() {
    let (repository, double) = (library(8), good());
    let plan = extract(&repository, &double, &["--dry-run"]).expect(0).json();
    let most = |plan: &Value| {
        plan["preview"]["at_most"]["input_tokens"].as_u64().zip(plan["preview"]["at_most"]["output_tokens"].as_u64())
    };
    let (input, output) = most(&plan).expect("numbers");
    let one = (input + output) / 8;
    // Room for the worst case of one call after three real ones.
    let cap = one + 3 * 1100 + 50;
    let stopped = extract(&repository, &double, &["--max-tokens", &cap.to_string()]).expect(1).json();
    let spent = |run: &Value| {
        let spent = &run["result"]["spent"];
        spent["input_tokens"].as_u64().zip(spent["output_tokens"].as_u64()).map_or(0, |(input, output)| input + output)
    };
    assert!(spent(&stopped) <= cap && spent(&stopped) >= 3 * 1100, "{stopped}");
    assert!(stopped["result"]["stopped"].as_str().is_some_and(|why| why.contains("left")), "{stopped}");
    let read_first = stopped["result"]["read"].as_u64().expect("a number");
    assert_eq!(double.count() as u64, read_first);

    let rest = extract(&repository, &double, &["--yes"]).expect(0).json();
    assert_eq!(rest["cached"].as_u64(), Some(read_first));
    let mut asked = double.passages();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), double.count()), (8, 8));

    // With a price, the cap is money.
    let (repository, double) = (library(4), good());
    repository.write_user_config("[llm]\ninput_price = 1.0\noutput_price = 2.0\n");
    let cap = 2.0 * (input + 2 * output) as f64 / 8.0 / 1e6;
    let stopped = extract(&repository, &double, &["--max-cost", &cap.to_string()]).json();
    let cost = stopped["result"]["spent"]["cost_usd"].as_f64().expect("a number");
    assert!(cost > 0.0 && cost <= cap, "{stopped}");
    assert!((cost - 0.0012 * double.count() as f64).abs() < 1e-9, "{stopped}");
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let double =
        Double::start(|_, body| Answer { delay: Duration::from_millis(150), ..Answer::text(&read(body), (10, 10)) });
    let repository = library(24);
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    command.args(["graph", "extract", "--yes", "--model", "double", "--base-url", &double.url]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is built");
    let started = Instant::now();
    while double.count() < 13 && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let before = double.count();
    assert!(before < 24, "it was too fast to be killed");
    let rest = extract(&repository, &double, &["--yes"]).expect(0).json();
    let cached = rest["cached"].as_u64().expect("a number");
    // Four calls at most were under way.
    assert!(cached >= before as u64 - 4 && cached >= 8, "{cached} of {before}");
    assert_eq!(double.count() as u64, before as u64 + 24 - cached);
    let known = repository.cogo(["graph", "explain", "night warden", "--format", "json"]).expect(0).json();
    assert_eq!(known["sections"], 24);
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_not() {
    let double = Double::start(|number, body| match number {
        0 => Answer { headers: "retry-after: 2\r\n", ..Answer::failure(429, "slow down") },
        1 => Answer::failure(500, "oops"),
        _ => Answer::text(&read(body), (10, 10)),
    });
    let repository = library(1);
    let started = Instant::now();
    let done = extract(&repository, &double, &["--yes"]).expect(0).json();
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!((&done["result"]["spent"]["requests"], &done["result"]["spent"]["retries"]), (&json!(3), &json!(2)));

    let double = Double::start(|_, _| Answer::failure(401, &format!("Incorrect API key provided: {KEY}")));
    let mut command = library(1).command(env!("CARGO_BIN_EXE_cogo"));
    let repository = library(2);
    command.current_dir(repository.root());
    command.args(["graph", "extract", "--yes", "--model", "double", "--base-url", &double.url]);
    command.env("COGO_LLM_API_KEY", KEY).env("COGO_LOG", "trace");
    let refused = run(&mut command, "").expect(2);
    assert!(refused.err.contains("the provider says 401: Incorrect API key provided: [key]"), "{}", refused.err);
    let said = format!("{}{}", refused.out, refused.err);
    assert!(!said.contains(KEY), "the key is in what was said");
    // Calls that were under way at the same time, and none after.
    assert!(double.count() <= 2);
}

#[test]
fn answers_that_cannot_be_read_cost_and_are_not_kept() {
    // Several small sections share a call; its answer is cut off. Asked about alone, one of them has a good answer.
    let repository = Repository::empty();
    for number in 0..3 {
        let text = format!(
            "# Part {number}\n\nThe night warden guards the admission gate on day {number}, whatever the weather.\n"
        );
        repository.write(&format!("part{number}.md"), &text);
    }
    std::thread::sleep(Duration::from_millis(30));
    let double = Double::start(|_, body| {
        let texts = passages(body);
        let answer = read(body);
        let good = texts.len() == 1 && texts[0].contains("day 1");
        Answer::text(if good { &answer } else { &answer[..answer.len() / 2] }, (10, 10))
    });
    let done = extract(&repository, &double, &["--yes"]).expect(1).json();
    let result = &done["result"];
    assert_eq!((&result["read"], &result["unread"], &result["complete"]), (&json!(1), &json!(2), &json!(false)));
    assert_eq!((&result["spent"]["requests"], double.count()), (&json!(4), 4));
    let plan = extract(&repository, &double, &["--dry-run"]).expect(0).json();
    assert_eq!((plan["new"].as_u64(), plan["cached"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn parts_are_summarised_with_citations() {
    let repository = Repository::empty();
    repository.write("pay/card.py", "from pay.bank import transfer\n\ndef charge(sum):\n    return transfer(sum)\n");
    repository.write("pay/bank.py", "def transfer(sum):\n    \"\"\"Moves money.\"\"\"\n    return sum\n");
    std::thread::sleep(Duration::from_millis(30));
    let double = Double::start(|_, _| {
        let sentence = |text: &str, cites: &str| json!({ "text": text, "cites": [cites] });
        let sentences = [sentence("It moves money.", "transfer"), sentence("It is fast.", "benchmarks")];
        Answer::text(&json!({ "sentences": sentences }).to_string(), (50, 20))
    });
    let summarize = |args: &[&str]| {
        let fixed = ["graph", "communities", "--summarize", "--model", "double", "--base-url", &double.url];
        repository.cogo([&fixed[..], args].concat())
    };
    summarize(&["--dry-run"]).expect(0);
    summarize(&[]).expect(2);
    assert_eq!(double.count(), 0);
    let written = summarize(&["--yes"]).expect(0);
    assert!(written.out.contains("It moves money. [transfer]\n    (written by double)"), "{written:?}");
    assert!(
        !written.out.contains("fast") && written.err.contains("1 sentences without a citation dropped"),
        "{written:?}"
    );
    let cost = double.count();
    summarize(&["--yes"]).expect(0);
    let overview = repository.cogo(["graph", "overview"]).expect(0);
    assert!(overview.out.contains("(written by double)"), "{overview:?}");
    assert_eq!(double.count(), cost);
}

#[test]
fn settings_of_the_model_have_origins_and_projects_may_not_set_them() {
    let repository = Repository::new();
    repository.write_user_config("[llm]\nmodel = \"from-the-file\"\nmax_cost = 0.5\n");
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    command.args(["config", "show", "--format", "json"]).env("COGO_LLM_MODEL", "from-the-environment");
    let shown = run(&mut command, "").expect(0).json();
    let setting = |key: &str| {
        shown.as_array().into_iter().flatten().find(|setting| setting["key"] == key).cloned().unwrap_or_default()
    };
    let model = setting("llm.model");
    assert_eq!((&model["value"], &model["origin"]), (&json!("from-the-environment"), &json!("environment")));
    let cost = setting("llm.max_cost");
    assert_eq!((&cost["value"], &cost["origin"]), (&json!(0.5), &json!("user file")));
    repository.write(".cogo.toml", "[llm]\nbase_url = \"http://evil.example/\"\n");
    let refused = repository.cogo(["graph", "extract", "--dry-run"]).expect(2);
    assert!(refused.err.contains("`llm.base_url` must not be set in the project file"), "{refused:?}");
}
