"""Pictures of an embedding: its map in two dimensions, the loss curve of its training."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

TSNE_MOST_NODES = 5_000
"""t-SNE takes about half a minute for so many; larger embeddings are laid out by PCA."""

TSNE_FEWEST_NODES = 5
"""Fewer have no neighbourhoods to keep."""

PERPLEXITY = 30.0
"""How many neighbours t-SNE minds; van der Maaten and Hinton (2008) advise 5 to 50."""

DOTS_PER_INCH = 160
MAP_INCHES = (10.0, 7.5)
LOSS_INCHES = (7.5, 4.5)

NAMED = 18
"""Nodes that the map names at most, beside the highlighted ones."""

DOT_PIXELS = 8.0
"""Half the room of a named point."""

TRIED = 200
"""Nodes whose name is tried for a free place."""

LONGEST_NAME = 44
"""Characters of a name that are drawn."""

COLOURS = ("#3b6fb6", "#d9822b", "#2e9e77", "#b5487b", "#8a6fc7", "#a08b1f", "#4aa3c7", "#7a7a7a")
"""Of groups of nodes, most frequent first, apart for the colour-blind too; the last is for all further groups."""

ACCENT = "#c4302b"
INK, FAINT = "#1f2328", "#6b7280"

T = TypeVar("T")

_PLACES = ((5, 0, "left", "center"), (-5, 0, "right", "center"), (0, 5, "center", "bottom"), (0, -5, "center", "top"))
"""Where a name may stand beside its point: offset in typographic points, alignment."""

_FURTHER = tuple(
    (right, up, side, "center") for up in (10, -10, 20, -20, 30, -30) for right, side in ((5, "left"), (-5, "right"))
)
"""Where a highlighted name may stand too, so that it covers no other."""


@dataclass(frozen=True)
class Layout:
    """Where the nodes lie on the map."""

    points: np.ndarray  # float64 [N, 2]; from 0 to 1 in the longer direction
    method: str
    """How it was made, for the caption."""


@dataclass(frozen=True)
class Named:
    """What the map tells of its points; entry i of each is node i."""

    titles: Sequence[str]
    groups: Sequence[str]
    order: Sequence[int]
    """Node indices, the ones that deserve a name first."""
    highlighted: Sequence[int]
    """Node indices that are named in any case."""


def lay_out(vectors: np.ndarray, seed: int) -> Layout:
    """Lay vectors out in two dimensions so that those of high cosine lie together.

    t-SNE (van der Maaten and Hinton 2008, Barnes–Hut) from TSNE_FEWEST_NODES to TSNE_MOST_NODES, PCA otherwise.

    vectors: float32 [N, dimension], N ≥ 1, all finite.
    seed: of t-SNE; the same one gives the same map.
    """
    count = len(vectors)
    vectors = vectors.astype(np.float64)  # the square of a large float32 is none
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # Between vectors of length one the squared distance, which t-SNE works on, is 2 - 2 cosine.
    directions = vectors / np.where(lengths > 0, lengths, 1)
    if not TSNE_FEWEST_NODES <= count <= TSNE_MOST_NODES or np.ptp(directions, axis=0).max() == 0:
        return Layout(_scaled(_principal(directions)), "PCA of the directions of the vectors")
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    start = _principal(directions)
    start = start / max(float(start[:, 0].std()), 1e-12) * 1e-4
    tsne = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=seed)
    # On one thread, because a sum over several threads depends on their number.
    with threadpool_limits(1):
        found = tsne.fit_transform(directions.astype(np.float32))
    return Layout(_scaled(found), f"t-SNE, cosine, perplexity {perplexity:.3g}, seed {seed}")


def write_map(path: Path, layout: Layout, named: Named, title: str) -> None:
    """Write the map as a PNG of MAP_INCHES at DOTS_PER_INCH."""
    figure, axes = _figure(MAP_INCHES, title)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.margins(0.04)
    _draw_points(axes, layout.points, named.groups)
    figure.text(0.012, 0.012, f"{len(layout.points):,} nodes · {layout.method}", color=FAINT, fontsize=8)
    _draw_names(figure, axes, layout.points, named)
    _save(figure, path)


def write_losses(path: Path, losses: Sequence[float], steps: str, title: str) -> None:
    """Write the loss curve as a PNG of LOSS_INCHES at DOTS_PER_INCH; `steps` names what each loss is of."""
    figure, axes = _figure(LOSS_INCHES, title)
    marker = "o" if len(losses) <= 40 else ""
    axes.plot(range(1, len(losses) + 1), losses, color=COLOURS[0], marker=marker, markersize=4, linewidth=1.6)
    axes.set_xlabel(steps)
    axes.set_ylabel("training loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="#e5e7eb", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def group_ranks(groups: Sequence[str]) -> dict[str, int]:
    """Return each group's place among COLOURS: the most frequent first, those beyond the last colour on it."""
    counted = {group: groups.count(group) for group in sorted(set(groups))}
    frequent = sorted(counted, key=lambda group: -counted[group])
    return {group: min(rank, len(COLOURS) - 1) for rank, group in enumerate(frequent)}


