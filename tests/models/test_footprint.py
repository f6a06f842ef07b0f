"""bridge/models/footprint.py: what it says is what a training process then takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.memory import MOST_RATIO, Size, board, measured, training
from bridge.core.memory import Estimate
from bridge.jobs.process import Trainers
from bridge.models import MODELS
from bridge.models.footprint import LOADS, Sizes, training_memory
from bridge.projection.folder import write_folder
from tests.server import trainers

__all__ = ["trainers"]

SIZES = Sizes(sources=20_000, targets=5_000, relationships=400_000, learned=400_000)
NOTHING = Estimate.exactly("baselines", 0)


def needed(architecture: str, sizes: Sizes = SIZES, baselines: Estimate = NOTHING, **given: int) -> Estimate:
    settings = MODELS[architecture].Hyperparameters.parse(given)
    return training_memory("training", architecture, sizes, settings, baselines)


@pytest.mark.parametrize(
    ("size", "architecture"),
    [(Size("small", 500, 200, 5_000), "graphFm"), (Size("larger", 6_000, 2_000, 120_000), "sage")],
)
def test_a_training_takes_what_was_estimated_within_a_factor_of_two(
    trainers: Trainers, tmp_path: Path, size: Size, architecture: str
) -> None:
    """Both ends of the range, against the growth of the peak of a real training process."""
    projection = board(size)
    write_folder(tmp_path / "board", projection)
    request = training(architecture, baselines="none")
    estimate, peak = measured(trainers, request, projection, tmp_path / "board")
    assert peak / MOST_RATIO <= estimate.bytes_min <= peak <= estimate.bytes_max <= peak * MOST_RATIO


@pytest.mark.parametrize("architecture", MODELS)
def test_every_architecture_has_an_estimate_whose_parts_add_up(architecture: str) -> None:
    estimate = needed(architecture)
    assert 0 < estimate.bytes_min < estimate.bytes_max
    assert estimate.bytes_min == sum(part.bytes_min for part in estimate.parts)
    assert estimate.bytes_max == sum(part.bytes_max for part in estimate.parts)
    assert set(LOADS) == set(MODELS)


@pytest.mark.parametrize("architecture", MODELS)
@pytest.mark.parametrize(
    "more",
    [
        {"sources": 80_000}, {"targets": 40_000}, {"relationships": 800_000, "learned": 800_000},
        {"side_nodes": 50_000}, {"side_relationships": 500_000}, {"target_width": 512}, {"kept_models": 3},
    ],
)  # fmt: skip
def test_more_of_anything_takes_more(architecture: str, more: dict[str, int]) -> None:
    """Each count that memory depends on counts."""
    before, after = needed(architecture), needed(architecture, replace(SIZES, **more))
    assert after.bytes_min > before.bytes_min
    assert after.bytes_max > before.bytes_max


@pytest.mark.parametrize("architecture", MODELS)
def test_longer_vectors_take_more(architecture: str) -> None:
    short, long = (needed(architecture, embeddingDimension=dimension) for dimension in (16, 256))
    assert long.bytes_min > 1.5 * short.bytes_min


def test_steps_follow_one_another_so_only_the_largest_counts_in_full() -> None:
    """Baselines that take less than the training leave a share behind; larger ones take its place."""
    alone = needed("graphFm")
    training_step = next(part for part in alone.parts if part.name == "largest of the steps")
    small = needed("graphFm", baselines=Estimate.exactly("baselines", training_step.bytes_min // 2))
    large = needed("graphFm", baselines=Estimate.exactly("baselines", 3 * training_step.bytes_max))
    assert small.bytes_max - alone.bytes_max < training_step.bytes_min // 4
    assert large.bytes_min - alone.bytes_min >= 3 * training_step.bytes_max - training_step.bytes_min
