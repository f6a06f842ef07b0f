"""A hosted model's embeddings with the nodes they stand for, read over Bolt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.core.errors import FailedPreconditionError, NotFoundError, did_you_mean

Run = Callable[..., Sequence[Sequence[object]]]
"""Runs a Cypher statement with parameters given by keyword; returns its rows."""

MODEL = """
CALL bridge.model.info($model, $version) YIELD modelVersion, modelInfo
RETURN modelVersion, modelInfo
"""

PROJECTIONS = "CALL gds.graph.list() YIELD graphName RETURN graphName ORDER BY graphName"

# One result holds vectors together with their nodes' properties: no row of the one can slip against the other.
EMBEDDINGS = """
CALL bridge.embed.stream($graph, $configuration) YIELD nodeId, embedding
MATCH (node) WHERE id(node) = nodeId
WITH node, nodeId, embedding, COUNT { (node)--() } AS degree
ORDER BY degree DESC, nodeId
LIMIT $limit
RETURN nodeId, embedding, degree, labels(node) AS labels,
       [key IN keys(node)
        WHERE CASE WHEN $columns IS NULL
                   THEN split(valueType(node[key]), ' ')[0] IN ['STRING', 'INTEGER', 'FLOAT', 'BOOLEAN']
                   ELSE key IN $columns END
        | [key, node[key]]] AS properties
"""

PROPERTY_KEYS = """
MATCH (node) WHERE id(node) IN $nodeIds
UNWIND keys(node) AS key
RETURN DISTINCT key ORDER BY key
"""

ALL = 2**63 - 1
"""A `LIMIT` that cuts nothing: Cypher's largest integer."""

LABELS, NODE_ID = "labels", "nodeId"
"""Columns that every node has without having such properties."""

KEYS_SHOWN = 20
"""Property keys that an error message lists."""

ASKED_FOR_KEYS = 1000
"""Nodes whose property keys are looked up for an error message."""

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
"""What ends a cell or a line, for one reader of the files or another."""


@dataclass(frozen=True)
class ModelFacts:
    """What is drawn or said of a hosted model."""

    name: str
    version: int
    projection: str | None
    """The projection that it was trained on; None when the model does not tell."""
    losses: tuple[float, ...]
    """One an epoch or iteration; empty when the version keeps none."""
    steps: str
    """What the losses are one of: `epoch` or `iteration`."""


@dataclass(frozen=True)
class Embedded:
    """Nodes with their vectors; entry i of every field is the same node."""

    node_ids: np.ndarray  # int64 [N]; Neo4j's ids
    vectors: np.ndarray  # float32 [N, dimension]
    degrees: np.ndarray  # int64 [N]; stored relationships, both directions; descending
    groups: list[str]  # [N]; a node's labels, sorted, as in `Actor:Person`
    columns: tuple[str, ...]
    cells: list[tuple[str, ...]]  # [N][columns]; no tab or line break in any, and no row blank

    @property
    def titles(self) -> list[str]:
        """What a node is called: its first cell that says something."""
        return [next(cell for cell in row if cell.strip()) for row in self.cells]


def read_model(run: Run, name: str, version: int | str | None = None) -> ModelFacts:
    """Return what is known of one version, by its number or an alias; None is the one that answers.

    Whoever goes on with the number that is returned stays with that version, whatever is promoted meanwhile. The
    database refuses a model or version that it does not have.
    """
    ((number, info),) = run(MODEL, model=name, version=version)
    info = info if isinstance(info, Mapping) else {}
    projection = info.get("projection")
    return ModelFacts(
        name=name,
        version=int(str(number)),
        projection=str(projection["name"]) if isinstance(projection, Mapping) and "name" in projection else None,
        losses=tuple(float(loss) for loss in info.get("losses") or ()),
        steps="epoch" if "epochs" in info else "iteration",
    )


def choose_projection(run: Run, model: ModelFacts, wanted: str | None) -> str:
    """Return the projection to embed: the wanted one, else the one that the model was trained on.

    Raises NotFoundError when it is not in memory, FailedPreconditionError when neither is known.
    """
    name = wanted or model.projection
    if name is None:
        raise FailedPreconditionError(
            f"Model `{model.name}` does not say which projection it was trained on: pass the projection by `--graph`."
        )
    present = [str(row[0]) for row in run(PROJECTIONS)]
    if name in present:
        return name
    which = "" if wanted else f", which model `{model.name}` was trained on,"
    others = f" There are: {', '.join(f'`{each}`' for each in present)}." if present else " There are none."
    raise NotFoundError(
        f"Projection `{name}`{which} does not exist.{did_you_mean(name, present) or others} "
        "Project the nodes and relationships that the model was trained on by "
        f"`CALL gds.graph.project('{name}', …)`, or pass the name of another projection by `--graph`."
    )


