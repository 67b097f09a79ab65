"""The compiled half. Use `cogo.Index` and `cogo.Embedder` instead."""

from os import PathLike
from pathlib import Path
from typing import final

import numpy as np

__version__: str
__all__ = ["Embedder", "Engine", "Hit", "__version__"]

_Answer = tuple[list[Hit], int, str | None]

@final
class Hit:
    """A piece of a file that answers a query."""

    @property
    def path(self) -> str:
        """Relative to the repository, with `/` separators."""
    @property
    def start_line(self) -> int:
        """First line, from 1."""
    @property
    def end_line(self) -> int:
        """Last line, inclusive."""
    @property
    def score(self) -> float:
        """Higher is better; comparable within one answer only."""
    @property
    def symbol(self) -> str | None:
        """Qualified name of the definition that the piece is, begins, or lies in."""
    @property
    def kind(self) -> str | None:
        """Kind of that definition: `function`, `class`, …"""
    @property
    def language(self) -> str:
        """Language of the file."""
    @property
    def text(self) -> str:
        """The text."""
    @property
    def terms(self) -> list[tuple[str, float, float]]:
        """Name, value and weight of each term of the score; empty unless the query asked to explain."""

@final
class Embedder:
    def __new__(cls) -> Embedder: ...
    @property
    def name(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    def embed(self, texts: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]: ...

@final
class Engine:
    def __new__(cls, path: str | PathLike[str], settings: str) -> Engine: ...
    @property
    def root(self) -> Path: ...
    def open(self) -> None: ...
    def refresh(self, rebuild: bool, wait: bool) -> str: ...
    def status(self) -> str: ...
    def search(
        self,
        text: str,
        *,
        limit: int,
        mode: str,
        unit: str,
        paths: list[str],
        languages: list[str],
        kinds: list[str],
        explain: bool,
    ) -> _Answer: ...
    def related(self, path: str, line: int, limit: int) -> _Answer: ...
    def context(self, question: str, tokens: int) -> str: ...
    def uses(
        self, question: str, symbol: str, depth: int | None, proven: bool, limit: int
    ) -> str: ...
    def neighbors(self, symbol: str, relations: list[str], depth: int, proven: bool, limit: int) -> str: ...
    def way(self, from_: str, to: str, depth: int | None, proven: bool) -> str: ...
    def impact(self, places: list[str], diff: str | None, depth: int, proven: bool, limit: int) -> str: ...
    def overview(self, limit: int) -> str: ...
    def communities(self, limit: int) -> str: ...
    def explain(self, symbol: str, limit: int) -> str: ...
    def question(self, question: str, scope: str | None, limit: int) -> str: ...
