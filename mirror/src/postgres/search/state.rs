//! What a process knows of the visible generation.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rag_core::analysis::Lexicon;
use rag_core::hybrid::{Corpus, Sample, SampleFile};
use rag_core::store::{Segment, Sums};
use sqlx::{PgConnection, Row};

use super::super::NAME;
use super::super::failure::{Attempt, Failure};
use crate::{Error, Origin};

/// In how many chunks a term occurs, and in the text of how many documents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub chunks: u64,
    pub documents: u32,
}

/// A generation.
pub(super) struct State {
    pub repository: i64,
    pub generation: u64,
    pub model: String,
    pub dimensions: u32,
    pub corpus: Corpus,
    /// visible documents: path and language
    pub documents: BTreeMap<i64, (String, String)>,
    /// whether the repository has search indexes of its own
    pub is_indexed: bool,
    revision: i64,
    terms: Mutex<HashMap<String, Known>>,
}

impl State {
    /// The visible generation; `known` if it is still that.
    pub(super) async fn current(
        connection: &mut PgConnection,
        origin: &Origin,
        known: Option<Arc<State>>,
    ) -> Attempt<Arc<State>> {
        let found = sqlx::query(
            "SELECT id, revision FROM cogo.repositories WHERE tenant = $1 AND name = $2 AND generation IS NOT NULL",
        )
        .bind(&origin.tenant)
        .bind(&origin.repository)
        .fetch_optional(&mut *connection)
        .await;
        let row = match found.map_err(Failure::from) {
            Err(Failure::Final(Error::Server { reason, .. })) if reason.contains("42P01") => None,
            found => found?,
        };
        let Some(row) = row else {
            let Origin { tenant, repository } = origin;
            let reason =
                format!("it holds no mirror of `{repository}` for the tenant `{tenant}`; run `cogo sync postgres`");
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
                coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('cogo.lexemes_' || repository_id)), false)
             FROM cogo.generations WHERE repository_id = $1 AND revision = $2",
        )
        .bind(repository)
        .bind(revision)
        .fetch_one(&mut *connection)
        .await?;
        let number = |column: usize| row.try_get::<i64, _>(column).map(|number| number as u64);
        let sums = Sums { documents: number(3)?, chunks: number(4)?, terms: [number(5)?, number(6)?, number(7)?] };
        let rows = sqlx::query("SELECT id, path, language FROM cogo.documents WHERE repository_id = $1 AND visible")
            .bind(repository)
            .fetch_all(&mut *connection)
            .await?;
        let documents = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))))
            .collect::<sqlx::Result<BTreeMap<i64, (String, String)>>>()?;
        let corpus = Corpus::new(sums, documents.values().map(|(path, _)| path.as_str()));
        Ok(State {
            repository,
            revision,
            generation: number(0)?,
            model: row.try_get(1)?,
            dimensions: row.try_get::<i32, _>(2)? as u32,
            is_indexed: row.try_get(8)?,
            corpus,
            documents,
            terms: Mutex::default(),
        })
    }

    /// How often terms occur; those that are not known are asked for once.
    pub(super) async fn frequencies(
        &self,
        connection: &mut PgConnection,
        terms: &[&str],
    ) -> Attempt<HashMap<String, Known>> {
        let mut found: HashMap<String, Known> = HashMap::with_capacity(terms.len());
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
            return Ok(found);
        }
        let rows =
            sqlx::query("SELECT term, chunks, documents FROM cogo.terms WHERE repository_id = $1 AND term = ANY($2)")
                .bind(self.repository)
                .bind(&unknown)
                .fetch_all(connection)
                .await?;
        found.extend(unknown.into_iter().map(|term| (term.to_owned(), Known::default())));
        for row in &rows {
            let (chunks, documents): (i32, i32) = (row.try_get(1)?, row.try_get(2)?);
            let known = Known { chunks: chunks.max(0) as u64, documents: documents.max(0) as u32 };
            found.insert(row.try_get(0)?, known);
        }
        let mut known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(found.iter().map(|(term, frequency)| (term.clone(), *frequency)));
        Ok(found)
    }

    /// Candidates, with how many documents mention them.
    pub(super) async fn with_mentions(
        &self,
        connection: &mut PgConnection,
        segments: Vec<Arc<Segment>>,
    ) -> Attempt<Vec<SampleFile>> {
        let mut lexicon = Lexicon::new();
        let terms: Vec<String> =
            segments.iter().map(|segment| Sample::mention(segment.path(0), &mut lexicon)).collect();
        let mut distinct: Vec<&str> = terms.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let known = self.frequencies(connection, &distinct).await?;
        let mentions = |term: &String| known.get(term).map_or(0, |known| known.documents);
        Ok(segments
            .into_iter()
            .zip(&terms)
            .map(|(segment, term)| SampleFile { segment, mentions: mentions(term) })
            .collect())
    }
}
