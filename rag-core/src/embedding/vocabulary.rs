// The vocabulary of a WordPiece tokenizer as one block of bytes that is used in place: no parsing
// at start-up, no allocation. Compiled twice: into the crate, and into its build script, which makes
// the block from `tokenizer.json`.
//
// Layout, little-endian: `slots: u32` (a power of two), `tokens: u32`, then `slots` × `u32`
// (token id + 1, or 0 for an empty slot; open addressing, linear probing), then `tokens + 1` × `u32`
// offsets into the text of all tokens, then that text.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

/// Token text → token id.
pub struct Vocabulary {
    bytes: Cow<'static, [u8]>,
    slots: usize,
    tokens: usize,
}

impl Vocabulary {
    /// Uses a block made by [`encode`](Self::encode); `None` if it is not one.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        let slots = read_u32(&bytes, 0)? as usize;
        let tokens = read_u32(&bytes, 4)? as usize;
        let text = 8 + 4 * (slots + tokens + 1);
        let vocabulary = Vocabulary { bytes, slots, tokens };
        let whole = slots.is_power_of_two()
            && tokens < slots
            && vocabulary.bytes.len() >= text
            && vocabulary.offset(tokens)? + text == vocabulary.bytes.len();
        whole.then_some(vocabulary)
    }

    /// The block for a list of tokens, where a token's id is its place in the list.
    pub fn encode(tokens: &[String]) -> Vec<u8> {
        let slots = (tokens.len() * 2 + 1).next_power_of_two();
        let mut table = vec![0u32; slots];
        for (id, token) in tokens.iter().enumerate() {
            let mut slot = xxh3_64(token.as_bytes()) as usize & (slots - 1);
            while table[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            table[slot] = id as u32 + 1;
        }
        let mut offsets = vec![0u32];
        let mut text = String::new();
        for token in tokens {
            text.push_str(token);
            offsets.push(text.len() as u32);
        }
        let header = [slots as u32, tokens.len() as u32];
        let numbers = header.iter().chain(&table).chain(&offsets);
        let mut bytes: Vec<u8> = numbers.flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.tokens
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens == 0
    }

    /// The id of `token`.
    pub fn get(&self, token: &[u8]) -> Option<u32> {
        let mut slot = xxh3_64(token) as usize & (self.slots - 1);
        loop {
            let id = read_u32(&self.bytes, 8 + 4 * slot)?.checked_sub(1)?;
            if self.token(id as usize)? == token {
                return Some(id);
            }
            slot = (slot + 1) & (self.slots - 1);
        }
    }

    fn offset(&self, token: usize) -> Option<usize> {
        read_u32(&self.bytes, 8 + 4 * (self.slots + token)).map(|n| n as usize)
    }

    fn token(&self, id: usize) -> Option<&[u8]> {
        let text = 8 + 4 * (self.slots + self.tokens + 1);
        self.bytes.get(text + self.offset(id)?..text + self.offset(id + 1)?)
    }
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(four.try_into().expect("four bytes")))
}
