//! What a family with rules of its own says of a use.

use crate::edge::Tier;

/// The definitions (file, binding) that a use can mean, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) tier: Tier,
    pub(crate) found: Vec<(u32, u32)>,
    /// Nothing but the name is known: whatever is called so may be meant.
    pub(crate) by_name: bool,
}

impl Finding {
    /// What comes from outside.
    pub(crate) fn external() -> Self {
        Finding { tier: Tier::External, found: Vec::new(), by_name: false }
    }

    /// Of which nothing is known.
    pub(crate) fn unresolved() -> Self {
        Finding { tier: Tier::Unresolved, found: Vec::new(), by_name: false }
    }

    /// These and nothing else: one definition, perhaps in several parts.
    pub(crate) fn proven(found: Vec<(u32, u32)>) -> Self {
        Finding { tier: Tier::Proven, found, by_name: false }
    }

    /// One of these; `otherwise`, if there are none.
    pub(crate) fn possible(found: Vec<(u32, u32)>, otherwise: Tier) -> Self {
        match found.is_empty() {
            true => Finding { tier: otherwise, found, by_name: false },
            false => Finding { tier: Tier::Possible, found, by_name: false },
        }
    }

    /// These and no others; possible, if they are several.
    pub(crate) fn sure(found: Vec<(u32, u32)>, otherwise: Tier) -> Self {
        match found.len() {
            1 => Finding::proven(found),
            _ => Finding::possible(found, otherwise),
        }
    }

    /// One of these; if there are none, whatever has the name; `otherwise`, if nothing has.
    pub(crate) fn named(found: Vec<(u32, u32)>, otherwise: Tier) -> Self {
        Finding { by_name: found.is_empty(), ..Finding::possible(found, otherwise) }
    }
}
