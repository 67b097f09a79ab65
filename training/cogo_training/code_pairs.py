"""Pairs of a question-like text and code, out of one source file.

Kinds: `doc` and `classdoc` (doc comment, definition), `classpart` (class comment, a later part of the class), `name` (words of
a name, body), `inline` (comment inside a function, the lines below), `test` (title of a test, its body), `moddoc` (comment
at the top, a part of the file), `path` (path and a few names, a part of the file). Doc comments as queries follow
CodeSearchNet (Husain et al. 2019, arXiv:1909.09436).
"""

import re

from . import languages, syntax
from .documentation import first_paragraph, first_sentence, is_sentence, uncomment
from .words import name_words

CHUNK = 1400
_TEST_TITLE = re.compile(
    r"""^[ \t]*(?:@?)(?:it|test|describe|specify|scenario|context|@test|should|"|testCase)\s*[\( ]\s*(["'`])([^"'`\n]{8,140})\1""",
    re.M,
)
_TEST_LANGUAGES = set("javascript typescript tsx ruby elixir zig lua bash php scala kotlin".split())
_FILE_COMMENT = re.compile(
    r"(?:<\?php\s*)?(?:#![^\n]*\n)?\s*((?:[ \t]*(?://|#|--)[^\n]*\n){1,30}|/\*.*?\*/)", re.S
)
_PY_DOC = re.compile(r'\s*(?:#[^\n]*\n\s*)*[rR]?("""|\'\'\')(.*?)\1', re.S)
_RUST_DOC = re.compile(r"\s*((?://![^\n]*\n)+)")
_HASKELL_DOC = re.compile(r"Description\s*:\s*(.*)")


def pairs(language, path, text, rng, views=2):
    """(kind, query, code) of a file. `views`: how often a doc comment is paired, each time with another window."""
    source = text.encode("utf8")
    found = syntax.definitions(language, source)
    parts = path.rsplit(".", 1)[0].split("/")
    place = " ".join(word for part in parts[-2:] for word in name_words(part))
    seen, out = set(), []
    for definition in found[:200]:
        out += _of_definition(definition, source, place, seen, rng, views)
    out += _of_inline_comments(language, text, seen, rng)
    if language in _TEST_LANGUAGES and re.search("test|spec", path, re.I):
        out += _of_tests(text, place, seen, rng)
    if len(text) > 400:
        out += _of_file(language, text, place, [d.name for d in found[:60] if d.name], rng)
    return out


def _of_definition(definition, source, place, seen, rng, views):
    start, end, name = definition.start, definition.end, definition.name
    doc = first_paragraph(definition.doc) if definition.doc else ""
    if not is_sentence(doc):
        doc = ""
    words = name_words(name) if name else []
    spelt = " ".join(words)
    if doc:
        if doc[:80] in seen:
            return []
        seen.add(doc[:80])
        sentence = first_sentence(doc)
        out = []
        for _ in range(views):
            code = _window(source, start, end, definition.doc_span, rng)
            dice = rng.random()
            if dice < 0.25 and name:
                query = f"{name if rng.random() < 0.5 else spelt} {sentence}"
            elif dice < 0.35 and place:
                query = f"{place} {sentence}"
            elif dice < 0.55:
                query = doc
            else:
                query = sentence
            out.append(("classdoc" if definition.is_container else "doc", query, code))
            if definition.is_container and end - start > 2500:
                at = rng.randrange(start + 1200, max(start + 1201, end - 1000))
                at = max(start, source.find(b"\n", at))
                prefix = f"{name} " if name and rng.random() < 0.5 else ""
                out.append(("classpart", prefix + sentence, _window(source, at, at + 600, None, rng)))
        return out
    big_enough = len(words) >= 2 and (
        definition.kind not in languages.ONLY_WITH_DOC and end - start > 80 or definition.is_container and end - start > 200
    )
    if not big_enough or name in seen or len(words) > 14:
        return []
    seen.add(name)
    query = spelt
    if definition.container and rng.random() < 0.5:
        holder = definition.container
        query = f"{spelt} {' '.join(name_words(holder))}" if rng.random() < 0.5 else f"{holder} {name}"
    elif rng.random() < 0.3:
        query = f"{spelt} {place}"
    elif rng.random() < 0.2:
        query = name
    code = _window(source, start, end, definition.doc_span, rng)
    if rng.random() < 0.5:
        code = re.sub(rf"\b{re.escape(name)}\b", "", code)
    return [("name", query, code)]