def read_embedded(
    run: Run,
    model: ModelFacts,
    graph: str,
    *,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
) -> Embedded:
    """Return the embeddings of a projection's nodes with their metadata, most connected nodes first.

    columns: property keys, `labels` or `nodeId`; None: all properties that are strings, integers, floats or booleans.
    limit: how many nodes to read at most.
    Raises NotFoundError for a column that no node has, FailedPreconditionError without a vector or with a broken one.
    """
    rows = run(
        EMBEDDINGS,
        graph=graph,
        configuration={"modelName": model.name, "modelVersion": model.version},
        columns=None if columns is None else list(columns),
        limit=ALL if limit is None else limit,
    )
    if not rows:
        raise FailedPreconditionError(
            f"Model `{model.name}` has no vector for any node of projection `{graph}`: "
            "pass a projection of nodes that it was trained on by `--graph`."
        )
    nodes = [_node(row) for row in rows]
    chosen = _default_columns(nodes) if columns is None else tuple(dict.fromkeys(columns))
    if columns is not None:
        _check_columns(run, chosen, nodes)
    return Embedded(
        node_ids=np.array([node[NODE_ID] for node in nodes], dtype=np.int64),
        vectors=_vectors(model, rows),
        degrees=np.array([row[2] for row in rows], dtype=np.int64),
        groups=[text(node[LABELS]) for node in nodes],
        columns=tuple(_clean(column) for column in chosen),
        cells=[_cells(node, chosen) for node in nodes],
    )


def text(value: object) -> str:
    """Return a Cypher value as one cell of a table: no tab, no line break; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(text(part) for part in value)
    return _clean(str(value))


def _node(row: Sequence[object]) -> dict[str, object]:
    """Return a node's metadata by column; a property goes before a column of every node."""
    node_id, _, _, labels, properties = row
    own = {LABELS: ":".join(sorted(map(str, _items(labels)))), NODE_ID: node_id}
    return own | {str(key): value for key, value in map(_items, _items(properties))}


def _items(value: object) -> Sequence[object]:
    assert isinstance(value, list | tuple)
    return value


def _vectors(model: ModelFacts, rows: Sequence[Sequence[object]]) -> np.ndarray:
    vectors = np.array([row[1] for row in rows], dtype=np.float32)
    broken = int((~np.isfinite(vectors)).any(axis=1).sum())
    if broken:
        raise FailedPreconditionError(
            f"{broken:,} of {len(vectors):,} vectors of model `{model.name}` are not finite numbers: train it again."
        )
    return vectors


def _default_columns(nodes: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Return the properties' keys, strings first, those that most nodes have first; labels too if they differ."""
    counted: dict[str, list[int]] = {}
    for node in nodes:
        for key, value in node.items():
            if key not in (LABELS, NODE_ID):
                counts = counted.setdefault(key, [0, 0])
                counts[0] += isinstance(value, str)
                counts[1] += 1
    keys = sorted(counted, key=lambda key: (counted[key][0] == 0, -counted[key][1], key))
    if not keys or len({text(node[LABELS]) for node in nodes}) > 1:
        keys.append(LABELS)
    return tuple(keys if counted else [NODE_ID, *keys])


def _check_columns(run: Run, columns: Iterable[str], nodes: Sequence[Mapping[str, object]]) -> None:
    present = set().union(*(node.keys() for node in nodes))
    unknown = [column for column in columns if column not in present]
    if not unknown:
        return
    found = run(PROPERTY_KEYS, nodeIds=[node[NODE_ID] for node in nodes[:ASKED_FOR_KEYS]])
    keys = [str(row[0]) for row in found]
    guess = "".join(did_you_mean(column, keys) for column in unknown)
    shown = ", ".join(f"`{key}`" for key in [*keys[:KEYS_SHOWN], LABELS, NODE_ID])
    raise NotFoundError(
        f"No node has the column{'s' if len(unknown) > 1 else ''} "
        f"{', '.join(f'`{column}`' for column in unknown)}.{guess} Choose among {shown} by `--columns`."
    )


def _cells(node: Mapping[str, object], columns: Sequence[str]) -> tuple[str, ...]:
    cells = tuple(text(node.get(column)) for column in columns)
    if any(cell.strip() for cell in cells):
        return cells
    # The projector skips blank lines: every row after one would stand beside the wrong vector.
    return (f"node {node[NODE_ID]}", *cells[1:])


def _clean(line: str) -> str:
    return _BREAKS.sub(" ", line)
