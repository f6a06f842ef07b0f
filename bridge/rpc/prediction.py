"""Answers of hosted models without a database."""

from __future__ import annotations

from collections.abc import Iterable

import grpc

from bridge.actions import prediction
from bridge.actions.prediction import Question
from bridge.actions.services import Services
from bridge.rpc.convert import from_value, to_value
from bridge.v1 import model_service_pb2, value_pb2
from bridge.v1 import prediction_service_pb2 as wire
from bridge.v1 import prediction_service_pb2_grpc as service


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
        return wire.RecommendResponse(
            model_version=number,
            lists=[
                wire.Recommendations(
                    source=to_value(each.key),
                    targets=map(to_value, each.keys),
                    scores=each.values,
                    fallback=each.fallback,
                )
                for each in lists
            ],
        )

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
        return wire.SimilarResponse(
            model_version=number,
            lists=[
                wire.Neighbors(
                    key=to_value(each.key), neighbors=map(to_value, each.keys), similarities=each.values
                )
                for each in lists
            ],
        )


def to_question(name: model_service_pb2.ModelReference, model_version: str) -> Question:
    """Read which version is meant."""
    number = int(model_version) if model_version.isascii() and model_version.isdecimal() else None
    return Question(name.database, name.model, number or model_version or None)


def _keys(values: Iterable[value_pb2.Value]) -> list[object]:
    return [from_value(each) for each in values]
