#!/usr/bin/env python3
"""Builds the model fixtures of the tests: `bge-tiny` and `st-tiny`, two transformers with random weights.

Both have the shape of a real model folder and nothing of its knowledge: the inputs, the outputs, the tokenizer and the
configuration of BGE-M3 (`bge-tiny`) and of a sentence-transformers model (`st-tiny`), with two layers of width 32.
PyTorch computes what each text must become and writes it to `reference.json`; a loader that reads the ONNX file must
arrive at the same. `variant-*.onnx` are the same weights exported as others export them. README.md lists all files.

Every exported file is run by ONNX Runtime and compared with PyTorch; the exit code is 1 if one of them differs.
Seeds are fixed. Tokenizers depend on the text they were trained on, so they are trained only if `--text` is given;
without it the present ones stay, and the same versions of the packages give the same files, byte for byte.
"""

import argparse
import hashlib
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from fixture_texts import texts, training_text, unigram_tokenizer, wordpiece_tokenizer
from onnx import TensorProto
from tokenizers import Tokenizer
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

HERE = Path(__file__).resolve().parent
WIDTH = 32
BGE_VOCABULARY = 3000
BGE_TOKENS = 1024
"""Longest input of bge-tiny; BGE-M3 takes 8192. A reader takes it from `max_position_embeddings`, less two."""
ST_VOCABULARY = 1000
ST_TOKENS = 64
SPECIAL = (0, 1, 2, 3)
"""<s>, <pad>, </s>, <unk>: they never get a sparse weight."""
COLBERT_ROWS = 8
"""As many rows of each ColBERT matrix are in the reference."""


# ---- what the models are ------------------------------------------------------------------------------------------


class Bge(torch.nn.Module):
    """XLM-RoBERTa with the three heads of BGE-M3, as its usual exports return them."""

    outputs = {"dense_vecs": 2, "sparse_vecs": 3, "colbert_vecs": 3}

    def __init__(self, config: XLMRobertaConfig):
        super().__init__()
        self.encoder = XLMRobertaModel(config, add_pooling_layer=False)
        self.sparse = torch.nn.Linear(config.hidden_size, 1)
        self.colbert = torch.nn.Linear(config.hidden_size, config.hidden_size)

    def hidden(self, input_ids, attention_mask, **more):
        return self.encoder(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state

    def heads(self, hidden, attention_mask):
        rows = self.colbert(hidden[:, 1:]) * attention_mask[:, 1:].unsqueeze(-1).to(hidden.dtype)
        return normalize(hidden[:, 0], dim=-1), torch.relu(self.sparse(hidden)), normalize(rows, dim=-1)

    def forward(self, input_ids, attention_mask):
        return self.heads(self.hidden(input_ids, attention_mask), attention_mask)


class Variant(torch.nn.Module):
    """The same weights with other outputs: `what` takes the model, the hidden states and the mask."""

    def __init__(self, model: Bge, what):
        super().__init__()
        self.model, self.what = model, what

    def forward(self, input_ids, attention_mask):
        return self.what(self.model, self.model.hidden(input_ids, attention_mask), attention_mask)


class WithTypes(torch.nn.Module):
    """The usual outputs, with a third input that says nothing: the model knows one token type only."""

    def __init__(self, model: Bge):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = self.model.hidden(input_ids, attention_mask, token_type_ids=token_type_ids)
        return self.model.heads(hidden, attention_mask)


def raw(model: Bge, hidden, _mask):
    """Linear layers and nothing else: no length 1, no mask, no ReLU; sparse is [B,T] and ColBERT starts at token 0."""
    return hidden[:, 0], model.sparse(hidden).squeeze(-1), model.colbert(hidden)


def lively(model: torch.nn.Module, seed: int) -> None:
    """Random weights large enough that texts differ: the usual small ones leave all CLS vectors nearly the same."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "LayerNorm.weight" in name:
                weight.copy_(1 + 0.1 * noise)
            elif weight.dim() == 1:
                weight.copy_(0.1 * noise)
            else:
                weight.copy_(0.3 * noise)


# ---- what goes in --------------------------------------------------------------------------------------------------


def encode(tokenizer: Tokenizer, text: str, most: int) -> tuple[list[int], bool]:
    """The ids with the special tokens, at most `most`, and whether something was cut off."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    whole = len(tokenizer.encode(text).ids)
    tokenizer.enable_truncation(most)
    ids = tokenizer.encode(text).ids
    tokenizer.no_truncation()
    return ids, len(ids) < whole


def pad(rows: list[list[int]], pad_id: int) -> dict[str, np.ndarray]:
    shape = (len(rows), max(map(len, rows)))
    ids, mask = np.full(shape, pad_id, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, tokens in enumerate(rows):
        ids[row, :len(tokens)], mask[row, :len(tokens)] = tokens, 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, dtype=np.int64)}


