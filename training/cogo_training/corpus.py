"""Step 2: all pairs as arrays of word numbers, and a score of every word for the vocabulary.

A text becomes its words in order (query at most 64, code at most 400, path at most 16). Repositories give at most `CAP`
pairs, documented ones first.
"""

import json
import math
import random
from array import array
from collections import Counter
from pathlib import Path

import numpy as np

from . import extract
from .languages import LANGUAGES
from .words import LONGEST_WORD, _BREAK, _RUN

KINDS = "doc classdoc classpart name inline test path moddoc md mdtext par parcode commit".split()
HUMANS = "en ko ja zh de".split()
CAP = 15_000
_FIRST = {"doc", "classdoc", "classpart", "moddoc", "md", "mdtext", "par", "parcode", "test"}


class Words:
    """Numbers words in the order in which they come; splits every run of letters once."""

    def __init__(self):
        self.number, self._of_run = {}, {}

    def ids(self, text, most):
        found = []
        for run in _RUN.findall(text):
            known = self._of_run.get(run)
            if known is None:
                parts = [w.lower() for w in _BREAK.split(run) if w and len(w) <= LONGEST_WORD]
                known = self._of_run[run] = [self.number.setdefault(w, len(self.number)) for w in parts]
            found += known
            if len(found) >= most:
                return found[:most]
        return found


def make(pairs_folder, out):
    """Writes `words.npz` (word numbers of queries, codes, paths; repository, file of origin, kind, languages) and `words.json`."""
    words = Words()
    texts = {side: (array("i"), array("q", [0])) for side in "qdp"}
    columns = {name: array("i") for name in ("repo", "origin", "kind", "lang", "human")}
    scores, repositories, names, files = Counter(), Counter(), [], 0
    for path in sorted(Path(pairs_folder).glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        counted, file_number = Counter(), {}
        for kind, language, human, file, query, code in _capped(extract.read(path), name):
            q, d = words.ids(query, 64), words.ids(code, 400)
            if not q or not d or (kind != "par" and (len(d) < 5 or len(q) < 2 and human == "en")):
                continue
            p = [] if kind in ("par", "parcode", "mdtext", "md") else words.ids(file, 16)
            for side, ids in zip("qdp", (q, d, p)):
                texts[side][0].extend(ids)
                texts[side][1].append(len(texts[side][0]))
            counted.update(q)
            counted.update(d)
            row = (len(names), files + file_number.setdefault(file, len(file_number)), KINDS.index(kind),
                   LANGUAGES.index(language), HUMANS.index(human))
            for column, value in zip(columns.values(), row):
                column.append(value)
        names.append(name)
        files += len(file_number)
        for word, count in counted.items():
            scores[word] += math.log2(1 + count)
            repositories[word] += 1
    arrays = {side: np.frombuffer(ids, "i4") for side, (ids, _) in texts.items()}
    arrays |= {side + "ptr": np.frombuffer(ends, "i8") for side, (_, ends) in texts.items()}
    arrays |= {name: np.frombuffer(column, "i4") for name, column in columns.items()}
    np.savez(Path(out) / "words.npz", **arrays)
    about = {"words": list(words.number), "repositories": names}
    about["score"] = [round(scores[i], 4) for i in range(len(words.number))]
    about["found_in"] = [repositories[i] for i in range(len(words.number))]
    (Path(out) / "words.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf8")
    return len(columns["repo"])


def _capped(pairs, name):
    if len(pairs) <= CAP:
        return pairs
    rng = random.Random(name)
    first = [pair for pair in pairs if pair[0] in _FIRST]
    rest = [pair for pair in pairs if pair[0] not in _FIRST]
    rng.shuffle(first)
    rng.shuffle(rest)
    first = first[: max(CAP - len(rest), int(CAP * 0.7))]
    return first + rest[: CAP - len(first)]
