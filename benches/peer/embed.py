#!/usr/bin/env python3
"""Compares how fast the same texts become vectors with the same ONNX file, on the same threads, in the same run.

    embed.py --make-texts ~/flask texts.jsonl
    embed.py --model ~/models/minilm --file model_int8.onnx --texts texts.jsonl --limit 400 --output embed.json \\
        --cogo-command 'target/release/cogo model bench {model} --file {file} --threads {threads}'

Everything is measured as a user meets it, from the text to the vector: tokenising, batching, running, pooling. Loading
is not. Systems take turns over the rounds, each in a process of its own that loads once (cogo: once per round); the
table has medians, and ratios to bare ONNX Runtime, which sorts by length and runs batches of 8. A `-1` or `-8` behind
a name is the size of the batches, without it it is the default. `cpu s` is processor time: it says more than seconds
do where others use the machine. `cosine` is the least one with bare ONNX Runtime over the first texts; that of an int8
model is below 1 if the batches differ, because one scale is chosen for all that is in a batch.

Two numbers say what could be reached: `ideal` is ONNX Runtime alone on 8 texts of equal length, or on one, whichever
is faster, without tokenizer and padding; `gemm` is one large product of matrices, fp32 and int8. Tokens are those of
the texts, after truncation and without padding, and counted once for all.

A system that is not installed, or cannot load the model, is skipped with the reason. Packages: onnxruntime, onnx,
tokenizers, numpy; for the peers fastembed, and sentence-transformers[onnx], which may need an environment of its own
(`--st-python`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SYSTEMS = ["cogo", "onnxruntime", "onnxruntime-1", "fastembed", "fastembed-8", "st-onnx", "st-onnx-8", "st-torch"]
BATCH = 8
PIECE_BYTES = 1000
IDEAL_TOKENS = 256
COMPARED = 16
"""As many vectors of each system are compared with those of bare ONNX Runtime."""
SOURCES = {
    ".c", ".cc", ".cpp", ".cs", ".go", ".h", ".hpp", ".java", ".js", ".kt", ".md", ".php", ".py", ".rb", ".rs", ".rst",
    ".scala", ".sh", ".swift", ".toml", ".ts", ".tsx", ".yaml", ".yml",
}
SKIPPED = {"target", "node_modules", "vendor", "build", "dist"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-texts", nargs=2, metavar=("FOLDER", "OUT"), help="only cut the files of FOLDER into texts")
    parser.add_argument("--model", type=Path, help="a folder with an ONNX file, tokenizer.json and config.json")
    parser.add_argument("--file", default="model.onnx", help="the ONNX file in it [%(default)s]")
    parser.add_argument("--texts", type=Path, help="a JSON string per line")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N texts")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="[%(default)s]")
    parser.add_argument("--max-tokens", type=int, default=0, metavar="N",
                        help="where texts are cut off [what the model folder says, at most 8192]")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="[%(default)s]")
    parser.add_argument("--cogo-command", metavar="COMMAND",
                        help="reads the texts from stdin, ends with a line of JSON on stderr: texts, tokens, seconds; "
                             "{model} {file} {threads} {max_tokens} are filled in")
    parser.add_argument("--fastembed-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--st-python", default=sys.executable, metavar="PYTHON", help="with sentence-transformers[onnx]")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write everything as JSON")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.make_texts or options.worker or (options.model and options.texts)):
        parser.error("give --model and --texts, or --make-texts")
    return options


# ---- texts --------------------------------------------------------------------------------------------------------


def make_texts(folder: Path, output: Path) -> None:
    """Cuts source files into pieces of about 1000 bytes, at line ends, and shuffles them: the first N are a sample."""
    pieces = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if path.suffix not in SOURCES or any(part.startswith(".") or part in SKIPPED for part in inner):
            continue
        if not path.is_file() or path.is_symlink():
            continue
        piece = ""
        for line in path.read_text("utf-8", errors="replace").splitlines(keepends=True):
            piece += line[:4 * PIECE_BYTES]
            if len(piece.encode()) >= PIECE_BYTES:
                pieces.append(piece)
                piece = ""
        if piece.strip():
            pieces.append(piece)
    random.Random(0).shuffle(pieces)
    output.write_text("".join(json.dumps(piece) + "\n" for piece in pieces), "utf-8")
    print(f"{len(pieces)} texts, {sum(len(piece.encode()) for piece in pieces) / max(len(pieces), 1):.0f} bytes each")


def read_texts(path: Path, limit: int) -> list[str]:
    texts = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return texts[:limit] if limit else texts


# ---- the model folder ---------------------------------------------------------------------------------------------


def read_json(path: Path) -> dict:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def most_tokens(model: Path) -> int:
    said = read_json(model / "sentence_bert_config.json").get("max_seq_length")
    positions = read_json(model / "config.json").get("max_position_embeddings", 512)
    # RoBERTa counts positions from two.
    return said or (positions if positions % 512 == 0 else positions - 2)


def pooling(model: Path) -> str:
    settings = read_json(model / "1_Pooling/config.json")
    if settings:
        return "cls" if settings.get("pooling_mode_cls_token") or settings.get("pooling_mode") == "cls" else "mean"
    return "cls" if read_json(model / "config.json").get("model_type") == "xlm-roberta" else "mean"


def complete_folder(model: Path, view: Path, tokens: int) -> None:
    """Links the model into an empty folder and adds what peers want to find there, all with the same truncation."""
    for entry in model.absolute().iterdir():
        (view / entry.name).symlink_to(entry)

    def put(name: str, value) -> None:
        path = view / name
        if path.is_symlink():
            path.unlink()
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value), "utf-8")

    config = read_json(model / "config.json")
    names = {added["id"]: added["content"] for added in read_json(model / "tokenizer.json")["added_tokens"]}
    pad = names.get(config.get("pad_token_id", 0), "[PAD]")
    settings = {"pad_token": pad} | read_json(model / "tokenizer_config.json")
    put("tokenizer_config.json", settings | {"model_max_length": tokens, "max_length": tokens})
    put("sentence_bert_config.json", {"max_seq_length": tokens, "do_lower_case": False})
    if not (model / "modules.json").is_file():
        kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
        put("modules.json", [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for at, (path, kind) in enumerate(kinds)
        ])
        put("1_Pooling/config.json", {
            "word_embedding_dimension": config["hidden_size"], "pooling_mode_cls_token": pooling(model) == "cls",
            "pooling_mode_mean_tokens": pooling(model) == "mean",
        })


def load_tokenizer(model: Path, tokens: int):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


# ---- what is measured: each loads when made, and then turns texts into vectors -------------------------------------


def onnx_session(path: Path, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Bare:
    """ONNX Runtime as one would use it by hand: sorted by length, in batches."""

    def __init__(self, task: dict, batch: int = BATCH):
        import numpy
        import onnxruntime

        self.numpy, self.version, self.batch = numpy, f"onnxruntime {onnxruntime.__version__}", batch
        model = Path(task["model"])
        self.session = onnx_session(model / task["file"], task["threads"])
        self.inputs = [value.name for value in self.session.get_inputs()]
        first = self.session.get_outputs()[0]
        self.output, self.rank, self.pooling = first.name, len(first.shape), pooling(model)
        self.tokenizer = load_tokenizer(model, task["tokens"])
        self.pad = read_json(model / "config.json").get("pad_token_id", 0)

    def run(self, rows: list[list[int]]):
        numpy = self.numpy
        shape = (len(rows), max(map(len, rows)))
        ids, mask = numpy.full(shape, self.pad, dtype=numpy.int64), numpy.zeros(shape, dtype=numpy.int64)
        for at, row in enumerate(rows):
            ids[at, :len(row)], mask[at, :len(row)] = row, 1
        values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        output = self.session.run([self.output], {name: values[name] for name in self.inputs})[0]
        if self.rank == 3:
            weights = mask[:, :, None].astype(output.dtype)
            output = output[:, 0] if self.pooling == "cls" else (output * weights).sum(axis=1) / weights.sum(axis=1)
        return output / numpy.linalg.norm(output, axis=1, keepdims=True)

    def embed(self, texts: list[str]) -> list:
        rows = [encoded.ids for encoded in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        vectors = [None] * len(rows)
        for start in range(0, len(order), self.batch):
            batch = order[start:start + self.batch]
            for at, vector in zip(batch, self.run([rows[at] for at in batch])):
                vectors[at] = vector
        return vectors


class FastEmbed:
    """fastembed, with the batch size it has by default (256) or the one given."""

    def __init__(self, task: dict, batch: dict):
        import fastembed
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        self.version, self.batch = f"fastembed {fastembed.__version__}", batch
        model = Path(task["model"])
        first = onnx_session(model / task["file"], 1).get_outputs()[0]
        kind = PoolingType.CLS if pooling(model) == "cls" else PoolingType.MEAN
        TextEmbedding.add_custom_model(
            model="local", pooling=PoolingType.DISABLED if len(first.shape) == 2 else kind, normalization=True,
            sources=ModelSource(hf="local"), dim=read_json(model / "config.json")["hidden_size"],
            model_file=task["file"],
        )
        self.model = TextEmbedding("local", specific_model_path=str(model), threads=task["threads"], cuda=False)

    def embed(self, texts: list[str]) -> list:
        return list(self.model.embed(texts, **self.batch))


class SentenceTransformers:
    """sentence-transformers, with the batch size it has by default (32) or the one given; it sorts by length."""

    def __init__(self, task: dict, backend: str, batch: dict):
        model = Path(task["model"])
        if backend == "torch" and not any((model / name).exists() for name in ("model.safetensors", "pytorch_model.bin")):
            raise RuntimeError("the folder has no PyTorch weights")
        import sentence_transformers
        import torch

        torch.set_num_threads(task["threads"])
        more = {}
        if backend == "onnx":
            import onnxruntime

            session = onnxruntime.SessionOptions()
            session.intra_op_num_threads = task["threads"]
            path = Path(task["file"])
            more["model_kwargs"] = {
                "file_name": path.name, "subfolder": str(path.parent) if len(path.parts) > 1 else "",
                "provider": "CPUExecutionProvider", "session_options": session,
            }
        self.model = sentence_transformers.SentenceTransformer(
            str(model), backend=backend, device="cpu", local_files_only=True, **more
        )
        self.model.max_seq_length = task["tokens"]
        self.version, self.batch = f"sentence-transformers {sentence_transformers.__version__} ({backend})", batch

    def embed(self, texts: list[str]) -> list:
        return list(self.model.encode(texts, normalize_embeddings=True, show_progress_bar=False, **self.batch))


class Ideal:
    """One batch without padding, again and again: what ONNX Runtime gives without all that is around it."""

    def __init__(self, task: dict):
        self.bare = Bare(task)
        self.version = self.bare.version
        length = min(IDEAL_TOKENS, task["tokens"])
        stream = [token for row in self.bare.tokenizer.encode_batch(task["texts"][:200]) for token in row.ids]
        while len(stream) < BATCH * length:
            stream += stream
        self.rows = [stream[at * length:(at + 1) * length] for at in range(BATCH)]
        self.length = length

    def measure(self) -> dict:
        rates = {}
        for size in (1, BATCH):
            seconds, count = repeat(lambda: self.bare.run(self.rows[:size]), 2.0)
            rates[f"{size}×{self.length}"] = size * self.length * count / seconds
        return rates


class Gemm:
    """The speed of one large product of matrices in ONNX Runtime, in GFLOP/s: the roof over everything else."""

    ROWS, INNER, COLUMNS = 2048, 1024, 4096

    def __init__(self, task: dict):
        import numpy
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
        from onnxruntime.quantization import QuantType, quantize_dynamic

        self.version = f"onnxruntime {onnxruntime.__version__}"
        generator = numpy.random.default_rng(0)
        weights = generator.standard_normal((self.INNER, self.COLUMNS), dtype=numpy.float32)
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], "gemm",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", self.INNER])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", self.COLUMNS])],
            [numpy_helper.from_array(weights, "w")],
        )
        self.input = {"x": generator.standard_normal((self.ROWS, self.INNER), dtype=numpy.float32)}
        self.sessions = {}
        with tempfile.TemporaryDirectory() as scratch:
            fp32, int8 = Path(scratch, "fp32.onnx"), Path(scratch, "int8.onnx")
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(fp32))
            quantize_dynamic(fp32, int8, per_channel=True, weight_type=QuantType.QInt8)
            for name, path in (("fp32", fp32), ("int8", int8)):
                self.sessions[name] = onnx_session(path, task["threads"])

    def measure(self) -> dict:
        work = 2e-9 * self.ROWS * self.INNER * self.COLUMNS
        rates = {}
        for name, session in self.sessions.items():
            seconds, count = repeat(lambda: session.run(None, self.input), 1.0)
            rates[name] = work * count / seconds
        return rates


def repeat(action, least_seconds: float) -> tuple[float, int]:
    """Calls `action` for some time; returns how long it took and how often it was called."""
    started, count = time.perf_counter(), 0
    while True:
        action()
        count += 1
        seconds = time.perf_counter() - started
        if seconds >= least_seconds:
            return seconds, count


MADE_BY = {
    "onnxruntime": Bare,
    "onnxruntime-1": lambda task: Bare(task, 1),
    "fastembed": lambda task: FastEmbed(task, {}),
    "fastembed-8": lambda task: FastEmbed(task, {"batch_size": BATCH}),
    "st-onnx": lambda task: SentenceTransformers(task, "onnx", {}),
    "st-onnx-8": lambda task: SentenceTransformers(task, "onnx", {"batch_size": BATCH}),
    "st-torch": lambda task: SentenceTransformers(task, "torch", {}),
    "ideal": Ideal,
    "gemm": Gemm,
}


def work(name: str) -> None:
    """The other side of `Worker`: loads, says so, and then measures once for every line that comes in."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.readline())
    started = time.perf_counter()
    try:
        system = MADE_BY[name](task)
        if hasattr(system, "embed"):
            sample = [[round(float(x), 6) for x in vector] for vector in system.embed(task["texts"][:COMPARED])]
        else:
            sample = system.measure() and None
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        print(json.dumps({"skipped": reason[0][:300]}), file=answers, flush=True)
        return
    loaded = time.perf_counter() - started
    about = {"version": system.version, "load_and_warm_seconds": loaded, "sample": sample}
    print(json.dumps(about), file=answers, flush=True)
    for _line in sys.stdin:
        if hasattr(system, "embed"):
            started, cpu_started = time.perf_counter(), time.process_time()
            count = len(system.embed(task["texts"]))
            result = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu_started}
            assert count == len(task["texts"]), "a vector for every text"
        else:
            result = system.measure()
        print(json.dumps(result), file=answers, flush=True)