# ---- export -------------------------------------------------------------------------------------------------------


def trace(model: torch.nn.Module, inputs: list[str], outputs: dict[str, int], path: Path) -> None:
    """Writes the ONNX form of a model. `outputs` gives the rank of each; batch and length are free."""
    ids = torch.tensor([[0, 5, 6, 7, 8, 2], [0, 5, 6, 2, 1, 1]])
    values = {"input_ids": ids, "attention_mask": (ids != 1).long(), "token_type_ids": torch.zeros_like(ids)}
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in inputs}
    for name, rank in outputs.items():
        long = rank == 3 or name == "sparse"
        axes[name] = {0: "batch_size", 1: f"{name}_length"} if long else {0: "batch_size"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter is deprecated, and the only one that needs no more packages
        # Without eval() the graph would keep its dropout.
        torch.onnx.export(
            model.eval(), tuple(values[name] for name in inputs), str(path), input_names=inputs,
            output_names=list(outputs), dynamic_axes=axes, dynamo=False, opset_version=17,
        )


def export(model: torch.nn.Module, inputs: list[str], outputs: dict[str, int], path: Path, tiny_names: bool) -> None:
    """Writes one file, weights within."""
    trace(model, inputs, outputs, path)
    onnx.save(tidy(onnx.load(path), tiny_names), path)


def tidy(model: onnx.ModelProto, tiny_names: bool) -> onnx.ModelProto:
    """Without what only speaks to debuggers; with tiny names half of the file is gone."""
    graph = model.graph
    del graph.value_info[:]
    kept = {value.name for value in [*graph.input, *graph.output]} | {""}
    new = {}
    rename = lambda name: name if name in kept else new.setdefault(name, f"v{len(new)}")
    for node in graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        if tiny_names:
            node.ClearField("name")
            node.input[:] = [rename(name) for name in node.input]
            node.output[:] = [rename(name) for name in node.output]
    if tiny_names:
        for weight in graph.initializer:
            weight.name = rename(weight.name)
    return model


def share_weights(path: Path, data: str, known: dict[bytes, tuple[int, int]]) -> None:
    """Replaces the weights of a file by references into `data`, wherever that has the same bytes."""
    model = onnx.load(path)
    for weight in model.graph.initializer:
        place = known.get(hashlib.sha256(weight.raw_data).digest())
        if place:
            weight.ClearField("raw_data")
            weight.data_location = TensorProto.EXTERNAL
            for key, value in (("location", data), ("offset", place[0]), ("length", place[1])):
                weight.external_data.add(key=key, value=str(value))
    onnx.save(model, path)


def move_weights(path: Path, data: str) -> dict[bytes, tuple[int, int]]:
    """Moves the weights of a file out into `data`; returns where each lies, by its hash."""
    whole = onnx.load(path)
    hashes = {weight.name: hashlib.sha256(weight.raw_data).digest() for weight in whole.graph.initializer}
    path.with_name(data).unlink(missing_ok=True)
    onnx.save_model(whole, path, save_as_external_data=True, location=data, size_threshold=200)
    path.with_name(data).chmod(0o644)
    known = {}
    for weight in onnx.load(path, load_external_data=False).graph.initializer:
        place = {entry.key: entry.value for entry in weight.external_data}
        if place:
            known[hashes[weight.name]] = (int(place.get("offset", 0)), int(place["length"]))
    return known


def to_half(source: Path, target: Path) -> None:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = convert_float_to_float16(onnx.load(source), keep_io_types=False)
    onnx.save(tidy(half, tiny_names=True), target)


def to_int8(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)
    onnx.save(tidy(onnx.load(target), tiny_names=True), target)


# ---- references and checks ----------------------------------------------------------------------------------------


def short(values) -> list:
    """Nine significant digits: enough for every float32, and no more."""
    if isinstance(values, float):
        return float(f"{values:.9g}")
    return [short(value) for value in values]


def sparse_weights(ids: list[int], weights: list[float]) -> dict[int, float]:
    """The largest weight of each token that is not special, if it is positive."""
    largest = {}
    for token, weight in zip(ids, weights):
        if token not in SPECIAL and weight > largest.get(token, 0.0):
            largest[token] = weight
    return largest


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    """The least cosine of the rows of two matrices, or of two vectors."""
    left, right = np.atleast_2d(left).astype(np.float64), np.atleast_2d(right).astype(np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float(((left * right).sum(axis=1) / norms).min())


def run(session: onnxruntime.InferenceSession, rows: list[list[int]], pad_id: int) -> dict[str, np.ndarray]:
    listed = {value.name for value in session.get_inputs()}
    feeds = {name: value for name, value in pad(rows, pad_id).items() if name in listed}
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, feeds)))


