"""What a model remembers of the projection it was trained on: who the nodes were, what the features looked like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bridge.core.learning import Interactions, Problem, interactions
from bridge.core.projection import EdgeType, NodeTable, Projection, Target
from bridge.models.adjacency import Adjacency
from bridge.models.inputs import End, Inputs, Side
from bridge.models.keys import matching_rows, packed, unpacked

ENDS = ("source", "target")


@dataclass(frozen=True)
class FeatureScale:
    """How one label's feature properties become one matrix.

    Each property is centred on its training mean and divided by the root mean square length of the centred vectors,
    so that a vector of 384 numbers speaks no louder than a single one.
    """

    names: tuple[str, ...]
    dimensions: tuple[int, ...]
    means: NDArray[np.float32]
    """float32 [sum of dimensions]."""
    scales: NDArray[np.float32]
    """float32 [sum of dimensions]; multiplied with the centred values."""

    @classmethod
    def of(cls, table: NodeTable, names: tuple[str, ...]) -> Self:
        """Measure the features of the training's nodes."""
        blocks = [_block(table, name) for name in names]
        means = [block.mean(axis=0) if len(block) else np.zeros(block.shape[1]) for block in blocks]
        scales = [_scale(block, mean) for block, mean in zip(blocks, means, strict=True)]
        return cls(
            names,
            tuple(block.shape[1] for block in blocks),
            np.concatenate(means).astype(np.float32),
            np.concatenate(scales).astype(np.float32),
        )

    def matrix(self, table: NodeTable) -> Tensor:
        """Return the features of a projection's nodes: float32 [N, sum of dimensions]."""
        joined = np.concatenate([_block(table, name) for name in self.names], axis=1)
        return torch.from_numpy(((joined - self.means) * self.scales).astype(np.float32))


