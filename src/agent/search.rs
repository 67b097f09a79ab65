//! Searching a repository, as a job.

use std::path::PathBuf;
use std::sync::Arc;

use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use rag_core::Query;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Agent, Configs, Setup, absolute, blocking, stop};
use crate::wire::HitJson;

/// The most hits of one job.
const MOST: usize = 100;

pub(super) const AGENT: Agent = Agent {
    name: "search",
    about: "searches a repository",
    inputs: "path=FOLDER query=TEXT limit=10",
    prepare,
    handler: |setup| Arc::new(Search(setup.clone())),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    path: PathBuf,
    query: String,
    #[serde(default = "ten")]
    limit: usize,
}

fn ten() -> usize {
    10
}

fn prepare(mut inputs: Value, _: &Configs) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let inputs: Inputs = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    if inputs.query.trim().is_empty() || inputs.limit == 0 || inputs.limit > MOST {
        return Err(format!("`query` must not be empty, and `limit` lies between 1 and {MOST}"));
    }
    Ok(json!(inputs))
}

struct Search(Setup);

#[async_trait]
impl Handler for Search {
    fn kind(&self) -> &str {
        AGENT.name
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let inputs: Inputs = context.payload()?;
        let setup = self.0.clone();
        blocking(move || {
            let engine = setup.engine(&inputs.path)?;
            let mut query = Query::new(inputs.query);
            query.limit = inputs.limit.min(MOST);
            let hits = engine.search(&query).map_err(stop)?.hits;
            let hits: Vec<HitJson> = hits.into_iter().map(|hit| HitJson::new(hit, false)).collect();
            Ok(json!({ "hits": hits }))
        })
        .await?
    }
}
