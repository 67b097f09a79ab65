//! A model folder: which files it has, and what they say about how the model is to be used.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};

/// Graphs, best first: what was quantised is what the user wants to run on a CPU.
const GRAPHS: [&str; 8] = [
    "model_int8.onnx",
    "model_quantized.onnx",
    "model_qint8_avx512_vnni.onnx",
    "model_uint8.onnx",
    "model.onnx",
    "bge_m3_model.onnx",
    "model_fp16.onnx",
    "model_O2.onnx",
];
/// Where graphs lie.
const SUBFOLDERS: [&str; 2] = ["", "onnx"];
/// No embedding model reads more; larger numbers in configuration files stand for "no limit".
const MOST_TOKENS: usize = 8192;
/// Of large files so many blocks are hashed, evenly spread.
const SAMPLES: u64 = 16;
const SAMPLE_BYTES: u64 = 64 << 10;

/// How token vectors become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The vector of the first token.
    Cls,
    /// The mean over all tokens.
    Mean,
    /// The largest value of each dimension.
    Max,
    /// The vector of the last token.
    Last,
}

/// What a model folder says of its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFolder {
    /// The folder.
    pub folder: PathBuf,
    /// The graph.
    pub graph: PathBuf,
    /// The tokenizer.
    pub tokenizer: PathBuf,
    /// How to pool, if the graph gives token vectors only.
    pub pooling: Pooling,
    /// The most tokens that the model reads, special ones included.
    pub max_tokens: usize,
    /// What is put before a query, and before a passage.
    pub prompts: [String; 2],
    /// Token that fills rows up; the attention mask hides it.
    pub pad: u32,
    /// Bytes of the graph and its external data.
    pub weight_bytes: u64,
    /// Hash over the configuration and samples of the weights.
    pub fingerprint: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(rename = "_name_or_path")]
    name: String,
    model_type: String,
    max_position_embeddings: Option<usize>,
    pad_token_id: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prompts {
    prompts: std::collections::BTreeMap<String, Option<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode: Option<String>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

impl ModelFolder {
    /// Reads what `folder` holds; not the weights.
    ///
    /// # Errors
    /// [`Error::Model`] if a file is missing or malformed, or the model needs more than pooling.
    pub fn open(folder: &Path) -> Result<Self> {
        let bad = |reason: String| Error::Model { name: folder.display().to_string(), reason };
        if !folder.is_dir() {
            return Err(bad("there is no such folder".into()));
        }
        let folder = folder.canonicalize()?;
        let graph = find(&folder, &GRAPHS).or_else(|| only_graph(&folder));
        let tokenizer = find(&folder, &["tokenizer.json"]);
        let (Some(graph), Some(tokenizer)) = (graph, tokenizer) else {
            let found = names(&folder);
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            return Err(bad(format!("expected `model.onnx` (or onnx/model.onnx) and `tokenizer.json`, found {found}")));
        };
        let config: Config = read(&folder, "config.json")?;
        let sentence: SentenceConfig = read(&folder, "sentence_bert_config.json")?;
        let tokens: TokenizerConfig = read(&folder, "tokenizer_config.json")?;
        let label =
            format!("{} {}", folder.file_name().unwrap_or_default().to_string_lossy(), config.name).to_lowercase();
        // RoBERTa counts positions from the one after the padding token's id.
        let reserved = if config.model_type.contains("roberta") { 2 } else { 0 };
        let limits = [
            sentence.max_seq_length,
            tokens.model_max_length.map(|length| length as usize),
            config.max_position_embeddings.map(|positions| positions.saturating_sub(reserved)),
            Some(MOST_TOKENS),
        ];
        let max_tokens = limits.into_iter().flatten().filter(|limit| *limit > 2).min().unwrap_or(MOST_TOKENS);
        let weights = weight_files(&graph);
        let weight_bytes = weights.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum();
        let fingerprint = fingerprint(&folder, weights, &tokenizer)?;
        Ok(ModelFolder {
            pooling: pooling(&folder, &label).map_err(bad)?,
            prompts: prompts(&folder, &label)?,
            pad: config.pad_token_id.unwrap_or(if reserved > 0 { 1 } else { 0 }),
            folder,
            graph,
            tokenizer,
            max_tokens,
            weight_bytes,
            fingerprint,
        })
    }
}

impl ModelFolder {
    /// The error that something is wrong with the model.
    pub(super) fn bad(&self, reason: String) -> Error {
        Error::Model { name: self.folder.display().to_string(), reason }
    }
}

fn find(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let places = names.iter().flat_map(|name| SUBFOLDERS.map(|sub| folder.join(sub).join(name)));
    places.into_iter().find(|path| path.is_file())
}

/// The graph of a folder that has just one.
fn only_graph(folder: &Path) -> Option<PathBuf> {
    let is_graph = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "onnx");
    let mut graphs = SUBFOLDERS
        .iter()
        .flat_map(|sub| std::fs::read_dir(folder.join(sub)).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(is_graph);
    graphs.next().filter(|_| graphs.next().is_none())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.truncate(12);
    names
}

/// A configuration file; all of them are optional.
fn read<T: DeserializeOwned + Default>(folder: &Path, name: &str) -> Result<T> {
    let Some(path) = find(folder, &[name]) else { return Ok(T::default()) };
    serde_json::from_slice(&fs_err::read(&path)?).map_err(|error| Error::Model {
        name: folder.display().to_string(),
        reason: format!("`{}` is malformed: {error}", path.display()),
    })
}

/// Pooling as sentence-transformers writes it down; without its files, what the model's family does.
fn pooling(folder: &Path, label: &str) -> Result<Pooling, String> {
    let modules: Vec<Module> = read(folder, "modules.json").map_err(|error| error.to_string())?;
    if let Some(module) = modules.iter().find(|module| module.kind.ends_with(".Dense")) {
        return Err(format!(
            "its module `{}` ({}) is not supported: only pooling may follow the graph",
            module.path, module.kind
        ));
    }
    let path = modules.iter().find(|module| module.kind.ends_with(".Pooling")).map(|module| module.path.as_str());
    let file = Path::new(path.unwrap_or("1_Pooling")).join("config.json");
    // The file comes from elsewhere and may name any path.
    if file.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Err("modules.json names a path outside of the folder".into());
    }
    if !folder.join(&file).is_file() {
        return Ok(if ["bge", "gte-", "arctic"].iter().any(|family| label.contains(family)) {
            Pooling::Cls
        } else {
            Pooling::Mean
        });
    }
    let file = file.to_string_lossy();
    let config: PoolingConfig = read(folder, &file).map_err(|error| error.to_string())?;
    let mode = match &config {
        PoolingConfig { pooling_mode: Some(mode), .. } => mode.as_str(),
        config if config.pooling_mode_cls_token => "cls",
        config if config.pooling_mode_mean_tokens => "mean",
        config if config.pooling_mode_max_tokens => "max",
        config if config.pooling_mode_lasttoken => "lasttoken",
        _ => "unknown",
    };
    match mode {
        "cls" => Ok(Pooling::Cls),
        "mean" => Ok(Pooling::Mean),
        "max" => Ok(Pooling::Max),
        "lasttoken" => Ok(Pooling::Last),
        other => Err(format!("the pooling `{other}` of `{file}` is not supported: cls, mean, max and lasttoken are")),
    }
}

