"""What a user's program looks like to `mypy --strict`. Not run, only checked."""

from __future__ import annotations

from typing import List, Optional

import numpy as np

import cogo


def places(path: str) -> List[str]:
    index = cogo.Index.build(path, threads=2)
    hits: cogo.Hits = index.search("where are cookies signed", mode="lexical", unit="definition")
    first: Optional[str] = hits[0].symbol
    callers: cogo.answers.Uses = index.graph.callers(first or "main")
    names: List[str] = [found["name"] for found in callers["found"]]
    return names + [f"{hit.path}:{hit.start_line}" for hit in hits]


def similarity(a: str, b: str) -> float:
    rows = cogo.Embedder().embed([a, b])
    checked: np.ndarray[tuple[int, int], np.dtype[np.float32]] = rows
    return float(checked[0] @ checked[1])


async def later(index: cogo.Index) -> cogo.Context:
    try:
        return await index.acontext("how is the total made", tokens=1000)
    except cogo.QueryError as error:
        print(error.message, error.hint)
        raise


def wrong(index: cogo.Index) -> None:
    index.search("x", mode="fuzzy")  # type: ignore[arg-type]
    index.search(7)  # type: ignore[arg-type]
    index.graph.callers("x")["nothing"]  # type: ignore[typeddict-item]
    index.search("x")[0].path = "y"  # type: ignore[misc]
