"""cogo: an embedded search engine for code and documents.

    import cogo

    index = cogo.Index.build("./repo")
    for hit in index.search("where are session cookies signed"):
        print(hit.path, hit.start_line, hit.symbol)

It runs inside this process: no server, nothing to download.
"""

from cogo import answers, errors
from cogo._cogo import __version__
from cogo.context import Block, Context
from cogo.embedder import Embedder
from cogo.errors import (
    AmbiguousError,
    ConfigError,
    Error,
    ForkError,
    IndexCorruptError,
    LockedError,
    ModelError,
    NotFoundError,
    NotIndexedError,
    QueryError,
    SourceError,
    StorageError,
)
from cogo.graph import Graph
from cogo.hits import Hit, Hits
from cogo.index import Index

__all__ = [
    "AmbiguousError",
    "Block",
    "ConfigError",
    "Context",
    "Embedder",
    "Error",
    "ForkError",
    "Graph",
    "Hit",
    "Hits",
    "Index",
    "IndexCorruptError",
    "LockedError",
    "ModelError",
    "NotFoundError",
    "NotIndexedError",
    "QueryError",
    "SourceError",
    "StorageError",
    "__version__",
    "answers",
    "errors",
]
