//! Questions to a mirror.

use cogo::{Filter, Hit, Mode, Query, SearchResult, Searcher};
use mirror::postgres::Reader;
use rag_core::hybrid::{Ranking, Repository};

use super::database::{Database, Mirrored, origin};
use crate::repository::{embedder, write_file};

const QUESTIONS: [&str; 6] =
    ["parse_header", "how is a request retried", "cache lookup", "queue worker of a session", "token", "file_7"];

fn reader(database: &Database) -> Reader {
    Reader::new(&database.url(), "default", embedder(), Ranking::default()).expect("an address")
}

fn ask(reader: &Reader, query: &Query) -> mirror::Result<SearchResult> {
    Ok(reader.search(&["repository"], query)?.result)
}

#[test]
fn a_mirror_answers_like_the_index() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let reader = reader(&database);
    for round in 1..3 {
        let repository = Repository { snapshot: mirrored.snapshot.clone(), within: Vec::new() };
        let index = Searcher::new(vec![repository], embedder(), Ranking::default()).expect("a searcher");
        for text in QUESTIONS {
            for mode in [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol] {
                for paths in [vec![], vec!["*.py".to_owned()]] {
                    let filter = Filter { paths, ..Filter::default() };
                    let query = Query { mode, filter, explain: true, ..Query::new(text) };
                    let seen = |hits: Vec<Hit>| {
                        hits.into_iter().map(|hit| (hit.path, hit.start_line, hit.score)).collect::<Vec<_>>()
                    };
                    let (here, there) = (index.search(&query).expect("here"), ask(&reader, &query).expect("there"));
                    assert_eq!(seen(there.hits), seen(here.hits), "{text} {mode:?} {:?}", query.filter);
                }
            }
        }
        // The next answers are of the next generation.
        (0..9).for_each(|number| write_file(&mirrored.root(), number, round));
        mirrored.index();
        mirrored.sync();
        assert_eq!(reader.generation("repository").expect("it is there").0, mirrored.snapshot.manifest.generation);
    }
}

#[test]
fn a_reader_says_what_is_missing() {
    let Some(database) = Database::new() else { return };
    let error = ask(&reader(&database), &Query::new("token")).expect_err("there is no mirror").to_string();
    assert!(error.contains("cogo sync postgres"), "{error}");
    Mirrored::named(&database.url(), 3, origin("default", "another")).sync();
    let error = ask(&reader(&database), &Query::new("token")).expect_err("there is no such mirror").to_string();
    assert!(error.contains("no mirror of `repository`"), "{error}");
    let error = ask(&reader(&database), &Query::new(" ")).expect_err("nothing is asked").to_string();
    assert!(error.contains("it is empty"), "{error}");
}
