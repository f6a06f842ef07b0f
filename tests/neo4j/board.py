"""A small graph whose right answers are known: two camps of readers and books, of unequal size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.neo4j.stack import Stack

READERS, BOOKS = 30, 48

NODES = """
UNWIND $rows AS row
CREATE (node:$($label)) SET node = row
"""

# Labels are put into the text, since Neo4j looks for a label in a parameter by reading every node.
RATINGS = """
UNWIND $rows AS row
MATCH (reader:{reader} {{readerId: row.reader}})
MATCH (book:{book} {{bookId: row.book}})
CREATE (reader)-[:RATED {{rating: row.rating, timestamp: row.timestamp, part: row.part}}]->(book)
"""

SIDES = """
UNWIND $rows AS row
MATCH (book:{book} {{bookId: row.book}})
MATCH (shelf:{shelf} {{name: row.shelf}})
MATCH (author:{author} {{name: row.author}})
CREATE (book)-[:ON]->(shelf), (author)-[:WROTE]->(book)
"""

PROJECT = """
CALL gds.graph.project($name, $nodes, {RATED: {properties: ['rating', 'timestamp', 'part']}, ON: {}, WROTE: {}},
  {readConcurrency: $readConcurrency})
YIELD nodeCount, relationshipCount RETURN nodeCount, relationshipCount
"""

TRAIN = "CALL bridge.gnn.train($graph, $config) YIELD modelInfo, configuration, trainMillis RETURN *"


@dataclass(frozen=True)
class Board:
    """A board in the database. Its labels are its own, so that boards don't meet; its relationship types are not."""

    name: str
    """Also that of its projection."""

    @property
    def reader(self) -> str:
        """Label of the sources; `readerId` is their key."""
        return f"Reader_{self.name}"

    @property
    def book(self) -> str:
        """Label of the targets; `bookId` is their key."""
        return f"Book_{self.name}"

    @property
    def shelf(self) -> str:
        """Label of the camps; `name` is their key."""
        return f"Shelf_{self.name}"

    @property
    def author(self) -> str:
        """Label of people who wrote; `name` is their key."""
        return f"Author_{self.name}"

    @property
    def keys(self) -> dict[str, str]:
        """The key property of each label."""
        return {self.reader: "readerId", self.book: "bookId", self.shelf: "name", self.author: "name"}

    def likes(self) -> dict[str, Any]:
        """Return a configuration for `bridge.cooccurrence`."""
        return {
            "sourceNodeLabel": self.reader,
            "targetNodeLabel": self.book,
            "targetRelationshipType": "RATED",
            "targetProperty": "rating",
        }

    def train(self, **changes: Any) -> dict[str, Any]:
        """Return a configuration for `bridge.gnn.train` that takes a second or two."""
        return {
            "modelName": self.name,
            "objective": "ranking",
            "sourceNodeLabel": self.reader,
            "targetRelationshipType": "RATED",
            "targetNodeLabel": self.book,
            "targetProperty": "rating",
            "epochs": 3,
            "baselines": "none",
            "randomSeed": 42,
        } | changes

    def project(self, stack: Stack, name: str = "", *, read_concurrency: int = 4) -> str:
        """Project the whole board, under its own name if none is given; return the projection's name."""
        name = name or self.name
        nodes: dict[str, Any] = {label: {} for label in (self.author, self.shelf, self.reader)}
        nodes[self.book] = {"properties": ["pages"]}
        stack.rows("CALL gds.graph.drop($name, false) YIELD graphName", name=name)
        stack.rows(PROJECT, name=name, nodes=nodes, readConcurrency=read_concurrency)
        return name

    def same_camp(self, reader_id: int, book_id: int) -> bool:
        """Say whether a reader and a book, by their keys, belong to the same camp."""
        places = {_book_id(place): place for place in range(BOOKS)}
        return (500 - reader_id < READERS * 2 // 5) == (places[book_id] < BOOKS // 3)


def make_board(stack: Stack, name: str, *, seed: int = 5, keys: bool = True) -> Board:
    """Create a board's nodes and relationships; `keys` says whether with uniqueness constraints."""
    board = Board(name)
    if keys:
        for label, key in board.keys.items():
            stack.rows(f"CREATE CONSTRAINT FOR (node:{label}) REQUIRE node.{key} IS UNIQUE")
    readers = [{"readerId": 500 - place} for place in range(READERS)]
    books = [{"bookId": _book_id(place), "title": f"Book {place}", "pages": 100 + place} for place in range(BOOKS)]
    stack.rows(NODES, label=board.reader, rows=readers)
    stack.rows(NODES, label=board.book, rows=books)
    stack.rows(NODES, label=board.shelf, rows=[{"name": name} for name in ("east", "west")])
    stack.rows(NODES, label=board.author, rows=[{"name": name} for name in ("ada", "grace", "mary")])
    labels = {"reader": board.reader, "book": board.book, "shelf": board.shelf, "author": board.author}
    stack.rows(RATINGS.format(**labels), rows=_ratings(seed))
    stack.rows(SIDES.format(**labels), rows=_sides())
    return board


def _book_id(place: int) -> int:
    return 1000 + (place * 29) % BOOKS  # the key's order is not the order of creation


def _ratings(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for reader in range(READERS):
        for book in range(BOOKS):
            same = (reader < READERS * 2 // 5) == (book < BOOKS // 3)
            if rng.random() < (0.55 if same else 0.15):
                rating = float(rng.choice([4.0, 4.5, 5.0] if same else [1.0, 1.5, 2.0]))
                part = int(rng.choice([0, 0, 0, 0, 0, 0, 1, 2]))
                rows.append({"reader": 500 - reader, "book": _book_id(book), "rating": rating,
                             "timestamp": int(rng.integers(10**9)), "part": part})  # fmt: skip
    return rows


def _sides() -> list[dict[str, Any]]:
    shelves = ("east", "west")
    authors = ("ada", "grace", "mary")
    return [
        {"book": _book_id(place), "shelf": shelves[place < BOOKS // 3], "author": authors[place % 3]}
        for place in range(BOOKS)
    ]
