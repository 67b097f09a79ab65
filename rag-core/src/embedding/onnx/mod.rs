//! Transformer models through ONNX Runtime: BGE-M3 with its three signals, and any sentence-transformers style folder.
//!
//! A model is a folder (see [`ModelFolder`]); the library is found at run time (see [`runtime`]). Nothing is loaded before
//! the first text comes.
//!
//! The three signals of BGE-M3 (Chen et al. 2024, arXiv:2402.03216): *dense*, the normalised vector of the first token;
//! *sparse*, `relu(linear(hidden))` of each token, the largest per token id, special tokens left out; *late* (ColBERT),
//! a normalised vector for each token but the first.

mod batch;
mod folder;
mod outputs;
pub mod runtime;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use half::f16;
use half::slice::HalfFloatSliceExt;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Tensor, TensorElementType, ValueType};
use tokenizers::Tokenizer;

use super::{Encoder, Encoding, Role, normalise};
use crate::error::Result;
use batch::batches;
use outputs::Outputs;
use runtime::RuntimePaths;

pub use folder::{ModelFolder, Pooling};

/// Models up to this size are loaded several times.
const SMALL_MODEL_BYTES: u64 = 256 << 20;

/// How to run a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxOptions {
    /// Threads in all.
    pub threads: usize,
    /// Copies of the model that run side by side, each with its share of the threads. If not given: one per thread of a
    /// small model, which is fastest (measured: 1.2 to 1.7 times), and one in all of a large model, for the sake of memory.
    pub sessions: Option<usize>,
    /// Tokens that go through the model together, padding included. On a CPU more than a few hundred are slower: what is
    /// computed between two layers no longer fits the cache (measured with BGE-M3: 2048 tokens at half the speed of 256).
    pub batch_tokens: usize,
    /// Whether vectors of single tokens are wanted. They take about a hundred times the space of the others.
    pub late: bool,
    /// Where to look for the library.
    pub runtime: RuntimePaths,
}

impl Default for OnnxOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        OnnxOptions { threads, sessions: None, batch_tokens: 256, late: false, runtime: RuntimePaths::default() }
    }
}

/// A model in a folder.
pub struct OnnxEmbedder {
    id: String,
    folder: ModelFolder,
    options: OnnxOptions,
    model: Mutex<Option<Arc<Model>>>,
}

impl OnnxEmbedder {
    /// Opens a model folder. The weights are loaded when the first text comes.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if the folder is not that of a model we can use; see [`ModelFolder::open`].
    pub fn open(name: &str, folder: &Path, options: OnnxOptions) -> Result<Self> {
        let folder = ModelFolder::open(folder)?;
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
        let name: String = name.chars().map(plain).collect();
        let id = format!("{}-{:016x}", name.trim_start_matches('.'), folder.fingerprint);
        Ok(OnnxEmbedder { id, folder, options, model: Mutex::new(None) })
    }

    /// What the folder says of the model.
    pub fn folder(&self) -> &ModelFolder {
        &self.folder
    }

    /// Loads library, tokenizer and weights, if they are not loaded yet. Gives the library.
    ///
    /// # Errors
    /// [`Error::Runtime`](crate::Error::Runtime) without a usable library, [`Error::Model`](crate::Error::Model) with damaged files.
    pub fn load(&self) -> Result<PathBuf> {
        self.model().map(|model| model.library.clone())
    }

    /// The ids that texts become, special ones included, cut where the model stops to read.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn token_ids(&self, texts: &[&str], role: Role) -> Result<Vec<Vec<u32>>> {
        Ok(self.tokenise(&*self.model()?, texts, role)?.into_iter().map(|row| row.ids).collect())
    }

    /// With what the model wants to see before them.
    fn tokenise(&self, model: &Model, texts: &[&str], role: Role) -> Result<Vec<Row>> {
        let prompt = &self.folder.prompts[role as usize];
        let rows = match prompt.is_empty() {
            true => model.tokenise(texts.to_vec()),
            false => model.tokenise(texts.iter().map(|text| format!("{prompt}{text}")).collect()),
        };
        rows.map_err(|reason| self.folder.bad(reason))
    }

    fn model(&self) -> Result<Arc<Model>> {
        let mut model = self.model.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(model) = &*model {
            return Ok(model.clone());
        }
        let loaded = Arc::new(Model::load(&self.folder, &self.options)?);
        *model = Some(loaded.clone());
        Ok(loaded)
    }
}

