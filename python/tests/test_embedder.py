"""The bundled model."""

from __future__ import annotations

import numpy as np
import pytest

import cogo


@pytest.fixture(scope="module")
def embedder() -> cogo.Embedder:
    return cogo.Embedder()


def test_rows_are_unit_vectors(embedder: cogo.Embedder) -> None:
    rows = embedder.embed(["open a file", "read from a file", "the weather in May", ""])
    assert (rows.shape, rows.dtype) == ((4, embedder.dimensions), np.float32)
    assert embedder.dimensions == 256
    np.testing.assert_allclose(np.linalg.norm(rows[:3], axis=1), 1, atol=1e-5)
    assert not rows[3].any()
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_nothing_is_copied_and_the_array_is_the_callers(embedder: cogo.Embedder) -> None:
    rows = embedder.embed(["a file"])
    assert rows.flags.c_contiguous and rows.flags.writeable
    # The memory belongs to Rust, which lends it for as long as the array lives: a copy would own its data.
    assert not rows.flags.owndata and rows.base is not None
    del embedder
    rows[0, 0] = 7
    assert rows[0, 0] == 7


def test_batches_are_the_same_as_single_texts(embedder: cogo.Embedder) -> None:
    texts = [f"text number {number} 한국어" for number in range(2500)]
    rows = embedder.embed(texts)
    for number in [0, 1023, 1024, 2499]:
        np.testing.assert_array_equal(rows[number], embedder.embed([texts[number]])[0])


def test_no_texts_are_no_rows(embedder: cogo.Embedder) -> None:
    assert embedder.embed([]).shape == (0, 256)
    with pytest.raises(TypeError):
        embedder.embed("one text")