# ---- the run ------------------------------------------------------------------------------------------------------


class Worker:
    """A system in a process of its own."""

    def __init__(self, name: str, python: str, task: dict):
        threads = str(task["threads"])
        environment = {
            **os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads,
            "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        }
        self.process = subprocess.Popen(
            [python, str(Path(__file__).resolve()), "--worker", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=environment,
        )
        self.about = self.ask(task)

    def ask(self, request) -> dict:
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"skipped": "its process ended without a word"}

    def measure(self) -> dict:
        return self.ask({})

    def close(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


class Cogo:
    """A command that is started anew in every round; it reports its seconds without loading."""

    def __init__(self, command: str, options: argparse.Namespace, task: dict):
        known = {"model": str(options.model), "file": task["file"], "threads": str(task["threads"]),
                 "max_tokens": str(task["tokens"])}
        self.command = []
        for part in shlex.split(command):
            for name, value in known.items():
                part = part.replace("{" + name + "}", value)
            self.command.append(part)
        self.input = "".join(json.dumps(text) + "\n" for text in task["texts"])
        self.about = {"version": "cogo", "command": self.command}
        try:
            self.measure()  # warms up
        except (OSError, RuntimeError) as error:
            self.about["skipped"] = str(error)

    def measure(self) -> dict:
        started = time.perf_counter()
        done = subprocess.run(
            self.command, input=self.input, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        command_seconds = time.perf_counter() - started
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
            raise RuntimeError(f"exit code {done.returncode}: {lines[-1] if lines else 'nothing on stderr'}")
        return json.loads(lines[-1]) | {"command_seconds": command_seconds}

    def close(self) -> None:
        pass


def flops_per_token(path: Path, config: dict, length: int) -> float:
    """Twice the weights of all matrix products, and the attention over `length` tokens."""
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    shapes = {weight.name: list(weight.dims) for weight in graph.initializer}
    kinds = {"MatMul", "MatMulInteger", "DynamicQuantizeMatMul", "Gemm"}
    weights = sum(
        shapes[node.input[1]][0] * shapes[node.input[1]][1] for node in graph.node
        if node.op_type in kinds and len(shapes.get(node.input[1], [])) == 2
    )
    return 2 * weights + 4 * length * config["hidden_size"] * config["num_hidden_layers"]


def cosine(left: list[float], right: list[float]) -> float:
    norms = sum(x * x for x in left) ** 0.5 * sum(x * x for x in right) ** 0.5
    return sum(x * y for x, y in zip(left, right)) / norms


def start(options: argparse.Namespace, task: dict) -> tuple[dict, dict]:
    """All systems that can be measured, and why the others cannot."""
    wanted = [name for name in options.systems.split(",") if name] + ["ideal", "gemm"]
    running, skipped = {}, {}
    for name in wanted:
        if name == "cogo":
            if not options.cogo_command:
                skipped[name] = "no --cogo-command"
                continue
            system = Cogo(options.cogo_command, options, task)
        elif name in MADE_BY:
            pythons = {"fa": options.fastembed_python, "st": options.st_python}
            system = Worker(name, pythons.get(name[:2], sys.executable), task)
        else:
            sys.exit(f"error: no system `{name}`\nhint: there are {', '.join(SYSTEMS)}")
        if "skipped" in system.about:
            skipped[name] = system.about["skipped"]
            system.close()
        else:
            running[name] = system
    return running, skipped


def measure(options: argparse.Namespace, view: Path) -> dict:
    tokens = min(options.max_tokens or most_tokens(options.model), 8192)
    texts = read_texts(options.texts, options.limit)
    complete_folder(options.model, view, tokens)
    task = {"model": str(view), "file": options.file, "threads": options.threads, "tokens": tokens, "texts": texts}
    lengths = [len(encoded.ids) for encoded in load_tokenizer(view, tokens).encode_batch(texts)]
    load_before = os.getloadavg()[0]
    running, skipped = start(options, task)
    measured = {name: [] for name in running}
    for round_number in range(options.rounds):
        names = list(running)
        shift = round_number % len(names)
        for name in names[shift:] + names[:shift]:
            progress(f"round {round_number + 1} of {options.rounds}: {name}")
            measured[name].append(running[name].measure())
    progress("")
    about = {name: system.about for name, system in running.items()}
    for system in running.values():
        system.close()

    samples = {name: what.pop("sample", None) for name, what in about.items()}
    middle = lambda name, key: statistics.median(result[key] for result in measured[name])
    config = read_json(options.model / "config.json")
    mean_length = sum(length * length for length in lengths) / sum(lengths)
    work_per_token = flops_per_token(view / options.file, config, mean_length) / 1e9
    ideal_work = flops_per_token(view / options.file, config, min(IDEAL_TOKENS, tokens)) / 1e9
    rows = {}
    for name in running:
        if name in ("ideal", "gemm"):
            continue
        seconds = middle(name, "seconds")
        rows[name] = {
            "seconds": seconds, "least": min(r["seconds"] for r in measured[name]),
            "most": max(r["seconds"] for r in measured[name]), "texts_per_second": len(texts) / seconds,
            "tokens_per_second": sum(lengths) / seconds, "gflops": sum(lengths) / seconds * work_per_token,
        }
        if "cpu_seconds" in measured[name][0]:
            rows[name]["cpu_seconds"] = middle(name, "cpu_seconds")
        if name == "cogo" and measured[name][0]["tokens"] != sum(lengths):
            rows[name]["tokens_it_counts"] = measured[name][0]["tokens"]
        if "onnxruntime" in running:
            rows[name]["times_onnxruntime"] = seconds / middle("onnxruntime", "seconds")
            if samples.get(name):
                rows[name]["least_cosine"] = min(map(cosine, samples[name], samples["onnxruntime"]))
    result = {
        "machine": {
            "processor": processor(), "cores": os.cpu_count(), "system": platform.platform(),
            "load_before": load_before, "load_after": os.getloadavg()[0],
        },
        "model": options.model.name, "file": options.file, "threads": options.threads, "max_tokens": tokens,
        "texts": len(texts), "tokens": sum(lengths), "longest": max(lengths), "rounds": options.rounds,
        "systems": rows, "skipped": skipped, "about": about, "measured": measured,
    }
    if "ideal" in running:
        rates = {batch: middle("ideal", batch) for batch in measured["ideal"][0]}
        batch = max(rates, key=rates.get)
        result["ideal"] = {
            "batch": batch, "tokens_per_second": rates[batch], "gflops": rates[batch] * ideal_work, "all": rates
        }
    if "gemm" in running:
        result["gemm_gflops"] = {kind: middle("gemm", kind) for kind in ("fp32", "int8")}
    return result


def progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"{line:<60}", end="\r", file=sys.stderr, flush=True)


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def print_table(result: dict) -> None:
    machine = result["machine"]
    print(f"{result['model']}/{result['file']}: {result['texts']} texts, {result['tokens']} tokens (at most "
          f"{result['max_tokens']} each), {result['threads']} threads, median of {result['rounds']} rounds")
    print(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_before']:.1f} before and "
          f"{machine['load_after']:.1f} after\n")
    ideal = result.get("ideal", {}).get("tokens_per_second")
    print(f"{'system':<14}{'seconds':>9}{'(least–most)':>18}{'cpu s':>8}{'texts/s':>9}{'tokens/s':>10}{'GFLOP/s':>9}"
          f"{'× ort':>8}{'of ideal':>10}{'cosine':>9}")
    for name, row in result["systems"].items():
        spread = f"({row['least']:.2f}–{row['most']:.2f})"
        times = f"{row['times_onnxruntime']:8.2f}" if "times_onnxruntime" in row else " " * 8
        share = f"{row['tokens_per_second'] / ideal:10.0%}" if ideal else " " * 10
        same = f"{row['least_cosine']:9.4f}" if "least_cosine" in row else " " * 9
        cpu = f"{row['cpu_seconds']:8.2f}" if "cpu_seconds" in row else " " * 8
        print(f"{name:<14}{row['seconds']:9.2f}{spread:>18}{cpu}{row['texts_per_second']:9.1f}"
              f"{row['tokens_per_second']:10.0f}{row['gflops']:9.1f}{times}{share}{same}")
        if "tokens_it_counts" in row:
            print(f"  {name} counts {row['tokens_it_counts']} tokens: it does not do the same work")
    if "ideal" in result:
        for batch, rate in result["ideal"]["all"].items():
            work_per_token = result["ideal"]["gflops"] / ideal
            print(f"{'ideal ' + batch:<58}{rate:10.0f}{rate * work_per_token:9.1f}")
    for kind, rate in result.get("gemm_gflops", {}).items():
        print(f"{'gemm ' + kind:<68}{rate:9.1f}")
    for name, reason in result["skipped"].items():
        print(f"{name} was skipped: {reason}")


def main() -> None:
    options = arguments()
    if options.worker:
        work(options.worker)
        return
    if options.make_texts:
        make_texts(Path(options.make_texts[0]), Path(options.make_texts[1]))
        return
    with tempfile.TemporaryDirectory(prefix="embed-") as scratch:
        view = Path(scratch, options.model.absolute().name)
        view.mkdir()
        result = measure(options, view)
    print_table(result)
    if options.output:
        options.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