impl Encoder for OnnxEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn encode(&self, texts: &[&str], role: Role) -> Result<Vec<Encoding>> {
        let model = self.model()?;
        let rows = self.tokenise(&model, texts, role)?;
        let lengths: Vec<usize> = rows.iter().map(|row| row.ids.len()).collect();
        let batches = batches(&lengths, self.options.batch_tokens);
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Encoding)>> = Mutex::new(Vec::with_capacity(texts.len()));
        let failed = Mutex::new(None);
        let work = |session: &Mutex<Session>| {
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let rows: Vec<&Row> = batch.iter().map(|&text| &rows[text]).collect();
                match model.run(&mut lock(session), &rows) {
                    Ok(encodings) => lock(&done).extend(batch.iter().copied().zip(encodings)),
                    Err(reason) => {
                        *lock(&failed) = Some(reason);
                        next.store(batches.len(), Ordering::Relaxed);
                    }
                }
            }
        };
        match &model.sessions[..] {
            [session] => work(session),
            sessions => std::thread::scope(|scope| {
                for session in sessions.iter().take(batches.len()) {
                    scope.spawn(|| work(session));
                }
            }),
        }
        if let Some(reason) = lock(&failed).take() {
            return Err(self.folder.bad(reason));
        }
        let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        done.sort_unstable_by_key(|(text, _)| *text);
        Ok(done.into_iter().map(|(_, encoding)| encoding).collect())
    }
}

/// What is in the mutexes stays whole even if a thread panicked holding one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A tokenised text.
struct Row {
    ids: Vec<u32>,
    truncated: bool,
}

/// An input of the graph that we can fill.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    Types,
    Positions,
}

/// A loaded model.
struct Model {
    library: PathBuf,
    tokenizer: Tokenizer,
    max_tokens: usize,
    pooling: Pooling,
    pad: u32,
    /// Ids that are never part of a text.
    special: Vec<u32>,
    sessions: Vec<Mutex<Session>>,
    inputs: Vec<(String, Input, TensorElementType)>,
    outputs: Outputs,
    late: bool,
}

impl Model {
    fn load(folder: &ModelFolder, options: &OnnxOptions) -> Result<Self> {
        let bad = |reason: String| folder.bad(reason);
        let (loaded, environment) = runtime::environment(&options.runtime)?;
        let mut tokenizer = Tokenizer::from_file(&folder.tokenizer)
            .map_err(|error| bad(format!("`{}` cannot be read: {error}", folder.tokenizer.display())))?;
        // Batches are ours: the file may ask for rows of a fixed length.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| bad(error.to_string()))?;
        let special = ["<s>", "<pad>", "</s>", "<unk>", "[CLS]", "[PAD]", "[SEP]", "[UNK]"];
        let special = special.iter().filter_map(|token| tokenizer.token_to_id(token)).collect();
        let small = folder.weight_bytes <= SMALL_MODEL_BYTES;
        let sessions = options.sessions.unwrap_or(if small { options.threads } else { 1 }).max(1);
        let threads = (options.threads / sessions).max(1);
        let open = || -> Result<Session, String> {
            // The builder comes back in its errors, which makes them too large to hand around.
            let said = |error: ort::Error<SessionBuilder>| error.to_string();
            let builder = Session::builder(&environment).map_err(|error| error.to_string())?;
            let builder = builder.with_intra_threads(threads).map_err(said)?;
            let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(said)?;
            // It would keep a plan for every shape that ever came.
            let builder = builder.with_memory_pattern(false).map_err(said)?;
            // Weights outside of the arena, which grows by doubling.
            let mut builder = builder.with_device_allocated_initializers().map_err(said)?;
            let loaded = builder.commit_from_file(&folder.graph);
            loaded.map_err(|error| format!("`{}` cannot be loaded: {error}", folder.graph.display()))
        };
        let sessions: Vec<Session> = (0..sessions).map(|_| open()).collect::<Result<_, _>>().map_err(bad)?;
        let inputs = sessions[0].inputs().iter().map(|input| recognise_input(input.name(), input.dtype()));
        let inputs = inputs.collect::<Result<_, _>>().map_err(bad)?;
        let shapes = sessions[0].outputs().iter().map(|output| {
            let shape = match output.dtype() {
                ValueType::Tensor { shape, .. } => shape.to_vec(),
                _ => Vec::new(),
            };
            (output.name().to_owned(), shape)
        });
        let outputs = Outputs::recognise(&shapes.collect::<Vec<_>>()).map_err(bad)?;
        Ok(Model {
            library: loaded.library.path,
            tokenizer,
            max_tokens: folder.max_tokens,
            pooling: folder.pooling,
            pad: folder.pad,
            special,
            sessions: sessions.into_iter().map(Mutex::new).collect(),
            inputs,
            outputs,
            late: options.late,
        })
    }

