#!/usr/bin/env python3
"""Compares how fast the same texts become vectors with the same ONNX file, on the same threads, in the same run.

    embed.py --make-texts ~/flask texts.jsonl
    embed.py --model ~/models/minilm --file model_int8.onnx --texts texts.jsonl --limit 400 --output embed.json \\
        --cogo-command 'target/release/cogo model bench {model} --threads {threads} --format json'

Everything is measured as a user meets it, from the text to the vector: tokenising, batching, running, pooling. Loading
is not. Systems take turns over the rounds, each in a process of its own that loads once (cogo: once per round), and the
table has medians. A `-1` or `-8` behind a name is the size of the batches, without it it is the default; `split` is one
session per thread with batches of 1, and the one to compare with whatever runs several sessions.

`× ort` is the ratio of seconds (below 1 is faster) to bare ONNX Runtime with one session, sorted by length, batches of
8; `× best` that to the fastest of the bare ones: the harshest reading, and the one to quote. On a busy machine the
threads of one session wait for each other, so `× ort` flatters everything that is split. `cpu s` is processor time.
`cosine` is the least one with bare ONNX Runtime over the first texts; with an int8 model it is below 1 if the batches
differ, because one scale is chosen for all that is in a batch.

Two numbers say what could be reached: `ideal` is ONNX Runtime alone on texts of equal length, without tokenizer and
padding, the fastest of batches of 1 and 8, split or not; `gemm` is one large product of matrices, fp32 and int8.
Tokens are those of the texts, after truncation and without padding, and counted once for all.

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

from embed_systems import IDEAL_TOKENS, MADE_BY, load_tokenizer, most_tokens, pooling, read_json

SYSTEMS = [
    "cogo", "onnxruntime", "onnxruntime-1", "onnxruntime-split", "fastembed", "fastembed-8", "st-onnx", "st-onnx-8",
    "st-torch",
]
PIECE_BYTES = 1000
SOURCES = {
    ".c", ".cc", ".cpp", ".cs", ".go", ".h", ".hpp", ".java", ".js", ".kt", ".md", ".php", ".py", ".rb", ".rs", ".rst",
    ".scala", ".sh", ".swift", ".toml", ".ts", ".tsx", ".yaml", ".yml",
}
SKIPPED = {"target", "node_modules", "vendor", "build", "dist"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-texts", nargs=2, metavar=("FOLDER", "OUT"),
                        help="only cut the source files of FOLDER into texts")
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
                        help="reads the texts from stdin, ends with a line of JSON on stdout or stderr that has "
                             "texts, tokens and seconds; {model} (a folder with this one ONNX file) {file} {threads} "
                             "{max_tokens} are filled in")
    parser.add_argument("--fastembed-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--st-python", default=sys.executable, metavar="PYTHON",
                        help="with sentence-transformers[onnx]")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write everything as JSON")
    options = parser.parse_args()
    if not (options.make_texts or (options.model and options.texts)):
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


# ---- the run ------------------------------------------------------------------------------------------------------


def link_folder(model: Path, view: Path, file: str) -> None:
    """Links the files of a model into an empty folder, without other ONNX files: so none can be taken instead."""
    for entry in model.absolute().rglob("*"):
        inner = entry.relative_to(model.absolute())
        if entry.is_file() and (entry.suffix != ".onnx" or str(inner) == file):
            (view / inner).parent.mkdir(parents=True, exist_ok=True)
            (view / inner).symlink_to(entry)


def complete_folder(model: Path, view: Path, tokens: int) -> None:
    """Adds to the links what the peers want to find, and gives all of them the same truncation."""

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


class Worker:
    """A system in a process of its own."""

    def __init__(self, name: str, python: str, task: dict):
        threads = str(task["threads"])
        environment = {
            **os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads,
            "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        }
        script = Path(__file__).with_name("embed_systems.py")
        self.process = subprocess.Popen(
            [python, str(script), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
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

    def __init__(self, command: str, task: dict):
        known = {"model": task["links"], "file": task["file"], "threads": str(task["threads"]),
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
        done = subprocess.run(self.command, input=self.input, text=True, capture_output=True)
        command_seconds = time.perf_counter() - started
        report = last_json(done.stderr) or last_json(done.stdout)
        if done.returncode != 0 or not report:
            said = (done.stderr.strip() or "no report").splitlines()
            raise RuntimeError(f"exit code {done.returncode}: {said[0]}")
        return report | {"command_seconds": command_seconds}

    def close(self) -> None:
        pass


def last_json(output: str) -> dict:
    """The object that an output is, or ends with in a line of its own; empty if there is none."""
    for text in (output, *output.strip().splitlines()[-1:]):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}


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
            system = Cogo(options.cogo_command, task)
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


def measure(options: argparse.Namespace, scratch: Path) -> dict:
    tokens = min(options.max_tokens or most_tokens(options.model), 8192)
    texts = read_texts(options.texts, options.limit)
    links, view = (scratch / name / options.model.absolute().name for name in ("plain", "complete"))
    for folder in (links, view):
        folder.mkdir(parents=True)
        link_folder(options.model, folder, options.file)
    complete_folder(options.model, view, tokens)
    task = {
        "model": str(view), "links": str(links), "file": options.file, "threads": options.threads, "tokens": tokens,
        "texts": texts,
    }
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
    bare = {name: middle(name, "seconds") for name in running if name.startswith("onnxruntime")}
    best = min(bare, key=bare.get) if bare else None
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
        if bare:
            rows[name]["times_best_bare"] = seconds / bare[best]
        if "onnxruntime" in running:
            rows[name]["times_onnxruntime"] = seconds / bare["onnxruntime"]
            if samples.get(name):
                rows[name]["least_cosine"] = min(map(cosine, samples[name], samples["onnxruntime"]))
    result = {
        "machine": {
            "processor": processor(), "cores": os.cpu_count(), "system": platform.platform(),
            "load_before": load_before, "load_after": os.getloadavg()[0],
        },
        "model": options.model.name, "file": options.file, "threads": options.threads, "max_tokens": tokens,
        "texts": len(texts), "tokens": sum(lengths), "longest": max(lengths), "rounds": options.rounds,
        "systems": rows, "best_bare": best, "skipped": skipped, "about": about, "measured": measured,
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
    print(f"{'system':<18}{'seconds':>9}{'(least–most)':>18}{'cpu s':>8}{'texts/s':>9}{'tokens/s':>10}{'GFLOP/s':>9}"
          f"{'× ort':>8}{'× best':>8}{'of ideal':>10}{'cosine':>9}")
    for name, row in result["systems"].items():
        spread = f"({row['least']:.2f}–{row['most']:.2f})"
        times = f"{row['times_onnxruntime']:8.2f}" if "times_onnxruntime" in row else " " * 8
        harsh = f"{row['times_best_bare']:8.2f}" if "times_best_bare" in row else " " * 8
        share = f"{row['tokens_per_second'] / ideal:10.0%}" if ideal else " " * 10
        same = f"{row['least_cosine']:9.4f}" if "least_cosine" in row else " " * 9
        cpu = f"{row['cpu_seconds']:8.2f}" if "cpu_seconds" in row else " " * 8
        print(f"{name:<18}{row['seconds']:9.2f}{spread:>18}{cpu}{row['texts_per_second']:9.1f}"
              f"{row['tokens_per_second']:10.0f}{row['gflops']:9.1f}{times}{harsh}{share}{same}")
        if "tokens_it_counts" in row:
            print(f"  {name} counts {row['tokens_it_counts']} tokens: it does not do the same work")
    if "ideal" in result:
        for batch, rate in result["ideal"]["all"].items():
            work_per_token = result["ideal"]["gflops"] / ideal
            print(f"{'ideal ' + batch:<62}{rate:10.0f}{rate * work_per_token:9.1f}")
    for kind, rate in result.get("gemm_gflops", {}).items():
        print(f"{'gemm ' + kind:<72}{rate:9.1f}")
    for name, reason in result["skipped"].items():
        print(f"{name} was skipped: {reason}")


def main() -> None:
    options = arguments()
    if options.make_texts:
        make_texts(Path(options.make_texts[0]), Path(options.make_texts[1]))
        return
    with tempfile.TemporaryDirectory(prefix="embed-") as scratch:
        result = measure(options, Path(scratch))
    print_table(result)
    if options.output:
        options.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
