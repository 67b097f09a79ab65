"""Pairs out of Markdown: heading and paragraph, explanation and code block, and sections of translations.

Translations are found by their paths (`README.ko.md`, `docs/ja/guide.md`, `button/README.zh-CN.md`) and aligned section by
section: two files are used only if their headings have the same levels in the same order.
"""

import re

from .documentation import first_paragraph, is_sentence
from .languages import LANGUAGE_OF_FENCE
from .words import human_language

CHUNK = 1400
_PIECE = re.compile(r"^(#{1,5}[ \t]+(?P<heading>[^\n]+)\n)|^[ \t]*```(?P<fence>[\w+#-]*)[^\n]*\n(?P<code>.*?)^[ \t]*```", re.M | re.S)


def markdown(text, most=60):
    """(kind, language, query, code) of a file: `mdtext` (heading, paragraph), `md` (explanation, code block)."""
    out, heading, last, blocks = [], "", 0, 0
    for match in _PIECE.finditer(text):
        between = text[last : match.start()].strip()
        paragraph = first_paragraph(between.split("\n\n")[-1]) if between else ""
        if match.group("heading"):
            if heading and len(paragraph) > 40 and is_sentence(paragraph):
                out.append(("mdtext", "md", heading, paragraph))
            heading = first_paragraph(match.group("heading"))
        else:
            language = LANGUAGE_OF_FENCE.get(match.group("fence").lower())
            code = match.group("code")
            if language and len(code) > 60:
                query = paragraph if is_sentence(paragraph) else ""
                query = f"{heading} {query}".strip()
                if len(query) >= 8:
                    out.append(("md", language, query[:300], code[:CHUNK]))
                    blocks += 1
        last = match.end()
        if blocks > most:
            break
    return out


# Codes of the languages we align, as they stand in paths.
_CODES = {
    "ko": "ko ko-kr ko_kr kor kr korean",
    "ja": "ja ja-jp ja_jp jp japanese",
    "zh": "zh zh-cn zh_cn zh-hans zh_hans cn chs chinese",
    "de": "de de-de de_de german",
    "en": "en en-us en_us english en-snapshot eng",
}
_LANGUAGE_OF_CODE = {code: language for language, codes in _CODES.items() for code in codes.split()}
_AFFIX = re.compile(r"^(?P<stem>.+?)[._-](?P<code>kor|[a-z]{2}(?:[-_](?:[a-z]{2}|hans))?)$", re.I)


def translations(paths):
    """{language: path} for every text that exists in English and in another language."""
    groups = {}
    for path in paths:
        key, language = _without_language(path)
        groups.setdefault(key, {}).setdefault(language, path)
    out = []
    for group in groups.values():
        if None in group:
            group.setdefault("en", group[None])
            del group[None]
        if "en" in group and len(group) > 1:
            out.append(group)
    return out


def _without_language(path):
    """The path with its language code taken out, and the language."""
    folders = path.split("/")
    stem, _, extension = folders[-1].rpartition(".")
    if match := _AFFIX.match(stem):
        language = _LANGUAGE_OF_CODE.get(match["code"].lower())
        if language:
            return "/".join([*folders[:-1], f"{match['stem']}.{extension}".lower()]), language
    for at, folder in enumerate(folders[:-1]):
        language = _LANGUAGE_OF_CODE.get(folder.lower().removeprefix("guide-"))
        if language:
            return "/".join([*folders[:at], *folders[at + 1 :]]).lower(), language
        if (match := _AFFIX.match(folder)) and match["code"].lower() in _LANGUAGE_OF_CODE:
            base = [*folders[:at], match["stem"], *folders[at + 1 :]]
            return "/".join(base).lower(), _LANGUAGE_OF_CODE[match["code"].lower()]
    return path.lower(), None


def sections(text):
    """(level, heading, paragraphs, code blocks) of a Markdown text, in order."""
    out, level, heading, last, code = [], 0, "", 0, []
    body = []

    def close(end):
        body.append(text[last:end])
        paragraphs = [first_paragraph(p) for p in re.split(r"\n\s*\n", "\n\n".join(body))]
        out.append((level, heading, [p for p in paragraphs if len(p) >= 4], list(code)))

    for match in _PIECE.finditer(text):
        if match.group("heading"):
            close(match.start())
            body, code = [], []
            level, heading = len(match.group(0)) - len(match.group(0).lstrip("#")), first_paragraph(match.group("heading"))
        else:
            body.append(text[last : match.start()])
            code.append((match.group("fence").lower(), match.group("code")))
        last = match.end()
    close(len(text))
    return out


def parallel(english, other):
    """(kind, query, text) from two translations of one text: `par` (foreign, English), `parcode` (foreign, code block)."""
    ours, theirs = sections(other), sections(english)
    if len(ours) != len(theirs) or [s[0] for s in ours] != [s[0] for s in theirs]:
        return []
    out = []
    for (_, heading, paragraphs, code), (_, heading_en, paragraphs_en, code_en) in zip(ours, theirs):
        if _differ(heading, heading_en):
            body = " ".join(paragraphs_en)[:200]
            out.append(("par", heading, f"{heading_en} {body}" if len(heading_en.split()) < 3 else heading_en))
        if len(paragraphs) == len(paragraphs_en):
            for paragraph, paragraph_en in zip(paragraphs, paragraphs_en):
                if _differ(paragraph, paragraph_en):
                    out.append(("par", paragraph, paragraph_en))
        elif paragraphs and paragraphs_en and _differ(" ".join(paragraphs), " ".join(paragraphs_en)):
            out.append(("par", " ".join(paragraphs)[:600], " ".join(paragraphs_en)[:800]))
        if code_en and (paragraphs or heading):
            query = f"{heading} {paragraphs[-1] if paragraphs else ''}".strip()
            if human_language(query) != "en":
                out.append(("parcode", query[:300], code_en[0][1][:CHUNK]))
    return out


def _differ(foreign, english):
    return len(foreign) >= 2 and len(english) >= 3 and foreign != english and human_language(foreign) != "en"
