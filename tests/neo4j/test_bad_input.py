"""What bad input gets: a text that says what came, what is allowed and what to do, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.actions import PROCEDURES
from tests.neo4j.board import Board
from tests.neo4j.odd import Odd, make_odd
from tests.neo4j.stack import Stack


@dataclass(frozen=True)
class World:
    """What the rows of the tables speak of."""

    board: Board
    odd: Odd
    ranking: str
    rating: str

    def least(self, procedure: str) -> dict[str, Any]:
        """Return a configuration of a graph procedure, or of its estimate, that is right on the board."""
        never = {"mutate": {"mutateProperty": "never"}, "write": {"writeProperty": "never"}}
        family, mode = procedure.removesuffix(".estimate").rsplit(".", 1)
        if family == "bridge.cooccurrence":
            return self.board.likes() | ({"mutateRelationshipType": "NEVER"} if mode == "mutate" else {})
        if family == "bridge.node2vec":
            return {"modelName": "never"} if mode == "train" else never.get(mode, {})
        if family == "bridge.embed":
            return {"modelName": self.ranking} | never.get(mode, {})
        return {
            "bridge.similar.stream": {"modelName": self.ranking},
            "bridge.model.staleness": {"modelName": self.ranking},
            "bridge.gnn.train": self.board.train(modelName="never"),
            "bridge.recommend.stream": {"modelName": self.ranking},
            "bridge.recommend.write": {"modelName": self.ranking},
            "bridge.predict.stream": {"modelName": self.rating, "pairRelationshipType": "RATED"},
            "bridge.encode.text.mutate": {"sourceProperty": "title", "mutateProperty": "never"},
            "bridge.encode.multiHot.mutate": {"relationshipTypes": ["ON"], "mutateProperty": "never"},
            "bridge.snapshot.stats": {},
        }[procedure.removesuffix(".estimate")]


@pytest.fixture(scope="module")
def world(stack: Stack, board: Board, ranking: str, rating: str) -> World:
    """Make the odd graph beside the board."""
    return World(board, make_odd(stack, board), ranking, rating)


@pytest.fixture
def untouched(stack: Stack, world: World) -> Iterator[None]:
    """Check that database, projections and model store are afterwards as they were before."""
    before = _state(stack, world)
    yield
    assert _state(stack, world) == before


def _state(stack: Stack, world: World) -> list[Any]:
    return [
        stack.rows("MATCH (n) RETURN count(n) AS nodes"),
        stack.rows("MATCH ()-[r]->() RETURN count(r) AS relationships"),
        stack.rows(f"MATCH (n:{world.board.book}) RETURN sum(size(keys(n))) AS properties"),
        stack.rows("CALL gds.graph.list() YIELD graphName, modificationTime, schema RETURN * ORDER BY graphName"),
        stack.rows("CALL bridge.model.list() YIELD modelName, modelVersion RETURN * ORDER BY modelName"),
        sorted(path.name for path in (stack.home.server / "staging").glob("*")),
    ]


GRAPH_PROCEDURES = [
    each.name
    for family in PROCEDURES
    for each in family.signatures()
    if each.needs_graph and any(key.name == "concurrency" for key in each.configuration)
]
"""All but `bridge.job.submit`, whose configuration is another's."""

