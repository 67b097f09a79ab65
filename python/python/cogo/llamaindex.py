"""A retriever for LlamaIndex: `pip install "cogo[llamaindex]"`."""

from __future__ import annotations

from typing import Any, List

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from cogo.hits import Hits
from cogo.index import Index

__all__ = ["CogoRetriever"]


class CogoRetriever(BaseRetriever):
    """Finds pieces of files in an index.

    The text of a node is the hit's; its metadata are `path`, `start_line`, `end_line`, `symbol`, `kind` and `language`.
    """

    def __init__(self, index: Index, k: int = 10, **search: Any) -> None:
        """A retriever.

        Args:
            index: The index.
            k: At most so many nodes.
            **search: More keyword arguments of `Index.search`.
        """
        self._index, self._k, self._search = index, k, search
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> List[NodeWithScore]:
        return _nodes(self._index.search(query_bundle.query_str, limit=self._k, **self._search))

    async def _aretrieve(self, query_bundle: QueryBundle) -> List[NodeWithScore]:
        return _nodes(await self._index.asearch(query_bundle.query_str, limit=self._k, **self._search))


def _nodes(hits: Hits) -> List[NodeWithScore]:
    return [
        NodeWithScore(
            node=TextNode(
                # The same place has the same id.
                id_=f"{hit.path}:{hit.start_line}-{hit.end_line}",
                text=hit.text,
                metadata={
                    "path": hit.path,
                    "start_line": hit.start_line,
                    "end_line": hit.end_line,
                    "symbol": hit.symbol,
                    "kind": hit.kind,
                    "language": hit.language,
                },
            ),
            score=hit.score,
        )
        for hit in hits
    ]
