"""Answers of hosted models without a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bridge.client.connection import Connection
from bridge.client.models import reference
from bridge.client.values import from_value, to_values
from bridge.v1 import prediction_service_pb2 as wire
from bridge.v1 import prediction_service_pb2_grpc as service


@dataclass(frozen=True)
class Ranked:
    """One node's list, the best first."""

    key: Any
    """The node asked about."""
    keys: tuple[Any, ...]
    scores: tuple[float, ...]
    """Entry i is that of keys[i]: a score, or a cosine similarity."""
    fallback: bool = False
    """The model knows nothing of this node: the list is everyone's."""


@dataclass(frozen=True)
class Lists:
    """The lists of one answer, in the order of the nodes asked about."""

    model_version: int
    """The version that answered, for all the same."""
    lists: tuple[Ranked, ...]


@dataclass(frozen=True)
class Scores:
    """The scores of one answer, in the order of the pairs."""

    model_version: int
    scores: tuple[float, ...]
    fallbacks: tuple[bool, ...]
    """Whether the model knows nothing of the pair's source or target."""


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of one answer, in the order of the nodes."""

    model_version: int
    vectors: tuple[tuple[float, ...], ...]
    """Empty where the model has no vector of the node."""


class Predictions:
    """Asks PredictionService, which answers from the projection of the training, as it was then.

    Nodes go by their keys; `model_version` is a number or an alias, the version that answers by default; `database` may
    be empty where models of one database alone are stored. Every method raises a BridgeError in the server's words.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stub = service.PredictionServiceStub(connection.channel)  # type: ignore[no-untyped-call]

    def recommend(
        self,
        model: str,
        sources: Iterable[object],
        *,
        top_k: int = 10,
        min_score: float | None = None,
        model_version: int | str = "",
        database: str = "",
    ) -> Lists:
        """Return the targets with the highest scores, without those that were linked then."""
        request = wire.RecommendRequest(
            name=reference(model, database),
            model_version=str(model_version),
            sources=to_values(sources),
            top_k=top_k,
            min_score=min_score,
        )
        found: wire.RecommendResponse = self._connection.call(self._stub.Recommend, request)
        lists = (
            Ranked(from_value(each.source), tuple(map(from_value, each.targets)), tuple(each.scores), each.fallback)
            for each in found.lists
        )
        return Lists(found.model_version, tuple(lists))

    def score(
        self,
        model: str,
        pairs: Iterable[tuple[object, object]],
        *,
        model_version: int | str = "",
        database: str = "",
    ) -> Scores:
        """Return the predicted rating or score of pairs (source, target)."""
        asked = list(pairs)
        request = wire.ScoreRequest(
            name=reference(model, database),
            model_version=str(model_version),
            sources=to_values(source for source, _ in asked),
            targets=to_values(target for _, target in asked),
        )
        found: wire.ScoreResponse = self._connection.call(self._stub.Score, request)
        return Scores(found.model_version, tuple(found.scores), tuple(found.fallbacks))

    def embed(
        self,
        model: str,
        keys: Iterable[object],
        *,
        label: str = "",
        model_version: int | str = "",
        database: str = "",
    ) -> Embeddings:
        """Return embeddings; `label` may be empty where the model has one label."""
        request = wire.EmbedRequest(
            name=reference(model, database), model_version=str(model_version), label=label, keys=to_values(keys)
        )
        found: wire.EmbedResponse = self._connection.call(self._stub.Embed, request)
        return Embeddings(found.model_version, tuple(tuple(each.values) for each in found.embeddings))

    def similar(
        self,
        model: str,
        keys: Iterable[object],
        *,
        label: str = "",
        top_k: int = 10,
        model_version: int | str = "",
        database: str = "",
    ) -> Lists:
        """Return the nodes of the same label with the highest cosine similarity."""
        request = wire.SimilarRequest(
            name=reference(model, database),
            model_version=str(model_version),
            label=label,
            keys=to_values(keys),
            top_k=top_k,
        )
        found: wire.SimilarResponse = self._connection.call(self._stub.Similar, request)
        lists = (
            Ranked(from_value(each.key), tuple(map(from_value, each.neighbors)), tuple(each.similarities))
            for each in found.lists
        )
        return Lists(found.model_version, tuple(lists))
