//! Private keys in text form: a marker line followed by enough base64 to be a key.

use memchr::memmem;

/// Longest key body that is looked at.
const LONGEST_BODY: usize = 16 * 1024;

/// Base64 characters in a row that count: keys are wrapped at 64 to 76 columns.
const ROW: usize = 40;

/// Base64 characters that the shortest key has (Ed25519 in PKCS #8 has 64).
const SHORTEST_KEY: usize = 60;

/// Whether `bytes` hold a private key, in a file of its own or as a literal in code. A marker with
/// an abridged body, as documentation and tests of parsers have it, is none.
pub(crate) fn has_private_key(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"PRIVATE KEY").any(|at| is_key_at(bytes, at))
        || memmem::find(bytes, b"PuTTY-User-Key-File-").is_some_and(|at| is_putty_key(&bytes[at..]))
}

/// Whether the private lines of a PuTTY key file follow, with their number; code that looks for them has none.
fn is_putty_key(bytes: &[u8]) -> bool {
    let marker = b"Private-Lines: ";
    memmem::find_iter(bytes, marker).any(|at| bytes.get(at + marker.len()).is_some_and(u8::is_ascii_digit))
}

/// Whether the words at `at` are part of the first line of a key.
fn is_key_at(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(40)..at];
    let Some(begin) = memmem::rfind(before, b"-----BEGIN ") else { return false };
    let algorithm = &before[begin + b"-----BEGIN ".len()..];
    if !algorithm.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ')) {
        return false;
    }
    let after = &bytes[at + b"PRIVATE KEY".len()..];
    let after = after.strip_prefix(b" BLOCK").unwrap_or(after);
    let Some(body) = after.strip_prefix(b"-----") else { return false };
    let body = &body[..body.len().min(LONGEST_BODY)];
    let end = memmem::find(body, b"-----").unwrap_or(body.len());
    holds_key(&body[..end])
}

/// Whether `body` has rows of base64 that add up to a key. Line breaks may be written as escapes,
/// and each line may be a string of its own, as in code.
fn holds_key(body: &[u8]) -> bool {
    let mut total = 0;
    let mut rest = body;
    while let Some(start) = rest.iter().position(|byte| is_base64(*byte)) {
        rest = &rest[start..];
        let length = rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
        let (row, after) = rest.split_at(length);
        if length >= ROW && looks_random(row) {
            total += length;
        }
        // The letter of an escape such as `\n` is not part of the next row.
        let escape = after.len() > 1 && after[0] == b'\\' && after[1].is_ascii_alphabetic();
        rest = if escape { &after[2..] } else { after };
    }
    total >= SHORTEST_KEY
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether `row` has as many different characters as encoded bytes have; a row of `x` has not.
fn looks_random(row: &[u8]) -> bool {
    super::distinct(row) >= 16 && row.iter().any(u8::is_ascii_uppercase)
}
