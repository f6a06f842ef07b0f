"""Who is `previous` when another version becomes champion."""

from pathlib import Path

import pytest

from bridge.registry.store import Store

from .examples import FILE, manifest, publish, write_arrays


@pytest.mark.parametrize("by", ["publishing", "promoting"])
def test_a_champion_that_follows_a_damaged_one_can_be_rolled_back(tmp_path: Path, by: str) -> None:
    """To the version that answered in the damaged one's place."""
    store = Store(tmp_path)
    publish(store)
    damaged = publish(store)
    (damaged.path / FILE).write_bytes(b"")
    if by == "publishing":
        publish(store)
    else:
        waiting = store.stage()
        write_arrays(waiting, 1.0)
        store.publish(waiting, manifest("ratings"), promote=False)
        store.promote("neo4j", "ratings", 3, "")
    assert store.aliases("neo4j", "ratings") == {"champion": 3, "previous": 1}
    assert store.rollback("neo4j", "ratings", "") == (1, 3)
