//! Engines that answer from mirrors instead of an index.

use std::sync::atomic::{AtomicBool, Ordering};

use cogo::{Engine, EngineOptions, Error, Hit, Mode, Query, Workspace, mirrored};

use super::commands::cogo;
use super::database::{Database, Mirrored, origin};
use crate::repository::write_file;

const QUESTIONS: [&str; 4] = ["parse_header", "how is a request retried", "cache lookup", "queue worker of a session"];

type Seen = Vec<(usize, String, u32, f32, String)>;

fn seen(hits: Vec<Hit>) -> Seen {
    hits.into_iter().map(|hit| (hit.repository, hit.path, hit.start_line, hit.score, hit.text)).collect()
}

fn index(mirrored: &Mirrored) -> Engine {
    Engine::new(&mirrored.root(), EngineOptions::default())
}

#[test]
fn an_engine_opens_a_mirror() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let (here, there) =
        (index(&mirrored), Engine::open(&database.url(), EngineOptions::default()).expect("it is there"));
    assert!(there.is_mirror() && there.name() == "repository");
    for text in QUESTIONS {
        for mode in [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol] {
            let query = Query { mode, ..Query::new(text) };
            let ask = |engine: &Engine| seen(engine.search(&query).expect("it answers").hits);
            assert_eq!(ask(&there), ask(&here), "{text} {mode:?}");
        }
    }
    let path = "docs/file_2.md";
    let (file, known) = (there.file(path).expect("a file"), here.file(path).expect("a file"));
    assert_eq!((file.text, file.language), (known.text, known.language));
    assert!(matches!(there.file("nowhere"), Err(Error::Query { .. })));
    let ((generation, counts), expected) = (there.generation().expect("one"), here.generation().expect("one"));
    assert_eq!(
        (generation, counts.files, counts.chunks, counts.symbols, counts.lines),
        (expected.0, expected.1.files, expected.1.chunks, expected.1.symbols, expected.1.lines)
    );
    // What needs the index says so, and writes nothing.
    assert!(matches!(there.graph(), Err(Error::Mirror { .. })));
    assert!(matches!(there.refresh(&|_| ()), Err(Error::Mirror { .. })));
    assert!(matches!(there.pending(), Err(Error::Mirror { .. })));
    assert!(matches!(there.related(path, 1, &Query::new("")), Err(Error::Mirror { .. })));
    let context = cogo::context::pack(&there, "cache lookup", 300).expect("hits");
    assert!(!context.blocks.is_empty() && context.tokens <= 300 && !context.omitted.is_empty(), "{context:?}");
}

#[test]
fn several_repositories_answer_as_one_and_other_tenants_not_at_all() {
    let Some(database) = Database::new() else { return };
    let url = database.url();
    let ours: Vec<Mirrored> =
        [("bank", 12), ("shop", 21)].map(|(name, files)| Mirrored::named(&url, files, origin("us", name))).into();
    let theirs = Mirrored::named(&url, 30, origin("them", "shop"));
    for mirrored in ours.iter().chain([&theirs]) {
        mirrored.sync();
    }
    let workspace =
        |engines: Vec<Engine>| Workspace::of(engines.into_iter().map(Into::into).collect()).expect("engines");
    let here = workspace(ours.iter().map(index).collect());
    let engines = mirrored::engines(&url, "us", None, &EngineOptions::default()).expect("two");
    assert_eq!(engines.iter().map(Engine::name).collect::<Vec<_>>(), ["bank", "shop"]);
    let there = workspace(engines);
    for text in QUESTIONS {
        for mode in [Mode::Hybrid, Mode::Lexical, Mode::Symbol] {
            let query = Query { mode, limit: 30, ..Query::new(text) };
            let ask = |workspace: &Workspace| seen(workspace.search(&query).expect("it answers").hits);
            assert_eq!(ask(&there), ask(&here), "{text} {mode:?}");
        }
    }
    let error = Engine::open(&url, EngineOptions::default()).err().expect("the tenant `default` has none");
    assert!(error.to_string().contains("no mirror for the tenant `default`"), "{error}");
    let one = mirrored::engine(&url, &origin("them", "shop"), &EngineOptions::default()).expect("an address");
    assert_eq!(one.generation().expect("it is there").1.files, 30);
    let mixed = workspace(vec![one, index(&theirs)]).search(&Query::new("token"));
    assert!(matches!(mixed, Err(Error::Query { .. })), "{mixed:?}");
}

#[test]
fn answers_are_of_one_generation_while_others_sync() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 60);
    mirrored.sync();
    let engine = Engine::open(&database.url(), EngineOptions::default()).expect("it is there");
    let query = Query { limit: 60, ..Query::new("queue worker of a session") };
    let whole = |mirrored: &Mirrored| seen(index(mirrored).search(&query).expect("it answers").hits);
    let mut expected = vec![whole(&mirrored)];
    let done = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers: Vec<Seen> = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let answer = seen(engine.search(&query).expect("it answers").hits);
                        if answers.last() != Some(&answer) {
                            answers.push(answer);
                        }
                    }
                    answers
                })
            })
            .collect();
        for round in 1..9 {
            (0..60)
                .filter(|number| number % 4 == round % 4)
                .for_each(|number| write_file(&mirrored.root(), number, round));
            mirrored.index();
            mirrored.sync();
            expected.push(whole(&mirrored));
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().flat_map(|reader| reader.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert!(answers.len() > 6, "the readers saw next to nothing");
    assert!(answers.iter().all(|answer| expected.contains(answer)), "an answer is of no generation");
    assert_eq!(Some(&seen(engine.search(&query).expect("it answers").hits)), expected.last());
}

#[test]
fn the_command_line_searches_mirrors() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let url = database.url();
    let settings = [("COGO_SYNC_POSTGRES", &*url)];
    for format in ["json", "text"] {
        let search = |place: &str| cogo(&mirrored, &["search", "cache lookup", place, "--format", format], &settings);
        let (code, here, err) = search(".");
        assert_eq!(code, 0, "{err}");
        assert_eq!(search(&url), (0, here.clone(), String::new()));
        assert_eq!(search("postgres://"), (0, here, String::new()), "the server of the settings");
    }
    let (code, out, err) = cogo(&mirrored, &["context", "cache lookup", &url, "--tokens", "300"], &[]);
    assert!(code == 0 && out.contains("(hit 1)"), "{out}{err}");
    let (code, _, err) = cogo(&mirrored, &["search", "cache", &url, "--repo", "nobody"], &[]);
    assert!(code == 3 && err.contains("no mirror of `nobody`"), "{err}");
    let (code, _, err) = cogo(&mirrored, &["search", "cache", "postgres://me:s3cret@127.0.0.1:1/x"], &[]);
    assert!(code == 3 && err.contains("cannot be reached") && !err.contains("s3cret"), "{err}");
    let (code, _, err) = cogo(&mirrored, &["search", "cache", "postgres://"], &[]);
    assert!(code == 2 && err.contains("sync.postgres"), "{err}");
    let (code, _, err) = cogo(&mirrored, &["search", "cache", &url, "."], &[]);
    assert!(code == 2 && err.contains("searched alone"), "{err}");
    // With two there, both answer, and hits say which.
    Mirrored::named(&url, 6, origin("default", "another")).sync();
    let (_, out, _) = cogo(&mirrored, &["search", "cache lookup", &url, "--format", "json", "-k", "40"], &[]);
    assert!(out.contains("/another\"") && out.contains("/repository\""), "{out}");
}
