"""The answer to a query."""

from __future__ import annotations

from html import escape
from typing import Iterable

from cogo._cogo import Hit

__all__ = ["Hit", "Hits"]

# Lines of a hit that Jupyter shows.
_LINES = 8


class Hits(tuple[Hit, ...]):
    """Hits, best first. A tuple; Jupyter shows it as a table.

    Attributes:
        elapsed_us: Microseconds that the engine took.
        degraded: Why the answer is not what it could be (a large model that cannot be used); else `None`.
    """

    elapsed_us: int
    degraded: str | None

    def __new__(cls, hits: Iterable[Hit], elapsed_us: int = 0, degraded: str | None = None) -> Hits:
        self = super().__new__(cls, hits)
        self.elapsed_us = elapsed_us
        self.degraded = degraded
        return self

    def __repr__(self) -> str:
        if not self:
            return "<Hits: none>"
        return "\n".join(f"{rank:2}. {_place(hit)}  {hit.symbol or ''}  {hit.score:.2f}" for rank, hit in enumerate(self, 1))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{rank}</td><td>{escape(_place(hit))}</td><td>{escape(hit.symbol or '')}</td>"
            f"<td>{hit.score:.2f}</td><td><pre>{escape(_beginning(hit.text))}</pre></td></tr>"
            for rank, hit in enumerate(self, 1)
        )
        head = "<tr><th></th><th>place</th><th>symbol</th><th>score</th><th>text</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if self else "<i>no hits</i>"


def _place(hit: Hit) -> str:
    return f"{hit.path}:{hit.start_line}-{hit.end_line}"


def _beginning(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:_LINES], "…"] if len(lines) > _LINES else lines)