def read_bge(session, rows: list[list[int]], names: tuple) -> list[dict]:
    """What a reader makes of the outputs called `names` (dense, sparse, ColBERT; None where there is none)."""
    outputs = run(session, rows, pad_id=1)
    dense, sparse, colbert = (outputs[name].astype(np.float32) if name else None for name in names)
    found = []
    for row, ids in enumerate(rows):
        first = dense[row, 0] if dense.ndim == 3 else dense[row]
        one = {"dense": first / np.linalg.norm(first)}
        if sparse is not None:
            one["sparse"] = sparse_weights(ids, sparse[row].reshape(-1)[:len(ids)].tolist())
        if colbert is not None:
            matrix = colbert[row, colbert.shape[1] - max(map(len, rows)) + 1:][:len(ids) - 1]
            one["colbert"] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        found.append(one)
    return found


class Table:
    """One line per exported file, and whether all of them hold what is asked of them."""

    def __init__(self, root: Path):
        self.root, self.good = root, True
        print(f"{'file':<38}{'bytes':>9}{'dense':>11}{'sparse':>10}{'colbert':>11}{'batched':>11}")

    def line(self, path: Path, expected: list[dict], alone: list[dict], batched: list[dict], least: float) -> None:
        """`dense`, `colbert`: least cosine with PyTorch; `sparse`: largest difference; `batched`: `dense`, padded."""
        dense = min(cosine(one["dense"], want["dense"]) for one, want in zip(alone, expected))
        together = min(cosine(one["dense"], want["dense"]) for one, want in zip(batched, expected))
        cells, cosines, near = [f"{dense:11.7f}"], [dense, together], True
        if "sparse" in alone[0]:
            difference = max(
                abs(one["sparse"].get(token, 0.0) - want["sparse"].get(token, 0.0))
                for one, want in zip(alone, expected) for token in one["sparse"].keys() | want["sparse"].keys()
            )
            near = difference < (1e-5 if least > 0.9999 else 0.5)
            cells.append(f"{difference:10.1e}")
        else:
            cells.append(f"{'-':>10}")
        if "colbert" in alone[0]:
            assert all(one["colbert"].shape == want["colbert"].shape for one, want in zip(alone, expected))
            cosines.append(min(cosine(one["colbert"], want["colbert"]) for one, want in zip(alone, expected)))
            cells.append(f"{cosines[-1]:11.7f}")
        else:
            cells.append(f"{'-':>11}")
        good = near and min(cosines) >= least
        self.good &= good
        name, size, note = str(path.relative_to(self.root)), path.stat().st_size, "" if good else "  DIFFERS"
        print(f"{name:<38}{size:>9}{''.join(cells)}{together:11.7f}{note}")


def write_reference(path: Path, head: dict, rows: list[dict]) -> None:
    """JSON with one text per line, so that a difference can be read."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    path.write_text(json.dumps(head, ensure_ascii=False)[:-1] + ', "texts": [\n' + lines + "\n]}\n", "utf-8")


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_config(path: Path, config) -> None:
    value = config.to_diff_dict()
    value.pop("transformers_version", None)
    write_json(path, value)


def fresh_folder(folder: Path) -> None:
    """Empties a folder but for its tokenizer, which may be needed again."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "tokenizer.json":
            entry.unlink()


