"""Embed a stored string property of the projected nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.encode import labels_to_encode, stored_values
from bridge.actions.encode_config import EncodeTextConfig, EncodeTextRow
from bridge.actions.jobs import effective, running_job
from bridge.actions.memory import check_memory, send_estimate
from bridge.actions.provenance import Origin
from bridge.actions.reading import Stopwatch
from bridge.actions.rows import send_row
from bridge.actions.scratch import scratch_folder
from bridge.actions.vectors import add_vectors
from bridge.core.call import Call
from bridge.core.columns import Table
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.graph import Graph
from bridge.core.memory import Estimate
from bridge.core.procedure import Procedure
from bridge.jobs.worker import Reporter

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.jobs.job import Job

STEPS = ("read texts", "encode", "add to the projection")
READ, ENCODE, MUTATE = range(len(STEPS))

TRANSFORMER_BYTES = (170 << 20, 230 << 20)
"""The transformer and what runs it."""
TEXT_BYTES = (1_000, 6_000)
"""A text, its tokens and its vector: of few words, and of as many as are read."""
BATCH_BYTES = 64 << 20
"""What the layers hold of a batch at most, whatever `batchSize` is: see `models.text.TOKENS_AT_ONCE`."""


async def encode_text(request: EncodeTextConfig, call: Call, services: Services) -> None:
    """Read the texts in the caller's transaction, encode them in a trainer, add the vectors to the projection."""
    watch = Stopwatch()
    graph = await call.describe()
    labels = _labels(request, graph)
    needed = estimate_encoding(_count(labels, graph))
    memory = check_memory(needed, request.sudo, services, "Name fewer `nodeLabels`")
    async with running_job("encode.text", request, STEPS, call, services) as job:
        tables = [await call.read_node_properties(label, [request.source_property]) for label in labels]
        ids, texts = await services.compute(_texts, tables, request)
        read_millis = watch.lap()
        async with scratch_folder(services) as folder:
            found, arrays = await _encode(request, texts, folder, memory, job, services)
        vectors = dict(zip(labels, zip(ids, arrays, strict=True), strict=True))
        compute_millis = watch.lap()
        job.report(MUTATE, 0.0)
        origin = Origin(f"text:{found['fingerprint']}")
        written, mutate_millis = await add_vectors(
            call, graph, request.mutate_property, vectors, origin, services.provenance
        )
        row = EncodeTextRow(
            node_properties_written=written,
            mutate_millis=mutate_millis,
            node_count=sum(map(len, ids)),
            pre_processing_millis=read_millis,
            compute_millis=compute_millis,
            configuration=dict(effective(request, job)),
            embedding_dimension=found["dimension"],
            nodes_without_text=sum(text is None for each in texts for text in each),
        )
    await send_row(call, row)


async def estimate(request: EncodeTextConfig, call: Call, services: Services) -> None:
    """Answer with the memory that it would take."""
    if call.fictitious is not None:
        counts = call.fictitious.node_count, call.fictitious.relationship_count
    else:
        graph = await call.describe()
        counts = _count(_labels(request, graph), graph), 0
    await send_estimate(call, estimate_encoding(counts[0]), *counts, services)


def estimate_encoding(texts: int) -> Estimate:
    """Say what a training process takes at one time: at least for titles, at most for texts of 256 tokens."""
    return Estimate.total(
        "bridge.encode.text",
        Estimate("transformer", *TRANSFORMER_BYTES),
        Estimate("texts and vectors", TEXT_BYTES[0] * texts, TEXT_BYTES[1] * texts),
        Estimate("batch", 0, BATCH_BYTES),
    )


def _labels(request: EncodeTextConfig, graph: Graph) -> list[str]:
    """Return the labels whose nodes get a vector.

    Raises:
        InvalidArgumentError: whatever does not fit the projection, all at once.
    """
    faults = Faults()
    labels = labels_to_encode(graph, request.node_labels, request.source_property, request.mutate_property, faults)
    faults.raise_if_any()
    return labels


def _count(labels: Sequence[str], graph: Graph) -> int:
    return sum(graph.labels[label].node_count for label in labels)


Texts = list[str | None]


def _texts(tables: Sequence[Table], request: EncodeTextConfig) -> tuple[list[NDArray[np.int64]], list[Texts]]:
    """Return, label by label, the ids of the nodes and their texts; None where there is none.

    Raises:
        FailedPreconditionError: some node has none and `missing` is error, or has something that is no string.
    """
    ids: list[NDArray[np.int64]] = []
    lists: list[Texts] = []
    for table in tables:
        rows, values = stored_values(table, request.source_property)
        texts = [_text(value, table.name, request) for value in values]
        lacking = sum(text is None for text in texts)
        if lacking and request.missing == "error":
            raise FailedPreconditionError(
                f"{lacking} of {len(texts)} `{table.name}` nodes have no text in the stored property "
                f"`{request.source_property}`. Give them one, name another property, or set `missing` to `zero` or "
                "`mean`.",
                reason="MISSING_VALUES",
            )
        ids.append(rows)
        lists.append(texts)
    return ids, lists


def _text(value: Any, label: str, request: EncodeTextConfig) -> str | None:
    if value is not None and not isinstance(value, str):
        raise FailedPreconditionError(
            f"The property `{request.source_property}` of a `{label}` node is `{value}`, which is no string. "
            "`sourceProperty` must be a property with text.",
            reason="NOT_A_TEXT",
        )
    return (value and value.strip()) or None


async def _encode(
    request: EncodeTextConfig, texts: list[Texts], folder: Path, memory: int, job: Job, services: Services
) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    """Let a trainer encode; return what it says of itself, and the vectors label by label."""
    await services.compute(lambda: (folder / "texts.json").write_text(json.dumps(texts)))
    spec = {
        "folder": str(folder),
        "batchSize": request.batch_size,
        "missing": request.missing,
        "threads": min(request.concurrency, services.threads),
    }
    found = await services.trainers.run(job, encode_in_trainer, spec, memory=memory)
    arrays = await services.compute(lambda: [np.load(folder / f"{place}.npy") for place in range(len(texts))])
    return found, arrays


def encode_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Encode the texts of a folder: `texts.json`, a list of lists, to `0.npy`, `1.npy`, … float32 [N, d]."""
    # The server imports this module too, and should not load the transformer for that.
    from bridge.models.text import TextEncoder

    folder = Path(spec["folder"])
    lists: list[Texts] = json.loads((folder / "texts.json").read_text())
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


ENCODE_TEXT = Procedure(
    "bridge.encode.text", EncodeTextConfig, {"mutate": EncodeTextRow}, encode_text, estimate=estimate
)
