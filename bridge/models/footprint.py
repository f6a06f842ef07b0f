"""How much memory the training of a graph neural network takes, said from counts alone.

What is meant is the growth of the training process's peak resident memory (`VmHWM` of /proc/self/status, `ru_maxrss`)
from the start of the job to its end: what it allocates, the pages that it maps of the snapshot, and the code of the
libraries that it is the first to run. What the fork server had loaded already is shared and not counted.

Every range is of what is alive at one time: its least is what no order of the work can do without, its most has the
temporaries that may or may not meet. On a GPU the tensors live there and the process takes less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.memory import Estimate
from bridge.models.graph_fm import HIDDEN_SHARE
from bridge.models.light_gcn import MOST_CELLS, LightGcnHyperparameters
from bridge.models.model import Hyperparameters
from bridge.models.softmax import CHUNK_CELLS
from bridge.models.top_hits import CHUNK_CELLS as HITS_CELLS
from bridge.models.top_hits import MOST_SOURCES

MIB = 2**20
FLOAT = 4
"""Bytes of a float32."""

LIBRARIES = (28 * MIB, 48 * MIB)
"""Code of torch and its kernels that is run for the first time, threads and their buffers (measured: 33 to 45 MiB)."""
COPIES = (5, 7)
"""Of all weights: themselves, gradients, two moments of Adam, the average; the best ones and, while validation
measures, the latest."""
STRUCTURE = 28
"""Bytes a relationship of an adjacency: columns (int32) and order (int64) by either end, and a weight."""
HEAP_BLOCK = 32 * MIB
"""glibc returns larger blocks at once; of smaller ones, up to a half may stay with the process when they are freed."""
SHARE_KEPT = (0.1, 0.3)
"""Of each step: what stays with the process when it has ended, besides at most one HEAP_BLOCK (measured)."""
BLOCK = 1 << 23
"""Scores that evaluation asks for at once."""
PAIRS = 1 << 18
"""Pairs that evaluation scores at once."""


@dataclass(frozen=True)
class Sizes:
    """The counts of a projection and its split that memory depends on."""

    sources: int
    """Nodes of the source label."""
    targets: int
    """Nodes of the target label."""
    relationships: int
    """Target relationships, each counted once."""
    learned: int
    """The most of them that one fit learns from."""
    kept_models: int = 1
    """Fitted models that are held while another is fitted."""
    side_nodes: int = 0
    """Nodes of other labels, which have learned vectors where they send messages."""
    side_relationships: int = 0
    """Relationships of other types, each counted once."""
    source_width: int = 0
    """Numbers in the features of one source; 0 where it has none."""
    target_width: int = 0
    """The same of one target."""
    side_types: int = 0
    """Relationship types beside the target's."""
    relationship_properties: int = 1
    """Properties of the target relationships that are read: value, time, part."""
    ranking: bool = False
    """Lists are measured, by scores of blocks of sources and all targets; otherwise values, pair by pair."""

    @property
    def ends(self) -> int:
        """Nodes that scores are of."""
        return self.sources + self.targets

    @property
    def cells(self) -> int:
        """Numbers in all features."""
        return self.sources * self.source_width + self.targets * self.target_width


@dataclass(frozen=True)
class Load:
    """What differs between the architectures, for one fit."""

    weights: int
    """Learned numbers, float32."""
    messages: tuple[int, int]
    """Bytes of the adjacency, its weights in all forms, the relationships as tensors."""
    vectors: tuple[int, int]
    """Bytes of the nodes' vectors that forward and backward pass hold at one time."""
    loss: tuple[int, int]
    """Bytes of what the loss lays out by relationship or by pair."""
    validation: tuple[int, int] = (0, 0)
    """Bytes of the metric that chooses the epochs, which comes after the loss."""


def training_memory(
    name: str, architecture: str, sizes: Sizes, settings: Hyperparameters, baselines: Estimate
) -> Estimate:
    """Estimate the peak of a training, from reading the snapshot to saving the model.

    Args:
        name: of the whole.
        architecture: a key of `LOADS`.
        sizes: of the projection and its split.
        settings: the architecture's own.
        baselines: what they take while they are measured, beside the projection and the models.
    """
    load = LOADS[architecture](sizes, settings)
    steps = (_reading(sizes), _fit(load, sizes), _evaluation(sizes, settings), baselines)
    largest = Estimate(
        "largest of the steps", max(each.bytes_min for each in steps), max(each.bytes_max for each in steps), steps
    )
    return Estimate.total(
        name,
        Estimate("libraries", *LIBRARIES),
        _projection(sizes),
        Estimate.exactly("models kept", FLOAT * load.weights * sizes.kept_models),
        largest,
        _kept(steps),
    )


