//! What `cogo research` answers: whether a relevant file is cited, and how long that takes.

use std::time::{Duration, Instant};

use anyhow::Result;
use cogo::eval::{Paths, Question, Target};
use cogo::research::{Depth, research};
use cogo::{Engine, EngineOptions};

use crate::Research;
use crate::code_search::{from_checkout, read_set};

#[derive(Default)]
struct Measured {
    questions: usize,
    cited: usize,
    sentences: usize,
    dropped: usize,
    times: Vec<Duration>,
}

impl Measured {
    fn row(&mut self) -> String {
        self.times.sort_unstable();
        let at = |share: f64| {
            let index = ((self.times.len() as f64 * share) as usize).min(self.times.len().saturating_sub(1));
            self.times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        let n = self.questions.max(1) as f64;
        format!(
            "cites a relevant file {:.3}  sentences {:.1} (dropped {:.2})  p50 {:.1} ms  p95 {:.1} ms",
            self.cited as f64 / n,
            self.sentences as f64 / n,
            self.dropped as f64 / n,
            at(0.5),
            at(0.95)
        )
    }
}

/// Asks every question and prints how often a relevant file is among those that the sentences cite.
pub fn run(options: &Research) -> Result<()> {
    let (repositories, queries) = read_set(&options.data)?;
    let mut all = Measured::default();
    for repository in repositories.iter().filter(|r| options.only.is_empty() || options.only.contains(&r.name)) {
        let root = options.checkouts.join(&repository.name).join(&repository.root);
        let folder = Some(std::env::temp_dir().join("cogo-eval").join(&repository.name));
        let engine = Engine::new(&root, EngineOptions { folder, ..EngineOptions::default() });
        engine.refresh(&|_| ())?;
        // The graph is made once per generation, and not by a question that is timed.
        engine.graph()?;
        let mut here = Measured::default();
        for judged in queries.iter().filter(|query| query.repo.as_ref() == Some(&repository.name)) {
            measure(&engine, judged, &repository.root, &mut here)?;
        }
        println!("{:<22} {}", repository.name, here.row());
        all.questions += here.questions;
        all.cited += here.cited;
        all.sentences += here.sentences;
        all.dropped += here.dropped;
        all.times.append(&mut here.times);
    }
    let (questions, row) = (all.questions, all.row());
    println!("\n{questions} questions: {row}");
    Ok(())
}

fn measure(engine: &Engine, judged: &Question, root: &str, measured: &mut Measured) -> Result<()> {
    let started = Instant::now();
    let findings = research(engine, &judged.query, &Depth::default(), &mut |_| ())?;
    measured.times.push(started.elapsed());
    let is_cited = |target: &Target| {
        findings.sentences.iter().flat_map(|sentence| &sentence.cites).any(|number| {
            let path = from_checkout(root, &findings.evidence[*number].path);
            target.is_hit(&path, (0, u32::MAX), Paths::Suffix)
        })
    };
    measured.questions += 1;
    measured.cited += usize::from(judged.relevant.iter().any(is_cited));
    measured.sentences += findings.sentences.len();
    measured.dropped += findings.dropped;
    Ok(())
}
