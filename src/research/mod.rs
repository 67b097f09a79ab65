//! Research: an answer to a question in sentences, each of which says where it is written. No language model takes part.
//!
//! The question is asked in its parts; what hangs together with the best hits is looked up in the graph; what no piece of evidence speaks
//! of yet is asked again, until enough is covered or nothing new comes. Then every piece becomes a sentence that quotes it
//! ([`answer`](self)). A sentence whose quotes do not stand in the lines that it cites is dropped, and what was not found is said.

mod answer;
mod evidence;
mod outside;
mod question;

use std::sync::Arc;

use graphrag::Graph;
use graphrag::graph::{Link, NodeId, Relation};
use rag_core::{Query, Result, Searcher, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Engine;
pub use answer::Sentence;
use evidence::Pool;
pub use evidence::{Evidence, Source};
pub use outside::{Origin, Outside, Passage, Unanswered};
use question::Asked;
pub(crate) use question::is_korean;

/// Hits of one search.
const HITS: usize = 8;
/// Definitions whose neighbours are looked up.
const CENTRES: usize = 3;
/// Neighbours of one definition, in each direction.
const NEIGHBOURS: usize = 2;
/// One of so many pieces of evidence may be from outside.
const OUTSIDE: usize = 3;
/// Relations that say what code does with other code.
const USES: [Relation; 3] = [Relation::Call, Relation::Inherit, Relation::Override];

/// How far research goes.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Rounds of searching at most.
    pub rounds: usize,
    /// Pieces of evidence at most.
    pub evidence: usize,
    /// Share of the question's words that is enough, from 0 to 1.
    pub enough: f32,
}

impl Default for Depth {
    fn default() -> Self {
        Depth { rounds: 3, evidence: 12, enough: 0.8 }
    }
}

/// What research tells while it runs.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Step<'s> {
    /// Something is searched for.
    Asks {
        /// From 1.
        round: usize,
        /// What.
        query: &'s str,
    },
    /// A piece of evidence that is new.
    Found(&'s Evidence),
}

/// What research found.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Findings {
    /// The question.
    pub question: String,
    /// The answer, the most important first.
    pub sentences: Vec<Sentence>,
    /// What the sentences cite, by number from 0.
    pub evidence: Vec<Evidence>,
    /// Words of the question that no piece of evidence holds.
    pub missing: Vec<String>,
    /// Share of the question's words that some piece of evidence holds.
    pub coverage: f32,
    /// Rounds of searching.
    pub rounds: usize,
    /// Sentences that were dropped, as what they quote does not stand where they say.
    pub dropped: usize,
    /// Sources outside of the repository that gave no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

impl Findings {
    /// The answer as Markdown: sentences with numbers, then what the numbers stand for, then what was not found.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for sentence in &self.sentences {
            let cites: String = sentence.cites.iter().map(|number| format!("[{}]", number + 1)).collect();
            text.push_str(&format!("{} {cites}\n", sentence.text));
        }
        text.push('\n');
        for (number, piece) in self.evidence.iter().enumerate() {
            if self.sentences.iter().any(|sentence| sentence.cites.contains(&number)) {
                text.push_str(&format!("[{}] {}\n", number + 1, piece.place()));
            }
        }
        if !self.missing.is_empty() {
            text.push_str(&format!("not found: {}\n", self.missing.join(", ")));
        }
        for Unanswered { source, reason } in &self.unanswered {
            text.push_str(&format!("no answer from {source}: {reason}\n"));
        }
        text
    }
}

/// Answers `question` from one generation of the repository; `tell` hears of every step.
///
/// # Errors
/// As [`Engine::search`] and [`Engine::graph`].
pub fn research(engine: &Engine, question: &str, depth: &Depth, tell: &mut dyn FnMut(&Step)) -> Result<Findings> {
    research_with(engine, question, depth, Outside::default(), tell)
}

/// The same, with what was found outside of the repository.
///
/// # Errors
/// As [`research`].
pub fn research_with(
    engine: &Engine,
    question: &str,
    depth: &Depth,
    outside: Outside,
    tell: &mut dyn FnMut(&Step),
) -> Result<Findings> {
    let searcher = engine.searcher()?;
    let snapshot = searcher.repositories()[0].snapshot.clone();
    let graph = engine.graph_of(&snapshot)?;
    let mut run = Run { searcher, snapshot, graph, asked: Asked::default(), pool: Pool::new(depth.evidence), tell };
    run.go(question, depth, outside)
}

struct Run<'r> {
    searcher: Arc<Searcher>,
    snapshot: Arc<Snapshot>,
    graph: Arc<Graph>,
    asked: Asked,
    pool: Pool,
    tell: &'r mut dyn FnMut(&Step),
}