    fn tokenise<'t, T: Into<tokenizers::EncodeInput<'t>> + Send>(&self, texts: Vec<T>) -> Result<Vec<Row>, String> {
        let encodings = self.tokenizer.encode_batch_fast(texts, true).map_err(|error| error.to_string())?;
        let row = |encoding: tokenizers::Encoding| {
            let mut ids = encoding.get_ids().to_vec();
            let truncated = ids.len() > self.max_tokens;
            if truncated {
                // The last token is the one that ends a text.
                let end = ids.last().copied().filter(|_| encoding.get_special_tokens_mask().last() == Some(&1));
                ids.truncate(self.max_tokens - usize::from(end.is_some()));
                ids.extend(end);
            }
            // A graph has no use for a row without tokens.
            if ids.is_empty() {
                ids.push(self.pad);
            }
            Row { ids, truncated }
        };
        Ok(encodings.into_iter().map(row).collect())
    }

    /// Runs one batch. Rows are filled up at their end and masked there.
    fn run(&self, session: &mut Session, rows: &[&Row]) -> Result<Vec<Encoding>, String> {
        let width = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let mut inputs: Vec<(&str, SessionInputValue)> = Vec::with_capacity(self.inputs.len());
        for (name, input, kind) in &self.inputs {
            let values = rows.iter().flat_map(|row| {
                (0..width).map(|at| match input {
                    Input::Ids => i64::from(row.ids.get(at).copied().unwrap_or(self.pad)),
                    Input::Mask => i64::from(at < row.ids.len()),
                    Input::Types => 0,
                    Input::Positions => at as i64,
                })
            });
            inputs.push((name, integers([rows.len(), width], values, *kind)?.into()));
        }
        let outputs = session.run(inputs).map_err(|error| error.to_string())?;
        self.read(&outputs, rows, width)
    }

    fn read(&self, outputs: &SessionOutputs, rows: &[&Row], width: usize) -> Result<Vec<Encoding>, String> {
        let get = |index: Option<usize>| index.map(|index| Floats::of(&outputs[index], rows.len())).transpose();
        let dense = get(self.outputs.dense)?;
        let hidden = get(self.outputs.hidden)?;
        let sparse = get(self.outputs.sparse)?;
        let late = get(self.outputs.late.filter(|_| self.late))?;
        let mut encodings = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let length = row.ids.len();
            let mut vector = match (&dense, &hidden) {
                (Some(dense), _) => dense.row(index).to_vec(),
                (None, Some(hidden)) => pool(hidden.row(index), length, width, self.pooling)?,
                (None, None) => return Err("it has neither a vector per text nor per token".into()),
            };
            if vector.iter().any(|x| !x.is_finite()) {
                return Err("it computed a vector that is not a number".into());
            }
            normalise(&mut vector);
            let mut encoding =
                Encoding { dense: vector, tokens: length, truncated: row.truncated, ..Encoding::default() };
            if let Some(sparse) = &sparse {
                let weights = sparse.row(index).get(..length).ok_or("its sparse output has too few tokens")?;
                encoding.sparse = self.strongest(&row.ids, weights);
            }
            if let Some(late) = &late {
                // Some exports leave the first token out, some do not.
                let row = late.row(index);
                let dimensions = late.last;
                let from = if late.shape.get(1) == Some(&width) { dimensions } else { 0 };
                let vectors = row.get(from..from + (length - 1) * dimensions);
                encoding.late = vectors.ok_or("its output of token vectors has too few tokens")?.to_vec();
                encoding.late.chunks_exact_mut(dimensions.max(1)).for_each(normalise);
            }
            encodings.push(encoding);
        }
        Ok(encodings)
    }

    /// The largest weight of each token, without those that are no words.
    fn strongest(&self, ids: &[u32], weights: &[f32]) -> Vec<(u32, f32)> {
        let mut strongest = BTreeMap::new();
        for (&id, &weight) in ids.iter().zip(weights) {
            if weight > 0.0 && !self.special.contains(&id) {
                let known = strongest.entry(id).or_insert(weight);
                *known = weight.max(*known);
            }
        }
        strongest.into_iter().collect()
    }
}

