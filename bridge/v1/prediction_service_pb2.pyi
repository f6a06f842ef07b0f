from bridge.v1 import model_service_pb2 as _model_service_pb2
from bridge.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendRequest(_message.Message):
    __slots__ = ("name", "model_version", "sources", "top_k", "min_score")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    name: _model_service_pb2.ModelReference
    model_version: str
    sources: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    top_k: int
    min_score: float
    def __init__(self, name: _Optional[_Union[_model_service_pb2.ModelReference, _Mapping]] = ..., model_version: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ..., top_k: _Optional[int] = ..., min_score: _Optional[float] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("model_version", "lists")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    lists: _containers.RepeatedCompositeFieldContainer[Recommendations]
    def __init__(self, model_version: _Optional[int] = ..., lists: _Optional[_Iterable[_Union[Recommendations, _Mapping]]] = ...) -> None: ...

class Recommendations(_message.Message):
    __slots__ = ("source", "targets", "scores", "fallback")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    source: _value_pb2.Value
    targets: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    scores: _containers.RepeatedScalarFieldContainer[float]
    fallback: bool
    def __init__(self, source: _Optional[_Union[_value_pb2.Value, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ..., scores: _Optional[_Iterable[float]] = ..., fallback: bool = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ("name", "model_version", "sources", "targets")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    name: _model_service_pb2.ModelReference
    model_version: str
    sources: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    targets: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    def __init__(self, name: _Optional[_Union[_model_service_pb2.ModelReference, _Mapping]] = ..., model_version: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ..., targets: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("model_version", "scores", "fallbacks")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    scores: _containers.RepeatedScalarFieldContainer[float]
    fallbacks: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, model_version: _Optional[int] = ..., scores: _Optional[_Iterable[float]] = ..., fallbacks: _Optional[_Iterable[bool]] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("name", "model_version", "label", "keys")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    name: _model_service_pb2.ModelReference
    model_version: str
    label: str
    keys: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    def __init__(self, name: _Optional[_Union[_model_service_pb2.ModelReference, _Mapping]] = ..., model_version: _Optional[str] = ..., label: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("model_version", "embeddings")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    embeddings: _containers.RepeatedCompositeFieldContainer[NodeEmbedding]
    def __init__(self, model_version: _Optional[int] = ..., embeddings: _Optional[_Iterable[_Union[NodeEmbedding, _Mapping]]] = ...) -> None: ...

class NodeEmbedding(_message.Message):
    __slots__ = ("key", "values")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    key: _value_pb2.Value
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, key: _Optional[_Union[_value_pb2.Value, _Mapping]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class SimilarRequest(_message.Message):
    __slots__ = ("name", "model_version", "label", "keys", "top_k")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    name: _model_service_pb2.ModelReference
    model_version: str
    label: str
    keys: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    top_k: int
    def __init__(self, name: _Optional[_Union[_model_service_pb2.ModelReference, _Mapping]] = ..., model_version: _Optional[str] = ..., label: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ..., top_k: _Optional[int] = ...) -> None: ...

class SimilarResponse(_message.Message):
    __slots__ = ("model_version", "lists")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    lists: _containers.RepeatedCompositeFieldContainer[Neighbors]
    def __init__(self, model_version: _Optional[int] = ..., lists: _Optional[_Iterable[_Union[Neighbors, _Mapping]]] = ...) -> None: ...

class Neighbors(_message.Message):
    __slots__ = ("key", "neighbors", "similarities")
    KEY_FIELD_NUMBER: _ClassVar[int]
    NEIGHBORS_FIELD_NUMBER: _ClassVar[int]
    SIMILARITIES_FIELD_NUMBER: _ClassVar[int]
    key: _value_pb2.Value
    neighbors: _containers.RepeatedCompositeFieldContainer[_value_pb2.Value]
    similarities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, key: _Optional[_Union[_value_pb2.Value, _Mapping]] = ..., neighbors: _Optional[_Iterable[_Union[_value_pb2.Value, _Mapping]]] = ..., similarities: _Optional[_Iterable[float]] = ...) -> None: ...
