"""Answers of hosted models without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import grpc

from bridge.actions import prediction
from bridge.actions.prediction import Found, Question
from bridge.actions.services import Services
from bridge.rpc.convert import from_value, to_value
from bridge.rpc.model_messages import from_version
from bridge.v1 import model_service_pb2, value_pb2
from bridge.v1 import prediction_service_pb2 as wire
from bridge.v1 import prediction_service_pb2_grpc as service

M = TypeVar("M")

AT_ONCE = 1_000
"""Entries of lists that the event loop itself encodes, in a few milliseconds at most."""


class PredictionServicer(service.PredictionServiceServicer):
    """Decode, act, encode. What a method raises becomes its status in `outcome`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Recommend(
        self, request: wire.RecommendRequest, context: grpc.aio.ServicerContext
    ) -> wire.RecommendResponse:
        """Give each source its list."""
        least = request.min_score if request.HasField("min_score") else None
        asked = to_question(request.name, request.model_version)
        number, lists = await prediction.recommend(
            asked, _keys(request.sources), request.top_k, least, self._services
        )
        return wire.RecommendResponse(model_version=number, lists=await self._each(_to_recommendations, lists))

    async def Score(
        self, request: wire.ScoreRequest, context: grpc.aio.ServicerContext
    ) -> wire.ScoreResponse:
        """Give each pair its score."""
        asked = to_question(request.name, request.model_version)
        sources, targets = _keys(request.sources), _keys(request.targets)
        number, scores, fallbacks = await prediction.score(asked, sources, targets, self._services)
        return wire.ScoreResponse(model_version=number, scores=scores, fallbacks=fallbacks)

    async def Embed(
        self, request: wire.EmbedRequest, context: grpc.aio.ServicerContext
    ) -> wire.EmbedResponse:
        """Give each node its embedding."""
        asked = to_question(request.name, request.model_version)
        number, vectors = await prediction.embed(asked, request.label, _keys(request.keys), self._services)
        return wire.EmbedResponse(
            model_version=number,
            embeddings=[
                wire.NodeEmbedding(key=key, values=() if vector is None else vector.tolist())
                for key, vector in zip(request.keys, vectors, strict=True)
            ],
        )

    async def Similar(
        self, request: wire.SimilarRequest, context: grpc.aio.ServicerContext
    ) -> wire.SimilarResponse:
        """Give each node its nearest."""
        asked = to_question(request.name, request.model_version)
        number, lists = await prediction.similar(
            asked, request.label, _keys(request.keys), request.top_k, self._services
        )
        return wire.SimilarResponse(model_version=number, lists=await self._each(_to_neighbors, lists))

    async def _each(self, encode: Callable[[Found], M], lists: Sequence[Found]) -> list[M]:
        """Encode lists: long ones where nobody else's answer waits for them."""
        if sum(len(each.keys) for each in lists) <= AT_ONCE:
            return [encode(each) for each in lists]
        return await self._services.answer(lambda: [encode(each) for each in lists])


def _to_recommendations(found: Found) -> wire.Recommendations:
    return wire.Recommendations(
        source=to_value(found.key),
        targets=map(to_value, found.keys),
        scores=found.values,
        fallback=found.fallback,
    )


def _to_neighbors(found: Found) -> wire.Neighbors:
    return wire.Neighbors(
        key=to_value(found.key), neighbors=map(to_value, found.keys), similarities=found.values
    )  # fmt: skip


def to_question(name: model_service_pb2.ModelReference, model_version: str) -> Question:
    """Read which version is meant."""
    return Question(name.database, name.model, from_version(model_version))


def _keys(values: Iterable[value_pb2.Value]) -> list[object]:
    return [from_value(each) for each in values]
