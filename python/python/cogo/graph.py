"""Questions to the graph of an index: who uses what, and how sure that is."""

from __future__ import annotations

import json
from typing import Iterable, List, Literal, cast

from cogo import answers
from cogo._handle import Handle

__all__ = ["Graph"]

_Question = Literal["callers", "callees", "references", "imports", "implementations", "tests"]


class Graph:
    """The graph of an index; get it from `Index.graph`.

    A symbol is given as a name, `Class.method`, a path, or `path:line`. `depth` is a number of links, at most 64. With `proven`
    only proven links count. `limit` is the most that is returned of each sort, from 1 to 10000. The first question after a change of files
    makes the graph, which takes about a second per million lines.

    Answers are dictionaries, described in `cogo.answers`. All methods raise `NotFoundError` or `AmbiguousError` if a symbol is not one
    thing, `NotIndexedError` without an index, and `QueryError` for arguments out of range.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def callers(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """Who calls it; over one link, if `depth` does not say otherwise."""
        return self._uses("callers", symbol, depth, proven, limit)

    def callees(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """What it calls; over one link, if `depth` does not say otherwise."""
        return self._uses("callees", symbol, depth, proven, limit)

    def references(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """Who uses it in any way; over one link, if `depth` does not say otherwise."""
        return self._uses("references", symbol, depth, proven, limit)

    def imports(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """What it imports, or needs from outside; over one link, if `depth` does not say otherwise."""
        return self._uses("imports", symbol, depth, proven, limit)

    def implementations(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """What implements, extends or overrides it; over eight links, if `depth` does not say otherwise."""
        return self._uses("implementations", symbol, depth, proven, limit)

    def tests(
        self, symbol: str, *, depth: int | None = None, proven: bool = False, limit: int = 100
    ) -> answers.Uses:
        """Tests that reach it; over eight links, if `depth` does not say otherwise."""
        return self._uses("tests", symbol, depth, proven, limit)

    def _uses(self, question: _Question, symbol: str, depth: int | None, proven: bool, limit: int) -> answers.Uses:
        answer = self._handle.engine.uses(question, symbol, depth, proven, limit)
        return cast(answers.Uses, json.loads(answer))

    def neighbors(
        self, symbol: str, *, relations: Iterable[str] = (), depth: int = 1, proven: bool = False, limit: int = 100
    ) -> answers.Neighbors:
        """Everything that a node hangs together with; also of folders, packages and concepts.

        Args:
            symbol: The node.
            relations: Only these: `call`, `import`, `inherit`, `type`, `override`, `mention`, `depend`, `co-change`,
                `relate`, `similar`, `route`, `read`, `set`.
            depth: Links far.
            proven: Only proven links.
            limit: At most so many of each sort.
        """
        answer = self._handle.engine.neighbors(symbol, list(relations), depth, proven, limit)
        return cast(answers.Neighbors, json.loads(answer))

    def path(
        self, start: str, end: str, *, depth: int | None = None, proven: bool = False
    ) -> List[answers.Step]:
        """A shortest way of uses from one symbol to another; empty if there is none of at most `depth` (8) links."""
        return cast(List[answers.Step], json.loads(self._handle.engine.way(start, end, depth, proven)))

    def impact(
        self,
        places: Iterable[str] = (),
        *,
        diff: str | None = None,
        depth: int = 3,
        proven: bool = False,
        limit: int = 100,
    ) -> answers.Impact:
        """What a change may reach: definitions, tests to run, documents to read again.

        Args:
            places: What is changed: `path`, `path:line` or `path:first-last`.
            diff: A unified diff, instead or as well.
            depth: Links far.
            proven: Only proven links.
            limit: At most so many of each sort.
        """
        answer = self._handle.engine.impact(list(places), diff, depth, proven, limit)
        return cast(answers.Impact, json.loads(answer))

    def overview(self, *, limit: int = 12) -> answers.Overview:
        """How the repository is organised: its parts, what is used most, what it needs from outside, where programs start."""
        return cast(answers.Overview, json.loads(self._handle.engine.overview(limit)))

    def communities(self, *, limit: int = 12) -> answers.Communities:
        """Parts of the repository that hang together, at several levels."""
        return cast(answers.Communities, json.loads(self._handle.engine.communities(limit)))

    def explain(self, symbol: str, *, limit: int = 12) -> answers.Explained:
        """What is known of a symbol: signature, documentation, uses, users, tests."""
        return cast(answers.Explained, json.loads(self._handle.engine.explain(symbol, limit)))

    def ask(
        self, question: str, *, scope: Literal["global", "local", "drift"] | None = None, limit: int = 12
    ) -> answers.Asked:
        """Which parts of the repository a question concerns, and what hangs together with its hits. No language model.

        Args:
            question: In words.
            scope: How wide: `global` for the whole, `local` for one thing, `drift` in between. As the question suggests, if not given.
            limit: At most so many of each sort.
        """
        return cast(answers.Asked, json.loads(self._handle.engine.question(question, scope, limit)))

    def __repr__(self) -> str:
        return f"<Graph of {self._handle.root}>"
