//! Hits as JSON: the contract that scripts rely on.

use rag_core::Hit;

use super::target::Target;
use crate::wire::HitJson;

/// A hit as scripts see it.
pub(super) fn one(hit: &Hit, target: &Target, explain: bool) -> HitJson {
    let repository = target.repository_of(hit).map(|root| root.to_string_lossy().into_owned());
    HitJson { repository, ..HitJson::new(hit.clone(), explain) }
}

/// All hits as scripts see them.
pub(super) fn all(hits: &[Hit], target: &Target, explain: bool) -> Vec<HitJson> {
    hits.iter().map(|hit| one(hit, target, explain)).collect()
}
