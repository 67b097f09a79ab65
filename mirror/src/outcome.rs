//! What a mirror tells about itself.

use std::fmt;

use serde::Serialize;

/// Whose knowledge is mirrored: one repository of one tenant. A server holds many; none sees another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Origin {
    /// Who it belongs to; `default` where there is only one.
    pub tenant: String,
    /// Its name, unique for the tenant.
    pub repository: String,
}

/// What a sync did. Counts are of the mirror's own items: documents and what they consist of, or nodes and relationships.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// The generation that readers see now.
    pub generation: u64,
    /// Items that were written, because they are new or differ.
    pub written: u64,
    /// Items that were removed.
    pub deleted: u64,
    /// Items that were there already.
    pub unchanged: u64,
}

/// One item that is not in the mirror as it is in the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "difference", content = "item")]
pub enum Difference {
    /// The index has it, the mirror does not.
    Missing(String),
    /// The mirror has it, the index does not.
    Extra(String),
    /// Both have it, and it is not the same.
    Changed(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing(item) => write!(f, "missing  {item}"),
            Difference::Extra(item) => write!(f, "extra    {item}"),
            Difference::Changed(item) => write!(f, "changed  {item}"),
        }
    }
}

/// How a mirror compares with the index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The generation that readers of the mirror see; none if nothing was ever synced.
    pub generation: Option<u64>,
    /// Items that were compared.
    pub checked: u64,
    /// Those that differ, sorted.
    pub differences: Vec<Difference>,
}