impl Run<'_> {
    fn go(&mut self, question: &str, depth: &Depth, outside: Outside) -> Result<Findings> {
        let parts = question::parts(question);
        let mut rounds = 1;
        for part in &parts {
            // Room for every part, and for what hangs together with it.
            self.search(rounds, part, (depth.evidence / parts.len() / 2).max(2))?;
        }
        self.read_outside(&outside.passages, (depth.evidence / OUTSIDE).max(1));
        self.look_around();
        while rounds < depth.rounds && self.asked.coverage() < depth.enough && !self.pool.is_full() {
            rounds += 1;
            if !self.search(rounds, &self.asked.missing().join(" "), 2)? {
                break;
            }
        }
        let (sentences, dropped) =
            answer::write(&self.snapshot, &self.graph, &mut self.asked, self.pool.all(), question)?;
        Ok(Findings {
            question: question.to_owned(),
            sentences,
            missing: self.asked.missing(),
            coverage: self.asked.coverage(),
            rounds,
            dropped,
            unanswered: outside.unanswered,
            evidence: std::mem::replace(&mut self.pool, Pool::new(0)).into_all(),
        })
    }

    /// Adds up to `most` hits; whether one of them is new.
    fn search(&mut self, round: usize, text: &str, most: usize) -> Result<bool> {
        (self.tell)(&Step::Asks { round, query: text });
        let mut query = Query::new(text);
        query.limit = HITS;
        let result = self.searcher.search(&query)?;
        self.asked.hear(text, &result.terms);
        let mut new = 0;
        for (rank, hit) in result.hits.iter().enumerate() {
            if new == most {
                break;
            }
            new += usize::from(self.add(Evidence::of_hit(hit, rank)));
        }
        Ok(new > 0)
    }

    /// Adds up to `most` passages that speak of the question, in their order.
    fn read_outside(&mut self, passages: &[Passage], most: usize) {
        let mut new = 0;
        for passage in passages {
            if new == most {
                break;
            }
            let speaks = self.asked.weigh(&format!("{} {}", passage.origin.title, passage.text)) >= self.asked.few();
            new += usize::from(speaks && self.add(Evidence::of_passage(passage)));
        }
    }

    /// What the best definitions use, and what uses them.
    fn look_around(&mut self) {
        let graph = self.graph.clone();
        let at = |piece: &Evidence| {
            Some((graph.definition_at(&piece.path, (piece.start_line, piece.end_line))?, piece.weight))
        };
        let centres: Vec<(NodeId, f32)> = self.pool.all().iter().filter_map(at).take(CENTRES).collect();
        for (id, weight) in centres {
            let users: Vec<Link> = graph.used_by(id).filter(|link| says(&graph, link)).take(NEIGHBOURS).collect();
            let used: Vec<Link> = graph.uses(id).filter(|link| says(&graph, link)).take(NEIGHBOURS).collect();
            for (user, used, link) in
                users.iter().map(|link| (link.node, id, link)).chain(used.iter().map(|link| (id, link.node, link)))
            {
                self.add(Evidence::of_link(&self.snapshot.clone(), &graph, (user, used, link), weight / 2.0));
            }
        }
    }

    fn add(&mut self, piece: Evidence) -> bool {
        let Some(piece) = self.pool.add(piece) else { return false };
        self.asked.read(&piece.path, &piece.text);
        (self.tell)(&Step::Found(piece));
        true
    }
}

/// Whether a link is worth a sentence: proven, written somewhere, and not by a test.
fn says(graph: &Graph, link: &Link) -> bool {
    link.is_proven
        && link.line > 0
        && USES.contains(&link.relation)
        && graph.node(link.node).symbol.is_some()
        && !graph.is_test(link.node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineOptions;

    const LIMIT: &str = "class TokenBucket:\n    \"\"\"Limits how often something may happen. Refills over time.\"\"\"\n\n    def take(self):\n        \
        \"\"\"Takes a token from the bucket.\"\"\"\n        return self.tokens.pop()\n";
    const SHOP: &str =
        "from limit import TokenBucket\n\n\ndef checkout(bucket: TokenBucket):\n    bucket.take()\n    return 'paid'\n";

    fn engine(files: &[(&str, &str)]) -> (tempfile::TempDir, Engine) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).expect("write");
        }
        let engine = Engine::new(folder.path(), EngineOptions::default());
        engine.refresh(&|_| ()).expect("index");
        (folder, engine)
    }

    #[test]
    fn every_sentence_is_written_where_it_says() {
        let guide = "# Payment\n\nThe bucket is refilled once a minute. Nobody pays twice.\n";
        let (_folder, engine) = engine(&[("limit.py", LIMIT), ("shop.py", SHOP), ("guide.md", guide)]);
        let mut steps = 0;
        let findings = research(&engine, "who takes a token from the bucket?", &Depth::default(), &mut |_| steps += 1)
            .expect("an answer");
        assert_eq!(findings.dropped, 0, "{findings:?}");
        let texts: Vec<&str> = findings.sentences.iter().map(|sentence| &*sentence.text).collect();
        assert!(texts.iter().any(|text| text.contains("Takes a token from the bucket.")), "{texts:?}");
        assert!(texts.contains(&"`checkout` calls `TokenBucket.take`."), "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("The bucket is refilled once a minute.")), "{texts:?}");
        for sentence in &findings.sentences {
            assert!(!sentence.cites.is_empty(), "{sentence:?}");
            assert!(sentence.cites.iter().all(|number| *number < findings.evidence.len()), "{sentence:?}");
        }
        assert!(findings.missing.is_empty(), "{:?}", findings.missing);
        assert!(steps >= findings.evidence.len());
    }

    #[test]
    fn what_is_not_there_is_said() {
        let (_folder, engine) = engine(&[("limit.py", LIMIT), ("shop.py", SHOP)]);
        let findings = research(&engine, "how does the bucket talk to kubernetes", &Depth::default(), &mut |_| ())
            .expect("an answer");
        assert!(findings.missing.contains(&"kubernetes".to_owned()), "{findings:?}");
        assert!(findings.coverage < 1.0);
        let nothing = research(&engine, "  ", &Depth::default(), &mut |_| ());
        assert!(nothing.is_err(), "an empty question is none");
    }

    #[test]
    fn a_question_in_korean_is_answered_in_korean() {
        let (_folder, engine) = engine(&[("limit.py", LIMIT), ("shop.py", SHOP)]);
        let findings = research(&engine, "TokenBucket.take 는 누가 호출하나요?", &Depth::default(), &mut |_| ())
            .expect("an answer");
        let texts: Vec<&str> = findings.sentences.iter().map(|sentence| &*sentence.text).collect();
        assert!(texts.iter().any(|text| text.contains("`checkout`") && text.contains("호출합니다")), "{texts:?}");
    }
}
