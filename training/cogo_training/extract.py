"""Step 1: pairs of a repository → `PAIRS/owner+name.jsonl.gz`, one JSON list a line.

A line is [kind, programming language, human language, path, query, code]. A repository's pairs depend on its commit and name
only: the same commit gives the same bytes.
"""

import gzip
import io
import json
import random
import re
import signal
from collections import Counter
from pathlib import Path
from zlib import crc32

from . import code_pairs, history, text_pairs
from .languages import LANGUAGE_OF
from .repository import PERMISSIVE, Repository
from .words import human_language

MOST_FILES = 1400
MOST_TEXTS = 250
_UNWANTED = re.compile(
    r"(^|/)(vendor|vendored|third[_-]?party|3rdparty|node_modules|deps|dist|external|extern|externals|bundled|generated|gen"
    r"|testdata|fixtures?|__snapshots__|snapshots|locales?|i18n|lang|translations|\.github)(/)|\.min\.|_pb2|\.pb\.|\.g\."
    r"|zz_generated|\.generated\.|\.designer\.|-lock\.|\.d\.ts$|(^|/)(amalgamated|single_include)",
    re.I,
)
# Copies of the evaluation's repositories inside other repositories.
_EVALUATED = re.compile(
    r"(^|/)(nlohmann|absl|abseil[^/]*|hiredis|curl|libuv|gson|guzzle[^/]*|monolog|fmt|jackson[^/]*|newtonsoft[^/]*)/", re.I
)
_GENERATED = re.compile(r"code generated|do not edit|auto-?generated|@generated", re.I)
_TEST = re.compile(r"test|spec|example|sample", re.I)
_TEXT_NAME = re.compile(r"\.(md|mdx|markdown|livemd)$", re.I)
_NO_TEXT = re.compile(r"changelog|history|license|release|code_of_conduct", re.I)
SLOWEST_FILE = 5


def extract(name, git_dir, out, known_lines=frozenset(), commit="HEAD"):
    """Writes the pairs of a repository; returns a row of facts about it. `known_lines`: hashes of lines of evaluated code."""
    repository = Repository(name, git_dir, commit)
    files = repository.files()
    licences = repository.licences(files)
    row = {"repository": name, "commit": repository.commit, "licence": ",".join(licences) or "none", "pairs": 0}
    if not PERMISSIVE & set(licences):
        return row
    rng = random.Random(f"{name}@{repository.commit}")
    code, texts = _choose(files, rng)
    has_cpp = Counter(language for _, _, language in code)
    pairs, dropped = [], 0
    for (path, _, language), text in zip(code, repository.texts(blob for _, blob, _ in code)):
        if text is None or not _is_written_by_hand(text):
            continue
        if known_lines and _overlap(text, known_lines) > 0.5:
            dropped += 1
            continue
        if language == "c" and path.endswith(".h") and has_cpp["cpp"] > has_cpp["c"] / 2:
            language = "cpp"
        for kind, query, part in _within(SLOWEST_FILE, lambda: code_pairs.pairs(language, path, text, rng)):
            pairs.append([kind, language, human_language(query), path, query, part])
    chosen = dict(zip([path for path, _ in texts], repository.texts(blob for _, blob in texts)))
    for path, text in chosen.items():
        for kind, language, query, part in text_pairs.markdown(text or ""):
            pairs.append([kind, language, human_language(query), path, query, part])
    pairs += _translated(repository, files)
    language_of_path = lambda path: None if _UNWANTED.search(path) else LANGUAGE_OF.get(path.rsplit(".", 1)[-1].lower())
    for kind, language, path, query, part in history.pairs(repository, language_of_path):
        pairs.append([kind, language, human_language(query), path, query, part])
    pairs = _distinct(pairs)
    write(out, pairs)
    kinds, humans = Counter(p[0] for p in pairs), Counter(p[2] for p in pairs)
    language = Counter(p[1] for p in pairs).most_common(1)
    row |= {"pairs": len(pairs), "files": len(code), "language": language[0][0] if language else "", "dropped": dropped}
    return row | {"kinds": dict(kinds), "humans": dict(humans)}


def write(path, pairs):
    """Writes pairs; the same pairs give the same bytes."""
    lines = io.StringIO()
    for pair in pairs:
        lines.write(json.dumps(pair, ensure_ascii=False) + "\n")
    part = Path(f"{path}.part")
    part.write_bytes(gzip.compress(lines.getvalue().encode("utf8", "replace"), 5, mtime=0))
    part.rename(path)


def read(path):
    """The pairs of a repository."""
    with gzip.open(path, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def _choose(files, rng):
    """(path, blob, language) of the code, and (path, blob) of the texts to read: tests are a quarter at most."""
    code, texts = [], []
    for path, blob, size in files:
        if _UNWANTED.search(path) or _EVALUATED.search(path):
            continue
        extension = path.rsplit(".", 1)[-1].lower()
        if extension in LANGUAGE_OF and 200 < size < 200_000:
            code.append((path, blob, LANGUAGE_OF[extension]))
        elif _TEXT_NAME.search(path) and 300 < size < 300_000 and not _NO_TEXT.search(path):
            texts.append((path, blob))
    tests = [file for file in code if _TEST.search(file[0])]
    main = [file for file in code if not _TEST.search(file[0])]
    for part in (tests, main, texts):
        rng.shuffle(part)
    main = main[:MOST_FILES]
    return main + tests[: max(150, min(len(main) // 3, MOST_FILES - len(main)))], texts[:MOST_TEXTS]


def _translated(repository, files, most=1200):
    paths = {path: blob for path, blob, size in files if _TEXT_NAME.search(path) and size < 300_000 and not _NO_TEXT.search(path)}
    groups = text_pairs.translations(paths)[:most]
    wanted = [path for group in groups for path in group.values()]
    texts = dict(zip(wanted, repository.texts(paths[path] for path in wanted)))
    pairs = []
    for group in groups:
        english = texts.get(group["en"])
        for human, path in sorted(group.items()):
            if human != "en" and english and texts.get(path):
                for kind, query, part in text_pairs.parallel(english, texts[path]):
                    pairs.append([kind, "md", human_language(query), path, query, part])
    return pairs


def _is_written_by_hand(text):
    lines = text.split("\n")
    long = max(map(len, lines)) > 1500 or len(text) / len(lines) > 120
    return not long and not _GENERATED.search(text[:600])


def line_hashes(text):
    """Hashes of a text's longer lines, the same in every run."""
    return [crc32(line.strip().encode()) for line in text.split("\n") if len(line.strip()) >= 25]


def lines_below(folder):
    """Hashes of the lines of all code below a folder."""
    found = set()
    for path in Path(folder).rglob("*.*"):
        if path.suffix[1:].lower() in LANGUAGE_OF and path.is_file() and path.stat().st_size < 1_000_000:
            found.update(line_hashes(path.read_text(encoding="utf8", errors="replace")))
    return frozenset(found)


def _overlap(text, known):
    lines = line_hashes(text)
    return sum(line in known for line in lines) / len(lines) if lines else 0.0


def _distinct(pairs):
    seen, kept = set(), []
    for pair in pairs:
        key = (pair[4][:100].lower(), pair[5].strip()[:200])
        short = len(pair[5].strip()) < (2 if pair[0] == "par" else 40)
        if key in seen or short:
            continue
        seen.add(key)
        kept.append(pair)
    return kept


def _within(seconds, work):
    """The result of `work`, or nothing if it takes too long (a grammar can loop) or nests too deep."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    except (TimeoutError, RecursionError):
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
