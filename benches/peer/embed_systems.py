"""The systems that embed.py compares, each in a process of its own: `embed_systems.py NAME`.

The first line on stdin is the task, the first on stdout what was loaded or why it cannot be; then every line on stdin
asks for one measurement. Only what a system needs is imported, so each can have a Python environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BATCH = 8
IDEAL_TOKENS = 256
COMPARED = 16
"""As many vectors of each system are compared with those of bare ONNX Runtime."""


def read_json(path: Path) -> dict:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def most_tokens(model: Path) -> int:
    """The length that the folder gives; newer ones say it in tokenizer_config.json only."""
    said = read_json(model / "sentence_bert_config.json").get("max_seq_length")
    if not said and (model / "modules.json").is_file():
        said = read_json(model / "tokenizer_config.json").get("model_max_length")
    positions = read_json(model / "config.json").get("max_position_embeddings", 512)
    # RoBERTa counts positions from two.
    limit = positions if positions % 512 == 0 else positions - 2
    return min(said or limit, limit)


def pooling(model: Path) -> str:
    settings = read_json(model / "1_Pooling/config.json")
    if settings:
        return "cls" if settings.get("pooling_mode_cls_token") or settings.get("pooling_mode") == "cls" else "mean"
    return "cls" if read_json(model / "config.json").get("model_type") == "xlm-roberta" else "mean"


def load_tokenizer(model: Path, tokens: int):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


def onnx_session(path: Path, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Bare:
    """ONNX Runtime as one would use it by hand: sorted by length, in batches.

    Split, it has one session of one thread for each thread, and they take batches independently: threads of one session
    wait for each other at every step, which costs much where the machine is busy. It loads the weights several times.
    """

    def __init__(self, task: dict, batch: int = BATCH, split: bool = False):
        import numpy
        import onnxruntime

        self.numpy, self.version, self.batch = numpy, f"onnxruntime {onnxruntime.__version__}", batch
        model = Path(task["model"])
        count, threads = (task["threads"], 1) if split else (1, task["threads"])
        self.sessions = [onnx_session(model / task["file"], threads) for _ in range(count)]
        self.inputs = [value.name for value in self.sessions[0].get_inputs()]
        first = self.sessions[0].get_outputs()[0]
        self.output, self.rank, self.pooling = first.name, len(first.shape), pooling(model)
        self.tokenizer = load_tokenizer(model, task["tokens"])
        self.pad = read_json(model / "config.json").get("pad_token_id", 0)

    def run(self, rows: list[list[int]], session: int = 0):
        numpy = self.numpy
        shape = (len(rows), max(map(len, rows)))
        ids, mask = numpy.full(shape, self.pad, dtype=numpy.int64), numpy.zeros(shape, dtype=numpy.int64)
        for at, row in enumerate(rows):
            ids[at, :len(row)], mask[at, :len(row)] = row, 1
        values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        output = self.sessions[session].run([self.output], {name: values[name] for name in self.inputs})[0]
        if self.rank == 3:
            weights = mask[:, :, None].astype(output.dtype)
            output = output[:, 0] if self.pooling == "cls" else (output * weights).sum(axis=1) / weights.sum(axis=1)
        return output / numpy.linalg.norm(output, axis=1, keepdims=True)

    def embed(self, texts: list[str]) -> list:
        rows = [encoded.ids for encoded in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        batches = [order[start:start + self.batch] for start in range(0, len(order), self.batch)]
        vectors = [None] * len(rows)

        def work_off(session: int) -> None:
            while batches:
                try:
                    batch = batches.pop(0)
                except IndexError:
                    return  # another session took the last one
                for at, vector in zip(batch, self.run([rows[at] for at in batch], session)):
                    vectors[at] = vector

        self.side_by_side(work_off)
        return vectors

    def side_by_side(self, action) -> None:
        """Calls `action` with the number of each session, in a thread for each; Python waits without its lock."""
        with ThreadPoolExecutor(len(self.sessions)) as pool:
            list(pool.map(action, range(len(self.sessions))))


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
        weights = ("model.safetensors", "pytorch_model.bin")
        if backend == "torch" and not any((model / name).exists() for name in weights):
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
        self.ways = {"": Bare(task), " split": Bare(task, split=True)}
        bare = self.ways[""]
        self.version = bare.version
        self.length = min(IDEAL_TOKENS, task["tokens"])
        stream = [token for row in bare.tokenizer.encode_batch(task["texts"][:200]) for token in row.ids]
        while len(stream) < BATCH * self.length:
            stream += stream
        self.rows = [stream[at * self.length:(at + 1) * self.length] for at in range(BATCH)]

    def measure(self) -> dict:
        rates = {}
        for way, bare in self.ways.items():
            for size in (1, BATCH):
                action = lambda session: bare.run(self.rows[:size], session)
                seconds, count = repeat(lambda: bare.side_by_side(action), 2.0)
                tokens = len(bare.sessions) * size * self.length
                rates[f"{size}×{self.length}{way}"] = tokens * count / seconds
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
    "onnxruntime-split": lambda task: Bare(task, 1, split=True),
    "fastembed": lambda task: FastEmbed(task, {}),
    "fastembed-8": lambda task: FastEmbed(task, {"batch_size": BATCH}),
    "st-onnx": lambda task: SentenceTransformers(task, "onnx", {}),
    "st-onnx-8": lambda task: SentenceTransformers(task, "onnx", {"batch_size": BATCH}),
    "st-torch": lambda task: SentenceTransformers(task, "torch", {}),
    "ideal": Ideal,
    "gemm": Gemm,
}


def work(name: str) -> None:
    """Loads, says so, and then measures once for every line that comes in."""
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


if __name__ == "__main__":
    work(sys.argv[1])
