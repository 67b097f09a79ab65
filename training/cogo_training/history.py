"""Pairs of a commit's subject and the lines that it added: text like that of issues, for code.

Sources: a change is described by its author for others; the same signal trains CommitPack models (Muennighoff et al. 2023,
arXiv:2308.07124). Only commits that touch one to three files of code are used.
"""

import re

from .documentation import is_sentence

CHUNK = 1400
MOST_BYTES = 60_000_000
_RECORD = "\x1e"
_NOISE = re.compile(r"^(merge|bump|release|revert|version|update (dep|change|read)|chore\(deps|prepare|v?\d+\.\d+)|dependabot|changelog", re.I)
_PREFIX = re.compile(r"^(\w{2,10}(\([^)]{1,30}\))?!?:|\[[^\]]{1,40}\]|[A-Z]{2,10}-\d+:?|#\d+:?)\s*")
_SUFFIX = re.compile(r"\s*\(?#\d+\)?\.?\s*$")


def pairs(repository, language_of_path, most_commits=1500, most=1200):
    """(kind, language, path, query, code) of the newest commits, one pair per file touched."""
    log = repository.git(
        "log", "--no-merges", f"--max-count={most_commits}", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv",
        "--diff-filter=M", f"--format={_RECORD}%s", "-p", "-U3", repository.commit, "--", *_PATHS,
    )[:MOST_BYTES]
    out, seen = [], set()
    for record in log.decode("utf8", "replace").split(_RECORD)[1:]:
        subject, _, diff = record.partition("\n")
        query = subject_text(subject)
        if not query or query.lower() in seen:
            continue
        files = re.split(r"^diff --git .*\n", diff, flags=re.M)[1:]
        if not 1 <= len(files) <= 6:
            continue
        used = []
        for file in files:
            match = re.search(r"^\+\+\+ b/(.*)$", file, re.M)
            language = language_of_path(match.group(1)) if match else None
            is_test = match and re.search("test|spec", match.group(1), re.I)
            code = hunks(file) if language and not is_test else ""
            if len(code.strip()) >= 80:
                used.append(("commit", language, match.group(1), query, code))
        if 1 <= len(used) <= 3:
            seen.add(query.lower())
            out += used
        if len(out) >= most:
            break
    return out


def subject_text(subject):
    """A commit's subject without its prefix and number; empty if it says nothing."""
    text = _SUFFIX.sub("", _PREFIX.sub("", subject.strip()))
    if _NOISE.search(subject) or not is_sentence(text) or (text.isascii() and len(text.split()) < 4):
        return ""
    return text[:200]


def hunks(diff):
    """The new side of a file's diff: what stands there after the change, with what surrounds it."""
    lines = []
    for part in re.split(r"^@@.*?@@", diff, flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        lines.append(head.strip())
        lines += [line[1:] for line in rest.split("\n") if line[:1] in (" ", "+")]
        if sum(map(len, lines)) > CHUNK:
            break
    return "\n".join(lines)[:CHUNK]


_PATHS = [
    f"*.{extension}"
    for extension in "sh bash c h cc cpp hpp cs ex exs go hs java js mjs jsx kt lua php py rb rs scala swift ts tsx zig".split()
]
