"""A graph with one fault of each kind, beside the board's books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.neo4j.board import Board
from tests.neo4j.stack import Stack

LABELS = {
    "Doubled": "two nodes have one key",
    "Keyless": "a node has no key",
    "Lone": "there is one node",
    "OneOfTwo": "its nodes are OtherOfTwo too",
    "OtherOfTwo": "its nodes are OneOfTwo too",
    "Sound": "nothing is wrong with it",
}

NODES = """
UNWIND range(1, 4) AS k
CREATE (:$($Doubled) {k: CASE k WHEN 4 THEN 1 ELSE k END}),
  (:$($Keyless) {k: CASE k WHEN 4 THEN null ELSE k END}),
  (:$($OneOfTwo):$($OtherOfTwo) {k: k}),
  (:$($Sound) {k: k, some: CASE k WHEN 4 THEN null ELSE [1.0, k] END,
    endless: CASE k WHEN 4 THEN 1.0 / 0.0 ELSE k * 0.5 END})
"""

LIKES = """
MATCH (source:{sources})
MATCH (book:{book})
WITH source, book ORDER BY id(source), book.bookId
WITH source, collect(book) AS books
UNWIND range(0, size(books) - 1) AS place
WITH source, books[place] AS book, place WHERE place % 2 = 0
CREATE (source)-[:LIKES {{stars: place % 5 + 1.0, broken: CASE place WHEN 8 THEN 0.0 / 0.0 ELSE 1.0 END,
  allTrain: 0, strange: place % 9}}]->(book)
"""

PROJECT = """
CALL gds.graph.project($name, $nodes, {LIKES: {properties: ['stars', 'broken', 'allTrain', 'strange']}})
YIELD nodeCount RETURN nodeCount
"""


@dataclass(frozen=True)
class Odd:
    """The graph and its projection, both named after the board."""

    board: Board

    @property
    def name(self) -> str:
        """The projection's name."""
        return f"odd_{self.board.name}"

    def label(self, fault: str) -> str:
        """Return the label whose nodes have the fault."""
        assert fault in LABELS
        return f"{fault}_{self.board.name}"

    def train(self, fault: str, **changes: Any) -> dict[str, Any]:
        """Return a training on one label and the board's books."""
        labels = [self.label(fault), self.board.book]
        return {
            "modelName": f"never_{self.board.name}",
            "objective": "ranking",
            "sourceNodeLabel": self.label(fault),
            "targetRelationshipType": "LIKES",
            "targetNodeLabel": self.board.book,
            "targetProperty": "stars",
            "nodeLabels": labels,
            "relationshipTypes": ["LIKES"],
            "nodeKeys": {self.label(fault): "k"},
            "epochs": 1,
            "baselines": "none",
        } | changes


def make_odd(stack: Stack, board: Board) -> Odd:
    """Create the graph and project it."""
    odd = Odd(board)
    labels = {fault: odd.label(fault) for fault in LABELS}
    stack.rows(NODES, **labels)
    stack.rows("CREATE (:$($Lone) {k: 1})", **labels)
    stack.rows(LIKES.format(sources="|".join(labels.values()), book=board.book))
    nodes: dict[str, Any] = {label: {} for label in [*labels.values(), board.book]}
    nodes[odd.label("Sound")] = {"properties": ["some", "endless"]}
    stack.rows(PROJECT, name=odd.name, nodes=nodes)
    return odd
