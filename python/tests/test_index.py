"""Indexing, searching, and what users see of it."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import cogo


def test_three_lines_find_a_function(repository: Path) -> None:
    index = cogo.Index.build(repository)
    hits = index.search("the sum of all prices")
    assert hits[0].path == "shop/basket.py"

    assert isinstance(hits, tuple)
    assert "Basket" in (hits[0].symbol or "")
    assert hits[0].kind in {"class", "method"}
    assert (hits[0].language, 1 <= hits[0].start_line <= hits[0].end_line) == ("python", True)
    assert "sum(self.prices)" in hits[0].text
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert hits.degraded is None
    assert hits.elapsed_us > 0


def test_arguments_reach_the_engine(index: cogo.Index) -> None:
    assert len(index.search("basket", limit=1)) == 1
    assert {hit.path for hit in index.search("basket", paths=["*.md"])} == {"README.md"}
    assert {hit.language for hit in index.search("basket", languages=["md"])} == {"markdown"}
    assert index.search("Basket", mode="symbol")[0].symbol == "Basket"
    assert index.search("adds the tax", unit="definition", kinds=["function"])[0].symbol == "apply_tax"
    terms = index.search("basket", explain=True)[0].terms
    assert terms and sum(value * weight for _, value, weight in terms) != 0
    assert index.search("basket")[0].terms == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"text": "  "}, "empty"),
        ({"text": "x", "limit": 0}, "limit"),
        ({"text": "x", "limit": -1}, "limit"),
        ({"text": "x", "limit": 10**9}, "limit"),
        ({"text": "x", "mode": "lexcal"}, "did you mean `lexical`"),
        ({"text": "x", "unit": "chunk"}, "unit"),
        ({"text": "x", "languages": ["pyton"]}, "did you mean `python`"),
        ({"text": "x", "kinds": ["functoin"]}, "did you mean `function`"),
        ({"text": "x", "paths": ["[a"]}, "\\[a"),
    ],
)
def test_wrong_arguments_are_query_errors(index: cogo.Index, arguments: dict, reason: str) -> None:
    with pytest.raises(cogo.QueryError, match=reason) as caught:
        index.search(**arguments)
    assert isinstance(caught.value, (cogo.Error, ValueError))


def test_one_text_is_no_list_of_texts(index: cogo.Index) -> None:
    with pytest.raises(TypeError, match="paths"):
        index.search("x", paths="*.py")


def test_related_finds_neighbours_of_a_place(index: cogo.Index) -> None:
    assert "shop/basket.py" not in {hit.path for hit in index.related("shop/basket.py", 11, limit=1)}
    with pytest.raises(cogo.QueryError):
        index.related("nowhere.py", 1)


def test_refresh_sees_changes_and_open_does_not_look(index: cogo.Index, repository: Path) -> None:
    (repository / "shop/discount.py").write_text("def seasonal_discount(price):\n    return price * 0.9\n")
    assert index.status()["pending"] == {"added": 1, "changed": 0, "removed": 0}
    assert "shop/discount.py" not in {hit.path for hit in cogo.Index.open(repository).search("seasonal discount")}
    report = index.refresh()
    assert (report["indexed"], report["unchanged"], report["files"]) == (1, False, 6)
    assert index.search("seasonal discount")[0].path == "shop/discount.py"
    assert index.refresh()["files"] == 6
    assert index.status()["up_to_date"]
    rebuilt = index.refresh(rebuild=True)
    assert rebuilt["indexed"] == 6
    assert index.search("seasonal discount")[0].path == "shop/discount.py"


def test_an_index_may_lie_elsewhere(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("elsewhere") / "index"
    cogo.Index.build(repository, index_dir=folder)
    assert not (repository / ".cogo").exists()
    assert cogo.Index.open(repository, index_dir=folder).search("tax")
    assert cogo.Index.open(repository, index_dir=folder).root == repository


def test_context_keeps_to_its_tokens_and_is_a_prompt(index: cogo.Index) -> None:
    context = index.context("how is the total of a basket made?", tokens=300)
    assert 0 < context.tokens <= 300
    assert context.blocks[0].level == "body"
    assert context.blocks[0].path in str(context)
    assert "apply_tax" in str(context)
    with pytest.raises(cogo.QueryError):
        index.context(" ")


def test_reprs_say_what_it_is_and_html_is_escaped(index: cogo.Index, repository: Path) -> None:
    hits = index.search("render alert script", paths=["page.py"])
    assert repr(hits[0]).startswith("<Hit shop/page.py:1-2 render ")
    assert "shop/page.py:1-2" in repr(hits)
    html = hits._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;alert(1)" in html
    assert repr(index) == f"<Index of {repository}>"
    assert "python 4" in index._repr_html_()
    assert repr(cogo.Hits([])) == "<Hits: none>"
    assert cogo.Hits([])._repr_html_() == "<i>no hits</i>"


def test_hits_cannot_be_changed(index: cogo.Index) -> None:
    with pytest.raises(AttributeError):
        index.search("basket")[0].path = "x"  # type: ignore[misc]


def test_async_variants_answer_the_same(repository: Path) -> None:
    async def both() -> None:
        index = await cogo.Index.abuild(repository)
        first, second = await asyncio.gather(index.asearch("tax"), index.asearch("basket", limit=1))
        assert [hit.path for hit in first] == [hit.path for hit in index.search("tax")]
        assert len(second) == 1
        assert await index.arelated("shop/tax.py", 4)
        assert (await index.acontext("tax")).blocks
        assert (await index.astatus())["files"] == 5
        assert (await index.arefresh())["files"] == 5

    asyncio.run(both())


def test_an_index_is_pickled_by_its_path(index: cogo.Index) -> None:
    copy = pickle.loads(pickle.dumps(index))
    assert copy.root == index.root
    assert copy.search("tax")[0].path == index.search("tax")[0].path


def test_importing_is_fast_and_needs_no_adapter(repository: Path) -> None:
    code = "import sys, cogo; print([m for m in ('langchain_core', 'llama_index', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
