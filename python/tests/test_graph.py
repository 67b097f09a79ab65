"""The graph, and that its answers have the shapes that their types promise."""

from __future__ import annotations

import typing
from typing import Any

import pytest

import cogo
from cogo import answers


def check(value: Any, shape: Any, where: str = "answer") -> None:
    """Compares a value with a type: the same keys, and values of the right types, all the way down."""
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if hasattr(shape, "__total__"):
        hints = typing.get_type_hints(shape)
        assert shape.__required_keys__ <= set(value) <= set(hints), where
        for key in value:
            check(value[key], hints[key], f"{where}.{key}")
    elif origin is list:
        for item in value:
            check(item, inner[0], f"{where}[]")
    elif origin is dict:
        for key, item in value.items():
            check(item, inner[1], f"{where}[{key}]")
    elif origin is typing.Union:
        if value is not None:
            check(value, inner[0], where)
    else:
        assert isinstance(value, shape), f"{where}: {value!r}"


def test_callers_and_callees(index: cogo.Index) -> None:
    callers = index.graph.callers("apply_tax")
    check(callers, answers.Uses)
    assert [(found["name"], found["proven"]) for found in callers["found"]] == [("Basket.total", True)]
    assert (callers["proven"], callers["unresolved_total"]) == (1, 0)
    assert "apply_tax" in {found["name"] for found in index.graph.callees("Basket.total")["found"]}


@pytest.mark.parametrize("question", ["references", "imports", "implementations", "tests"])
def test_other_questions_about_a_symbol(index: cogo.Index, question: str) -> None:
    check(getattr(index.graph, question)("Basket", depth=2, proven=True, limit=5), answers.Uses)


def test_tests_reach_through_calls(index: cogo.Index) -> None:
    assert "test_total" in {found["name"] for found in index.graph.tests("apply_tax")["found"]}


def test_every_answer_has_its_shape(index: cogo.Index) -> None:
    graph = index.graph
    check(graph.neighbors("Basket"), answers.Neighbors)
    check(graph.path("test_total", "apply_tax"), typing.List[answers.Step])
    check(graph.impact(["shop/tax.py:4"]), answers.Impact)
    check(graph.overview(), answers.Overview)
    check(graph.communities(), answers.Communities)
    check(graph.explain("Basket.total"), answers.Explained)
    for scope in ["global", "local", "drift", None]:
        check(graph.ask("how is Basket.total made?", scope=scope), answers.Asked)
    check(index.status(), answers.Status)
    check(index.refresh(), answers.Report)


def test_a_way_leads_from_a_test_to_what_it_tests(index: cogo.Index) -> None:
    names = [step["name"] for step in index.graph.path("test_total", "apply_tax")]
    assert (names[0], names[-1]) == ("test_total", "apply_tax")
    assert index.graph.path("apply_tax", "test_total") == []


def test_impact_of_a_diff(index: cogo.Index) -> None:
    diff = "--- a/shop/tax.py\n+++ b/shop/tax.py\n@@ -4,3 +4,3 @@\n+    return 0\n"
    impact = index.graph.impact(diff=diff)
    assert "Basket.total" in {found["name"] for found in impact["affected"]}
    assert "test_total" in {found["name"] for found in impact["tests"]}


def test_what_is_not_one_thing_is_an_error(index: cogo.Index) -> None:
    with pytest.raises(cogo.NotFoundError, match="nothing is called"):
        index.graph.callers("nonsense")
    with pytest.raises(cogo.QueryError):
        index.graph.callers("Basket", depth=65)
    with pytest.raises(cogo.QueryError):
        index.graph.impact([])
    with pytest.raises(cogo.QueryError, match="no place"):
        index.graph.impact(["a:x"])
    with pytest.raises(cogo.NotFoundError):
        index.graph.impact(["nowhere.py"])
    with pytest.raises(cogo.QueryError, match="relation"):
        index.graph.neighbors("Basket", relations=["loves"])
    with pytest.raises(cogo.QueryError, match="scope"):
        index.graph.ask("x", scope="wide")  # type: ignore[arg-type]


def test_a_name_of_several_things_says_where_they_are(index: cogo.Index) -> None:
    root = index.root
    for name in ["a", "b"]:
        (root / f"{name}.py").write_text("def twice():\n    return 2\n")
    index.refresh()
    with pytest.raises(cogo.AmbiguousError, match="2 things") as caught:
        index.graph.callers("twice")
    assert "a.py:1" in (caught.value.hint or "") and "b.py:1" in (caught.value.hint or "")
    assert index.graph.callers("a.py:1")["symbol"]["path"] == "a.py"
