#!/usr/bin/env python3
"""Makes the int8 form of an ONNX embedding model, and keeps it only if it still says the same.

    quantize.py FOLDER [--gather] [--careful] [--least-cosine 0.99] [--into FOLDER]

Reads FOLDER/model.onnx (or FOLDER/onnx/model.onnx) and writes model_int8.onnx beside it (or into another folder): the weights of the MatMul
nodes as signed 8-bit integers with one scale per channel, activations quantised while it runs. That is two to four
times as fast on a CPU, and a quarter of the size but for the embedding tables, which only `--gather` makes int8 as
well: it saves memory and costs accuracy.

Then 20 texts become vectors with both models. The last line of the output is JSON: the least and the mean cosine
between the two, and the size of what was written. If the least cosine is below `--least-cosine`, nothing is kept and
the exit code is 1. Other errors exit with 2. Needs Python 3.9 and the packages onnx, onnxruntime, tokenizers, numpy.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

PACKAGES = ["onnx", "onnxruntime", "tokenizers", "numpy"]
OUTPUT = "model_int8.onnx"
MOST_TOKENS = 512
"""Of a text in the comparison: longer ones take long and say no more."""
LARGEST_FILE = 1_900_000_000
"""Above it the weights go into a file of their own: one ONNX file cannot have more than 2 GiB."""

TEXTS = [
    "pub fn open(path: &Path) -> Result<Index, Error> {\n    let manifest = Manifest::read(path)?;\n    Ok(Index { manifest })\n}",
    "def parse(line):\n    key, _, value = line.partition('=')\n    return key.strip(), value.strip()\n",
    "for (size_t i = 0; i < length; ++i) {\n    checksum = (checksum << 1) ^ bytes[i];\n}\nreturn checksum;",
    "export async function fetchUser(id: string): Promise<User> {\n  const response = await fetch(`/users/${id}`);\n  return response.json();\n}",
    "SELECT customer, sum(total) FROM orders WHERE year = 2024 GROUP BY customer HAVING sum(total) > 1000;",
    "public final class Cache<K, V> {\n    private final Map<K, V> entries = new LinkedHashMap<>();\n    public synchronized V get(K key) { return entries.get(key); }\n}",
    "func (s *Server) Close() error {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\treturn s.listener.Close()\n}",
    "[package]\nname = \"example\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nserde = \"1\"\n",
    "The reader opens a generation and keeps it, so a writer can replace the files without anyone noticing.",
    "How do I retry a request that timed out?",
    "where is the configuration file parsed",
    "authentication",
    "An error occurred while the connection was being established: the certificate has expired.",
    "Tomatoes need warmth, light and a good deal of water; they are planted out after the last frost.",
    "The council decided on Tuesday that the old bridge would be closed to lorries until the repair is finished.",
    "사용자 인증 토큰을 갱신하는 함수",
    "設定ファイルを読み込んでエラーを処理する",
    "Die Suche ordnet Treffer nach ihrer Bewertung und entfernt doppelte Einträge.",
    "# Installation\n\n1. Download the archive.\n2. Unpack it into a folder of your choice.\n3. Add that folder to `PATH`.\n" * 4,
    "A segment is written once and never changed. Deletions are kept beside it as a set of numbers, and a merge "
    "writes a new segment without them. " * 8,
]


class Failure(Exception):
    """What went wrong, and what can be done about it."""

    def __init__(self, message: str, hint: str = "", code: int = 2):
        super().__init__(message)
        self.hint, self.code = hint, code


def require_packages() -> None:
    missing = []
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(name)
            print(f"{name}: {error}", file=sys.stderr)
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise Failure(
            f"quantising needs Python packages that {sys.executable} cannot import: {names}",
            f"{sys.executable} -m pip install {' '.join(missing)}",
        )


def find(folder: Path, name: str) -> Path:
    """A file of the model, in its folder or in `onnx` below."""
    for candidate in (folder / name, folder / "onnx" / name):
        if candidate.is_file():
            return candidate
    raise Failure(f"no `{name}` in `{folder}`", "give the folder of an ONNX model with its tokenizer")


def read_json(folder: Path, name: str) -> dict:
    path = folder / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def stored_bytes(model: Path) -> int:
    """The size of a model with the files its weights lie in."""
    import onnx

    graph = onnx.load(str(model), load_external_data=False).graph
    files = {entry.value for weight in graph.initializer for entry in weight.external_data if entry.key == "location"}
    return sum(path.stat().st_size for path in [model, *(model.parent / name for name in files)])


def fp32_products(source: Path) -> dict[str, bool]:
    """The MatMul nodes with fp32 weights, by name, and whether each makes its input narrower."""
    import onnx

    graph = onnx.load(str(source), load_external_data=False).graph
    shapes = {
        weight.name: list(weight.dims) for weight in graph.initializer
        if weight.data_type == onnx.TensorProto.FLOAT and len(weight.dims) == 2
    }
    products = {
        node.name: shapes[node.input[1]][0] > shapes[node.input[1]][1]
        for node in graph.node if node.op_type == "MatMul" and node.input[1] in shapes
    }
    if not products:
        raise Failure(
            f"`{source}` has no MatMul with fp32 weights", "it may be int8 already, or fp16: start from an fp32 export"
        )
    return products


def quantize(source: Path, target: Path, gather: bool = False, careful: bool = False) -> None:
    """Writes the int8 form of `source` to `target`, and maybe `target`.data beside it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # it recommends a preparation that changes nothing here
    products = fp32_products(source)
    # What leaves an activation function has a long tail, which one scale for the whole tensor cannot hold well.
    kept = [name for name, narrows in products.items() if narrows] if careful else []
    large = stored_bytes(source)
    external = large > LARGEST_FILE * (4 if gather and not careful else 2)
    try:
        quantize_dynamic(
            source, target, op_types_to_quantize=["MatMul", "Gather"] if gather else ["MatMul"], per_channel=True,
            weight_type=QuantType.QInt8, nodes_to_exclude=kept, use_external_data_format=external,
        )
    except Exception as error:
        linked = "symbolic link" in str(error) or "hard link" in str(error)
        raise Failure(
            f"cannot quantise `{source}`: {error}",
            "the onnx package reads no linked weights: copy the folder with its files (`cp -RL`)" if linked else "",
        ) from error
    finally:
        # Left behind by a quantisation that was interrupted.
        source.with_name(f"{source.stem}-inferred{source.suffix}").unlink(missing_ok=True)


