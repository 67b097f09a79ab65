#!/usr/bin/env python3
"""Makes the bundled model from checkouts.

    python training/make.py --sources FOLDER --out FOLDER [--earlier FOLDER] [--judge DATA CHECKOUTS]

`--sources` holds a clone (bare or with a work tree) of every repository of `sources.tsv` that has its commit, in a folder
`owner+name`, `owner/name` or `name`. Each step writes into `--out` and is left out if its result is there: delete
`pairs/` (or one repository's file in it), `words.npz`, `tokenizer.json`, `tokens.npz` or `table.npy` to do a step and those
after it again. The model itself is OUT/model.int8.safetensors and OUT/tokenizer.json.
`--earlier` holds these two files of a model to start from. `--judge` measures the result on judged queries (the format of
`cogo-eval code-search`); nothing is chosen by them here.
"""

import argparse
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Repositories whose pairs are never trained on; recipes are chosen by them.
HELD_OUT = set(
    "fastify/fastify serilog/serilog jhy/jsoup puma/puma rayon-rs/rayon tornadoweb/tornado twigphp/Twig http4k/http4k "
    "libevent/libevent google/re2 onevcat/Kingfisher typelevel/fs2 jaspervdj/hakyll rbenv/rbenv elixir-tesla/tesla honojs/hono "
    "nhn/tui.calendar toss/suspensive".split()
)


ORDER = ("words.npz", "tokenizer.json", "tokens.npz", "table.npy")


def main():
    arguments = parse()
    # numba and the matrix library read these when they are imported; with other numbers of threads sums differ in their last bits.
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    out = Path(arguments.out)
    (out / "pairs").mkdir(parents=True, exist_ok=True)
    extract_all(arguments.list, Path(arguments.sources), out, arguments.known)
    make_arrays(out, arguments.size)
    make_model(out, arguments.earlier, arguments.recipe)
    if arguments.judge:
        judge(out, *arguments.judge)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", required=True, help="folder of clones")
    parser.add_argument("--list", default=HERE / "sources.tsv", type=Path, help="repository, commit, licence; one a line")
    parser.add_argument("--out", required=True, help="folder for results")
    parser.add_argument("--earlier", type=Path, help="folder of the model to start from")
    parser.add_argument("--known", type=Path, help="folder of evaluated checkouts: files sharing most lines with them are left out")
    parser.add_argument("--size", type=int, default=60_000, help="tokens of the vocabulary")
    parser.add_argument("--recipe", type=json.loads, default={}, help="JSON: fields of `Recipe` that differ from its defaults")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--judge", nargs=2, metavar=("DATA", "CHECKOUTS"))
    return parser.parse_args()


def sources(path):
    """(repository, commit) of every line of a list; an error if one of them is evaluated on."""
    excluded = {line.strip().lower() for line in (HERE / "exclude.txt").read_text().splitlines() if line[:1] != "#"}
    rows = [line.split("\t") for line in path.read_text(encoding="utf8").splitlines()[1:] if line.strip()]
    wrong = [row[0] for row in rows if row[0].lower() in excluded]
    if wrong:
        raise SystemExit(f"`{path}` lists repositories of the evaluation: {', '.join(wrong)}")
    return [(row[0], row[1]) for row in rows]


def extract_all(listed, folder, out, known):
    """Pairs of every repository that lies in the folder; says which are missing."""
    from cogo_training import extract
    from cogo_training.repository import locate

    lines, missing = None, []
    for name, commit in sources(listed):
        target = out / "pairs" / f"{name.replace('/', '+')}.jsonl.gz"
        if target.exists():
            continue
        git_dir = locate(folder, name)
        if git_dir is None:
            missing.append(name)
            continue
        if lines is None:
            lines = extract.lines_below(known) if known else frozenset()
        forget(out, ORDER)
        print(json.dumps(extract.extract(name, git_dir, target, lines, commit), ensure_ascii=False), flush=True)
    if missing:
        print(f"{len(missing)} sources are not in `{folder}` and are left out: {', '.join(missing[:20])} …", file=sys.stderr)


def make_arrays(out, size):
    """Words, vocabulary and tokens of all pairs."""
    import numpy as np

    from cogo_training import corpus, tokenizer

    if not (out / "words.npz").exists():
        forget(out, ORDER[1:])
        print(corpus.make(out / "pairs", out), "pairs", flush=True)
    about = json.loads((out / "words.json").read_text(encoding="utf8"))
    if not (out / "tokenizer.json").exists():
        forget(out, ORDER[2:])
        tokenizer.save(tokenizer.train(about["words"], about["score"], about["found_in"], size), out / "tokenizer.json")
    pieces = tokenizer.load(out / "tokenizer.json")
    print(len(pieces), "tokens", flush=True)
    if not (out / "tokens.npz").exists():
        forget(out, ORDER[3:])
        arrays = np.load(out / "words.npz")
        sides = tokenizer.encode(arrays, about["words"], pieces)
        columns = {side + part: array for side, three in sides.items() for part, array in zip("icp", three)}
        np.savez(out / "tokens.npz", **columns, **{name: arrays[name] for name in ("repo", "origin", "kind", "lang", "human")})


def make_model(out, earlier, recipe):
    """Trains the table and writes the model's file."""
    import numpy as np

    from cogo_training import evaluate, export, tokenizer, train

    arrays = dict(np.load(out / "tokens.npz"))
    pieces = tokenizer.load(out / "tokenizer.json")
    names = json.loads((out / "words.json").read_text(encoding="utf8"))["repositories"]
    held_out = np.array([name.replace("+", "/", 1) in HELD_OUT for name in names])
    if not (out / "table.npy").exists():
        known = (tokenizer.load(earlier / "tokenizer.json"), export.read(earlier / "model.int8.safetensors")) if earlier else None
        report = lambda step, loss, table: print(f"step {step}, loss {loss:.3f}", flush=True)
        np.save(out / "table.npy", train.train(arrays, pieces, train.Recipe(**recipe), held_out, known, report))
    table = np.load(out / "table.npy")
    print(export.write(table, out / "model.int8.safetensors"), "bytes", flush=True)
    print("held-out repositories, MRR:", evaluate.held_out_mrr(arrays, table, held_out), flush=True)


def judge(out, data, checkouts):
    """Prints NDCG@10 of the exported model on judged queries."""
    from cogo_training import evaluate, export, tokenizer

    pieces, table = tokenizer.load(out / "tokenizer.json"), export.read(out / "model.int8.safetensors")
    print(json.dumps(evaluate.CodeSearch(data, checkouts, pieces).summary(table)))


def forget(out, names):
    for name in names:
        (out / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