def _window(source, start, end, without, rng):
    """The definition alone, or (half the time) with its surroundings up to a chunk's size; never its doc comment."""
    if rng.random() < 0.5 or end - start >= CHUNK:
        low, high = start, min(end, start + CHUNK + 100)
    else:
        spare = CHUNK - (end - start)
        left = rng.randrange(0, spare + 1)
        low, high = max(0, start - left), min(len(source), end + spare - left)
        if low > 0:
            line = source.find(b"\n", low)
            low = line + 1 if 0 <= line < start else low
        line = source.rfind(b"\n", max(0, high - 200), high)
        high = line if line > end else high
    if without and without[0] < high and without[1] > low:
        part = source[low : max(low, without[0])] + source[min(high, without[1]) : high]
    else:
        part = source[low:high]
    return part.decode("utf8", "replace")


def _of_inline_comments(language, text, seen, rng, most=12):
    mark = re.compile(rf"^[ \t]+{re.escape(languages.LINE_COMMENT[language])}(?![!/#\-<\[])\s?(.*)$")
    lines = text.split("\n")
    out, at = [], 0
    while at < len(lines) and len(out) < most:
        match = mark.match(lines[at])
        if not match:
            at += 1
            continue
        first, comment = at, []
        while at < len(lines) and (match := mark.match(lines[at])):
            comment.append(match.group(1))
            at += 1
        query = first_paragraph("\n".join(comment))
        if not is_sentence(query) or re.search(r"[;{}=]\s*$", query) or query[:80] in seen:
            continue
        if query.isascii() and len(query.split()) < 4:
            continue
        last = at
        while last < len(lines) and last < at + 16 and (lines[last].strip() or last < at + 3):
            last += 1
        code = "\n".join(lines[at:last])
        if len(code.strip()) <= 40:
            continue
        if rng.random() < 0.4:
            code = "\n".join(lines[max(0, first - 12) : first] + lines[at : at + 10])
        seen.add(query[:80])
        out.append(("inline", query[:250], code[:CHUNK]))
    return out


def _of_tests(text, place, seen, rng, most=10):
    out = []
    for match in _TEST_TITLE.finditer(text):
        title = re.sub(r"\s+", " ", match.group(2))
        if (title.isascii() and len(title.split()) < 3) or title in seen:
            continue
        seen.add(title)
        prefix = f"{place} " if rng.random() < 0.4 else ""
        out.append(("test", prefix + title, text[match.end() : match.end() + 900]))
        if len(out) >= most:
            break
    return out


def _of_file(language, text, place, names, rng):
    out = []
    doc, end = _file_doc(language, text)
    if doc:
        for _ in range(2 if len(text) > 3000 else 1):
            at = rng.randrange(end, max(end + 1, len(text) - 800))
            prefix = f"{place} " if rng.random() < 0.5 else ""
            out.append(("moddoc", prefix + first_sentence(doc), text[at : at + CHUNK]))
    if len(place.split()) >= 2:
        chosen = rng.sample(names, min(3, len(names)))
        query = " ".join([place, *(" ".join(name_words(name)) for name in chosen)])
        at = rng.randrange(0, max(1, len(text) - 1000))
        out.append(("path", query, text[at : at + CHUNK]))
    return out


def _file_doc(language, text):
    """The comment at the top of a file in plain words, and where it ends; ('', 0) if it says nothing."""
    match, doc = None, ""
    if language == "python":
        if match := _PY_DOC.match(text):
            doc = first_paragraph(match.group(2))
        return (doc, match.end()) if is_sentence(doc) else ("", 0)
    if language == "rust" and (match := _RUST_DOC.match(text)):
        doc = first_paragraph(uncomment(match.group(1)))
    elif language == "haskell" and (match := _HASKELL_DOC.search(text[:1500])):
        doc = first_paragraph(match.group(1))
    elif match := _FILE_COMMENT.match(text[:6000]):
        for paragraph in re.split(r"\n\s*\n", uncomment(match.group(1))):
            plain = first_paragraph(paragraph)
            if is_sentence(plain) and (not plain.isascii() or len(plain.split()) >= 5):
                doc = plain
                break
    return (doc, match.end()) if match and is_sentence(doc) else ("", 0)
