//! Vectors of texts.

use std::sync::OnceLock;

use axum::Json;
use rag_core::embedding::{Embedder, StaticEmbedder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::State;
use super::error::{ApiError, BodyError};
use super::input::Body;

/// Made when first asked for.
static BUNDLED: OnceLock<StaticEmbedder> = OnceLock::new();
/// Most texts of one request.
const MOST: usize = 1024;

/// Texts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmbedRequest {
    /// At most 1024.
    #[schema(max_items = 1024)]
    texts: Vec<String>,
}

/// Vectors.
#[derive(Serialize, ToSchema)]
pub(super) struct EmbedAnswer {
    /// Names the model and its weights.
    model: String,
    /// Length of every vector.
    dimensions: usize,
    /// One per text, of length 1; zeros for a text that says nothing.
    embeddings: Vec<Vec<f32>>,
}

/// Vectors of texts by the bundled model
#[utoipa::path(post, path = "/v1/embed", tag = "search", request_body = EmbedRequest,
    responses((status = 200, description = "A vector per text", body = EmbedAnswer), ApiError, BodyError))]
pub(super) async fn embed(shared: State, Body(request): Body<EmbedRequest>) -> Result<Json<EmbedAnswer>, ApiError> {
    if request.texts.len() > MOST {
        return Err(ApiError::bad_request(format!("at most {MOST} texts at once")));
    }
    let work = move || {
        let embedder = BUNDLED.get_or_init(StaticEmbedder::bundled);
        let vector = |text: &String| {
            let mut vector = vec![0.0; embedder.dimensions()];
            embedder.embed(text, &mut vector);
            vector
        };
        let embeddings = request.texts.iter().map(vector).collect();
        Ok::<_, ApiError>(EmbedAnswer {
            model: embedder.id().to_owned(),
            dimensions: embedder.dimensions(),
            embeddings,
        })
    };
    Ok(Json(shared.work.run(work).await?))
}
