"""A manifest comes back as it was written, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import DamagedError, FailedPreconditionError
from bridge.registry.manifest import FORMAT_VERSION, Manifest

from .examples import manifest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


def test_a_manifest_survives_the_way_through_json() -> None:
    """Every field, with integers, tiny floats, string keys and nulls as they were."""
    there = manifest()
    back = Manifest.from_json(there.to_json(), "here")
    assert back == there
    assert back.features[0].probe_keys == (1, "tt2")


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_free_maps_survive_the_way_through_json(anything: dict[str, object]) -> None:
    """`model_info` and its like take whatever JSON can say."""
    there = manifest(model_info=anything)
    assert Manifest.from_json(there.to_json(), "here").model_info == anything


def test_what_json_has_no_word_for_becomes_null() -> None:
    """An undefined metric is stored as undefined, and the file stays readable by any JSON reader."""
    there = manifest(metrics={"r2": float("nan"), "deep": [{"ndcg": float("inf")}]})
    text = there.to_json().decode()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert Manifest.from_json(text.encode(), "here").metrics == {"r2": None, "deep": [{"ndcg": None}]}


def test_every_change_of_a_stored_manifest_is_noticed() -> None:
    """Cut anywhere, or with one digit changed, it is refused by name."""
    text = manifest().to_json()
    for end in range(0, len(text) - 1, 97):
        with pytest.raises(DamagedError, match="neo4j/ratings/1"):
            Manifest.from_json(text[:end], "neo4j/ratings/1")
    with pytest.raises(DamagedError, match="checksum"):
        Manifest.from_json(text.replace(b"0.84", b"0.48"), "neo4j/ratings/1")


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b'{"checksum": 1, "format_version": "x"}'])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    """Whatever lies there, the answer is a sentence."""
    with pytest.raises(DamagedError, match="is damaged: it is no manifest"):
        Manifest.from_json(text, "here")


def test_a_newer_format_asks_for_an_upgrade() -> None:
    """Also when its fields and checksum are of a kind this bridge cannot know."""
    content = json.loads(manifest().to_json()) | {"format_version": FORMAT_VERSION + 1, "unheard_of": 1}
    with pytest.raises(FailedPreconditionError, match="newer bridge") as caught:
        Manifest.from_json(json.dumps(content).encode(), "here")
    assert caught.value.reason == "NEWER_FORMAT"


def test_the_store_key_is_the_id_of_the_database_where_there_is_one() -> None:
    """Two databases that bore one name, one after the other, do not share models."""
    assert manifest().store_key == "neo4j"
    assert manifest(database_id="A0").store_key == "A0"