/// What the model wants to see before queries and passages.
fn prompts(folder: &Path, label: &str) -> Result<[String; 2]> {
    let written: Prompts = read(folder, "config_sentence_transformers.json")?;
    let of = |names: &[&str]| names.iter().find_map(|name| written.prompts.get(*name)?.clone());
    let query = of(&["query", "Query", "retrieval.query"]);
    let passage = of(&["passage", "document", "Passage", "retrieval.passage"]);
    if query.is_some() || passage.is_some() {
        return Ok([query.unwrap_or_default(), passage.unwrap_or_default()]);
    }
    // Families whose model cards ask for prefixes that their files do not mention.
    let family = if label.contains("e5-") && !label.contains("instruct") {
        ["query: ", "passage: "]
    } else if label.contains("bge-") && label.contains("-en") {
        ["Represent this sentence for searching relevant passages: ", ""]
    } else {
        ["", ""]
    };
    Ok(family.map(str::to_owned))
}

/// The graph, and where its external data may lie.
fn weight_files(graph: &Path) -> Vec<PathBuf> {
    let endings = ["onnx", "onnx_data", "onnx.data"];
    endings.map(|ending| graph.with_extension(ending)).into_iter().filter(|path| path.is_file()).collect()
}

/// Tells models apart: everything of small files, lengths and samples of large ones. Reading gigabytes at every start
/// would take longer than a search.
fn fingerprint(folder: &Path, weights: Vec<PathBuf>, tokenizer: &Path) -> Result<u64> {
    let mut files = weights;
    files.push(tokenizer.to_owned());
    let configs =
        ["config.json", "1_Pooling/config.json", "config_sentence_transformers.json", "sentence_bert_config.json"];
    files.extend(configs.map(|name| folder.join(name)));
    let mut hash = Xxh3::new();
    for path in files {
        let Ok(mut file) = std::fs::File::open(&path) else { continue };
        let len = file.metadata()?.len();
        hash.update(&len.to_le_bytes());
        let starts: Vec<u64> = if len <= SAMPLES * SAMPLE_BYTES {
            (0..len.div_ceil(SAMPLE_BYTES)).map(|block| block * SAMPLE_BYTES).collect()
        } else {
            (0..SAMPLES).map(|sample| (len - SAMPLE_BYTES) / (SAMPLES - 1) * sample).collect()
        };
        let mut block = Vec::new();
        for start in starts {
            file.seek(SeekFrom::Start(start))?;
            block.clear();
            (&mut file).take(SAMPLE_BYTES).read_to_end(&mut block)?;
            hash.update(&block);
        }
    }
    Ok(hash.digest())
}
