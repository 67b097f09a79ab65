"""Turns comments and Markdown into plain sentences, and judges whether a sentence is one."""

import re

_MARK = re.compile(
    r"^\s*(?:///?!?|//!|/\*+!?|\*+/?|#+!?|--+\s?[|^]?|\{-\s?[|]?|;+|%+|\"\"\"|'''|--\[+=*\[?|<!--)\s?"
    r"|\s*(?:\*+/|-\}|-->|\]=*\])\s*$"
)
_TAG = re.compile(
    r"^\s*(@(param|return|returns|throws|see|since|author|deprecated|link|type|class|template|api|private|public|example"
    r"|internal|var|brief|inheritdoc)\b|:(param|return|returns|rtype|type|raises)\b|\\(param|return|brief|see)|Args:"
    r"|Arguments:|Returns:|Raises:|Parameters\b|Examples?\b|#+ Examples?|- Parameters?|-{3,}|={3,}|```|>>>|iex>|TODO"
    r"|FIXME|XXX|eslint|prettier|noqa|pylint|nolint|clang-format|@ts-|istanbul|type:|swiftlint|rubocop|shellcheck|phpcs"
    r"|\$Id)",
    re.I,
)
_BRIEF = re.compile(r"^[@\\](brief|summary|short|description)\s+")
_XML = re.compile(r"<[^>\n]{1,120}>|\{@\w+\s+([^}]*)\}")
_LINK = re.compile(r"\[([^\]]{1,80})\]\([^)]*\)|\[([^\]]{1,80})\]\[[^\]]*\]")
_URL = re.compile(r"https?://\S+")
_LICENCE = re.compile(r"copyright|licen[sc]e|all rights reserved|spdx|permission is hereby|redistribution", re.I)
_WORD = re.compile(r"[^\W\d_][^\W\d_'-]*")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_COMMON = set(
    "the a an of to in for and or is are be if this that with on by from it as not when returns return get set used given "
    "use create creates value function new which all can will should into at no only has does do was we you any each one "
    "file string name list type object data default method class error test check whether using so has been after before "
    "than then also may must between support add make let its der die das und ein eine ist wird für mit".split()
)
LONGEST_DOC = 400


def uncomment(text):
    """A comment without its marks."""
    lines = []
    for line in text.split("\n"):
        line = _MARK.sub("", line)
        if line[:1] and line[:1] in "/*#-|":
            line = _MARK.sub("", line)
        lines.append(line.rstrip())
    return "\n".join(lines)


def first_paragraph(text):
    """The first paragraph in plain words: no tags, links, addresses or markup; at most 400 characters."""
    kept, length = [], 0
    for line in text.split("\n"):
        line = _BRIEF.sub("", line.strip())
        if not line or _TAG.match(line):
            if kept:
                break
            continue
        kept.append(line)
        length += len(line)
        if length > LONGEST_DOC:
            break
    plain = " ".join(kept)
    plain = _XML.sub(lambda m: " " + (m.group(1) or "") + " ", plain)
    plain = _LINK.sub(lambda m: m.group(1) or m.group(2), plain)
    plain = _URL.sub(" ", plain)
    plain = re.sub(r"[`*_]{2,}|`", " ", plain)
    return re.sub(r"\s+", " ", plain).strip()[:LONGEST_DOC]


def is_sentence(text):
    """Whether a plain text says something: words enough, mostly letters, no licence."""
    if len(text) < 6 or _LICENCE.search(text):
        return False
    letters = sum(c.isalpha() or c == " " for c in text)
    if letters < 0.7 * len(text):
        return False
    if len(_CJK.findall(text)) >= 5:
        return True
    found = _WORD.findall(text)
    if len(text) < 12 or len(found) < 3:
        return False
    return len(found) < 5 or any(word.lower() in _COMMON for word in found)


def first_sentence(text):
    """The first sentence of a paragraph, at most 250 characters."""
    end = re.search(r"(?<=[a-z\)\]0-9])\.(\s|$)|[。!?]", text)
    return (text[: end.start()] if end and end.start() > 15 else text)[:250]