def embed(model: Path, folder: Path, threads: int) -> list:
    """One vector of length 1 for each of the texts; how they are pooled is in the folder, or else the mean."""
    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(find(folder, "tokenizer.json")))
    tokenizer.no_padding()
    positions = read_json(folder, "config.json").get("max_position_embeddings", MOST_TOKENS)
    # RoBERTa counts its positions from two.
    tokenizer.enable_truncation(min(MOST_TOKENS, positions - 2))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Failure(f"ONNX Runtime cannot load `{model}`: {error}") from error
    inputs = {value.name for value in session.get_inputs()}
    unknown = inputs - {"input_ids", "attention_mask", "token_type_ids"}
    if unknown:
        raise Failure(f"`{model}` wants inputs that are not those of a text encoder: {', '.join(sorted(unknown))}")
    name, take = dense_output(session, folder)
    vectors = []
    for text in TEXTS:
        ids = numpy.array([tokenizer.encode(text).ids], dtype=numpy.int64)
        values = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        output = session.run([name], {key: value for key, value in values.items() if key in inputs})[0]
        vector = take(output[0].astype(numpy.float32))
        vectors.append(vector / max(float(numpy.linalg.norm(vector)), 1e-12))
    return vectors


def dense_output(session, folder: Path):
    """The output to compare, and how one text's part of it becomes a vector."""
    outputs = [(value.name, len(value.shape)) for value in session.get_outputs()]
    for name, rank in outputs:
        if rank == 2 and ("dense" in name or "sentence" in name):
            return name, lambda vector: vector
    pooling = read_json(folder, "1_Pooling/config.json")
    first = pooling.get("pooling_mode_cls_token") or pooling.get("pooling_mode") == "cls"
    for name, rank in outputs:
        if rank == 3:
            return name, (lambda rows: rows[0]) if first else (lambda rows: rows.mean(axis=0))
    for name, rank in outputs:
        if rank == 2:
            return name, lambda vector: vector
    raise Failure(f"no output of rank 2 or 3 among {', '.join(name for name, _ in outputs)}")


def quantize_folder(folder: Path, gather: bool, careful: bool, least: float, threads: int, into: Path | None) -> dict:
    source = find(folder, "model.onnx")
    find(folder, "tokenizer.json")
    if stored_bytes(source) > LARGEST_FILE:
        print(f"`{source}` is large: this needs about four times its size of memory", file=sys.stderr)
    target = into or source.parent
    with tempfile.TemporaryDirectory(prefix=".quantize-", dir=target) as scratch:
        written = Path(scratch, OUTPUT)
        quantize(source, written, gather, careful)
        size = sum(path.stat().st_size for path in Path(scratch).iterdir())
        pairs = zip(embed(source, folder, threads), embed(written, folder, threads))
        cosines = [float(left @ right) for left, right in pairs]
        report = {"cosine_min": min(cosines), "cosine_mean": sum(cosines) / len(cosines), "bytes": size}
        # Written so that a cosine that is no number fails as well.
        if not all(cosine >= least for cosine in cosines):
            print(json.dumps(report), flush=True)
            raise Failure(
                f"the least cosine with the original is {min(cosines):.4f}, below {least}: nothing was kept",
                "leave --gather away" if gather else "try --careful, or accept less with --least-cosine",
                code=1,
            )
        for path in sorted(Path(scratch).iterdir(), key=lambda path: path.name == OUTPUT):
            os.replace(path, target / path.name)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python3 quantize.py ~/models/all-MiniLM-L6-v2",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a model folder with model.onnx and tokenizer.json")
    parser.add_argument("--gather", action="store_true", help="quantise the embedding tables as well")
    parser.add_argument("--careful", action="store_true",
                        help="leave the products that narrow, the most sensitive ones, in fp32: slower, more accurate")
    parser.add_argument("--least-cosine", type=float, default=0.99, metavar="C",
                        help="what each text must reach, or nothing is kept [%(default)s]")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="for the comparison [all cores]")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where to write [beside the original]")
    options = parser.parse_args()
    try:
        require_packages()
        report = quantize_folder(
            options.folder, options.gather, options.careful, options.least_cosine, options.threads, options.into
        )
        print(json.dumps(report))
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        if failure.hint:
            print(f"hint: {failure.hint}", file=sys.stderr)
        return failure.code
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
