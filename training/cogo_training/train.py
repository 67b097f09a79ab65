"""Step 4: the token table, by contrastive learning on pairs.

Symmetric InfoNCE over a batch (van den Oord et al. 2018, arXiv:1807.03748; both directions as in CLIP), a batch being
blocks of pairs from one repository each, so that most negatives are hard ones from the same code base. The document's vector
is `normalise(text + 0.5 · path)` as the engine's, for a part of the pairs. Adam updates only the rows that occur. The start
is random unit vectors × idf, or an earlier model: tokens that it has keep their vector, others begin as the sum of the
pieces into which it would cut them, or at random.
"""

from dataclasses import asdict, dataclass, field

import numpy as np

from .corpus import HUMANS, KINDS
from .pooling import adam, by_token, frequency_weights, mask_and_scale, pool, softmax_gradient, through_normalise
from .tokenizer import cut

PATH_WEIGHT = np.float32(0.5)


@dataclass
class Recipe:
    """What can be chosen about a training."""

    dims: int = 256
    batch: int = 2048
    block: int = 1024
    """Pairs of one repository that come together: negatives are hard if they are of the same code base."""
    steps: int = 1600
    rate: float = 2e-3
    old_rate: float = 1.0
    """Factor on the rate of tokens that an earlier model gave."""
    temperature: float = 0.08
    drop: float = 0.1
    """Share of a text's tokens left out in an epoch."""
    path: float = 0.5
    """Share of the pairs whose document has its path."""
    flatten: float = 0.3
    """Languages are drawn with probability ∝ pairs^(1 − flatten)."""
    seed: int = 0
    kinds: dict = field(
        default_factory=lambda: {
            "doc": 1.0, "classdoc": 1.3, "classpart": 1.3, "name": 0.6, "inline": 0.5, "test": 1.0, "path": 0.7,
            "moddoc": 1.3, "md": 1.0, "mdtext": 0.5, "par": 1.0, "parcode": 1.0, "commit": 0.4,
        }
    )
    humans: dict = field(default_factory=lambda: {"en": 1.0, "ko": 2.0, "ja": 1.0, "zh": 1.0, "de": 1.0})


class Texts:
    """Tokens of one side of all pairs."""

    def __init__(self, arrays, side):
        self.ids, self.ends = arrays[side + "i"], arrays[side + "p"]
        self.full = self.weights = frequency_weights(arrays[side + "c"])

    def drop(self, share, rng):
        if share > 0:
            self.weights = self.full * (rng.random(len(self.full), dtype="f4") > share)

    def vectors(self, table, rows, norms=None):
        out = np.zeros((len(rows), table.shape[1]), "f4")
        pool(table, self.ids, self.weights, self.ends, rows, out, np.zeros(len(rows), "f4") if norms is None else norms)
        return out


def start(arrays, pieces, recipe, earlier=None):
    """(table, rates): the vectors to begin with and each token's learning rate. `earlier`: (pieces, table) of a model."""
    rng = np.random.default_rng(recipe.seed)
    tokens, pairs = len(pieces), len(arrays["repo"])
    documents = np.bincount(arrays["di"], minlength=tokens) + np.bincount(arrays["qi"], minlength=tokens)
    idf = np.clip(np.log((2 * pairs + 1) / (documents + 1)), 0.3, None).astype("f4")
    table = rng.standard_normal((tokens, recipe.dims)).astype("f4")
    table *= (idf / idf.mean() / np.linalg.norm(table, axis=1))[:, None]
    rates = np.full(tokens, recipe.rate, "f4")
    if earlier:
        place = {piece: i for i, piece in enumerate(earlier[0])}
        size = np.float32(np.linalg.norm(earlier[1], axis=1).mean())
        old = earlier[1] / size
        table *= 0.5
        for i, piece in enumerate(pieces):
            known = [place[piece]] if piece in place else []
            if not known and not piece.startswith("##") and len(piece) > 3:
                known = [place[p] for p in cut(piece, place) or ()]
            if known:
                table[i] = old[known].sum(0)
                rates[i] *= recipe.old_rate if len(known) == 1 else 1.0
    table[:2] = 0
    return table, rates


