"""Step 3: a WordPiece vocabulary of whole words and parts, for identifiers and five human languages.

Candidates come from merges (Schuster & Nakajima 2012; the trainer of Hugging Face `tokenizers`), learned for each script on
its own so that a small script is not crowded out. Then every word is cut greedily, longest piece first, as the engine does,
and the pieces that are used most stay: merges leave many pieces behind that no longest-first cut ever uses. A word counts
Σ over repositories of log2(1 + count), so that one large repository does not rule.
"""

import json
from collections import Counter

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers import models, normalizers, pre_tokenizers, trainers

SPECIAL = ["[PAD]", "[UNK]"]
LONGEST_WORD = 60
_START = "\u2581"
# Share of the vocabulary of each script.
SHARES = {"latin": 0.845, "hangul": 0.09, "han": 0.065}


def script(word):
    """`latin` (ASCII and German letters), `hangul`, `han` (with kana), or nothing for the rest."""
    if all(c.isascii() or c in "äöüß" for c in word):
        return "latin"
    if all("\uac00" <= c <= "\ud7a3" or c.isascii() for c in word):
        return "hangul"
    if all("\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" for c in word):
        return "han"
    return None


def train(words, scores, found_in, size):
    """A vocabulary of `size` pieces: a list in which a piece's place is its id."""
    by_script = {name: {} for name in SHARES}
    for word, score, repositories in zip(words, scores, found_in):
        name = script(word)
        wanted = repositories >= 2 or score >= (4 if name == "latin" else 1.5)
        if name and wanted and len(word) <= 30:
            by_script[name][word] = score
    pieces = list(SPECIAL)
    for name, share in SHARES.items():
        pieces += _pieces(by_script[name], int(size * share), alphabet={"latin": 64, "hangul": 1300, "han": 2200}[name])
    return list(dict.fromkeys(pieces))


def _pieces(scores, size, alphabet):
    """The `size` pieces that are used most when words are cut greedily; single characters of the alphabet always stay."""
    if not scores or size <= 0:
        return []
    # Merges of pairs (BPE) with a mark before each word. The trainer for WordPiece numbers its pieces in the order of a hash
    # table, so that ties fall differently in each run.
    ordered = sorted(scores)
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=int(size * 1.4), min_frequency=3, limit_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(((_START + word + " ") * max(1, round(scores[word])) for word in ordered), trainer)
    merged = sorted(model.get_vocab())
    candidates = {piece[1:] if piece.startswith(_START) else "##" + piece for piece in merged if piece != _START}
    # Whole words that are frequent come in even if merges did not build them.
    candidates.update(sorted(scores, key=lambda w: (-scores[w], w))[: size // 2])
    single = {piece for piece in candidates if len(piece.removeprefix("##")) == 1}
    kept = candidates
    for limit in (int(size * 1.12), size):
        used = Counter()
        for word in ordered:
            for piece in cut(word, kept) or ():
                used[piece] += scores[word]
        fewest = sorted(kept - single, key=lambda p: (-used[p], p))
        room = max(0, limit - len(single))
        kept = single | set(fewest[:room])
    if len(single) > size // 3:
        rarest = sorted(single, key=lambda p: (-used[p], p))
        kept -= set(rarest[size // 3 :])
    return sorted(kept)


def cut(word, vocabulary):
    """Greedy WordPiece: longest known piece first; `None` if a rest is unknown."""
    pieces, at = [], 0
    while at < len(word):
        for end in range(len(word), at, -1):
            piece = word[at:end] if at == 0 else "##" + word[at:end]
            if piece in vocabulary:
                break
        else:
            return None
        pieces.append(piece)
        at = end
    return pieces


def save(pieces, path):
    """Writes a tokenizer in the format of Hugging Face `tokenizers`."""
    model = models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"), " "),
            normalizers.Replace(Regex(r"[^\p{L}\p{N}]+"), " "),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(path), pretty=False)


def load(path):
    """The pieces of a saved tokenizer, by id."""
    vocabulary = json.loads(path.read_text(encoding="utf8"))["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.get)


def encode(arrays, words, pieces):
    """Word numbers → distinct tokens and their counts: {side: (ids, counts, ends)} for the sides q, d and p."""
    number = {piece: i for i, piece in enumerate(pieces)}
    known = set(pieces) - set(SPECIAL)
    ends, flat = [0], []
    for word in words:
        flat += [number[piece] for piece in (cut(word, known) or ())][:12]
        ends.append(len(flat))
    flat, ends = np.array(flat, "i4"), np.array(ends, "i8")
    return {side: _distinct(*_expand(arrays[side], arrays[side + "ptr"], flat, ends)) for side in "qdp"}


def _expand(ids, rows, flat, ends):
    """Tokens of every row, repeated as they come."""
    lengths = (ends[1:] - ends[:-1])[ids]
    total = np.r_[0, np.cumsum(lengths)]
    at = np.repeat(ends[ids] - total[:-1], lengths) + np.arange(total[-1])
    return flat[at], total[rows]


def _distinct(tokens, rows):
    """Sorted distinct tokens of every row with their counts."""
    row = np.repeat(np.arange(len(rows) - 1, dtype="i8"), np.diff(rows))
    key = row << 20 | tokens
    del row
    key.sort()
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, "i8")
    counts = np.diff(np.r_[first, len(key)])
    kept = key[first]
    ends = np.searchsorted(kept >> 20, np.arange(len(rows)))
    return (kept & ((1 << 20) - 1)).astype("i4"), np.minimum(counts, 255).astype("u1"), ends.astype("i8")
