//! Tokens: what a caller must show to be served.

use subtle::ConstantTimeEq;

/// Shortest token, in characters: what is shorter can be guessed.
pub const SHORTEST: usize = 16;

/// Whether `authorization`, the value of that header, bears `token` (RFC 6750). The time it takes does not tell where they differ.
pub fn bears(authorization: Option<&str>, token: &str) -> bool {
    let (scheme, given) = authorization.and_then(|value| value.split_once(' ')).unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer") && bool::from(given.trim().as_bytes().ct_eq(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_or_not() {
        assert!(bears(Some("Bearer secret"), "secret"));
        assert!(bears(Some("bearer  secret "), "secret"));
        for wrong in ["Bearer secre", "Bearer Secret", "Bearer ", "Bearer", "Basic secret", "secret", ""] {
            assert!(!bears(Some(wrong), "secret"), "{wrong:?}");
        }
        assert!(!bears(None, "secret"));
    }
}
