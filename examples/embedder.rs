//! An index whose vectors are made by an embedder of one's own.
//!
//!     cargo run --release --example embedder -- ./repo "where are requests retried"
//!
//! This one hashes words into 64 dimensions: it knows nothing of meaning, but shows all that an embedder has to do.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use cogo::{Embedder, Engine, EngineOptions, Query};

const DIMENSIONS: usize = 64;

struct HashedWords;

impl Embedder for HashedWords {
    /// Vectors of different ids are never mixed: change it whenever the vectors change.
    fn id(&self) -> &str {
        "hashed-words-1"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn embed(&self, text: &str, out: &mut [f32]) {
        out.fill(0.0);
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let mut hasher = DefaultHasher::new();
            word.to_lowercase().hash(&mut hasher);
            out[hasher.finish() as usize % DIMENSIONS] += 1.0;
        }
        let length = out.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            out.iter_mut().for_each(|x| *x /= length);
        }
    }
}

fn main() -> cogo::Result<()> {
    let mut args = std::env::args().skip(1);
    let root = PathBuf::from(args.next().unwrap_or_else(|| ".".into()));
    let question = args.next().unwrap_or_else(|| "where does it start".into());

    // Beside the usual index, which is of the bundled model.
    let folder = Some(root.join(".cogo").join("hashed-words"));
    let options = EngineOptions { folder, ..EngineOptions::default() };
    let engine = Engine::with_embedder(&root, options, Arc::new(HashedWords));
    engine.refresh(&|_| ())?;
    for hit in engine.search(&Query { limit: 5, ..Query::new(question) })?.hits {
        println!("{}:{}-{}", hit.path, hit.start_line, hit.end_line);
    }
    Ok(())
}
