//! Language models that read documents: an option behind a budget.
//!
//! Nothing here is needed for anything else. What a model has read is kept in the index folder, outside of the generations, and the
//! graph takes it in as far as the texts bear it out.

use std::path::PathBuf;
use std::time::Duration;

use graphrag::FileFacts;
use graphrag::extract::summary::{self, Part, Sentence};
use graphrag::extract::{Log, LogWriter, Plan, Progress, Record};
use graphrag::graph::Community;
use graphrag::{Graph, extract};
use llm::{LanguageModel, Metered, Price, Provider, ProviderOptions, Usd};
use rag_core::bindings::Bindings;
use rag_core::store::catalog::Place;
use rag_core::{Result, Snapshot, Store};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::LlmConfig;
use crate::graph::documents;
use crate::{Failure, overview};

/// Calls under way at a time.
pub const AT_ONCE: usize = 4;
/// How long a model may think.
const TIMEOUT: Duration = Duration::from_secs(180);
const FOLDER: &str = "llm";
const EXTRACTED: &str = "extract.log";
const SUMMARIES: &str = "summaries.log";
/// Files and definitions of a part that a model is told of.
const MOST_FILES: usize = 40;

/// Where is kept what models have read in the documents of an index.
pub fn log_of(store: &Store) -> PathBuf {
    store.folder().join(FOLDER).join(EXTRACTED)
}

/// Where the summaries of an index are kept.
pub fn summaries_of(store: &Store) -> PathBuf {
    store.folder().join(FOLDER).join(SUMMARIES)
}

/// The price of the configured model, if it is known: from the settings, or of its provider's own service.
pub fn price(config: &LlmConfig, model: &str) -> Option<Price> {
    let own = config.input_price.zip(config.output_price);
    if let Some((input, output)) = own.and_then(|(input, output)| Usd::new(input).zip(Usd::new(output))) {
        return Some(Price { input, output, source: "settings".into() });
    }
    match &config.base_url {
        Some(_) => None,
        None => Price::known(model),
    }
}

/// The configured model. Sends nothing.
///
/// # Errors
/// If there is no key, or the settings cannot be used.
pub fn provider(config: &LlmConfig, model: &str) -> llm::Result<Provider> {
    Provider::new(&ProviderOptions {
        model: model.to_owned(),
        base_url: config.base_url.clone(),
        timeout: TIMEOUT,
        key_variable: None,
    })
}

/// Plans to let `model` read what it has not read yet of the documents of `snapshot`.
///
/// # Errors
/// If a text is damaged.
pub fn plan(snapshot: &Snapshot, model: &str, log: &Log) -> Result<Plan> {
    let documents = documents(snapshot)?;
    let none = Bindings::default();
    let facts: Vec<FileFacts> = documents.iter().map(|document| document.facts(&none)).collect();
    Ok(extract::plan(&facts, model, log))
}

/// Reads what is planned; see [`graphrag::extract::extract`].
///
/// # Errors
/// If the log cannot be written.
pub fn run<M: LanguageModel>(
    plan: &Plan,
    model: &Metered<M>,
    log: &mut LogWriter,
    report: &(dyn Fn(&Progress) + Sync),
) -> Result<Progress> {
    log.append(plan.again.clone())?;
    extract::extract(plan, model, log, AT_ONCE, report)
}

/// A part of the repository as a model is told of it, and what its summary is kept under: a hash of the texts of its files and of
/// what it is told.
///
/// # Errors
/// If a text is damaged.
pub fn part(snapshot: &Snapshot, graph: &Graph, community: &Community) -> Result<(Part, u64)> {
    let mut part = Part { title: community.title.clone(), ..Part::default() };
    part.files = community.files.iter().take(MOST_FILES).map(|&file| graph.path(file).to_owned()).collect();
    for &id in &community.key_symbols {
        let about = overview::summary(snapshot, graph, id)?.unwrap_or_default();
        part.definitions.push((graph.node(id).name.to_owned(), about));
    }
    let mut texts: Vec<u64> = Vec::with_capacity(community.files.len());
    for &file in &community.files {
        if let Some(Place::Indexed { segment, file }) = snapshot.entry(graph.path(file)).map(|entry| entry.place) {
            texts.push(xxh3_64(snapshot.segments[segment as usize].segment.text(file)?.as_str().as_bytes()));
        }
    }
    texts.sort_unstable();
    let told = serde_json::to_string(&part).unwrap_or_default();
    Ok((part, xxh3_64(format!("{texts:?} {told}").as_bytes())))
}

/// A summary that a model has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The model.
    pub model: String,
    /// What it says, with what each sentence rests on.
    pub sentences: Vec<Sentence>,
}

/// The summary that is kept for `content`, if there is one; the last that was written. What it cites must be in `part`.
pub fn summary_of(log: &Log, part: &Part, content: u64) -> Option<Summary> {
    let record = log.last(content, summary::VERSION)?;
    let (sentences, _) = summary::check(&serde_json::json!({ "sentences": record.answer }).to_string(), part)?;
    (!sentences.is_empty()).then(|| Summary { model: record.model.clone(), sentences })
}

/// Lets `model` summarise a part and keeps it; gives the number of sentences that were kept, and dropped. `None` if the answer
/// cannot be read.
///
/// # Errors
/// What the model says against it, and I/O errors.
pub fn summarise(
    model: &dyn LanguageModel,
    log: &mut LogWriter,
    part: &Part,
    content: u64,
) -> Result<Option<(usize, usize)>, Failure> {
    let reply = model.complete(&summary::prompt(part))?;
    let Some((sentences, dropped)) = summary::check(&reply.text, part) else { return Ok(None) };
    let kept = sentences.len();
    let answer = serde_json::to_value(sentences)?;
    log.append(vec![Record { version: summary::VERSION, model: model.name().to_owned(), content, answer }])?;
    Ok(Some((kept, dropped)))
}
