"""Splits texts into words exactly as the engine does (`for_each_word` in `rag-core/src/analysis.rs`)."""

import re

# A word ends before a capital that follows a small letter or a digit, and before the last capital of a run that a
# small letter follows. Only ASCII capitals count; other letters and digits never split a word.
_RUN = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

LONGEST_WORD = 60


def words(text):
    """The words of `text` in lower case, in order; words of more than 60 characters are left out."""
    found = []
    for run in _RUN.findall(text):
        for word in _BREAK.split(run):
            if word and len(word) <= LONGEST_WORD:
                found.append(word.lower())
    return found


def name_words(name):
    """The words of an identifier as written."""
    return [word for run in _RUN.findall(name) for word in _BREAK.split(run) if word]


def human_language(text):
    """`ko`, `ja`, `zh`, `de` or `en`: by script, and German by its letters and commonest words."""
    hangul = kana = han = letters = 0
    for c in text:
        if c.isalpha():
            letters += 1
            if "\uac00" <= c <= "\ud7a3":
                hangul += 1
            elif "\u3040" <= c <= "\u30ff":
                kana += 1
            elif "\u4e00" <= c <= "\u9fff":
                han += 1
    if 5 * hangul > letters:
        return "ko"
    if kana and 5 * (kana + han) > letters:
        return "ja"
    if 5 * han > letters:
        return "zh"
    if len(_GERMAN.findall(text)) * 12 >= max(1, len(text.split())) and len(text.split()) >= 4:
        return "de"
    return "en"


_GERMAN = re.compile(r"\b(?:der|und|nicht|ist|eine?r?|wird|werden|für|mit|auf|das|den|dem|oder|von|zu|sich|wenn|kann)\b")
