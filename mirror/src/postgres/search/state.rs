//! What a process knows of the visible generation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rag_core::analysis::Lexicon;
use rag_core::hybrid::{Corpus, Sample};
use rag_core::store::manifest::Counts;
use rag_core::store::{Segment, Sums};
use sqlx::{PgConnection, Row};

use super::super::NAME;
use super::super::failure::{Attempt, Failure};
use crate::Error;

/// In how many chunks a term occurs, and in the text of how many documents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub chunks: u64,
    pub documents: u32,
}

/// Terms, and what is known of them.
pub(super) type Frequencies = HashMap<String, Known>;

/// A visible document.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub path: String,
    pub language: String,
    pub version: u64,
}

/// A generation.
pub(super) struct State {
    pub repository: i64,
    pub revision: i64,
    pub generation: u64,
    pub model: String,
    pub dimensions: u32,
    pub counts: Counts,
    pub corpus: Arc<Corpus>,
    pub documents: HashMap<i64, Listed>,
    /// whether the repository has search indexes of its own
    pub is_indexed: bool,
    terms: Mutex<Frequencies>,
}

impl State {
    /// The visible generation; `known` if it is still that.
    pub(super) async fn current(
        connection: &mut PgConnection,
        tenant: &str,
        name: &str,
        known: Option<Arc<State>>,
    ) -> Attempt<Arc<State>> {
        let found = sqlx::query(
            "SELECT id, revision FROM cogo.repositories WHERE tenant = $1 AND name = $2 AND generation IS NOT NULL",
        )
        .bind(tenant)
        .bind(name)
        .fetch_optional(&mut *connection)
        .await;
        let row = match found.map_err(Failure::from) {
            Err(Failure::Final(Error::Server { reason, .. })) if reason.contains("42P01") => None,
            found => found?,
        };
        let Some(row) = row else {
            let reason = format!("it holds no mirror of `{name}` for the tenant `{tenant}`; run `cogo sync postgres`");
            return Err(Failure::Final(Error::Unfit { server: NAME, reason }));
        };
        let (repository, revision): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        match known {
            Some(known) if (known.repository, known.revision) == (repository, revision) => Ok(known),
            _ => Ok(Arc::new(Self::read(connection, repository, revision).await?)),
        }
    }

    async fn read(connection: &mut PgConnection, repository: i64, revision: i64) -> Attempt<Self> {
        let row = sqlx::query(
            "SELECT generation, model, dimensions, documents, chunks, (statistics->'terms'->>0)::bigint,
                (statistics->'terms'->>1)::bigint, (statistics->'terms'->>2)::bigint,
                coalesce((statistics->>'symbols')::bigint, 0), coalesce((statistics->>'lines')::bigint, 0),
                coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('cogo.lexemes_' || repository_id)), false)
             FROM cogo.generations WHERE repository_id = $1 AND revision = $2",
        )
        .bind(repository)
        .bind(revision)
        .fetch_one(&mut *connection)
        .await?;
        let number = |column: usize| row.try_get::<i64, _>(column).map(|number| number as u64);
        let sums = Sums { documents: number(3)?, chunks: number(4)?, terms: [number(5)?, number(6)?, number(7)?] };
        let counts = Counts {
            files: sums.documents,
            chunks: sums.chunks,
            symbols: number(8)?,
            lines: number(9)?,
            ..Counts::default()
        };
        let rows =
            sqlx::query("SELECT id, path, language, digest FROM cogo.documents WHERE repository_id = $1 AND visible")
                .bind(repository)
                .fetch_all(&mut *connection)
                .await?;
        let mut documents = HashMap::with_capacity(rows.len());
        for row in &rows {
            let version = row.try_get::<&[u8], _>(3)?.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            documents.insert(row.try_get(0)?, Listed { path: row.try_get(1)?, language: row.try_get(2)?, version });
        }
        let corpus = Corpus::new(sums, documents.values().map(|listed| listed.path.as_str()));
        Ok(State {
            repository,
            revision,
            generation: number(0)?,
            model: row.try_get(1)?,
            dimensions: row.try_get::<i32, _>(2)? as u32,
            is_indexed: row.try_get(10)?,
            counts,
            corpus: Arc::new(corpus),
            documents,
            terms: Mutex::default(),
        })
    }

    /// How often terms occur; those that are not known are asked for once. `None` if the repository has another revision now.
    pub(super) async fn frequencies(
        &self,
        connection: &mut PgConnection,
        terms: &[&str],
    ) -> Attempt<Option<Frequencies>> {
        let mut found: Frequencies = HashMap::with_capacity(terms.len());
        let mut unknown: Vec<&str> = Vec::new();
        {
            let known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
            for term in terms {
                match known.get(*term) {
                    Some(known) => drop(found.insert((*term).to_owned(), *known)),
                    None => unknown.push(term),
                }
            }
        }
        if unknown.is_empty() {
            return Ok(Some(found));
        }
        unknown.sort_unstable();
        unknown.dedup();
        let rows = sqlx::query(
            "SELECT revision, term, chunks, documents FROM cogo.repositories
             LEFT JOIN cogo.terms ON repository_id = id AND term = ANY($2) WHERE id = $1",
        )
        .bind(self.repository)
        .bind(&unknown)
        .fetch_all(connection)
        .await?;
        let revision: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?;
        if revision != Some(self.revision) {
            return Ok(None);
        }
        found.extend(unknown.into_iter().map(|term| (term.to_owned(), Known::default())));
        for row in &rows {
            let Some(term) = row.try_get::<Option<String>, _>(1)? else { continue };
            let (chunks, documents): (i32, i32) = (row.try_get(2)?, row.try_get(3)?);
            found.insert(term, Known { chunks: chunks.max(0) as u64, documents: documents.max(0) as u32 });
        }
        let mut known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(found.iter().map(|(term, frequency)| (term.clone(), *frequency)));
        Ok(Some(found))
    }
}

/// Per document: the term that others mention it by.
pub(super) fn mention_terms(segments: &[Arc<Segment>]) -> Vec<String> {
    let mut lexicon = Lexicon::new();
    segments.iter().map(|segment| Sample::mention(segment.path(0), &mut lexicon)).collect()
}