def probabilities(arrays, recipe, held_out):
    """How often a pair is drawn in an epoch, on average."""
    by_kind = np.array([recipe.kinds[kind] for kind in KINDS])
    by_human = np.array([recipe.humans[human] for human in HUMANS])
    counts = np.bincount(arrays["lang"]).astype("f8")
    by_language = np.where(counts > 0, (counts / counts.max() + 1e-9) ** -recipe.flatten, 0)
    by_language /= np.average(by_language, weights=counts)
    chance = by_kind[arrays["kind"]] * by_human[arrays["human"]] * by_language[arrays["lang"]]
    return np.where(held_out[arrays["repo"]], 0, np.minimum(chance, 3))


def batches(arrays, chance, recipe, rng):
    """Batches of pair numbers of one epoch: blocks of `block` pairs of one repository, in random order."""
    drawn = np.repeat(np.arange(len(chance)), np.floor(chance + rng.random(len(chance))).astype(int))
    rng.shuffle(drawn)
    drawn = drawn[np.argsort(arrays["repo"][drawn], kind="stable")]
    edges = np.flatnonzero(np.diff(arrays["repo"][drawn])) + 1
    blocks = [part[at : at + recipe.block] for part in np.split(drawn, edges) for at in range(0, len(part), recipe.block)]
    mixed = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    for at in range(0, len(mixed) - recipe.batch + 1, recipe.batch):
        yield mixed[at : at + recipe.batch]


def train(arrays, pieces, recipe, held_out, earlier=None, report=lambda step, loss, table: None):
    """The token table, f32 [tokens, dims]. `held_out`: which repositories are not to be used."""
    table, rates = start(arrays, pieces, recipe, earlier)
    rng = np.random.default_rng(recipe.seed + 1)
    queries, documents, paths = Texts(arrays, "q"), Texts(arrays, "d"), Texts(arrays, "p")
    moments, squares, updates = np.zeros_like(table), np.zeros_like(table), np.zeros(len(table), "i4")
    chance = probabilities(arrays, recipe, held_out)
    if chance.sum() < recipe.batch:
        raise ValueError(f"only {int(chance.sum())} pairs to draw from, and a batch has {recipe.batch}")
    step, loss = 0, 0.0
    while step < recipe.steps:
        for side in (queries, documents):
            side.drop(recipe.drop, rng)
        for rows in batches(arrays, chance, recipe, rng):
            if step == recipe.steps:
                break
            rate = min(1, (step + 1) / 30) * (1 - step / recipe.steps)
            loss += _step(table, (moments, squares, updates), (queries, documents, paths), arrays["origin"], rows, recipe,
                          rates * np.float32(rate), rng)
            step += 1
            if step % 50 == 0:
                report(step, loss / 50, table)
                loss = 0.0
    table[:2] = 0
    return table


def _step(table, state, texts, file, rows, recipe, rates, rng):
    """One step; returns the loss."""
    queries, documents, paths = texts
    n = len(rows)
    norm_q, norm_d, norm_p = (np.zeros(n, "f4") for _ in range(3))
    q = queries.vectors(table, rows, norm_q)
    d = documents.vectors(table, rows, norm_d)
    p = paths.vectors(table, rows, norm_p)
    share = PATH_WEIGHT * (rng.random(n) < recipe.path).astype("f4")[:, None]
    mixed = d + share * p
    norm_m = np.linalg.norm(mixed, axis=1) + np.float32(1e-6)
    mixed /= norm_m[:, None]

    s = q @ mixed.T
    mask_and_scale(s, file[rows], recipe.temperature)
    np.exp(s, out=s)
    right, row_sums, column_sums = np.diag(s).copy(), s.sum(1), s.sum(0)
    loss = float(np.mean(-0.5 * np.log(right / row_sums) - 0.5 * np.log(right / column_sums)))
    softmax_gradient(s, row_sums, column_sums)
    s *= np.float32(1 / recipe.temperature)

    gradient_q = through_normalise(s @ mixed, q, norm_q + np.float32(1e-3))
    gradient_m = through_normalise(s.T @ q, mixed, norm_m)
    gradient_p = through_normalise(share * gradient_m, p, norm_p + np.float32(1e-3))
    gradient_d = through_normalise(gradient_m, d, norm_d + np.float32(1e-3))
    sides = tuple((side.ids, side.weights, side.ends, rows) for side in texts)
    ends, rows_of, weights_of = by_token(len(table), sides)
    gradients = np.concatenate([gradient_q, gradient_d, gradient_p])
    adam(table, *state, ends, rows_of, weights_of, gradients, rates, 0.9, 0.99)
    return loss


def facts(recipe):
    """The recipe as a plain dictionary."""
    return asdict(recipe)