def shortened(name: str) -> str:
    """Return a name cut to LONGEST_NAME."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def _principal(vectors: np.ndarray) -> np.ndarray:
    """Return the two coordinates of greatest variance, float64 [N, 2]; zero where there are fewer."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    first = axes[:, ::-1][:, :2]
    # An eigenvector's sign is chance: its largest entry is made positive.
    signs = np.sign(first[np.abs(first).argmax(axis=0), range(first.shape[1])])
    points = centred @ (first * signs)
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def _scaled(points: np.ndarray) -> np.ndarray:
    low, extent = points.min(axis=0), float(np.ptp(points, axis=0).max())
    return np.asarray((points - low) / (extent or 1.0), dtype=np.float64)


def _figure(inches: tuple[float, float], title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=inches, dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    figure.suptitle(title, x=0.012, ha="left", fontsize=11, color=INK, parse_math=False)
    return figure, axes


def _draw_points(axes: Axes, points: np.ndarray, groups: Sequence[str]) -> None:
    ranks = group_ranks(groups)
    rank = np.array([ranks[group] for group in groups])
    size = float(np.clip(9000 / len(points), 2, 26))
    for colour in range(len(COLOURS)):
        here = points[rank == colour]
        names = [group or "no label" for group, place in ranks.items() if place == colour]
        label = names[0] if len(names) == 1 else f"{len(names)} other kinds"
        if len(here):
            axes.scatter(here[:, 0], here[:, 1], s=size, color=COLOURS[colour], alpha=0.55, linewidth=0, label=label)
    if len(ranks) > 1:
        axes.legend(loc="upper right", frameon=False, fontsize=8, markerscale=2)


def _draw_names(figure: Figure, axes: Axes, points: np.ndarray, named: Named) -> None:
    """Name highlighted points in any case, then others in order, as long as there is a free place."""
    _quietly(figure.draw_without_rendering)
    taken = [_dot(axes, points[index]) for index in named.highlighted]
    for index in named.highlighted:
        _draw_name(axes, points[index], named.titles[index], taken, force=True)
    highlighted, placed = set(named.highlighted), 0
    for index in [index for index in named.order if index not in highlighted][:TRIED]:
        placed += _draw_name(axes, points[index], named.titles[index], taken, force=False)
        if placed == NAMED:
            return


def _draw_name(axes: Axes, point: np.ndarray, title: str, taken: list[Bbox], *, force: bool) -> bool:
    """Draw a name where it covers no other; say whether it was drawn. A forced one covers others if it must."""
    colour, weight = (ACCENT, "bold") if force else (INK, "normal")
    places = (*_PLACES, *_FURTHER, _PLACES[-1]) if force else _PLACES
    x, y = map(float, point)
    for attempt, (right, up, horizontal, vertical) in enumerate(places, start=1):
        name = axes.annotate(
            shortened(title), (x, y), (right, up), textcoords="offset points", ha=horizontal, va=vertical,
            parse_math=False, zorder=4, fontsize=8, color=colour, weight=weight,
        )  # fmt: skip
        name.set_in_layout(False)
        box = _quietly(name.get_window_extent)
        inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and axes.bbox.y0 <= box.y0 <= axes.bbox.y1
        if (inside and not any(box.overlaps(other) for other in taken)) or (force and attempt == len(places)):
            name.set_bbox({"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6})
            axes.plot([x], [y], "o", color=colour, markersize=6 if force else 3, markeredgewidth=0, zorder=5)
            taken += [box, _dot(axes, point)]
            return True
        name.remove()
    return False


def _dot(axes: Axes, point: np.ndarray) -> Bbox:
    """Return the room of a named point, in pixels."""
    x, y = axes.transData.transform(point)
    return Bbox([[x - DOT_PIXELS, y - DOT_PIXELS], [x + DOT_PIXELS, y + DOT_PIXELS]])


def _save(figure: Figure, path: Path) -> None:
    _quietly(lambda: figure.savefig(path, format="png"))


def _quietly(draw: Callable[[], T]) -> T:
    """Draw without a warning for each sign that the font lacks; it becomes a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        return draw()
