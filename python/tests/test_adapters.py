"""Retrievers of LangChain and LlamaIndex, with the real packages."""

from __future__ import annotations

import asyncio

import pytest

import cogo


def test_langchain(index: cogo.Index) -> None:
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    from cogo.langchain import CogoRetriever

    retriever = CogoRetriever(index=index, k=2, search={"languages": ["python"]})
    documents = retriever.invoke("the sum of all prices")
    assert len(documents) == 2
    assert documents[0].metadata["source"] == "shop/basket.py"
    assert documents[0].metadata["start_line"] >= 1
    assert "sum(self.prices)" in documents[0].page_content
    assert asyncio.run(retriever.ainvoke("the sum of all prices")) == documents


def test_llamaindex(index: cogo.Index) -> None:
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from cogo.llamaindex import CogoRetriever

    retriever = CogoRetriever(index, k=2, languages=["python"])
    nodes = retriever.retrieve("the sum of all prices")
    assert len(nodes) == 2
    assert nodes[0].node.metadata["path"] == "shop/basket.py"
    assert nodes[0].score > nodes[1].score
    again = asyncio.run(retriever.aretrieve("the sum of all prices"))
    assert [node.node.node_id for node in again] == [node.node.node_id for node in nodes]
