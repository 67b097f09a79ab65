"""A text's vector from its tokens, as the engine makes it, and the gradients back to the token table.

vector(text) = normalise(Σ over distinct tokens of (1 + ln count) · E[token]). Compiled by numba: the loops are over rows of
different lengths, which matrix libraries do badly.
"""

import numba
import numpy as np


@numba.njit(parallel=True, fastmath=True)
def pool(table, ids, weights, ends, rows, out, norms):
    """Unit vectors of the texts `rows` into `out`, their lengths before into `norms`; a text without tokens is zero."""
    dims = table.shape[1]
    for r in numba.prange(len(rows)):
        i = rows[r]
        total = np.zeros(dims, np.float32)
        for j in range(ends[i], ends[i + 1]):
            row, f = table[ids[j]], weights[j]
            for k in range(dims):
                total[k] += f * row[k]
        square = np.float32(1e-12)
        for k in range(dims):
            square += total[k] * total[k]
        length = np.sqrt(square)
        norms[r] = length
        for k in range(dims):
            out[r, k] = total[k] / length


def frequency_weights(counts):
    """1 + ln count."""
    return (1 + np.log(counts)).astype("f4")


@numba.njit
def by_token(tokens, sides):
    """Turns rows of tokens around: for every token the rows (of all sides, one after the other) it stands in.

    `sides`: tuple of (ids, weights, ends, rows). Returns (ends, rows, weights) by token.
    """
    ends = np.zeros(tokens + 1, np.int64)
    for ids, _, text_ends, rows in sides:
        for r in range(len(rows)):
            for j in range(text_ends[rows[r]], text_ends[rows[r] + 1]):
                ends[ids[j] + 1] += 1
    for token in range(tokens):
        ends[token + 1] += ends[token]
    free = ends[:-1].copy()
    rows_of = np.empty(ends[tokens], np.int32)
    weights_of = np.empty(ends[tokens], np.float32)
    first = 0
    for ids, weights, text_ends, rows in sides:
        for r in range(len(rows)):
            for j in range(text_ends[rows[r]], text_ends[rows[r] + 1]):
                token = ids[j]
                rows_of[free[token]] = first + r
                weights_of[free[token]] = weights[j]
                free[token] += 1
        first += len(rows)
    return ends, rows_of, weights_of


@numba.njit(parallel=True, fastmath=True)
def adam(table, moments, squares, steps, ends, rows, weights, gradients, rates, beta1, beta2):
    """One step of Adam (Kingma & Ba 2015) for the tokens that occur; `rates`: learning rate of each token."""
    dims = table.shape[1]
    for token in numba.prange(table.shape[0]):
        if ends[token + 1] > ends[token]:
            g = np.zeros(dims, np.float32)
            for j in range(ends[token], ends[token + 1]):
                row, f = gradients[rows[j]], weights[j]
                for k in range(dims):
                    g[k] += f * row[k]
            steps[token] += 1
            bias1 = np.float32(1 - np.exp(steps[token] * np.log(beta1)))
            bias2 = np.float32(1 - np.exp(steps[token] * np.log(beta2)))
            for k in range(dims):
                m = np.float32(beta1) * moments[token, k] + np.float32(1 - beta1) * g[k]
                v = np.float32(beta2) * squares[token, k] + np.float32(1 - beta2) * g[k] * g[k]
                moments[token, k] = m
                squares[token, k] = v
                table[token, k] -= rates[token] * (m / bias1) / (np.sqrt(v / bias2) + np.float32(1e-9))


@numba.njit(parallel=True, fastmath=True)
def mask_and_scale(similarity, file, temperature):
    """(s − 1) / temperature, in place; pairs of one file are no negatives of each other."""
    n = similarity.shape[0]
    for i in numba.prange(n):
        for j in range(n):
            if file[i] == file[j] and i != j:
                similarity[i, j] = np.float32(-60.0)
            else:
                similarity[i, j] = (similarity[i, j] - np.float32(1.0)) * np.float32(1.0 / temperature)


@numba.njit(parallel=True, fastmath=True)
def softmax_gradient(exponentials, row_sums, column_sums):
    """Gradient of the symmetric loss by the scaled similarities, in place."""
    n = exponentials.shape[0]
    for i in numba.prange(n):
        by_row = np.float32(0.5) / row_sums[i]
        for j in range(n):
            exponentials[i, j] *= by_row + np.float32(0.5) / column_sums[j]
        exponentials[i, i] -= np.float32(1.0)


def through_normalise(gradient, unit, lengths):
    """The gradient before normalising, from that after."""
    gradient -= (gradient * unit).sum(1, keepdims=True) * unit
    gradient /= lengths[:, None]
    return gradient
