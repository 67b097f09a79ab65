//! Which files make a model: one graph, its weights beside it, the tokenizer and what describes them.

use super::error::{Error, Kind, Result};

/// Graphs, preferred ones first, where nobody says which.
const GRAPHS: [&str; 4] = ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"];

/// What describes a model; at the top of a repository, or beside the graph.
const DESCRIPTIONS: [&str; 8] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
];

/// Chooses from `files` what a loader needs. `place` is for messages.
pub(crate) fn choose(files: &[&str], graph: Option<&str>, place: &str) -> Result<Vec<String>> {
    let graph = match graph {
        Some(graph) => files.iter().find(|file| **file == graph).ok_or_else(|| lacks(place, graph, files))?,
        None => preferred(files).ok_or_else(|| lacks(place, "an `.onnx` file that is the obvious one", files))?,
    };
    let mut chosen = vec![(*graph).to_owned()];
    chosen.extend(files.iter().filter(|file| is_weights(file, graph, files)).map(|file| (*file).to_owned()));
    let folder = graph.rsplit_once('/').map(|(folder, _)| folder);
    for name in DESCRIPTIONS {
        let beside = folder.map(|folder| format!("{folder}/{name}"));
        let found = [Some(name.to_owned()), beside].into_iter().flatten().find(|path| files.contains(&path.as_str()));
        if found.is_none() && name == DESCRIPTIONS[0] {
            return Err(lacks(place, "`tokenizer.json`", files));
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

/// The graph to load where nobody says which.
pub(crate) fn preferred<'f>(files: &[&'f str]) -> Option<&'f str> {
    let mut graphs = files.iter().copied().filter(|file| file.ends_with(".onnx"));
    let known = GRAPHS.iter().find_map(|graph| files.iter().copied().find(|file| file == graph));
    known.or_else(|| graphs.next().filter(|_| graphs.next().is_none()))
}

/// Whether `file` holds weights of `graph`: it lies beside it and bears its name, or that of a graph that is not there
/// (optimizers rename graphs, but not the weights they refer to).
fn is_weights(file: &str, graph: &str, files: &[&str]) -> bool {
    let Some(position) = file.rfind(".onnx_data").or_else(|| file.rfind(".onnx.data")) else {
        return false;
    };
    let of = &file[..position + ".onnx".len()];
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    folder(file) == folder(graph) && (of == graph || !files.contains(&of))
}

/// Checks what somebody carried here by hand.
pub(crate) fn check_model(files: &[&str], place: &str) -> Result<()> {
    if !files.iter().any(|file| file.ends_with(".onnx")) {
        return Err(lacks(place, "an `.onnx` file", files));
    }
    if !files.iter().any(|file| *file == "tokenizer.json" || file.ends_with("/tokenizer.json")) {
        return Err(lacks(place, "`tokenizer.json`", files));
    }
    Ok(())
}

fn lacks(place: &str, what: &str, files: &[&str]) -> Error {
    const SHOWN: usize = 8;
    // Graphs first: who looks for one wants to see them.
    let mut files = files.to_vec();
    files.sort_by_key(|file| (!file.ends_with(".onnx"), *file));
    let more = files.len().saturating_sub(SHOWN);
    files.truncate(SHOWN);
    let found = match (files.is_empty(), more) {
        (true, _) => "no files".to_owned(),
        (false, 0) => files.join(", "),
        (false, more) => format!("{} and {more} more", files.join(", ")),
    };
    Error::new(Kind::Content, format!("{place} lacks {what}; found {found}"))
        .hint("a model needs an `.onnx` file, its weights beside it, and `tokenizer.json`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_belong_to_their_graph() {
        let files = [
            "README.md",
            "config.json",
            "onnx/model.onnx",
            "onnx/model.onnx_data",
            "onnx/model.onnx_data_1",
            "onnx/model_fp16.onnx",
            "onnx/model_fp16.onnx_data",
            "onnx/tokenizer.json",
            "pytorch_model.bin",
        ];
        let weights = ["onnx/model.onnx_data", "onnx/model.onnx_data_1"];
        let expected = ["onnx/model.onnx", weights[0], weights[1], "onnx/tokenizer.json", "config.json"];
        assert_eq!(choose(&files, None, "x").expect("a model"), expected);
        let optimized = ["model_opt.onnx", "model.onnx.data", "tokenizer.json", "other.onnx", "other.onnx.data"];
        let chosen = choose(&optimized, Some("model_opt.onnx"), "x").expect("a model");
        assert_eq!(chosen, ["model_opt.onnx", "model.onnx.data", "tokenizer.json"]);
    }

    #[test]
    fn what_is_missing_is_named_beside_what_is_there() {
        let error = choose(&["a.onnx", "b.onnx", "tokenizer.json"], None, "`x`").expect_err("which one?");
        assert!(error.message.contains("found a.onnx, b.onnx, tokenizer.json"), "{error}");
        let error = choose(&["model.onnx", "vocab.txt"], None, "`x`").expect_err("no tokenizer");
        assert_eq!(error.message, "`x` lacks `tokenizer.json`; found model.onnx, vocab.txt");
        assert!(check_model(&["a/b.onnx", "c/tokenizer.json"], "`x`").is_ok());
        assert_eq!(check_model(&[], "`x`").expect_err("empty").message, "`x` lacks an `.onnx` file; found no files");
    }
}