fn recognise_input(name: &str, kind: &ValueType) -> Result<(String, Input, TensorElementType), String> {
    let input = match name {
        "input_ids" => Input::Ids,
        "attention_mask" => Input::Mask,
        "token_type_ids" => Input::Types,
        "position_ids" => Input::Positions,
        other => {
            return Err(format!(
                "it wants the input `{other}`; known are input_ids, attention_mask, token_type_ids, position_ids"
            ));
        }
    };
    match kind {
        ValueType::Tensor { ty: ty @ (TensorElementType::Int64 | TensorElementType::Int32), .. } => {
            Ok((name.to_owned(), input, *ty))
        }
        other => Err(format!("its input `{name}` is {other:?}; expected int64 or int32")),
    }
}

fn integers(shape: [usize; 2], values: impl Iterator<Item = i64>, kind: TensorElementType) -> Result<DynValue, String> {
    let tensor = match kind {
        TensorElementType::Int32 => {
            Tensor::from_array((shape, values.map(|value| value as i32).collect::<Vec<_>>())).map(Tensor::into_dyn)
        }
        _ => Tensor::from_array((shape, values.collect::<Vec<_>>())).map(Tensor::into_dyn),
    };
    tensor.map_err(|error| error.to_string())
}

/// An output as numbers, whatever its precision.
struct Floats {
    shape: Vec<usize>,
    values: Vec<f32>,
    /// values per text
    per_row: usize,
    /// length of the last dimension
    last: usize,
}

impl Floats {
    fn of(value: &DynValue, rows: usize) -> Result<Self, String> {
        let (shape, values) = match value.try_extract_tensor::<f32>() {
            Ok((shape, values)) => (shape, values.to_vec()),
            Err(_) => {
                let (shape, halves) = value.try_extract_tensor::<f16>().map_err(|error| error.to_string())?;
                (shape, halves.to_f32_vec())
            }
        };
        let shape: Vec<usize> = shape.iter().map(|&dimension| dimension as usize).collect();
        if shape.first() != Some(&rows) {
            return Err(format!("an output has the shape {shape:?} for {rows} texts"));
        }
        Ok(Floats { per_row: values.len() / rows.max(1), last: shape.last().copied().unwrap_or(0), shape, values })
    }

    fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.per_row..][..self.per_row]
    }
}

/// One vector from those of `length` tokens; `width` is how many rows there are, with padding.
fn pool(tokens: &[f32], length: usize, width: usize, pooling: Pooling) -> Result<Vec<f32>, String> {
    let dimensions = tokens.len() / width.max(1);
    if dimensions == 0 || length == 0 || tokens.len() < length * dimensions {
        return Err("its output of token vectors has too few tokens".into());
    }
    let mut rows = tokens[..length * dimensions].chunks_exact(dimensions);
    let pooled = match pooling {
        Pooling::Cls => tokens[..dimensions].to_vec(),
        Pooling::Last => tokens[(length - 1) * dimensions..length * dimensions].to_vec(),
        Pooling::Mean => {
            let mut sum = vec![0.0; dimensions];
            rows.for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
            sum.iter_mut().for_each(|x| *x /= length as f32);
            sum
        }
        Pooling::Max => {
            let first = rows.next().unwrap_or_default().to_vec();
            rows.fold(first, |best, row| best.iter().zip(row).map(|(a, b)| a.max(*b)).collect())
        }
    };
    Ok(pooled)
}
