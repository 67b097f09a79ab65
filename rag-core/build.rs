//! Turns the bundled tokenizer into a block that needs no parsing at start-up.

#[path = "src/embedding/vocabulary.rs"]
#[allow(dead_code, reason = "the crate uses the rest")]
mod vocabulary;

use std::path::Path;
use std::{env, fs};

fn main() {
    let tokenizer = Path::new("model/tokenizer.json");
    println!("cargo::rerun-if-changed={}", tokenizer.display());
    println!("cargo::rerun-if-changed=src/embedding/vocabulary.rs");
    println!("cargo::rerun-if-changed=build.rs");
    let json = fs::read(tokenizer).expect("the bundled tokenizer is in the repository");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("tokenizer.json is JSON");
    let vocab = json["model"]["vocab"].as_object().expect("a WordPiece model has a vocabulary");
    let mut tokens = vec![String::new(); vocab.len()];
    for (token, id) in vocab {
        tokens[id.as_u64().expect("a token id") as usize] = token.clone();
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("vocabulary.bin"), vocabulary::Vocabulary::encode(&tokens))
        .expect("the build folder is writable");
}
