//! The static model: vector(text) = Σ over distinct tokens of (1 + ln count) · E\[token\], normalised.
//!
//! A model of this family is a word-level bag with learned weights ("static embeddings" in the manner
//! of Model2Vec, trained contrastively on code); `rag-core/model/README.md` is its card.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{Embedder, Vocabulary, normalise};
use crate::analysis::{for_each_word, lowercase_into};
use crate::error::{Error, Result};

/// Words longer than this many characters have no vector, as in the tokenizer the model was trained with.
const LONGEST_WORD: usize = 60;
/// No piece of a vocabulary is longer, in bytes: what is looked up for a word of any script is bounded.
const LONGEST_PIECE: usize = 96;
const PAD: u32 = 0;
const UNKNOWN: u32 = 1;

static BUNDLED_WEIGHTS: &[u8] = include_bytes!("../../model/model.int8.safetensors");
static BUNDLED_VOCABULARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vocabulary.bin"));

static SERIALS: AtomicU64 = AtomicU64::new(1);

/// A token → vector table with int8 rows, one scale a row.
pub struct StaticEmbedder {
    id: String,
    /// Tells the models of this process apart, from 1.
    serial: u64,
    dimensions: usize,
    vocabulary: Vocabulary,
    weights: Cow<'static, [u8]>,
    rows_at: usize,
    scales_at: usize,
}

/// Where a tensor lies in a safetensors file.
#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

#[derive(Deserialize)]
struct Header {
    embeddings: Tensor,
    scales: Tensor,
}

impl StaticEmbedder {
    /// The model inside the binary.
    pub fn bundled() -> Self {
        let vocabulary = Vocabulary::from_bytes(BUNDLED_VOCABULARY).expect("the build script wrote the vocabulary");
        Self::new("static-code-2", BUNDLED_WEIGHTS, vocabulary).expect("the bundled weights are whole")
    }

    /// A model from a safetensors file with the tensors `embeddings` (I8, \[tokens, dimensions\]) and
    /// `scales` (F32, \[tokens\]), and the vocabulary it was trained with.
    ///
    /// # Errors
    /// If the file is not of this form, or does not fit the vocabulary.
    pub fn new(name: &str, weights: impl Into<Cow<'static, [u8]>>, vocabulary: Vocabulary) -> Result<Self> {
        let weights = weights.into();
        let bad = |reason: &str| Error::Model { name: name.to_owned(), reason: reason.to_owned() };
        let header_len = weights
            .get(..8)
            .map(|n| u64::from_le_bytes(n.try_into().expect("eight bytes")))
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n < weights.len())
            .ok_or_else(|| bad("not a safetensors file"))?;
        let header: Header = weights
            .get(8..8 + header_len)
            .and_then(|json| serde_json::from_slice(json).ok())
            .ok_or_else(|| bad("no tensors named `embeddings` and `scales`"))?;
        let data = 8 + header_len;
        let [tokens, dimensions] = header.embeddings.shape[..] else {
            return Err(bad("`embeddings` is not a matrix"));
        };
        let fits = header.embeddings.dtype == "I8"
            && header.scales.dtype == "F32"
            && header.scales.shape == [tokens]
            && vocabulary.len() == tokens
            && size(&header.embeddings) == Some(tokens * dimensions)
            && size(&header.scales) == Some(tokens * 4)
            && data + header.embeddings.data_offsets[1] <= weights.len()
            && data + header.scales.data_offsets[1] <= weights.len();
        if !fits {
            return Err(bad("tensor types or shapes do not fit each other or the vocabulary"));
        }
        Ok(StaticEmbedder {
            id: name.to_owned(),
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            dimensions,
            vocabulary,
            rows_at: data + header.embeddings.data_offsets[0],
            scales_at: data + header.scales.data_offsets[0],
            weights,
        })
    }

    /// Digest of the weights, for the manifest.
    pub fn digest(&self) -> u64 {
        xxh3_64(&self.weights)
    }

    /// Appends the token ids of `text` to `scratch.ids`.
    fn tokenize(&self, text: &str, scratch: &mut Scratch) {
        let Scratch { model, known, pieces, lower, ids } = scratch;
        if *model != self.serial || pieces.len() > MOST_REMEMBERED {
            *model = self.serial;
            known.clear();
            pieces.clear();
        }
        for_each_word(text, |word| {
            let (start, end) = match known.get(word.text) {
                Some(&range) => range,
                None => {
                    let start = pieces.len() as u32;
                    self.tokenize_word(word.text, lower, pieces);
                    let range = (start, pieces.len() as u32);
                    known.insert(word.text.into(), range);
                    range
                }
            };
            ids.extend_from_slice(&pieces[start as usize..end as usize]);
        });
    }

    fn tokenize_word(&self, word: &str, lower: &mut String, ids: &mut Vec<u32>) {
        if word.len() > LONGEST_WORD && word.chars().count() > LONGEST_WORD {
            return;
        }
        lowercase_into(word, lower);
        match self.vocabulary.get(lower.as_bytes()) {
            Some(PAD | UNKNOWN) => {}
            Some(id) => ids.push(id),
            None => self.tokenize_parts(lower, ids),
        }
    }

    /// Greedy WordPiece: longest known piece first; a word with an unknown rest has no token at all.
    fn tokenize_parts(&self, word: &str, ids: &mut Vec<u32>) {
        let first = ids.len();
        let mut piece = [b'#'; LONGEST_PIECE + 2];
        let mut at = 0;
        while at < word.len() {
            let rest = &word.as_bytes()[at..word.floor_char_boundary(at + LONGEST_PIECE)];
            piece[2..2 + rest.len()].copy_from_slice(rest);
            let from = if at == 0 { 2 } else { 0 };
            let found = (1..=rest.len())
                .rev()
                .filter(|len| word.is_char_boundary(at + len))
                .find_map(|len| self.vocabulary.get(&piece[from..2 + len]).map(|id| (id, len)));
            match found {
                Some((id, len)) => {
                    ids.push(id);
                    at += len;
                }
                None => {
                    ids.truncate(first);
                    return;
                }
            }
        }
    }

    /// `out += weight · E[token]`
    fn add(&self, token: u32, weight: f32, out: &mut [f32]) {
        let token = token as usize;
        let scale_at = self.scales_at + 4 * token;
        let scale = f32::from_le_bytes(self.weights[scale_at..scale_at + 4].try_into().expect("four bytes")) * weight;
        let row = self.rows_at + token * self.dimensions;
        let row: &[i8] = bytemuck::cast_slice(&self.weights[row..row + self.dimensions]);
        for (sum, &x) in out.iter_mut().zip(row) {
            *sum += scale * f32::from(x);
        }
    }
}

