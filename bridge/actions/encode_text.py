"""Embed a stored string property of the projected nodes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.encode import add_vectors, labels_to_encode
from bridge.actions.encode_config import EncodeTextConfig, EncodeTextRow
from bridge.actions.jobs import effective, running_job
from bridge.actions.provenance import Origin
from bridge.actions.reading import Stopwatch
from bridge.actions.rows import send_row
from bridge.core.call import Call
from bridge.core.columns import PRESENT, Table
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.procedure import Procedure
from bridge.jobs.worker import Reporter
from bridge.models.text import TextEncoder

if TYPE_CHECKING:
    from bridge.actions.services import Services

STEPS = ("read texts", "encode", "add to the projection")
READ, ENCODE, MUTATE = range(len(STEPS))


async def encode_text(request: EncodeTextConfig, call: Call, services: Services) -> None:
    """Read the texts in the caller's transaction, encode them in a trainer, add the vectors to the projection."""
    watch = Stopwatch()
    graph = await call.describe()
    faults = Faults()
    labels = labels_to_encode(graph, request.node_labels, request.mutate_property, faults)
    faults.raise_if_any()
    async with running_job("encode.text", request, STEPS, call, services) as job:
        tables = {label: await call.read_node_properties(label, [request.source_property]) for label in labels}
        texts = {label: _texts(tables[label], label, request) for label in labels}
        ids = {label: tables[label].columns["id"].values.astype(np.int64) for label in labels}
        read_millis = watch.lap()
        with tempfile.TemporaryDirectory(dir=services.scratch) as folder:
            found = await _encode(request, texts, Path(folder), job, services)
            arrays = [np.load(Path(folder) / f"{place}.npy") for place in range(len(labels))]
        vectors = {label: (ids[label], array) for label, array in zip(labels, arrays, strict=True)}
        compute_millis = watch.lap()
        job.report(MUTATE, 0.0)
        origin = Origin(f"text:{found['fingerprint']}")
        written, mutate_millis = await add_vectors(
            call, graph, request.mutate_property, vectors, origin, services.provenance
        )
        row = EncodeTextRow(
            node_properties_written=written,
            mutate_millis=mutate_millis,
            node_count=sum(len(each) for each in ids.values()),
            pre_processing_millis=read_millis,
            compute_millis=compute_millis,
            configuration=dict(effective(request, job)),
            embedding_dimension=found["dimension"],
            nodes_without_text=sum(text is None for each in texts.values() for text in each),
        )
    await send_row(call, row)


def _texts(table: Table, label: str, request: EncodeTextConfig) -> list[str | None]:
    """Return the text of each node; None where there is none.

    Raises:
        FailedPreconditionError: some node has none and `missing` is error, or has something that is no string.
    """
    column = table.columns[request.source_property]
    present = np.ones(len(column), bool) if column.present is None else column.present == PRESENT
    values = [value if there else None for value, there in zip(column.values.tolist(), present, strict=True)]
    strange = [value for value in values if value is not None and not isinstance(value, str)]
    if strange:
        raise FailedPreconditionError(
            f"The property `{request.source_property}` of {len(strange)} `{label}` nodes is no string, the first is "
            f"`{strange[0]}`. `sourceProperty` must be a property with text.",
            reason="NOT_A_TEXT",
        )
    texts = [value.strip() or None if isinstance(value, str) else None for value in values]
    lacking = sum(text is None for text in texts)
    if lacking and request.missing == "error":
        raise FailedPreconditionError(
            f"{lacking} of {len(texts)} `{label}` nodes have no text in the stored property "
            f"`{request.source_property}`. Give them one, name another property, or set `missing` to `zero` or `mean`.",
            reason="MISSING_VALUES",
        )
    return texts


async def _encode(
    request: EncodeTextConfig, texts: dict[str, list[str | None]], folder: Path, job: Any, services: Services
) -> dict[str, Any]:
    (folder / "texts.json").write_text(json.dumps(list(texts.values())))
    spec = {
        "folder": str(folder),
        "batchSize": request.batch_size,
        "missing": request.missing,
        "threads": min(request.concurrency, services.threads),
    }
    return await services.trainers.run(job, encode_in_trainer, spec)


def encode_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Encode the texts of a folder: `texts.json`, a list of lists, to `0.npy`, `1.npy`, … float32 [N, d]."""
    folder = Path(spec["folder"])
    lists: list[list[str | None]] = json.loads((folder / "texts.json").read_text())
    encoder = TextEncoder(threads=spec["threads"])
    flat = [text for texts in lists for text in texts if text is not None]
    encoded = encoder.encode(flat, batch_size=spec["batchSize"], progress=reporter.at(ENCODE))
    start = 0
    for place, texts in enumerate(lists):
        there = np.array([text is not None for text in texts], dtype=bool)
        end = start + int(there.sum())
        np.save(folder / f"{place}.npy", _spread(encoded[start:end], there, spec["missing"]))
        start = end
    return {"fingerprint": encoder.fingerprint, "dimension": encoder.dimension}


def _spread(vectors: NDArray[np.float32], there: NDArray[np.bool_], missing: str) -> NDArray[np.float32]:
    whole = np.zeros((len(there), vectors.shape[1]), dtype=np.float32)
    if missing == "mean" and len(vectors):
        whole[:] = vectors.mean(axis=0)
    whole[there] = vectors
    return whole


ENCODE_TEXT = Procedure("bridge.encode.text", EncodeTextConfig, {"mutate": EncodeTextRow}, encode_text)
