"""The bundled embedding model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from cogo import _cogo

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Embedder"]


class Embedder:
    """The static model that is part of every index: microseconds per text, nothing to download."""

    def __init__(self) -> None:
        self._model = _cogo.Embedder()

    @property
    def name(self) -> str:
        """Names the model and its weights; vectors of different names cannot be compared."""
        return self._model.name

    @property
    def dimensions(self) -> int:
        """Length of every vector: 256."""
        return self._model.dimensions

    def embed(self, texts: Iterable[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """Embeds texts.

        Args:
            texts: Any number of texts. A single `str` is refused, because it is an iterable of letters.

        Returns:
            Array of shape `(len(texts), dimensions)`, float32, C order. Rows have length 1 (their dot product is the cosine), or are
            zeros if the model knows nothing in the text. The array owns the memory that the model wrote to; nothing is copied.
        """
        if isinstance(texts, str):
            raise TypeError("`texts` must be a list of texts, not one text")
        return self._model.embed(list(texts))

    def __repr__(self) -> str:
        return f"<Embedder {self.name}, {self.dimensions} dimensions>"
