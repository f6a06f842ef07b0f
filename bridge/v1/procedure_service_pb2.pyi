from bridge.v1 import value_pb2 as _value_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallRequest(_message.Message):
    __slots__ = ("start", "description", "chunk", "done")
    START_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    start: Start
    description: Description
    chunk: _value_pb2.Chunk
    done: Done
    def __init__(self, start: _Optional[_Union[Start, _Mapping]] = ..., description: _Optional[_Union[Description, _Mapping]] = ..., chunk: _Optional[_Union[_value_pb2.Chunk, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ...) -> None: ...

class CallResponse(_message.Message):
    __slots__ = ("describe", "read_projection", "read_node_properties", "check_links", "job", "progress", "rows", "mutate_node_property", "write_relationships", "chunk", "mutate_relationships", "write_node_property")
    DESCRIBE_FIELD_NUMBER: _ClassVar[int]
    READ_PROJECTION_FIELD_NUMBER: _ClassVar[int]
    READ_NODE_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    CHECK_LINKS_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MUTATE_NODE_PROPERTY_FIELD_NUMBER: _ClassVar[int]
    WRITE_RELATIONSHIPS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    MUTATE_RELATIONSHIPS_FIELD_NUMBER: _ClassVar[int]
    WRITE_NODE_PROPERTY_FIELD_NUMBER: _ClassVar[int]
    describe: Describe
    read_projection: ReadProjection
    read_node_properties: ReadNodeProperties
    check_links: CheckLinks
    job: Job
    progress: Progress
    rows: _value_pb2.Chunk
    mutate_node_property: MutateNodeProperty
    write_relationships: WriteRelationships
    chunk: _value_pb2.Chunk
    mutate_relationships: MutateRelationships
    write_node_property: WriteNodeProperty
    def __init__(self, describe: _Optional[_Union[Describe, _Mapping]] = ..., read_projection: _Optional[_Union[ReadProjection, _Mapping]] = ..., read_node_properties: _Optional[_Union[ReadNodeProperties, _Mapping]] = ..., check_links: _Optional[_Union[CheckLinks, _Mapping]] = ..., job: _Optional[_Union[Job, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., rows: _Optional[_Union[_value_pb2.Chunk, _Mapping]] = ..., mutate_node_property: _Optional[_Union[MutateNodeProperty, _Mapping]] = ..., write_relationships: _Optional[_Union[WriteRelationships, _Mapping]] = ..., chunk: _Optional[_Union[_value_pb2.Chunk, _Mapping]] = ..., mutate_relationships: _Optional[_Union[MutateRelationships, _Mapping]] = ..., write_node_property: _Optional[_Union[WriteNodeProperty, _Mapping]] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("contract", "procedure", "arguments", "caller")
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    PROCEDURE_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    contract: str
    procedure: str
    arguments: _value_pb2.MapValue
    caller: Caller
    def __init__(self, contract: _Optional[str] = ..., procedure: _Optional[str] = ..., arguments: _Optional[_Union[_value_pb2.MapValue, _Mapping]] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class Caller(_message.Message):
    __slots__ = ("user", "database", "database_id", "plugin_version", "neo4j_version", "gds_version", "transaction_memory_bytes")
    USER_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    DATABASE_ID_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEO4J_VERSION_FIELD_NUMBER: _ClassVar[int]
    GDS_VERSION_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    user: str
    database: str
    database_id: str
    plugin_version: str
    neo4j_version: str
    gds_version: str
    transaction_memory_bytes: int
    def __init__(self, user: _Optional[str] = ..., database: _Optional[str] = ..., database_id: _Optional[str] = ..., plugin_version: _Optional[str] = ..., neo4j_version: _Optional[str] = ..., gds_version: _Optional[str] = ..., transaction_memory_bytes: _Optional[int] = ...) -> None: ...

class Describe(_message.Message):
    __slots__ = ("graph_name",)
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    def __init__(self, graph_name: _Optional[str] = ...) -> None: ...

class Description(_message.Message):
    __slots__ = ("found", "graph_names", "node_count", "relationship_count", "created_millis", "modified_millis", "labels", "relationship_types", "constraints", "can_write")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    GRAPH_NAMES_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIP_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_MILLIS_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_MILLIS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIP_TYPES_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    CAN_WRITE_FIELD_NUMBER: _ClassVar[int]
    found: bool
    graph_names: _containers.RepeatedScalarFieldContainer[str]
    node_count: int
    relationship_count: int
    created_millis: int
    modified_millis: int
    labels: _containers.RepeatedCompositeFieldContainer[LabelDescription]
    relationship_types: _containers.RepeatedCompositeFieldContainer[RelationshipTypeDescription]
    constraints: _containers.RepeatedCompositeFieldContainer[KeyConstraint]
    can_write: bool
    def __init__(self, found: bool = ..., graph_names: _Optional[_Iterable[str]] = ..., node_count: _Optional[int] = ..., relationship_count: _Optional[int] = ..., created_millis: _Optional[int] = ..., modified_millis: _Optional[int] = ..., labels: _Optional[_Iterable[_Union[LabelDescription, _Mapping]]] = ..., relationship_types: _Optional[_Iterable[_Union[RelationshipTypeDescription, _Mapping]]] = ..., constraints: _Optional[_Iterable[_Union[KeyConstraint, _Mapping]]] = ..., can_write: bool = ...) -> None: ...

class LabelDescription(_message.Message):
    __slots__ = ("label", "node_count", "properties")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    label: str
    node_count: int
    properties: _containers.RepeatedCompositeFieldContainer[PropertyDescription]
    def __init__(self, label: _Optional[str] = ..., node_count: _Optional[int] = ..., properties: _Optional[_Iterable[_Union[PropertyDescription, _Mapping]]] = ...) -> None: ...

class RelationshipTypeDescription(_message.Message):
    __slots__ = ("type", "relationship_count", "properties", "undirected", "stored_type")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIP_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    UNDIRECTED_FIELD_NUMBER: _ClassVar[int]
    STORED_TYPE_FIELD_NUMBER: _ClassVar[int]
    type: str
    relationship_count: int
    properties: _containers.RepeatedCompositeFieldContainer[PropertyDescription]
    undirected: bool
    stored_type: str
    def __init__(self, type: _Optional[str] = ..., relationship_count: _Optional[int] = ..., properties: _Optional[_Iterable[_Union[PropertyDescription, _Mapping]]] = ..., undirected: bool = ..., stored_type: _Optional[str] = ...) -> None: ...

class PropertyDescription(_message.Message):
    __slots__ = ("name", "value_type", "dimension")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    value_type: str
    dimension: int
    def __init__(self, name: _Optional[str] = ..., value_type: _Optional[str] = ..., dimension: _Optional[int] = ...) -> None: ...

class KeyConstraint(_message.Message):
    __slots__ = ("label", "property")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROPERTY_FIELD_NUMBER: _ClassVar[int]
    label: str
    property: str
    def __init__(self, label: _Optional[str] = ..., property: _Optional[str] = ...) -> None: ...

class ReadProjection(_message.Message):
    __slots__ = ("graph_name", "nodes", "relationships")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIPS_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    nodes: _containers.RepeatedCompositeFieldContainer[TableColumns]
    relationships: _containers.RepeatedCompositeFieldContainer[TableColumns]
    def __init__(self, graph_name: _Optional[str] = ..., nodes: _Optional[_Iterable[_Union[TableColumns, _Mapping]]] = ..., relationships: _Optional[_Iterable[_Union[TableColumns, _Mapping]]] = ...) -> None: ...

class TableColumns(_message.Message):
    __slots__ = ("table", "properties")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    table: str
    properties: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table: _Optional[str] = ..., properties: _Optional[_Iterable[str]] = ...) -> None: ...

class ReadNodeProperties(_message.Message):
    __slots__ = ("graph_name", "label", "properties")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    label: str
    properties: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, graph_name: _Optional[str] = ..., label: _Optional[str] = ..., properties: _Optional[_Iterable[str]] = ...) -> None: ...

class CheckLinks(_message.Message):
    __slots__ = ("graph_name", "relationship_types", "both_directions", "pairs")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIP_TYPES_FIELD_NUMBER: _ClassVar[int]
    BOTH_DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    relationship_types: _containers.RepeatedScalarFieldContainer[str]
    both_directions: bool
    pairs: _value_pb2.Chunk
    def __init__(self, graph_name: _Optional[str] = ..., relationship_types: _Optional[_Iterable[str]] = ..., both_directions: bool = ..., pairs: _Optional[_Union[_value_pb2.Chunk, _Mapping]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "name", "steps")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    name: str
    steps: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_id: _Optional[str] = ..., name: _Optional[str] = ..., steps: _Optional[_Iterable[str]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("step", "fraction", "detail")
    STEP_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    step: int
    fraction: float
    detail: str
    def __init__(self, step: _Optional[int] = ..., fraction: _Optional[float] = ..., detail: _Optional[str] = ...) -> None: ...

class MutateNodeProperty(_message.Message):
    __slots__ = ("graph_name", "label", "property", "dimension", "rows", "further_labels")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROPERTY_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    FURTHER_LABELS_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    label: str
    property: str
    dimension: int
    rows: int
    further_labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, graph_name: _Optional[str] = ..., label: _Optional[str] = ..., property: _Optional[str] = ..., dimension: _Optional[int] = ..., rows: _Optional[int] = ..., further_labels: _Optional[_Iterable[str]] = ...) -> None: ...

class MutateRelationships(_message.Message):
    __slots__ = ("graph_name", "type", "properties", "undirected", "rows")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    UNDIRECTED_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    type: str
    properties: _containers.RepeatedScalarFieldContainer[str]
    undirected: bool
    rows: int
    def __init__(self, graph_name: _Optional[str] = ..., type: _Optional[str] = ..., properties: _Optional[_Iterable[str]] = ..., undirected: bool = ..., rows: _Optional[int] = ...) -> None: ...

class WriteNodeProperty(_message.Message):
    __slots__ = ("graph_name", "property", "vectors", "rows", "batch_size")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    PROPERTY_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    property: str
    vectors: bool
    rows: int
    batch_size: int
    def __init__(self, graph_name: _Optional[str] = ..., property: _Optional[str] = ..., vectors: bool = ..., rows: _Optional[int] = ..., batch_size: _Optional[int] = ...) -> None: ...

class WriteRelationships(_message.Message):
    __slots__ = ("graph_name", "type", "constants", "owner_property", "created_property", "sources", "batch_size")
    GRAPH_NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    OWNER_PROPERTY_FIELD_NUMBER: _ClassVar[int]
    CREATED_PROPERTY_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    graph_name: str
    type: str
    constants: _value_pb2.MapValue
    owner_property: str
    created_property: str
    sources: _value_pb2.Chunk
    batch_size: int
    def __init__(self, graph_name: _Optional[str] = ..., type: _Optional[str] = ..., constants: _Optional[_Union[_value_pb2.MapValue, _Mapping]] = ..., owner_property: _Optional[str] = ..., created_property: _Optional[str] = ..., sources: _Optional[_Union[_value_pb2.Chunk, _Mapping]] = ..., batch_size: _Optional[int] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("written", "deleted", "unchanged", "millis")
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    MILLIS_FIELD_NUMBER: _ClassVar[int]
    written: int
    deleted: int
    unchanged: int
    millis: int
    def __init__(self, written: _Optional[int] = ..., deleted: _Optional[int] = ..., unchanged: _Optional[int] = ..., millis: _Optional[int] = ...) -> None: ...
