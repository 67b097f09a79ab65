//! Files and pieces of them, as they are indexed.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rag_core::Hit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::error::{ApiError, ErrorJson};
use super::input::{InPath, Parameters};
use crate::IndexedFile;

/// Names a piece of a file as it was when it was found: of another content, nothing is read under the same id.
pub(super) struct ChunkId {
    repository: String,
    path: String,
    lines: (u32, u32),
    /// of the file, see [`IndexedFile::version`]
    version: u64,
}

impl ChunkId {
    /// The id of a hit in this version of its file.
    pub(super) fn of(repository: &str, version: u64, hit: &Hit) -> Self {
        ChunkId {
            repository: repository.to_owned(),
            path: hit.path.clone(),
            lines: (hit.start_line, hit.end_line),
            version,
        }
    }

    fn parse(id: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let mut parts = text.splitn(4, '\0');
        let (version, lines) = (u64::from_str_radix(parts.next()?, 16).ok()?, parts.next()?);
        let (first, last) = lines.split_once('-')?;
        let lines = (first.parse().ok()?, last.parse().ok()?);
        Some(ChunkId { version, lines, repository: parts.next()?.to_owned(), path: parts.next()?.to_owned() })
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (first, last) = self.lines;
        let text = format!("{:x}\0{first}-{last}\0{}\0{}", self.version, self.repository, self.path);
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

/// A file, or lines of it.
#[derive(Serialize, ToSchema)]
pub(super) struct FileAnswer {
    /// The repository.
    repository: String,
    /// Relative to it.
    path: String,
    /// Its language.
    language: String,
    /// First line that is given, from 1.
    start_line: u32,
    /// Last line that is given.
    end_line: u32,
    /// Lines that it has.
    total_lines: u32,
    /// The text.
    text: String,
}

impl FileAnswer {
    /// The lines of `file` that lie within `lines`.
    ///
    /// # Errors
    /// If none does.
    fn new(repository: &str, file: IndexedFile, lines: (u32, u32)) -> Result<Self, ApiError> {
        let total_lines = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX);
        let (first, last) = (lines.0.max(1), lines.1.min(total_lines));
        if first > last && total_lines > 0 {
            return Err(ApiError::bad_request(format!("the file has {total_lines} lines")));
        }
        let kept =
            file.text.split_inclusive('\n').skip(first as usize - 1).take((last + 1).saturating_sub(first) as usize);
        Ok(FileAnswer {
            repository: repository.to_owned(),
            text: kept.collect(),
            path: file.path,
            language: file.language,
            start_line: first,
            end_line: last,
            total_lines,
        })
    }
}

/// A piece of a file that a search has found
#[utoipa::path(get, path = "/v1/chunks/{id}", tag = "search", params(("id" = String, Path, description = "The id of a hit")),
    responses((status = 200, description = "The piece", body = FileAnswer),
        (status = 410, description = "The file has changed", body = ErrorJson), ApiError))]
pub(super) async fn chunk(shared: State, InPath(id): InPath<String>) -> Result<Json<FileAnswer>, ApiError> {
    let id = ChunkId::parse(&id).ok_or_else(|| ApiError::bad_request("this is no id of a hit"))?;
    let repository = shared.repositories.one(Some(&id.repository))?;
    let work = move || {
        let gone = || ApiError::new(StatusCode::GONE, "gone", "the file has changed since").hint("search again");
        match repository.engine.file(&id.path) {
            Ok(file) if file.version == id.version => FileAnswer::new(&repository.name, file, id.lines),
            Ok(_) | Err(rag_core::Error::Query { .. }) => Err(gone()),
            Err(error) => Err(error.into()),
        }
    };
    Ok(Json(shared.work.run::<_, ApiError>(work).await?))
}

/// Which lines of which file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FileParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// First line, from 1.
    #[param(minimum = 1)]
    start_line: Option<u32>,
    /// Last line.
    #[param(minimum = 1)]
    end_line: Option<u32>,
}

/// A file as it is indexed, or lines of it
///
/// Only what is indexed can be read; secrets in it are masked.
#[utoipa::path(get, path = "/v1/files/{*path}", tag = "search", params(("path" = String, Path, description = "Relative to the repository; slashes may stand as they are"), FileParameters),
    responses((status = 200, description = "The text", body = FileAnswer), ApiError))]
pub(super) async fn file(
    shared: State,
    InPath(path): InPath<String>,
    Parameters(parameters): Parameters<FileParameters>,
) -> Result<Json<FileAnswer>, ApiError> {
    let repository = shared.repositories.one(parameters.repository.as_deref())?;
    let lines = (parameters.start_line.unwrap_or(1), parameters.end_line.unwrap_or(u32::MAX));
    let work = move || {
        let file = repository.engine.file(&path).map_err(|error| match error {
            rag_core::Error::Query { .. } => ApiError::not_found(error.to_string()),
            error => error.into(),
        })?;
        FileAnswer::new(&repository.name, file, lines)
    };
    Ok(Json(shared.work.run::<_, ApiError>(work).await?))
}
