//! News of the repositories: who keeps something that was found wants to know when it is out of date.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::jobs::{Events, event};
use super::{State, work};

/// A repository has a new generation: what was found before may be out of date.
#[derive(Serialize, ToSchema)]
pub(super) struct Indexed {
    /// Name of the repository.
    repository: String,
    /// Its generation.
    generation: u64,
}

/// What is new in the repositories, as long as the caller listens
///
/// Server-sent events called `indexed`: first one per repository that can be searched, then one whenever a repository has another generation.
#[utoipa::path(get, path = "/v1/events", tag = "repositories",
    responses((status = 200, description = "Events, without an end", content_type = "text/event-stream", body = String)))]
pub(super) async fn events(shared: State) -> Events {
    let changes = shared.repositories.changes();
    let all = shared.0.clone();
    let news = stream::unfold((all, changes, BTreeMap::new(), true), async |(all, mut changes, mut known, first)| {
        if !first {
            changes.changed().await.ok()?;
        }
        changes.borrow_and_update();
        // A caller that is slow misses what is out of date already, and nothing else.
        let mut news = Vec::new();
        let here = all.clone();
        for (repository, generation, _) in work::aside(move || here.repositories.sizes()).await.ok()? {
            if known.insert(repository.clone(), generation) != Some(generation) {
                news.push(event("indexed", &Indexed { repository, generation }));
            }
        }
        Some((stream::iter(news), (all, changes, known, false)))
    });
    shared.jobs.until_closing(news.flatten())
}