def _scale(block: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.sqrt(((block - mean) ** 2).sum(axis=1).mean()) if len(block) else 0.0
    return np.full(len(mean), 1 / length if length > 1e-9 else 0.0)


def _block(table: NodeTable, name: str) -> NDArray[np.float64]:
    values = np.asarray(table.properties[name], dtype=np.float64)
    return values.reshape(len(values), -1) if values.size else np.zeros((len(values), *(values.shape[1:] or (1,))))


@dataclass(frozen=True)
class SideType:
    """Side relationships in the direction in which they reach one end."""

    end: str
    edge_type: EdgeType
    against: bool
    """The messages go from the relationship's target to its source."""

    @property
    def name(self) -> str:
        """A name for learned weights: no dots, unique."""
        source, kind, target = (part.replace(".", "·") for part in self.edge_type)
        return f"{self.end} {source}-{kind}-{target} {'against' if self.against else 'along'}"

    @property
    def sender(self) -> str:
        """The label of the nodes that send."""
        return self.edge_type[2] if self.against else self.edge_type[0]


@dataclass(frozen=True)
class Memory:
    """The training's nodes, schema and scale; it turns any later projection into `Inputs`."""

    target: Target
    keys: Mapping[str, NDArray[np.generic]]
    """By label; int64 [N] or str [N], ascending, of every label that has learned rows."""
    seen: Mapping[str, NDArray[np.bool_]]
    """By end; bool [N], nodes that had a target relationship to learn from."""
    features: Mapping[str, FeatureScale]
    """By label."""
    sides: tuple[SideType, ...]
    low: float
    """Smallest target value learned from."""
    high: float
    """Largest target value learned from."""
    liked_threshold: float
    """A target value of at least this is liked."""

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Look at a problem. Only the target values of `fit_on` are read."""
        target, nodes = problem.target, problem.projection.nodes
        learned = interactions(problem.projection, target).where(problem.fit_on)
        sides = tuple(side_types(problem))
        labels = {target.source_label, target.target_label, *(side.sender for side in sides)}
        seen = {
            "source": np.bincount(learned.sources, minlength=learned.source_count) > 0,
            "target": np.bincount(learned.targets, minlength=learned.target_count) > 0,
        }
        return cls(
            target=target,
            keys={label: nodes[label].keys for label in sorted(labels)},
            seen=seen,
            features={
                label: FeatureScale.of(nodes[label], names)
                for label, names in sorted(problem.features.items())
                if names and label in labels
            },
            sides=sides,
            low=float(learned.values.min(initial=np.inf)) if len(learned) else 0.0,
            high=float(learned.values.max(initial=-np.inf)) if len(learned) else 0.0,
            liked_threshold=problem.liked_threshold,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the remembered arrays by name."""
        stored: dict[str, NDArray[Any]] = {f"seen.{end}": seen for end, seen in self.seen.items()}
        for label, keys in self.keys.items():
            stored |= packed(f"keys.{label}", keys)
        for label, scale in self.features.items():
            stored |= {f"means.{label}": scale.means, f"scales.{label}": scale.scales}
        return stored

    def meta(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON types."""
        return {
            "target": asdict(self.target),
            "labels": list(self.keys),
            "features": {
                label: dict(zip(scale.names, scale.dimensions, strict=True)) for label, scale in self.features.items()
            },
            "sides": [{"end": s.end, "edgeType": list(s.edge_type), "against": s.against} for s in self.sides],
            "low": self.low,
            "high": self.high,
            "likedThreshold": self.liked_threshold,
        }

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Make the memory again of what `arrays` and `meta` returned."""
        return cls(
            target=Target(**meta["target"]),
            keys={label: unpacked(f"keys.{label}", arrays) for label in meta["labels"]},
            seen={end: arrays[f"seen.{end}"] for end in ENDS},
            features={
                label: FeatureScale(
                    tuple(blocks), tuple(blocks.values()), arrays[f"means.{label}"], arrays[f"scales.{label}"]
                )
                for label, blocks in meta["features"].items()
            },
            sides=tuple(SideType(side["end"], _edge_type(side["edgeType"]), side["against"]) for side in meta["sides"]),
            low=meta["low"],
            high=meta["high"],
            liked_threshold=meta["likedThreshold"],
        )

    def count(self, label: str) -> int:
        """Number of nodes of a label at training."""
        return len(self.keys[label])

    def label(self, end: str) -> str:
        """The label at one end of the target relationships."""
        return self.target.source_label if end == "source" else self.target.target_label

    def width(self, label: str) -> int:
        """Number of feature columns of a label."""
        return sum(self.features[label].dimensions) if label in self.features else 0

    def rows(self, label: str, table: NodeTable) -> Tensor | None:
        """Find a projection's nodes among the training's by key; None where they are the very same."""
        rows = matching_rows(self.keys[label], table.keys)
        return None if rows is None else torch.from_numpy(rows)

    def messages(self, projection: Projection, mask: NDArray[np.bool_] | None) -> Interactions:
        """Take the target relationships that may be looked at."""
        given = interactions(projection, self.target)
        return given if mask is None else given.where(mask)

    def inputs(self, projection: Projection, mask: NDArray[np.bool_] | None, device: str = "cpu") -> Inputs:
        """Turn a projection into tensors; `mask` says which target relationships may be looked at."""
        given = self.messages(projection, mask)
        to_target = Adjacency.of(given.sources, given.targets, (given.target_count, given.source_count)).to(device)
        received = {"source": to_target.reverse, "target": to_target}
        ends = {end: self._end(end, projection, received[end], device) for end in ENDS}
        return Inputs(
            source=ends["source"],
            target=ends["target"],
            values=torch.from_numpy(given.values.astype(np.float32)).to(device),
            senders={side.sender: self._rows(side.sender, projection, device) for side in self.sides},
        )

    def known(self, end: str, projection: Projection, inputs: Inputs) -> NDArray[np.bool_]:
        """Say which nodes of an end a model can say something about: bool [N]."""
        given = inputs.ends[end]
        seen = self.seen[end]
        rows = np.arange(len(seen)) if given.rows is None else given.rows.cpu().numpy()
        trained = np.where(rows >= 0, seen[rows.clip(min=0)], False) if len(seen) else np.zeros(len(rows), dtype=bool)
        reached = given.received.strengths() > 0
        for side in given.sides:
            reached |= side.adjacency.strengths() > 0
        known: NDArray[np.bool_] = trained | reached.cpu().numpy()
        return known

    def _rows(self, label: str, projection: Projection, device: str) -> Tensor | None:
        rows = self.rows(label, projection.nodes[label])
        return None if rows is None else rows.to(device)

    def _end(self, end: str, projection: Projection, received: Adjacency, device: str) -> End:
        label = self.label(end)
        table = projection.nodes[label]
        scale = self.features.get(label)
        return End(
            label=label,
            received=received,
            rows=self._rows(label, projection, device),
            features=None if scale is None else scale.matrix(table).to(device),
            sides=tuple(
                Side(side.name, side.sender, _side_adjacency(side, projection).to(device))
                for side in self.sides
                if side.end == end
            ),
        )


def _edge_type(parts: Sequence[str]) -> EdgeType:
    source, kind, target = parts
    return (source, kind, target)


def side_types(problem: Problem) -> list[SideType]:
    """List the ways in which side relationships reach either end, each relationship once a direction."""
    ends = dict(zip(ENDS, (problem.target.source_label, problem.target.target_label), strict=True))
    found = []
    for edge_type in sorted(problem.message_types):
        source, kind, target = edge_type
        mirrored = problem.projection.relationships[edge_type].undirected and (
            source == target or (target, kind, source) in problem.message_types
        )
        for end, label in ends.items():
            if target == label:
                found.append(SideType(end, edge_type, against=False))
            if source == label and not mirrored:
                found.append(SideType(end, edge_type, against=True))
    return found


def _side_adjacency(side: SideType, projection: Projection) -> Adjacency:
    source, _, target = side.edge_type
    table = projection.relationships.get(side.edge_type)
    senders, receivers = np.zeros((2, 0), dtype=np.int32) if table is None else table.edge_index
    shape = (len(projection.nodes[target]), len(projection.nodes[source]))
    along = Adjacency.of(senders, receivers, shape)
    return (along.reverse if side.against else along).averaged()
