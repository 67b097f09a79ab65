//! Where a store is, and how it is called without its password.

use std::path::PathBuf;

use crate::{Error, Result};

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The file of `sqlite:FILE`, `sqlite://FILE`, or `FILE`.
pub(super) fn sqlite_path(url: &str) -> Result<PathBuf> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    let wrong = |reason: &str| Error::Address { address: redacted(url), reason: reason.into() };
    if path.contains("://") {
        return Err(wrong("jobs are kept in `postgres://…`, or in an SQLite file"));
    }
    if path.is_empty() || path.contains('\0') {
        return Err(wrong("it names no file"));
    }
    Ok(PathBuf::from(path))
}

/// The URL without what stands before the host's `@`, and without parameters.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{}", rest.split(['?', '#']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_in_three_ways() {
        for (url, path) in [("sqlite:a.db", "a.db"), ("sqlite:///tmp/a.db", "/tmp/a.db"), ("/tmp/a.db", "/tmp/a.db")] {
            assert_eq!(sqlite_path(url).expect("a path"), PathBuf::from(path));
        }
        assert!(sqlite_path("mysql://me:secret@host/db").is_err_and(|error| !error.to_string().contains("secret")));
        assert!(sqlite_path("sqlite:").is_err());
    }
}
