"""A small version to store."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bridge.registry.manifest import Feature, GraphFacts, Manifest, TargetFacts
from bridge.registry.store import Store
from bridge.registry.version import Version

FILE = "model.safetensors"


def manifest(name: str = "ratings", **changes: Any) -> Manifest:
    return Manifest(
        model_name=name,
        database="neo4j",
        model_type="graphFm",
        objective="rating",
        created_millis=1_700_000_000_000,
        train_millis=1234,
        configuration={"epochs": 20, "learningRate": 0.01, "featureProperties": {"Movie": ["fastrp"]}},
        target=TargetFacts(source_label="User", relationship_type="RATED", target_label="Movie", property="rating"),
        node_keys={"User": "userId", "Movie": "movieId"},
        features=(
            Feature(
                label="Movie",
                property="fastrp",
                dimension=2,
                probe_keys=(1, "tt2"),
                probe_values=((0.1, -1e-30), (3.0, 4.5)),
            ),
        ),
        graph=GraphFacts(name="movies", node_counts={"User": 610}, relationship_counts={"RATED": 100836}),
        seeds={"random": 42},
        libraries={"torch": "2.5.1"},
        metrics={"test": {"rmse": 0.84, "count": 2**53 + 1}},
        baselines={"bias": {"rmse": 0.87}},
        history=({"epoch": 1, "loss": 0.5, "validation": None},),
        warnings=("`fastrp` is of unknown origin",),
    ).model_copy(update=changes)


def write_arrays(folder: Path, fill: float = 1.0, rows: int = 8) -> None:
    arrays = {"user": np.full((rows, 4), fill, np.float32), "count": np.arange(3)}
    save_file(arrays, folder / FILE)


def publish(store: Store, name: str = "ratings", fill: float = 1.0, **changes: Any) -> Version:
    staging = store.stage()
    write_arrays(staging, fill)
    return store.publish(staging, manifest(name, **changes))
