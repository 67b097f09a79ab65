"""Shapes of answers: plain dictionaries, the same as `cogo … --format json` prints.

Paths are relative to the repository, with `/` separators. Lines count from 1.
"""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict


class Note(TypedDict):
    """Something about a file that stopped nothing."""

    path: str
    message: str


class Report(TypedDict):
    """What a run of indexing did."""

    generation: int
    files: int
    chunks: int
    indexed: int
    removed: int
    skipped: int
    unchanged: bool
    rebuilt: Optional[str]
    notes: List[Note]
    index_bytes: int
    elapsed_seconds: float


class Pending(TypedDict):
    """Files that differ from what is indexed."""

    added: int
    changed: int
    removed: int


class LargeModel(TypedDict):
    """How many of the chunks a large model has read."""

    model: str
    chunks: int
    covered: int


class Status(TypedDict):
    """What an index holds. `bytes` is of the indexed files, `committed_ms` counts from 1970 (UTC)."""

    root: str
    index: str
    generation: int
    committed_ms: int
    cogo: str
    files: int
    lines: int
    bytes: int
    chunks: int
    symbols: int
    references: int
    skipped: int
    languages: Dict[str, int]
    model: str
    dimensions: int
    pending: Pending
    up_to_date: bool
    large_model: Optional[LargeModel]


class Node(TypedDict):
    """A folder, file, symbol, section, concept or package. Lines are 0 if it has none."""

    path: Optional[str]
    name: str
    kind: str
    start_line: int
    end_line: int


class Likeness(TypedDict, total=False):
    """What only links of the relation `similar` have: the share of both definitions that is the same, up to 1."""

    similarity: float


class Link(Likeness):
    """A use. `kind` is the relation, `tier` is `proven` or `possible`, `candidates` are definitions that it may mean."""

    kind: str
    tier: str
    candidates: int
    line: int


class Reached(Node):
    """A node that was reached, over `distance` links, the last of which is `link`."""

    distance: int
    proven: bool
    link: Link


class Affected(Reached):
    """A node that a change may reach, and why, in words."""

    reason: str


class Place(TypedDict):
    """A line of a file."""

    path: str
    line: int


class Site(Place):
    """A use that nobody can resolve; `candidates` is how many definitions it may mean, if these are too many to list, else 0."""

    candidates: int


class Uses(TypedDict):
    """Who uses a symbol, or what it uses. As long as `unresolved_total` is not 0, nobody can say that it is not used."""

    symbol: Node
    found: List[Reached]
    proven: int
    possible: int
    unresolved: List[Site]
    unresolved_total: int


# `in` is a word of Python.
Neighbors = TypedDict(
    "Neighbors",
    {"node": Node, "in": Optional[Node], "holds": List[Node], "uses": List[Reached], "used_by": List[Reached]},
)


class StepLink(Link):
    """A link of a way; backwards if it leads from a concept to who speaks of it."""

    backwards: bool


class Step(Node):
    """A step of a way, and the link that leads on; none at the end."""

    link: Optional[StepLink]


class Impact(TypedDict):
    """What a change may reach: definitions, tests to run, sections to read again, files that often change with it."""

    affected: List[Affected]
    tests: List[Affected]
    documents: List[Affected]
    together: List[Affected]


class SymbolNode(Node):
    """A symbol with the first sentence of its documentation."""

    summary: Optional[str]


class SharedNode(SymbolNode):
    """A symbol with its share of a walk from the hits, from 0 to 1."""

    share: float


class Sentence(TypedDict):
    """A sentence of a language model, and what it rests on."""

    text: str
    cites: List[str]


class Summary(TypedDict):
    """What a language model has written."""

    model: str
    sentences: List[Sentence]


class CommunityUses(TypedDict):
    """Uses of another community, given by its number in the list."""

    community: int
    uses: int


class Community(TypedDict):
    """Files that hang together."""

    title: str
    files: List[str]
    key_symbols: List[SymbolNode]
    uses: List[CommunityUses]
    part_of: Optional[int]
    summary: Optional[Summary]


class Communities(TypedDict):
    """Communities at several levels, fine ones first."""

    levels: List[List[Community]]


class Counted(TypedDict):
    """A number of files."""

    name: str
    files: int


class Spoken(TypedDict):
    """A concept, and how many sections speak of it."""

    name: str
    sections: int


class Overview(TypedDict):
    """How a repository is organised."""

    files: int
    lines: int
    symbols: int
    languages: List[Counted]
    communities: List[Community]
    central: List[Counted]
    packages: List[Counted]
    concepts: List[Spoken]
    entries: List[Node]


class Similar(Node):
    """A definition that is like another; `link` says how much."""

    link: Link


class Explained(TypedDict):
    """What is known of one symbol. `uses` and `used_by` are by relation, proven links only."""

    symbol: Node
    signature: Optional[str]
    summary: Optional[str]
    uses: Dict[str, List[Node]]
    used_by: Dict[str, List[Node]]
    possible: int
    unresolved: int
    similar: List[Similar]
    tests: List[Node]
    community: Optional[str]


class HitPlace(TypedDict):
    """Where a hit lies."""

    path: str
    start_line: int
    end_line: int
    symbol: Optional[str]


class Part(TypedDict):
    """A part of the repository that a question concerns, with its share of a walk from the hits, from 0 to 1."""

    title: str
    share: float
    files: List[str]
    key_symbols: List[Node]
    hits: List[HitPlace]


class Asked(TypedDict):
    """The answer to a question; `scope` says how wide it was taken: `global`, `local` or `drift`."""

    scope: str
    parts: List[Part]
    named: List[Node]
    symbols: List[SharedNode]
    hits: List[HitPlace]
