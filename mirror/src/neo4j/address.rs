//! Where a server is, and who we are there.

use std::fmt;

use super::SERVER;
use crate::{Error, Result};

/// Schemes of the driver; `+s` is with TLS, `+ssc` with TLS and any certificate.
const SCHEMES: [&str; 6] = ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"];

/// Address of a server: `bolt://user:password@host:7687/database`, all but the host optional. Shown without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    scheme: String,
    host: String,
    /// Who we are; often empty.
    pub user: String,
    /// The password; goes to the server only.
    pub password: String,
    /// The database; that of the server's configuration if there is none.
    pub database: Option<String>,
}

impl Address {
    /// Reads an address. Signs in user and password that have a meaning in addresses are percent-encoded.
    ///
    /// # Errors
    /// [`Error::Address`] if it is not one of Neo4j.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |reason: &str| {
            // Whatever stands before the last `@` may be a password.
            let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
            Error::Address { address: shown.to_owned(), server: SERVER, reason: reason.to_owned() }
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it does not begin with `bolt://`"))?;
        if !SCHEMES.contains(&scheme) {
            return Err(wrong("it does not begin with `bolt://` or `neo4j://`"));
        }
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (host, database) = rest.split_once('/').map_or((rest, ""), |(host, database)| (host, database));
        let is_host = |host: &str| !host.is_empty() && !host.contains(['?', '#', ' ']);
        if !is_host(host) {
            return Err(wrong("it names no host"));
        }
        let decoded = |text: &str| decode(text).ok_or_else(|| wrong("its percent-encoding is broken"));
        let (user, password) = user.map_or(("", ""), |user| user.split_once(':').unwrap_or((user, "")));
        let database = decoded(database)?;
        Ok(Address {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            user: decoded(user)?,
            password: decoded(password)?,
            database: Some(database).filter(|name| !name.is_empty()),
        })
    }

    /// What the driver connects to.
    pub(super) fn server(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.database.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = Address::parse("bolt+s://ann:p%40ss%2F:x@db.example:7688/graphs").unwrap();
        assert_eq!((address.user.as_str(), address.password.as_str()), ("ann", "p@ss/:x"));
        assert_eq!(
            format!("{address} {address:?}"),
            "bolt+s://db.example:7688/graphs Address(bolt+s://db.example:7688/graphs)"
        );
        assert_eq!(address.server(), "bolt+s://db.example:7688");
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_a_password() {
        for wrong in ["postgres://u:secret@h/x", "u:secret@h", "bolt://u:secret@", "bolt://u:%zz@h", ""] {
            let error = Address::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
