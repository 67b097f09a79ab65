#!/usr/bin/env python3
"""Compares cogo with semble: cold index and queries, in turns, on the same machine in the same run.

    compare.py --cogo target/release --peer-python ~/semble-venv/bin/python [options] REPOSITORY...

Each round indexes every repository once with cogo, semble, and semble with two worker processes, in an order that
changes from round to round; queries are asked in rounds as well. See benches/README.md for what each column is.
Needs nothing but Python 3; semble lives in an environment of its own. Writes nothing into the repositories.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Questions for repositories without judged ones: about what most code has.
COMMON_QUERIES = [
    "parse configuration file", "error handling", "command line arguments", "read a file", "open a connection",
    "retry with backoff", "unit test setup", "main entry point", "serialize to JSON", "cache of results",
    "log messages", "authentication token", "iterate over items", "default timeout value", "string formatting",
]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="*", help="folders, or names below --checkouts")
    parser.add_argument("--cogo", type=Path, default=Path("target/release"), help="folder of cogo and cogo-index")
    parser.add_argument("--peer-python", required=True, help="the Python of an environment with semble")
    parser.add_argument("--peer-model", default="", help="a model folder for semble; else what semble loads by default")
    parser.add_argument("--peer-content", choices=["code", "all"], default="code", help="semble's default is code")
    parser.add_argument("--checkouts", type=Path, help="where repositories given by name lie")
    parser.add_argument("--names", type=Path, help="a file with names, separated by white space")
    parser.add_argument("--roots", type=Path, help="repos.json: name and root of each repository")
    parser.add_argument("--queries", type=Path, help="queries.jsonl: repo and query of each line")
    parser.add_argument("--rounds", type=int, default=5, help="times everything is indexed [%(default)s]")
    parser.add_argument("--query-rounds", type=int, default=5, help="times every query is asked [%(default)s]")
    parser.add_argument("--limit", type=int, default=10, help="hits per query [%(default)s]")
    parser.add_argument("--output", type=Path, help="where to write the JSON [stdout, after the table]")
    return parser.parse_args()


class Semble:
    """semble in a process of its own; its model is loaded once."""

    def __init__(self, python: str, model: str):
        driver = Path(__file__).with_name("semble_driver.py")
        self.process = subprocess.Popen(
            [python, str(driver), model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.about = self.read()

    def ask(self, **request) -> dict:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            sys.exit("semble ended: its error is above")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Cogo:
    """The commands of cogo; every index lies in a temporary folder."""

    def __init__(self, folder: Path, indexes: Path):
        self.search, self.index_command, self.indexes = folder / "cogo", folder / "cogo-index", indexes
        self.version = subprocess.run([self.search, "--version"], capture_output=True, text=True, check=True).stdout

    def index_folder(self, name: str) -> Path:
        return self.indexes / name.replace("/", "_")

    def index(self, name: str, root: Path) -> dict:
        """One cold run: the time of the whole command, and what it reports of itself."""
        command = [
            self.index_command, root, "--index-dir", self.index_folder(name), "--rebuild", "--format", "json",
        ]
        shutil.rmtree(self.index_folder(name), ignore_errors=True)
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        command_seconds = time.perf_counter() - started
        report = json.loads(done.stdout)
        # The report called its time `seconds`, then `elapsed`.
        seconds = report.get("seconds", report.get("elapsed"))
        return {
            "command_seconds": command_seconds, "seconds": seconds, "files": report["files"],
            "chunks": report["chunks"], "index_mb": report["index_bytes"] / 1e6,
        }

    def ask(self, name: str, root: Path, queries: list[str], rounds: int, limit: int) -> list[list[float]]:
        """Seconds of every query in every round, told by one process that answers them all."""
        command = [
            self.search, "search", "--batch", "--no-refresh", "--format", "jsonl", "-k", str(limit),
            "--index-dir", self.index_folder(name), root,
        ]
        # The first round warms up, as it does for semble.
        lines = "".join(one_line(query) + "\n" for _ in range(rounds + 1) for query in queries)
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
        seconds = [json.loads(line)["elapsed_us"] / 1e6 for line in done.stdout.splitlines()]
        assert len(seconds) == (rounds + 1) * len(queries), "an answer per line"
        size = len(queries)
        return [seconds[start:start + size] for start in range(size, len(seconds), size)]


def one_line(query: str) -> str:
    return " ".join(query.split())


def repositories(args: argparse.Namespace) -> list[tuple[str, Path, list[str]]]:
    """Name, folder and queries of everything to measure."""
    roots = {entry["name"]: entry["root"] for entry in json.loads(args.roots.read_text())} if args.roots else {}
    queries: dict[str, list[str]] = {}
    for line in args.queries.read_text().splitlines() if args.queries else []:
        entry = json.loads(line)
        queries.setdefault(entry["repo"], []).append(entry["query"])
    found = []
    for given in args.repositories + (args.names.read_text().split() if args.names else []):
        known = args.checkouts and not Path(given).is_dir()
        folder = args.checkouts / given / roots.get(given, ".") if known else Path(given)
        if not folder.is_dir():
            sys.exit(f"no folder `{folder}`")
        name = given if known else folder.resolve().name
        found.append((name, folder.resolve(), queries.get(name, COMMON_QUERIES)))
    if not found:
        sys.exit("no repository was given")
    return found


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


def measure_indexing(args, cogo: Cogo, semble: Semble, repositories) -> dict[str, dict]:
    """Every variant once per round and repository; which one begins changes. A first round only warms up: the files are
    in memory afterwards, and semble has unpacked its grammars."""
    variants = {
        "cogo": lambda name, root: cogo.index(name, root),
        "semble": lambda name, root: semble.ask(index=str(root), content=args.peer_content, workers=0),
        "semble_2": lambda name, root: semble.ask(index=str(root), content=args.peer_content, workers=2),
    }
    runs = {name: {variant: [] for variant in variants} for name, _, _ in repositories}
    for number in range(args.rounds + 1):
        order = list(variants)[number % 3:] + list(variants)[:number % 3]
        for name, root, _ in repositories:
            for variant in order:
                run = variants[variant](name, root)
                if number > 0:
                    runs[name][variant].append(run)
            print(f"round {number} of {args.rounds}: {name}", file=sys.stderr)
    return runs


def measure_queries(args, cogo: Cogo, semble: Semble, name: str, root: Path, queries: list[str]) -> dict:
    """The median of each query over the rounds; then percentiles over the queries."""
    semble.ask(index=str(root), content=args.peer_content, workers=0)
    ask = lambda: [semble.ask(query=one_line(query), limit=args.limit)["seconds"] for query in queries]
    ask()
    rounds: dict[str, list[list[float]]] = {"cogo": [], "semble": []}
    for _ in range(args.query_rounds):
        rounds["cogo"] += cogo.ask(name, root, queries, 1, args.limit)
        rounds["semble"].append(ask())
    row = {"queries": len(queries)}
    for variant, times in rounds.items():
        medians = [statistics.median(query) * 1e3 for query in zip(*times)]
        row[f"{variant}_p50_ms"] = percentile(medians, 0.5)
        row[f"{variant}_p90_ms"] = percentile(medians, 0.9)
    return row


def summarise(name: str, runs: dict, queries: dict) -> dict:
    median = lambda variant, key: statistics.median(run[key] for run in runs[variant])
    row = {
        "repository": name,
        "cogo_files": runs["cogo"][-1]["files"], "semble_files": runs["semble"][-1]["files"],
        "cogo_chunks": runs["cogo"][-1]["chunks"], "semble_chunks": runs["semble"][-1]["chunks"],
        "cogo_command_s": median("cogo", "command_seconds"), "cogo_s": median("cogo", "seconds"),
        "semble_s": median("semble", "seconds"), "semble_2_s": median("semble_2", "seconds"), **queries,
    }
    return with_ratios(row)


def with_ratios(row: dict) -> dict:
    """How many times as long semble takes, in its better variant where there are two."""
    best = min(row["semble_s"], row["semble_2_s"])
    return {
        **row,
        "index_ratio": row["semble_s"] / row["cogo_s"],
        "index_ratio_command": best / row["cogo_command_s"],
        "p50_ratio": row["semble_p50_ms"] / row["cogo_p50_ms"],
        "p90_ratio": row["semble_p90_ms"] / row["cogo_p90_ms"],
    }


def mean_row(rows: list[dict]) -> dict:
    keys = [key for key, value in rows[0].items() if isinstance(value, (int, float)) and "ratio" not in key]
    return with_ratios({"repository": "mean", **{key: statistics.mean(row[key] for row in rows) for key in keys}})


COLUMNS = [
    ("repository", "repository", "{}"), ("files", "cogo_files", "{:.0f}"),
    ("cogo cmd s", "cogo_command_s", "{:.3f}"), ("cogo s", "cogo_s", "{:.3f}"), ("semble s", "semble_s", "{:.3f}"),
    ("semble×2 s", "semble_2_s", "{:.3f}"), ("ratio", "index_ratio", "{:.1f}"),
    ("best/cmd", "index_ratio_command", "{:.1f}"), ("cogo p50 ms", "cogo_p50_ms", "{:.3f}"),
    ("semble p50", "semble_p50_ms", "{:.3f}"), ("ratio", "p50_ratio", "{:.1f}"), ("cogo p90", "cogo_p90_ms", "{:.3f}"),
    ("semble p90", "semble_p90_ms", "{:.3f}"), ("ratio", "p90_ratio", "{:.1f}"),
]


def print_table(rows: list[dict]) -> None:
    print("| " + " | ".join(title for title, _, _ in COLUMNS) + " |")
    print("|" + "|".join(" :--- " if key == "repository" else " ---: " for _, key, _ in COLUMNS) + "|")
    for row in rows:
        print("| " + " | ".join(form.format(row[key]) for _, key, form in COLUMNS) + " |")


def main() -> None:
    args = arguments()
    wanted = repositories(args)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="cogo-compare-") as indexes:
        cogo, semble = Cogo(args.cogo, Path(indexes)), Semble(args.peer_python, args.peer_model)
        runs = measure_indexing(args, cogo, semble, wanted)
        rows = []
        for name, root, queries in wanted:
            rows.append(summarise(name, runs[name], measure_queries(args, cogo, semble, name, root, queries)))
            print(f"queries: {name}", file=sys.stderr)
        semble.close()
    conditions = {
        "cogo": cogo.version.strip(), "semble": semble.about["semble"], "semble_model": args.peer_model or "default",
        "semble_content": args.peer_content, "cpus": os.cpu_count(), "machine": platform.platform(),
        "load": [load_before, os.getloadavg()[0]], "rounds": args.rounds, "query_rounds": args.query_rounds,
    }
    rows.append(mean_row(rows))
    print_table(rows)
    print(json.dumps(conditions))
    document = json.dumps({"conditions": conditions, "rows": rows, "runs": runs}, indent=1)
    if args.output:
        args.output.write_text(document)
    else:
        print(document)


if __name__ == "__main__":
    main()
