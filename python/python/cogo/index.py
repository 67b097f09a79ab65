"""An index of a repository."""

from __future__ import annotations

import asyncio
import json
import os
from html import escape
from pathlib import Path
from typing import Any, Iterable, Literal, Mapping, cast

from cogo import answers
from cogo._handle import Handle
from cogo.context import Context
from cogo.graph import Graph
from cogo.hits import Hits

__all__ = ["Index"]

Mode = Literal["hybrid", "lexical", "semantic", "symbol"]
Unit = Literal["file", "definition"]


class Index:
    """A repository and its index. Make it with `Index.build` or `Index.open`.

    It may be used by many threads, is opened again after a fork, and can be pickled (by its path).
    """

    def __init__(self, _handle: Handle) -> None:
        self._handle = _handle

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        rebuild: bool = False,
        wait: bool = False,
        index_dir: str | os.PathLike[str] | None = None,
        model: str | None = None,
        threads: int | None = None,
        chunk_bytes: int | None = None,
        max_file_size: int | None = None,
        include_vendored: bool | None = None,
    ) -> Index:
        """Indexes a folder, or what has changed in it since the last time, and opens it.

        Ctrl-C interrupts at once; the run goes on behind to its one atomic commit, and until then the index is locked.

        Args:
            path: The folder. If a folder above has an index, that one is used.
            rebuild: Start anew even if there is an index.
            wait: Wait for another writer instead of raising `LockedError`.
            index_dir: Where the index lies; `.cogo` in the folder if not given.
            model: The large model to search with: an installed one, a folder, or `"static"` for none.
            threads: Worker threads.
            chunk_bytes: Upper limit of a chunk, in bytes, from 64 to 100000.
            max_file_size: Larger files are left out, in bytes, at most 64 MiB.
            include_vendored: Whether code copied from other projects is indexed, too.

        What is not given comes from `COGO_*` variables, `.cogo.toml` and the user's file, as for the command line.

        Raises:
            SourceError: There is no such folder.
            LockedError: Somebody else is writing the index.
            ConfigError: A setting cannot be used.
            ModelError: The model cannot be used.
        """
        settings = {
            "index_dir": None if index_dir is None else os.path.abspath(index_dir),
            "model": model,
            "threads": threads,
            "chunk_bytes": chunk_bytes,
            "max_file_size": max_file_size,
            "include_vendored": include_vendored,
        }
        index = cls(Handle(os.fspath(path), settings))
        index.refresh(rebuild=rebuild, wait=wait)
        return index

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        index_dir: str | os.PathLike[str] | None = None,
        model: str | None = None,
    ) -> Index:
        """Opens an index that is there, without looking at the files.

        Args:
            path: A folder, or a file in it.
            index_dir: Where the index lies; `.cogo` in the folder if not given.
            model: The large model to search with; the one that the index was made with if not given.

        Raises:
            NotIndexedError: There is no index.
            IndexCorruptError: It is damaged, or of another version.
        """
        settings = {"index_dir": None if index_dir is None else os.path.abspath(index_dir), "model": model}
        return cls._opened(os.fspath(path), settings)

    @classmethod
    def _opened(cls, path: str, settings: Mapping[str, Any]) -> Index:
        index = cls(Handle(path, settings))
        index._handle.engine.open()
        return index

    @property
    def root(self) -> Path:
        """The indexed folder."""
        return Path(self._handle.root)

    @property
    def graph(self) -> Graph:
        """Who uses what, how the repository is organised. Made when it is first asked for."""
        return Graph(self._handle)

    def refresh(self, *, rebuild: bool = False, wait: bool = False) -> answers.Report:
        """Indexes what has changed in the files. Searches go on meanwhile.

        Args:
            rebuild: Start anew.
            wait: Wait for another writer instead of raising `LockedError`.

        Raises:
            LockedError: Somebody else is writing the index.
        """
        return cast(answers.Report, json.loads(self._handle.engine.refresh(rebuild, wait)))

    def search(
        self,
        text: str,
        *,
        limit: int = 10,
        mode: Mode = "hybrid",
        unit: Unit = "file",
        paths: Iterable[str] = (),
        languages: Iterable[str] = (),
        kinds: Iterable[str] = (),
        explain: bool = False,
    ) -> Hits:
        """Searches what is indexed. Does not look at the files: see `refresh`.

        Args:
            text: Words, a sentence, an identifier, an error, or a whole bug report.
            limit: At most so many hits, from 1 to 10000.
            mode: `hybrid`, `lexical` (BM25), `semantic` (vectors) or `symbol` (definitions by name).
            unit: What a hit is: a `file`, shown by its best chunk, or a `definition`.
            paths: Globs (`src/**/*.rs`); one without `/` matches the file name, `!glob` excludes.
            languages: Names of languages.
            kinds: Kinds of definition: `function`, `class`, …
            explain: Whether hits carry the terms of their score.

        Raises:
            QueryError: The text is empty, or an argument is unknown or out of range.
            NotIndexedError: There is no index.
        """
        hits, elapsed_us, degraded = self._handle.engine.search(
            text,
            limit=limit,
            mode=mode,
            unit=unit,
            paths=_list(paths, "paths"),
            languages=_list(languages, "languages"),
            kinds=_list(kinds, "kinds"),
            explain=explain,
        )
        return Hits(hits, elapsed_us, degraded)

    def related(self, path: str, line: int, *, limit: int = 10) -> Hits:
        """Finds what resembles a place.

        Args:
            path: A file, relative to the root.
            line: A line of it, from 1.
            limit: At most so many hits, from 1 to 10000.

        Raises:
            QueryError: Nothing is indexed there.
        """
        return Hits(*self._handle.engine.related(path, line, limit))

    def context(self, question: str, *, tokens: int = 4000) -> Context:
        """Packs what answers a question, and what it hangs together with, for a language model.

        Args:
            question: In words.
            tokens: The most that the blocks may take, estimated as four bytes each.
        """
        return Context._read(self._handle.engine.context(question, tokens))

    def status(self) -> answers.Status:
        """What the index holds, and how many files have changed since. Looks at all files (a `stat` each)."""
        return cast(answers.Status, json.loads(self._handle.engine.status()))

    # The same for asyncio: on a thread, so that the loop goes on.

    @classmethod
    async def abuild(cls, path: str | os.PathLike[str] = ".", **options: Any) -> Index:
        """Like `build`, without blocking the event loop."""
        return await asyncio.to_thread(cls.build, path, **options)

    async def arefresh(self, *, rebuild: bool = False, wait: bool = False) -> answers.Report:
        """Like `refresh`, without blocking the event loop."""
        return await asyncio.to_thread(self.refresh, rebuild=rebuild, wait=wait)

    async def asearch(
        self,
        text: str,
        *,
        limit: int = 10,
        mode: Mode = "hybrid",
        unit: Unit = "file",
        paths: Iterable[str] = (),
        languages: Iterable[str] = (),
        kinds: Iterable[str] = (),
        explain: bool = False,
    ) -> Hits:
        """Like `search`, without blocking the event loop."""
        return await asyncio.to_thread(
            self.search,
            text,
            limit=limit,
            mode=mode,
            unit=unit,
            paths=paths,
            languages=languages,
            kinds=kinds,
            explain=explain,
        )

    async def arelated(self, path: str, line: int, *, limit: int = 10) -> Hits:
        """Like `related`, without blocking the event loop."""
        return await asyncio.to_thread(self.related, path, line, limit=limit)

    async def acontext(self, question: str, *, tokens: int = 4000) -> Context:
        """Like `context`, without blocking the event loop."""
        return await asyncio.to_thread(self.context, question, tokens=tokens)

    async def astatus(self) -> answers.Status:
        """Like `status`, without blocking the event loop."""
        return await asyncio.to_thread(self.status)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Index._opened, (self._handle.root, self._handle.settings))

    def __repr__(self) -> str:
        return f"<Index of {self._handle.root}>"

    def _repr_html_(self) -> str:
        status = self.status()
        languages = ", ".join(f"{name} {files}" for name, files in sorted(status["languages"].items()))
        rows = {
            "root": status["root"],
            "files": f"{status['files']} ({languages})",
            "lines": str(status["lines"]),
            "symbols": str(status["symbols"]),
            "up to date": "yes" if status["up_to_date"] else "no: call refresh()",
        }
        cells = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items())
        return f"<table>{cells}</table>"


def _list(words: Iterable[str], name: str) -> list[str]:
    if isinstance(words, str):
        raise TypeError(f"`{name}` must be a list of texts, not one text")
    return list(words)