def _kept(steps: tuple[Estimate, ...]) -> Estimate:
    together = Estimate.total("steps", *steps)
    heap = min(HEAP_BLOCK, together.bytes_min // 2)
    least, most = SHARE_KEPT
    return Estimate(
        "freed and not given back", round(least * together.bytes_min), round(most * together.bytes_max) + heap
    )


def _projection(sizes: Sizes) -> Estimate:
    """Count pages of the snapshot; of each relationship the value as float64, its part, masks, and selections."""
    nodes = 16 * (sizes.ends + sizes.side_nodes)
    links = (8 + FLOAT * sizes.relationship_properties) * sizes.relationships + 8 * sizes.side_relationships
    mapped = nodes + links + FLOAT * sizes.cells
    return Estimate.total(
        "projection",
        Estimate("snapshot, mapped", mapped, 2 * mapped),  # numbers may be stored as float64
        Estimate("values and split", 11 * sizes.relationships, 24 * sizes.relationships),
    )


def _reading(sizes: Sizes) -> Estimate:
    """Count features in float64: the columns, joined, centred, scaled; then as float32."""
    return Estimate("features, while they are scaled", 24 * sizes.cells, 36 * sizes.cells)


def _fit(load: Load, sizes: Sizes) -> Estimate:
    learned = FLOAT * load.weights
    return Estimate.total(
        "training",
        Estimate("weights, gradients, moments, averages", COPIES[0] * learned, COPIES[1] * learned),
        Estimate.exactly("features", FLOAT * sizes.cells),
        Estimate("adjacency", *load.messages),
        Estimate("vectors of nodes", *load.vectors),
        Estimate(
            "loss and validation", max(load.loss[0], load.validation[0]), max(load.loss[1], load.validation[1])
        ),
    )


def _evaluation(sizes: Sizes, settings: Hyperparameters) -> Estimate:
    """Add up the model's vectors and messages, made anew, and the scores of a block or of some pairs."""
    wide = FLOAT * settings.embedding_dimension
    base = 3 * wide * sizes.ends + FLOAT * sizes.cells + 2 * STRUCTURE * sizes.learned
    if sizes.ranking:
        block = FLOAT * min(BLOCK, sizes.ends * sizes.targets)
        return Estimate("evaluation", base + 2 * block, base + 3 * block + 40 * sizes.relationships)
    pairs = 2 * wide * min(PAIRS, sizes.relationships // 10)
    return Estimate("evaluation", base + pairs, base + 2 * pairs)


def _sides(sizes: Sizes, each: tuple[int, int]) -> tuple[int, int]:
    return sizes.side_relationships * each[0], sizes.side_relationships * each[1]


def _sum(*ranges: tuple[int, int]) -> tuple[int, int]:
    return sum(each[0] for each in ranges), sum(each[1] for each in ranges)


def _graph_fm(sizes: Sizes, settings: Hyperparameters) -> Load:
    width = settings.embedding_dimension + 1
    hidden = FLOAT * width * round(HIDDEN_SHARE * sizes.learned)
    nodes = FLOAT * width * sizes.ends
    return Load(
        # own, who, how; bias, and the usual bias as float64
        weights=3 * width * sizes.ends + 2 * sizes.ends + width * (sizes.side_nodes + _widths(sizes)),
        # values, residuals, both ends as int64; a permutation, who is visible, four weighted matrices and transposes
        messages=_sum((84 * sizes.learned, 108 * sizes.learned), _sides(sizes, (STRUCTURE, STRUCTURE + 12))),
        vectors=(5 * nodes, 11 * nodes),
        # both ends of the hidden relationships, their product, and the gradients of these
        loss=(5 * hidden, 7 * hidden),
    )


def _light_gcn(sizes: Sizes, settings: Hyperparameters) -> Load:
    assert isinstance(settings, LightGcnHyperparameters), "the settings of this architecture"
    width = FLOAT * settings.embedding_dimension
    asking = min(sizes.sources, max(1, MOST_CELLS // max(1, sizes.targets)))
    cells = asking * sizes.targets
    hits = min(HITS_CELLS, MOST_SOURCES * sizes.targets, cells)
    matrices = 8 * (2 * settings.layers + 2)
    return Load(
        weights=settings.embedding_dimension * (sizes.ends + sizes.side_nodes + _widths(sizes)) + sizes.targets,
        # values, what is liked, examples; a matrix and its transpose for every sum
        messages=_sum(
            (sizes.learned * (STRUCTURE + 12), sizes.learned * (STRUCTURE + 28 + matrices)),
            _sides(sizes, (STRUCTURE, STRUCTURE + 12)),
        ),
        # sums over the layers, their unit vectors, what is wanted; then gradients of all of them
        vectors=_sum((6 * width * sizes.ends, 9 * width * sizes.ends), (4 * width * asking, 6 * width * asking)),
        loss=(FLOAT * min(CHUNK_CELLS, cells), 2 * FLOAT * min(CHUNK_CELLS, cells)),
        validation=(FLOAT * hits, 2 * FLOAT * hits),
    )


def _sage(sizes: Sizes, settings: Hyperparameters) -> Load:
    width = settings.embedding_dimension
    described = (sizes.sources if sizes.source_width else 0) + (sizes.targets if sizes.target_width else 0)
    links = 2 + 2 * sizes.side_types
    nodes = FLOAT * width * (sizes.ends + sizes.side_nodes)
    return Load(
        # a node with features has no vector of its own; two matrices a link and layer
        weights=width * (sizes.ends - described + sizes.side_nodes)
        + links * 2 * width * (width + max(width, sizes.source_width, sizes.target_width)),
        # values, weights, both ends as int64; means, matrices and transposes, incidence of either end
        messages=_sum((88 * sizes.learned, 104 * sizes.learned), _sides(sizes, (STRUCTURE + 12, STRUCTURE + 24))),
        vectors=(5 * nodes, 13 * nodes),
        # both ends of every relationship, their sum, and what is left of it above zero
        loss=(4 * FLOAT * width * sizes.learned, 4 * FLOAT * width * sizes.learned),
    )


def _widths(sizes: Sizes) -> int:
    return sizes.source_width + sizes.target_width


LOADS: dict[str, Callable[[Sizes, Hyperparameters], Load]] = {
    "graphFm": _graph_fm,
    "lightGcn": _light_gcn,
    "sage": _sage,
}
"""By architecture; a new one of `MODELS` needs its own here."""
