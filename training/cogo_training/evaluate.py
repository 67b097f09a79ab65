"""Measures a token table: on pairs of held-out repositories, and on judged queries over checkouts.

The judged queries are in the format of `cogo-eval code-search` (`benches/eval/README.md`): NDCG@10, mean per repository. Chunks
here are windows of whole lines, so numbers differ a little from the engine's; they serve to compare tables.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np

from .corpus import HUMANS, KINDS
from .languages import LANGUAGE_OF
from .pooling import frequency_weights, pool
from .tokenizer import SPECIAL, cut
from .train import PATH_WEIGHT, Texts
from .words import words

CHUNK = 1500
QUESTIONS = [KINDS.index(kind) for kind in ("doc", "classdoc", "inline", "test", "moddoc", "md", "commit", "parcode")]


def held_out_mrr(arrays, table, held_out, most=1000):
    """{human language: mean over held-out repositories of the MRR of a pair's code among those of its repository}."""
    queries, documents = Texts(arrays, "q"), Texts(arrays, "d")
    wanted = np.isin(arrays["kind"], QUESTIONS)
    found = {}
    for number, human in enumerate(HUMANS):
        ranks = []
        for repository in np.flatnonzero(held_out):
            rows = np.flatnonzero((arrays["repo"] == repository) & (arrays["human"] == number) & wanted)
            if len(rows) < 40:
                continue
            rows = np.random.default_rng(1).permutation(rows)[:most]
            s = queries.vectors(table, rows) @ documents.vectors(table, rows).T
            ranks.append(np.mean(1 / ((s > np.diag(s)[:, None]).sum(1) + 1)))
        if ranks:
            found[human] = round(float(np.mean(ranks)), 4)
    return found


class Encoder:
    """Texts to vectors with a table and its pieces."""

    def __init__(self, pieces, table):
        self.number = {piece: i for i, piece in enumerate(pieces)}
        self.known = set(pieces) - set(SPECIAL)
        self.table, self.cache = table, {}

    def tokens(self, text):
        found = []
        for word in words(text):
            ids = self.cache.get(word)
            if ids is None:
                ids = self.cache[word] = [self.number[piece] for piece in cut(word, self.known) or ()]
            found += ids
        return found

    def rows(self, texts):
        """Tokens of texts, to be pooled again with another table."""
        ids, counts, ends = [], [], [0]
        for text in texts:
            distinct, count = np.unique(np.array(self.tokens(text), "i4"), return_counts=True)
            ids.append(distinct)
            counts.append(count)
            ends.append(ends[-1] + len(distinct))
        return np.concatenate(ids), frequency_weights(np.concatenate(counts)), np.array(ends, "i8")


def vectors(table, rows):
    """Unit vectors of what `Encoder.rows` gave."""
    n = len(rows[2]) - 1
    out = np.zeros((n, table.shape[1]), "f4")
    pool(table, *rows, np.arange(n), out, np.zeros(n, "f4"))
    return out


def chunks(text):
    """(first line, last line, text) of windows of whole lines of about 1,500 characters."""
    lines, start, size = text.split("\n"), 0, 0
    for at, line in enumerate(lines):
        if size and size + len(line) > CHUNK:
            yield start + 1, at, "\n".join(lines[start:at])
            start, size = at, 0
        size += len(line) + 1
    if start < len(lines):
        yield start + 1, len(lines), "\n".join(lines[start:])


class CodeSearch:
    """Judged queries over checkouts, with all texts cut into tokens once."""

    def __init__(self, data, checkouts, pieces):
        encoder = Encoder(pieces, None)
        asked = defaultdict(list)
        for line in Path(data, "queries.jsonl").read_text(encoding="utf8").splitlines():
            query = json.loads(line)
            asked[query["repo"]].append(query)
        self.repositories = []
        for about in json.loads(Path(data, "repos.json").read_text(encoding="utf8")):
            base = Path(checkouts, about["name"])
            found = [(path, *chunk) for path in _files(base, about.get("root") or ".") for chunk in chunks(_read(base / path))]
            if not found or not asked[about["name"]]:
                continue
            paths = sorted({path for path, *_ in found})
            of_path = {path: i for i, path in enumerate(paths)}
            self.repositories.append(
                {
                    "name": about["name"],
                    "language": about["language"],
                    "places": [(path, first, last) for path, first, last, _ in found],
                    "file": np.array([of_path[path] for path, *_ in found]),
                    "text": encoder.rows([text for *_, text in found]),
                    "path": encoder.rows(paths),
                    "asked": asked[about["name"]],
                    "query": encoder.rows([query["query"] for query in asked[about["name"]]]),
                }
            )
        if not self.repositories:
            raise ValueError(f"`{checkouts}` holds none of the repositories of `{data}`")

    def ndcg(self, table, path=0.0, one_per_file=False):
        """{repository: NDCG@10}."""
        scores = {}
        for r in self.repositories:
            text = vectors(table, r["text"])
            if path:
                text += np.float32(path) * vectors(table, r["path"])[r["file"]]
                text /= np.linalg.norm(text, axis=1, keepdims=True) + 1e-9
            s = vectors(table, r["query"]) @ text.T
            gains = [
                _ndcg(_first(r["places"], r["file"], row, one_per_file), query["relevant"] + query.get("secondary", []))
                for row, query in zip(s, r["asked"])
            ]
            scores[r["name"]] = float(np.mean(gains))
        return scores

    def summary(self, table):
        """Means over repositories: text alone, the best chunk of each file, the same with the path; and by language."""
        plain, per_file = self.ndcg(table), self.ndcg(table, 0, True)
        path = self.ndcg(table, float(PATH_WEIGHT), True)
        by_language = defaultdict(list)
        for r in self.repositories:
            by_language[r["language"]].append(plain[r["name"]])
        mean = lambda values: round(float(np.mean(list(values))), 4)
        return {
            "text": mean(plain.values()), "text, per file": mean(per_file.values()), "text + path, per file": mean(path.values()),
            "languages": {language: mean(values) for language, values in sorted(by_language.items())},
        }


def _first(places, files, scores, one_per_file, most=10):
    order = np.argsort(-scores, kind="stable")
    if not one_per_file:
        return [places[i] for i in order[:most]]
    seen, kept = set(), []
    for i in order:
        if files[i] not in seen:
            seen.add(files[i])
            kept.append(places[i])
            if len(kept) == most:
                break
    return kept


def _ndcg(results, targets):
    ranks = {rank for target in targets for rank in [next((n for n, r in enumerate(results) if _hits(r, target)), None)]}
    gain = sum(1 / np.log2(rank + 2) for rank in ranks if rank is not None)
    return gain / sum(1 / np.log2(rank + 2) for rank in range(min(10, len(targets))))


def _hits(result, target):
    path, first, last = result
    wanted = target["path"]
    same = path == wanted or path.endswith("/" + wanted) or wanted.endswith("/" + path)
    start, end = target.get("start_line"), target.get("end_line")
    return same and (start is None or end is None or first <= end and last >= start)


def _files(base, root):
    found = []
    for folder, inner, names in os.walk(base / root):
        inner[:] = sorted(name for name in inner if name not in (".git", "node_modules"))
        for name in sorted(names):
            path = Path(folder, name)
            extension = name.rsplit(".", 1)[-1].lower()
            if extension in LANGUAGE_OF and path.is_file() and path.stat().st_size < 1_000_000:
                found.append(path.relative_to(base).as_posix())
    return found


def _read(path):
    return path.read_text(encoding="utf8", errors="replace")
