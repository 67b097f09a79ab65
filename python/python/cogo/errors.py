"""What can go wrong. Every exception of cogo is an `Error`, with a hint where there is something to do about it."""

from __future__ import annotations

__all__ = [
    "AmbiguousError",
    "ConfigError",
    "Error",
    "ForkError",
    "IndexCorruptError",
    "LockedError",
    "ModelError",
    "NotFoundError",
    "NotIndexedError",
    "QueryError",
    "SourceError",
    "StorageError",
]


class Error(Exception):
    """Any error of cogo.

    Attributes:
        message: What went wrong, in one line.
        hint: What to do about it; `None` if there is nothing to say.
    """

    message: str
    hint: str | None

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} (hint: {self.hint})"


class QueryError(Error, ValueError):
    """A query that cannot be answered as asked."""


class ConfigError(Error, ValueError):
    """A setting that cannot be used, from an argument, the environment or a file."""


class SourceError(Error, ValueError):
    """A path that cannot be indexed."""


class NotIndexedError(Error, LookupError):
    """There is no index."""


class NotFoundError(Error, LookupError):
    """The graph knows nothing of that name."""


class AmbiguousError(Error, LookupError):
    """A name means several things; the hint says where they are."""


class IndexCorruptError(Error):
    """The index is damaged, or of another version."""


class LockedError(Error):
    """Somebody else is writing the index."""


class StorageError(Error, OSError):
    """The operating system refused."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)


class ModelError(Error):
    """A model, or the library that it runs on, cannot be used."""


class ForkError(Error):
    """The process was forked in the middle of a call of another thread."""