SHARED: dict[str, tuple[Any, dict[str, Any], tuple[str, ...]]] = {
    "an unknown projection": (
        "bord", {}, ("Graph with name `bord` does not exist on database `neo4j`", "On this one there are", "GRAPH")
    ),
    "no projection's name": (None, {}, (" can not be null or blank", "`graphName")),
    "a blank projection's name": (" ", {}, (" can not be null or blank", "`graphName")),
    "a name with a blank at its end": ("GRAPH ", {}, ("must not end or begin with whitespace", "GRAPH ")),
    "a misspelt key": (
        "GRAPH", {"concurency": 2}, ("Unexpected configuration key: concurency (Did you mean [concurrency]?)",)
    ),
    "a wrong type": ("GRAPH", {"concurrency": "two"}, ("`concurrency` must be of type `Integer` but was `String`",)),
    "a number out of range": ("GRAPH", {"concurrency": 0}, ("`concurrency` was `0`", "must be greater than 0")),
    "a name with a path in it": ("GRAPH", {"jobId": "../../etc"}, ("`jobId` was `../../etc`", "1 to 64 letters")),
    "several faults at once": (
        "GRAPH", {"concurrency": -1, "logProgress": 1, "nonsense": 1},
        ("Multiple errors", "nonsense", "`concurrency` was `-1`", "`logProgress` must be of type `Boolean`"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SHARED)
@pytest.mark.parametrize("procedure", GRAPH_PROCEDURES)
def test_all_graph_procedures_share_the_validation(stack: Stack, world: World, procedure: str, fault: str) -> None:
    """The same fault gets the same text, whatever the procedure."""
    graph, changes, said = SHARED[fault]
    name = graph.replace("GRAPH", world.board.name) if isinstance(graph, str) else graph
    text = stack.error(f"CALL {procedure}($graph, $config)", graph=name, config=world.least(procedure) | changes)
    assert all(part.replace("GRAPH", world.board.name) in text for part in said), text


Config = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Bad:
    """One CALL and what its error must say."""

    fault: str
    procedure: str
    config: Config
    said: tuple[str, ...]
    odd: bool = False
    """On the odd projection instead of the board's."""


def _train(fault: str, said: tuple[str, ...], **changes: Any) -> Bad:
    return Bad(fault, "bridge.gnn.train", lambda world: world.board.train(modelName="never", **changes), said)


def _odd(fault: str, label: str, said: tuple[str, ...], **changes: Any) -> Bad:
    return Bad(fault, "bridge.gnn.train", lambda world: world.odd.train(label, **changes), said, odd=True)


def _recommend(fault: str, said: tuple[str, ...], **changes: Any) -> Bad:
    return Bad(fault, "bridge.recommend.stream", lambda world: {"modelName": world.ranking} | changes, said)


def _node2vec(fault: str, said: tuple[str, ...], mode: str = "train", **given: Any) -> Bad:
    keys = {"modelName": "never"} if mode == "train" else {"mutateProperty": "never"}
    return Bad(fault, f"bridge.node2vec.{mode}", lambda world: keys | given, said)


def _walked(fault: str, said: tuple[str, ...], config: Config, *, odd: bool = False) -> Bad:
    return Bad(fault, "bridge.node2vec.mutate", lambda world: {"mutateProperty": "never"} | config(world), said, odd)


TABLE = [
    _train("an unknown source label", ("['Usr']", "Available labels are"), sourceNodeLabel="Usr"),
    _train("an unknown label", ("`nodeLabels` of ['Film']", "Available labels are", "Book_"), nodeLabels=["Film"]),
    _train("an unknown relationship type", ("`relationshipTypes` of ['HAS']", "['ON', 'RATED', 'WROTE']"),
           relationshipTypes=["HAS"]),
    _train("an unknown target type", ("['LOVED']", "['ON', 'RATED', 'WROTE']"), targetRelationshipType="LOVED"),
    _train("an unknown target property", ("['stars'] not found", "'rating'", "'timestamp'"), targetProperty="stars"),
    _train("an unknown feature", ("['colour']", "['pages']"), featureProperties=["colour"]),
    _train("a missing mandatory key", ("mandatory configuration parameter `objective`",), objective=None),
    _train("a word that is no choice", ("`objective` must be one of 'ranking' or 'rating' but was `rank`",),
           objective="rank"),
    _train("an architecture for the other objective", ("`sage` is not made for the objective `ranking`", "lightGcn"),
           architecture="sage"),
    _train("a rating without a target property", ("mandatory configuration parameter `targetProperty`",),
           objective="rating", targetProperty=None),
    _train("a temporal split without a time", ("mandatory configuration parameter `timeProperty`",), split="temporal"),
    _train("fractions that leave nothing", ("0.6", "0.5", "less than 1"), validationFraction=0.6, testFraction=0.5),
    _train("a fraction out of range", ("`testFraction` was `1.5`", "less than 1"), testFraction=1.5),
    _train("a threshold that is not finite", ("`likedThreshold` was `nan`", "finite"), likedThreshold=float("nan")),
    _train("a key of an architecture that has none", ("classWeights",), classWeights=True),
    _train("keys for a label that is not used", ("`nodeKeys` names ['Film']",), nodeKeys={"Film": "title"}),
    _train("two faults of the projection at once", ("Multiple errors", "['Film']", "['HAS']", "['colour']"),
           nodeLabels=["Film"], relationshipTypes=["HAS"], featureProperties=["colour"]),
    _train("a target type that is not between the labels", ("no relationship (Reader_", "-[ON]->", "-[RATED]->"),
           targetRelationshipType="ON", targetProperty=None),
    _odd("duplicate node keys", "Doubled", ("`k` of `Doubled_", "is not unique: 2 of 4", "`nodeKeys`")),
    _odd("null node keys", "Keyless", ("`k` of `Keyless_", "is null for 1 of 4", "`nodeKeys`")),
    _odd("a node with two of the labels", "OneOfTwo", ("OneOfTwo_", "OtherOfTwo_", "4 "), nodeLabels=["*"],
         nodeKeys={}),
    _odd("one source alone", "Lone", ("start at one `Lone_", "at least two source nodes")),
    _odd("a feature that some nodes lack", "Sound", ("`some` of `Sound_", "missing for 1 of 4", "`missing`"),
         featureProperties=["some"]),
    _odd("a feature that is infinite", "Sound", ("`endless` of `Sound_", "infinite for 1 of 4"),
         featureProperties=["endless"]),
    _odd("a target value that is NaN", "Sound", ("`broken`", "NaN", "LIKES"), targetProperty="broken"),
    _odd("a split that leaves a side empty", "Sound", ("96 for training, 0 for validation, 0 for test",),
         splitProperty="allTrain"),
    _odd("a split with other values than 0, 1, 2", "Sound", ("strange",), splitProperty="strange"),
    _recommend("an unknown model", ("Model with name `rankin` does not exist",), modelName="rankin"),
    _recommend("an unknown version", ("99",), modelVersion=99),
    _recommend("no model", ("mandatory configuration parameter `modelName`",), modelName=None),
    _recommend("a filter with an unknown label", ("`sourceNodeFilter` was `Film`", "one of the labels"),
               sourceNodeFilter="Film"),
    _recommend("a filter with a strange node", ("`targetNodeFilter` names a node that is no", "-5"),
               targetNodeFilter=[-5]),
    _recommend("a filter of another type", ("`sourceNodeFilter[0]` must be of type `Integer` but was `Float`",),
               sourceNodeFilter=[1.5]),
    _recommend("a list of no length", ("`topK` was `0`", "greater than 0"), topK=0),
    _recommend("an exclusion that is not projected", ("LOVED",), excludeRelationshipTypes=["LOVED"]),
    _recommend("other node keys than the model's", ("`nodeKeys`",), nodeKeys={"*": "x"}),
    Bad("a model for ratings asked to recommend", "bridge.recommend.stream",
        lambda world: {"modelName": world.rating}, ("`objective: 'rating'`", "bridge.predict.stream")),
    Bad("a projection that does not fit the model", "bridge.recommend.stream",
        lambda world: {"modelName": world.ranking}, ("was trained on the", "Author_", "RATED"), odd=True),
    Bad("no pairs", "bridge.predict.stream", lambda world: {"modelName": world.rating}, ("`pairRelationshipType`",)),
    Bad("pairs of an unknown type", "bridge.predict.stream",
        lambda world: {"modelName": world.rating, "pairRelationshipType": "LOVED"}, ("LOVED", "RATED")),
    Bad("a mutate onto an existing property", "bridge.encode.multiHot.mutate",
        lambda world: {"nodeLabels": [world.board.book], "relationshipTypes": ["ON"], "mutateProperty": "pages"},
        ("`pages` already exists", "gds.graph.nodeProperties.drop")),
    Bad("nothing to encode", "bridge.encode.multiHot.mutate", lambda world: {"mutateProperty": "never"},
        ("either `relationshipTypes` or `sourceProperty`",)),
    Bad("an empty list of labels", "bridge.encode.multiHot.mutate",
        lambda world: {"nodeLabels": [], "relationshipTypes": ["ON"], "mutateProperty": "never"},
        ("`nodeLabels` is empty", "Book_")),
    Bad("an empty list of labels to read texts of", "bridge.encode.text.mutate",
        lambda world: {"nodeLabels": [], "sourceProperty": "title", "mutateProperty": "never"},
        ("`nodeLabels` is empty", "Book_")),
    Bad("a stored property that nobody has", "bridge.encode.multiHot.mutate",
        lambda world: {"nodeLabels": [world.board.book], "sourceProperty": "gnre", "mutateProperty": "never"},
        ("None of the nodes", "`gnre`", "`sourceProperty`")),
    Bad("faults of both filters at once", "bridge.recommend.stream",
        lambda world: {"modelName": world.ranking, "sourceNodeFilter": "Readr", "targetNodeFilter": "Bok"},
        ("Multiple errors", "`Readr`", "`Bok`")),
    Bad("a text that is no text", "bridge.encode.text.mutate",
        lambda world: {"nodeLabels": [world.board.book], "sourceProperty": "pages", "mutateProperty": "never"},
        ("`pages`", "`100`, which is no string")),
    Bad("a text that nobody has", "bridge.encode.text.mutate",
        lambda world: {"nodeLabels": [world.board.book], "sourceProperty": "name", "mutateProperty": "never"},
        ("48 of 48", "`name`", "`missing`")),
    _node2vec("walks of one node", ("`walkLength` was `1`", "at least 2"), walkLength=1),
    _node2vec("p and q that are no factors", ("Multiple errors", "`returnFactor` was `0.0`", "`inOutFactor` was `-1.0`",
              "greater than 0.0"), mode="mutate", returnFactor=0.0, inOutFactor=-1.0),
    _node2vec("vectors of no length", ("`embeddingDimension` was `0`", "greater than 0"), embeddingDimension=0),
    _node2vec("a key of GDS that means nothing here", ("Unexpected configuration key: walkBufferSize",),
              walkBufferSize=1000),
    _node2vec("more memory than there is", ("Memory required to run bridge.node2vec (", "exceeds available memory (",
              "smaller `embeddingDimension`", "`sudo: true`"), embeddingDimension=10**9),
    _node2vec("vectors that diverge", ("no longer finite after iteration 1", "Nothing was kept", "Choose a smaller"),
              initialLearningRate=1e30),
    _walked("a label filtered away", ("There are no relationships between nodes of the labels ['Book_", "Name other"),
            lambda world: {"nodeLabels": [world.board.book], "relationshipTypes": ["RATED"]}),
    _walked("a type without relationships", ("`relationshipTypes` of ['ROAD']", "Available relationship types are"),
            lambda world: {"relationshipTypes": ["ROAD"]}),
    _walked("a weight that is not projected", ("weight property `stars` not found", "'rating'", "Project it"),
            lambda world: {"relationshipTypes": ["RATED"], "relationshipWeightProperty": "stars"}),
    _walked("a weight that is NaN", ("`broken` is missing, negative or infinite for", "`LIKES` from the `Sound_",
            "at least 0"), lambda world: {
                "nodeLabels": [world.odd.label("Sound"), world.board.book], "relationshipWeightProperty": "broken",
                "nodeKeys": {world.odd.label("Sound"): "k"}}, odd=True),
    Bad("an unknown property to read", "bridge.snapshot.stats", lambda world: {"nodeProperties": ["colour"]},
        ("['colour']",)),
]  # fmt: skip


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: bad.fault)
def test_bad_input_gets_a_clear_text_and_changes_nothing(stack: Stack, world: World, bad: Bad) -> None:
    """What came and what is allowed are in the text; database, projections and store are as before."""
    graph = world.odd.name if bad.odd else world.board.name
    text = stack.error(f"CALL {bad.procedure}($graph, $config)", graph=graph, config=bad.config(world))
    assert all(part in text for part in bad.said), text


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CALL bridge.model.drop('rankin')", ("`rankin` does not exist",)),
        ("CALL bridge.model.exists('a/b')", ("`modelName` was `a/b`", "1 to 64 letters")),
        ("CALL bridge.model.alias.drop('rankin', 'night')", ("`rankin` does not exist",)),
        ("CALL bridge.model.alias.drop('rankin', 'a/b')", ("`alias` was `a/b`", "1 to 64 letters")),
        ("CALL bridge.model.list('rankin')", ("`rankin` does not exist",)),
        ("CALL bridge.job.list('none')", ("No job with jobId `none`",)),
        ("CALL bridge.job.cancel('none')", ("No job with jobId `none`",)),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_the_catalogs_say_what_is_not_there(stack: Stack, statement: str, said: tuple[str, ...]) -> None:
    """Models and jobs that nobody has."""
    text = stack.error(statement)
    assert all(part in text for part in said), text


@pytest.mark.usefixtures("untouched")
def test_values_of_cypher_that_no_configuration_takes_are_named(stack: Stack, world: World) -> None:
    """A node or a date in a configuration is refused with its place."""
    for expression in ("date()", "point({x: 1, y: 2})"):
        text = stack.error(f"CALL bridge.recommend.stream($graph, {{topK: {expression}}})", graph=world.board.name)
        assert "topK" in text