# ---- the two fixtures ---------------------------------------------------------------------------------------------


def bge_reference(model: Bge, tokenizer: Tokenizer) -> tuple[list[dict], list[dict]]:
    """What PyTorch says, text by text: for the checks, and as lines of the reference."""
    expected, lines = [], []
    for text in texts(long_enough=50, too_long=80):
        ids, truncated = encode(tokenizer, text, BGE_TOKENS)
        row = torch.tensor([ids])
        with torch.no_grad():
            dense, sparse, colbert = model(row, torch.ones_like(row))
        weights = sparse_weights(ids, sparse[0, :, 0].tolist())
        expected.append({"ids": ids, "dense": dense[0].numpy(), "sparse": weights, "colbert": colbert[0].numpy()})
        lines.append({
            "text": text, "ids": ids, "truncated": truncated, "dense": short(dense[0].tolist()),
            "sparse": {str(token): short(weight) for token, weight in sorted(weights.items())},
            "colbert": {"rows": colbert.shape[1], "first": short(colbert[0, :COLBERT_ROWS].tolist())},
        })
    return expected, lines


def make_bge(folder: Path, training: str, table: Table) -> None:
    fresh_folder(folder)
    if training:
        unigram_tokenizer(training, BGE_VOCABULARY).save(str(folder / "tokenizer.json"), pretty=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=BGE_TOKENS + 2, type_vocab_size=1, layer_norm_eps=1e-5,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, architectures=["XLMRobertaModel"],
    )
    write_config(folder / "config.json", config)
    config._attn_implementation = "eager"
    model = Bge(config).eval()
    lively(model, seed=3)
    model.sparse.bias.data += 0.5  # so that about half of the weights are positive
    for parameter in model.sparse.parameters():
        parameter.data *= 0.1  # so that they are as large as those of the real model: up to about 0.3
    expected, lines = bge_reference(model, tokenizer)
    head = {
        "about": "what PyTorch computes, see ../README.md", "max_tokens": BGE_TOKENS, "special": SPECIAL,
        "colbert_rows_kept": COLBERT_ROWS,
    }
    write_reference(folder / "reference.json", head, lines)

    inputs, usual = ["input_ids", "attention_mask"], tuple(Bge.outputs)
    three = lambda *names: dict(zip(names, (2, 3, 3)))
    hidden_only = Variant(model, lambda _model, hidden, _mask: hidden)
    sentence = Variant(model, lambda _model, hidden, _mask: (normalize(hidden[:, 0], dim=-1), hidden))
    others = {
        "names-long": (model, inputs, three("dense_embeddings", "sparse_weights", "colbert_vectors")),
        "raw": (Variant(model, raw), inputs, {"dense": 2, "sparse": 2, "colbert": 3}),
        "hidden": (hidden_only, inputs, {"last_hidden_state": 3}),
        "sentence": (sentence, inputs, {"sentence_embedding": 2, "token_embeddings": 3}),
        "names-unknown": (model, inputs, three("output_0", "output_1", "output_2")),
        "token-types": (WithTypes(model), [*inputs, "token_type_ids"], Bge.outputs),
    }
    main, data = folder / "model.onnx", "model.onnx_data"
    export(model, inputs, Bge.outputs, main, tiny_names=False)
    reads = {main: (usual, 0.999999)}
    for name, (module, its_inputs, outputs) in others.items():
        path = folder / f"variant-{name}.onnx"
        export(module, its_inputs, outputs, path, tiny_names=True)
        heads = tuple(outputs) if len(outputs) == 3 else (next(iter(outputs)), None, None)
        reads[path] = (heads, 0.999999)
    for name, convert, least in (("fp16", to_half, 0.9999), ("int8", to_int8, 0.98)):
        path = folder / f"variant-{name}.onnx"
        convert(main, path)
        reads[path] = (usual, least)
    known = move_weights(main, data)
    for name in others:
        share_weights(folder / f"variant-{name}.onnx", data, known)

    rows = [want["ids"] for want in expected]
    for path, (names, least) in reads.items():
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        alone = [read_bge(session, [ids], names)[0] for ids in rows]
        table.line(path, expected, alone, read_bge(session, rows, names), least)
    vectors = {tuple(want["ids"]): want["dense"] for want in expected}
    nearest = [float(a @ b) for i, a in enumerate(vectors.values()) for b in list(vectors.values())[:i]]
    print(f"  cosine of two different texts: median {np.median(nearest):.3f}, largest {max(nearest):.3f}")


