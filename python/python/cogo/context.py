"""Context for a language model."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Block", "Context"]


@dataclass(frozen=True)
class Block:
    """A piece of a context.

    Attributes:
        path: Relative to the repository, with `/` separators.
        start_line: First line, from 1.
        end_line: Last line, inclusive.
        level: How much is shown: `body`, `skeleton` or `signature`.
        reason: Why it is here: `hit 1`, `used by Foo.bar (proven)`.
        text: The text.
    """

    path: str
    start_line: int
    end_line: int
    level: str
    reason: str
    text: str


@dataclass(frozen=True)
class Context:
    """What answers a question, within a number of tokens. `str()` of it is meant for a prompt.

    Attributes:
        blocks: What fits, the most important first.
        tokens: Estimated tokens of the blocks, four bytes each.
        paths: How the best hits hang together: `checkout -call-> total`.
        omitted: `path:first-last` of hits that did not fit.
    """

    blocks: tuple[Block, ...]
    tokens: int
    paths: tuple[str, ...]
    omitted: tuple[str, ...]

    @classmethod
    def _read(cls, text: str) -> Context:
        read = json.loads(text)
        blocks = tuple(Block(**block) for block in read["blocks"])
        return cls(blocks, read["tokens"], tuple(read["paths"]), tuple(read["omitted"]))

    def __str__(self) -> str:
        parts = [f"{b.path}:{b.start_line}-{b.end_line} ({b.reason})\n{b.text}" for b in self.blocks]
        return "\n\n".join([*parts, *self.paths])
