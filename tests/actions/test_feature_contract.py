"""bridge/actions/feature_contract.py: features are known again by their values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.actions.feature_contract import check_features, probe
from bridge.core.errors import FailedPreconditionError
from bridge.core.projection import NodeTable, Projection
from tests.boards import nodes

RNG = np.random.default_rng(4)
NEIGHBOURS = RNG.random((200, 200)) < 0.05


def fast_rp(seed: int, weights: NDArray[Any] = NEIGHBOURS) -> NDArray[np.float32]:
    """Embed as FastRP does: a random projection of the neighbours and theirs, scaled to length 1."""
    drawn = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], (200, 32), p=[1 / 6, 2 / 3, 1 / 6])
    once = weights @ drawn
    both = once / 5 + weights @ once
    scaled: NDArray[np.float32] = (both / np.linalg.norm(both, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def films(values: NDArray[Any], keys: NDArray[Any] | None = None) -> NodeTable:
    return nodes("Film", np.arange(len(values)) if keys is None else keys, {"fastrp": values})


def check(trained: NodeTable, asked: NodeTable, count: int = 64) -> None:
    """Record on one table, compare with another."""
    check_features([probe(trained, "fastrp", count)], Projection({"Film": asked}, {}, ""))


def refusal(trained: NodeTable, asked: NodeTable) -> FailedPreconditionError:
    with pytest.raises(FailedPreconditionError) as raised:
        check(trained, asked)
    assert (raised.value.reason, raised.value.metadata) == ("FEATURE_MISMATCH", {"feature": "Film.fastrp"})
    return raised.value


def test_fast_rp_with_another_seed_is_refused_by_the_features_name() -> None:
    """Its vectors have the same length and dimension and mean nothing to the model."""
    text = refusal(films(fast_rp(42)), films(fast_rp(43))).message
    assert "The feature `fastrp` of `Film` is not the one that the model was trained on: 64 of 64" in text
    assert "`randomSeed`" in text


def test_fast_rp_run_again_with_its_seed_is_the_same_feature() -> None:
    """Also where the graph has grown a little since."""
    check(films(fast_rp(42)), films(fast_rp(42)))
    grown = NEIGHBOURS | (np.random.default_rng(1).random((200, 200)) < 0.0005)
    check(films(fast_rp(42)), films(fast_rp(42, grown)))


@pytest.mark.parametrize("change", ["longer", "turned round", "scaled", "other nodes' values"])
def test_vectors_that_are_others_are_refused(change: str) -> None:
    values = fast_rp(42)
    changed = {
        "longer": lambda: np.concatenate([values, values], axis=1),
        "turned round": lambda: -values,
        "scaled": lambda: 3 * values,
        "other nodes' values": lambda: np.roll(values, 1, axis=0),
    }[change]()
    text = refusal(films(values), films(changed)).message
    assert ("has 64 dimensions, but the model was trained on 32" in text) == (change == "longer")


def test_nodes_are_compared_by_key_wherever_they_stand() -> None:
    """Nodes that came in between move all others; those that are gone are passed over."""
    values = fast_rp(42)
    keys = np.arange(200) * 2
    later = np.sort(np.concatenate([keys[50:], keys[:60] + 1]))
    moved = np.stack([values[key // 2] if key % 2 == 0 else -values[key // 2] for key in later])
    check(films(values, keys), films(moved, later))


def test_keys_may_be_strings() -> None:
    keys = np.array([f"tt{number:04}" for number in range(200)])
    check(films(fast_rp(42), keys), films(fast_rp(42), keys))
    refusal(films(fast_rp(42), keys), films(fast_rp(43), keys))


@pytest.mark.parametrize("keys", [np.arange(1000, 1200), np.array([f"{number:04}" for number in range(200)])])
def test_without_a_probe_node_only_the_dimension_can_be_compared(keys: NDArray[Any]) -> None:
    """Other nodes, or keys of another type: such a projection is not refused for its values."""
    check(films(fast_rp(42)), films(fast_rp(43), keys))
    refusal(films(fast_rp(42)), films(fast_rp(43)[:, :31], keys))


def test_zeros_say_nothing_for_or_against() -> None:
    """Most nodes have no neighbours and zeros by every seed: those that have some decide."""
    lonely = np.arange(200) % 10 != 0
    trained = np.where(lonely[:, None], 0, fast_rp(42)).astype(np.float32)
    other = np.where(lonely[:, None], 0, fast_rp(43)).astype(np.float32)
    assert "20 of 20 probe nodes" in refusal(films(trained), films(other)).message
    check(films(trained), films(trained))
    grown = np.where(lonely[:, None] & (np.arange(200) > 0)[:, None], 0, fast_rp(42)).astype(np.float32)
    check(films(trained), films(grown))
    check(films(np.zeros((200, 8), np.float32)), films(np.zeros((200, 8), np.float32)))


def test_a_version_that_kept_zeros_is_compared_by_the_rest() -> None:
    """Versions of before took nodes with zeros among their probes."""
    trained, other = np.zeros((200, 32), np.float32), np.zeros((200, 32), np.float32)
    trained[::10], other[::10] = fast_rp(42)[::10], fast_rp(43)[::10]
    kept = probe(films(trained), "fastrp", 200)
    all_of_them = {"probe_keys": tuple(range(200)), "probe_values": tuple(map(tuple, trained.tolist()))}
    old = kept.model_copy(update=all_of_them)
    with pytest.raises(FailedPreconditionError, match="20 of 20 probe nodes"):
        check_features([old], Projection({"Film": films(other)}, {}, ""))


def test_scalars_are_compared_as_they_are() -> None:
    """Half of them may have changed; large integers keep all digits."""
    years = 1_000_000_000_000 + np.arange(200.0)
    check(films(years), films(years))
    some = np.where(np.arange(200) % 3 == 0, years * 2, years)
    check(films(years), films(some))
    refusal(films(years), films(years * 2))


def test_missing_values_are_no_probes() -> None:
    """Neither at training nor later: what fills them in says nothing."""
    values, absent = fast_rp(42), np.arange(200) < 150
    trained = replace(films(values), missing={"fastrp": absent})
    feature = probe(trained, "fastrp", 64)
    assert min(feature.probe_keys) >= 150
    assert len(feature.probe_keys) == 50
    zeros = np.where(absent[:, None], 0, values).astype(np.float32)
    check(films(values), replace(films(zeros), missing={"fastrp": absent}))
    nobody = replace(films(values), missing={"fastrp": np.ones(200, dtype=bool)})
    assert probe(nobody, "fastrp", 64).probe_keys == ()


def test_probes_are_spread_over_the_keys_and_no_more_than_asked_for() -> None:
    feature = probe(films(fast_rp(42)), "fastrp", 10)
    assert (len(feature.probe_keys), feature.probe_keys[0], feature.probe_keys[-1]) == (10, 0, 199)
    assert feature.dimension == len(feature.probe_values[0]) == 32
