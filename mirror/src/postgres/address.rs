//! Where a server is, and how it is called without its password.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::NAME;
use crate::{Error, Result};

/// A URL that may hold a password, and is never printed.
#[derive(Clone)]
pub(super) struct Address {
    pub options: PgConnectOptions,
    redacted: String,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let redacted = redacted(url);
        let wrong = |reason: String| Error::Address { address: redacted.clone(), server: NAME, reason };
        if !super::is_address(url) {
            return Err(wrong("it must begin with postgres:// or postgresql://".into()));
        }
        // What the parser says of a URL may quote it.
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            wrong(
                "it cannot be read; signs like `@`, `/`, `#` and `%` in a password are written %40, %2F, %23, %25"
                    .into(),
            )
        })?;
        Ok(Address { options: options.application_name("cogo"), redacted })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted)
    }
}

/// The URL without what stands before the host's `@`, and without parameters.
fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { place.to_owned() } else { format!("{scheme}://{place}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_shows_its_password() {
        for url in [
            "postgres://me:se/cret@host:5432/db?password=secret",
            "postgres://me:sec@ret@host/db",
            "postgres://me:se#cret@ho st:x/db",
            "mysql://me:secret@host/db",
            "me:secret@host",
            "postgres://host/db?password=secret",
        ] {
            let shown = match Address::parse(url) {
                Ok(address) => address.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(!shown.contains("cret") && !shown.contains("ret@"), "{url} became {shown}");
        }
    }
}
