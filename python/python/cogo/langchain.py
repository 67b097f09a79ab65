"""A retriever for LangChain: `pip install "cogo[langchain]"`."""

from __future__ import annotations

from typing import Any, Dict, List

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from cogo.hits import Hits
from cogo.index import Index

__all__ = ["CogoRetriever"]


class CogoRetriever(BaseRetriever):
    """Finds pieces of files in an index.

    The text of a document is the hit's; its metadata are `source` (the path), `start_line`, `end_line`, `symbol`, `kind`, `language` and
    `score`.

    Attributes:
        index: The index.
        k: At most so many documents.
        search: More keyword arguments of `Index.search`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    k: int = 10
    search: Dict[str, Any] = Field(default_factory=dict)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> List[Document]:
        return _documents(self.index.search(query, limit=self.k, **self.search))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> List[Document]:
        return _documents(await self.index.asearch(query, limit=self.k, **self.search))


def _documents(hits: Hits) -> List[Document]:
    return [
        Document(
            page_content=hit.text,
            metadata={
                "source": hit.path,
                "start_line": hit.start_line,
                "end_line": hit.end_line,
                "symbol": hit.symbol,
                "kind": hit.kind,
                "language": hit.language,
                "score": hit.score,
            },
        )
        for hit in hits
    ]