def make_st(folder: Path, training: str, table: Table) -> None:
    fresh_folder(folder)
    if training:
        tokenizer = wordpiece_tokenizer(training, ST_VOCABULARY)
        # As in many published folders; a reader must not heed either.
        tokenizer.enable_truncation(24)
        tokenizer.enable_padding(length=48)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompts = {"query": "query: ", "document": "passage: "}
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=128, type_vocab_size=2, architectures=["BertModel"],
    )
    write_config(folder / "config.json", config)
    module = lambda index, name: {
        "idx": index, "name": str(index), "path": f"{index}_{name}" if index else "",
        "type": f"sentence_transformers.models.{name}",
    }
    write_json(folder / "modules.json", [module(0, "Transformer"), module(1, "Pooling"), module(2, "Normalize")])
    pooling = {"word_embedding_dimension": WIDTH}
    for mode in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"):
        pooling[f"pooling_mode_{mode}"] = mode == "mean_tokens"
    write_json(folder / "1_Pooling/config.json", pooling | {"include_prompt": True})
    write_json(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": ST_TOKENS, "do_lower_case": False})

    config._attn_implementation = "eager"
    bert = BertModel(config, add_pooling_layer=False).eval()
    lively(bert, seed=4)

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = bert

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

    expected, lines = [], []
    for text in texts(long_enough=4, too_long=12):
        for kind, prompt in prompts.items():
            ids, truncated = encode(tokenizer, prompt + text, ST_TOKENS)
            with torch.no_grad():
                hidden = bert(torch.tensor([ids])).last_hidden_state[0]
            dense = normalize(hidden.mean(dim=0), dim=0)
            expected.append({"ids": ids, "dense": dense.numpy()})
            lines.append({
                "text": text, "kind": kind, "ids": ids, "truncated": truncated, "dense": short(dense.tolist())
            })
    write_reference(folder / "reference.json", {
        "about": "what PyTorch computes, see ../README.md", "max_tokens": ST_TOKENS, "prompts": prompts,
    }, lines)

    path = folder / "onnx/model.onnx"
    path.parent.mkdir()
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    export(Hidden(), inputs, {"last_hidden_state": 3}, path, tiny_names=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def read(rows: list[list[int]]) -> list[dict]:
        hidden = run(session, rows, pad_id=0)["last_hidden_state"]
        return [{"dense": hidden[row, :len(ids)].mean(axis=0)} for row, ids in enumerate(rows)]

    rows = [want["ids"] for want in expected]
    table.line(path, expected, [read([ids])[0] for ids in rows], read(rows), 0.999999)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python3 make_fixture.py                  the same files again, tokenizers kept\n"
               "  python3 make_fixture.py --text ../..     tokenizers trained on this repository, then everything\n\n"
               "needs: pip install torch transformers onnx onnxruntime tokenizers sentencepiece",
    )
    parser.add_argument("--text", type=Path, nargs="+", metavar="FOLDER", default=[],
                        help="train the tokenizers on the *.md and *.rs files below these folders")
    parser.add_argument("--output", type=Path, default=HERE, help="where the two folders lie [beside this script]")
    options = parser.parse_args()
    training = training_text(options.text) if options.text else ""
    for name in ("bge-tiny", "st-tiny"):
        if not training and not (options.output / name / "tokenizer.json").is_file():
            parser.error(f"no tokenizer.json in `{options.output / name}`: train one with --text")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    table = Table(options.output)
    make_bge(options.output / "bge-tiny", training, table)
    make_st(options.output / "st-tiny", training, table)
    for name in ("bge-tiny", "st-tiny"):
        size = sum(path.stat().st_size for path in (options.output / name).rglob("*") if path.is_file())
        print(f"{name}: {size / 1e6:.2f} MB")
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