fn size(tensor: &Tensor) -> Option<usize> {
    tensor.data_offsets[1].checked_sub(tensor.data_offsets[0])
}

/// Tokens of distinct words that a thread remembers before it starts anew: a bound on its memory.
const MOST_REMEMBERED: usize = 1 << 18;

/// What a thread keeps between two calls of `embed`: code repeats its words endlessly, so it remembers their tokens.
#[derive(Default)]
struct Scratch {
    /// Serial number of the model whose tokens are remembered.
    model: u64,
    /// Word as written → range of its tokens in `pieces`.
    known: HashMap<Box<str>, (u32, u32)>,
    pieces: Vec<u32>,
    lower: String,
    ids: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Embedder for StaticEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, text: &str, out: &mut [f32]) {
        out.fill(0.0);
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.ids.clear();
            self.tokenize(text, scratch);
            scratch.ids.sort_unstable();
            for run in scratch.ids.chunk_by(|a, b| a == b) {
                self.add(run[0], 1.0 + (run.len() as f32).ln(), out);
            }
        });
        normalise(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embed(text: &str) -> Vec<f32> {
        let model = StaticEmbedder::bundled();
        let mut vector = vec![0.0; model.dimensions()];
        model.embed(text, &mut vector);
        vector
    }

    fn cosine(a: &str, b: &str) -> f32 {
        embed(a).iter().zip(embed(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn vectors_are_unit_length_or_zero() {
        let norm = |v: Vec<f32>| v.iter().map(|x| x * x).sum::<f32>();
        assert!((norm(embed("parse a JSON document")) - 1.0).abs() < 1e-5);
        assert_eq!(norm(embed("…!? \u{1200}\u{1208}")), 0.0);
    }

    #[test]
    fn meaning_is_nearer_than_noise() {
        let near = cosine("parse json text", "def loads(s): return JSONDecoder().decode(s)");
        let far = cosine("parse json text", "class Button: def on_click(self, event): self.color = red");
        assert!(near > far + 0.1, "near {near}, far {far}");
    }

    #[test]
    fn unknown_words_fall_into_pieces() {
        let model = StaticEmbedder::bundled();
        let mut ids = Vec::new();
        model.tokenize_word("zqxjkv", &mut String::new(), &mut ids);
        assert!(ids.len() > 1, "greedy pieces: {ids:?}");
    }

    #[test]
    fn words_of_other_scripts_fall_into_pieces() {
        let model = StaticEmbedder::bundled();
        let tokens = |word: &str| {
            let mut ids = Vec::new();
            model.tokenize_word(word, &mut String::new(), &mut ids);
            ids
        };
        assert!(!tokens("데이터베이스에서").is_empty());
        assert!(!tokens("数据库").is_empty());
        assert!(!tokens("größe").is_empty());
        assert!(tokens("데이터\u{1200}").is_empty(), "a word with an unknown rest has no token");
        assert!(tokens(&"가".repeat(LONGEST_WORD + 1)).is_empty());
    }

    #[test]
    fn questions_in_korean_find_code() {
        let question = "파일을 읽고 압축하는 함수";
        let near = cosine(question, "def compress_file(path): return gzip.compress(open(path).read())");
        let far = cosine(question, "class Button: def on_click(self, event): self.color = red");
        assert!(near > far + 0.05, "near {near}, far {far}");
    }

    #[test]
    fn damaged_weights_are_an_error() {
        let vocabulary = || Vocabulary::from_bytes(BUNDLED_VOCABULARY).expect("bundled");
        for bytes in [&b""[..], b"12345678", &BUNDLED_WEIGHTS[..10_000]] {
            assert!(StaticEmbedder::new("damaged", bytes, vocabulary()).is_err());
        }
    }
}
