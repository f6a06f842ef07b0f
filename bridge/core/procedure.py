"""What a procedure is: declared once, and from that the Java class, the docs page, `bridge.list` and the client."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.core.config import Config

NodeId = Annotated[int, "node id"]
"""A YIELD column of Neo4j's node ids. In the server it holds the projection's internal ids; the plugin translates."""


class Row(BaseModel):
    """Base of every YIELD signature: the fields are the columns, in order; their docstrings the documentation."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )

    @classmethod
    def columns(cls) -> list[str]:
        """Return the column names, as users write them."""
        return [info.alias or name for name, info in cls.model_fields.items()]


class EstimateRow(Row):
    """The memory that a procedure would take."""

    required_memory: str
    """The range, for people."""
    tree_view: str
    """The parts that it is made of, for people."""
    map_view: dict[str, Any]
    """The same as a map."""
    bytes_min: int
    """The least it takes, in bytes."""
    bytes_max: int
    """The most it takes, in bytes."""
    node_count: int
    """Nodes that the estimate is for."""
    relationship_count: int
    """Relationships that the estimate is for."""
    heap_percentage_min: float
    """`bytesMin` by the memory there is, rounded up to tenths as in GDS; 1.0 is all of it."""
    heap_percentage_max: float
    """`bytesMax` by the memory there is, rounded up to tenths as in GDS; 1.0 is all of it."""


@dataclass(frozen=True)
class Parameter:
    """One argument, one configuration key or one YIELD column."""

    name: str
    type: str
    """Cypher's name of the type: INTEGER, FLOAT, STRING, BOOLEAN, MAP, DATETIME, LIST OF …, ANY."""
    description: str
    required: bool = False
    default: Any = None
    allowed: str = ""
    """Range or values, for people; empty when the type says it all."""
    node_id: bool = False


@dataclass(frozen=True)
class Signature:
    """One callable procedure: a family in one mode."""

    name: str
    """`bridge.recommend.stream`"""
    mode: Literal["READ", "WRITE"]
    description: str
    arguments: tuple[Parameter, ...]
    configuration: tuple[Parameter, ...]
    """The keys of the argument `configuration`; empty when there is no such argument."""
    yields: tuple[Parameter, ...]
    row: str
    """Name of the Python class of its rows, which the Java record bears too."""
    needs_graph: bool
    """Its first argument is a projection's name."""
    lazy: bool
    """Rows are pulled as the user reads them; otherwise the one row is there when the CALL returns."""

    def text(self) -> str:
        """Write the signature as Neo4j does: `name(argument :: TYPE, …) :: (column :: TYPE, …)`."""
        arguments = ", ".join(_argument(each) for each in self.arguments)
        columns = ", ".join(f"{each.name} :: {each.type}" for each in self.yields)
        return f"{self.name}({arguments}) :: ({columns})"


@dataclass(frozen=True)
class Procedure:
    """A family of procedures that share a configuration and differ in what becomes of the result."""

    name: str
    config: type[Config]
    """Keys of `configuration`, or the positional arguments when `positional`."""
    modes: Mapping[str, type[Row]]
    """Rows by mode: stream, stats, mutate, write, train. The empty mode is the bare name."""
    run: Callable[..., Awaitable[None]]
    """`async run(request, call, services)`."""
    positional: bool = False
    """A catalog procedure: its config's fields are its arguments."""
    estimate: Callable[..., Awaitable[None]] | None = None
    """`async estimate(request, call, services)`: sends one EstimateRow, for the projection `call.graph_name` or, when
    there is one, for the graph `call.fictitious`. Gives every mode X a procedure X.estimate."""

    def signatures(self) -> Iterator[Signature]:
        """Yield what Neo4j will know, a signature a mode; after it that of its estimate."""
        keys = tuple(parameters(self.config))
        description = (self.config.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
        for mode, row in self.modes.items():
            yield Signature(
                name=f"{self.name}.{mode}" if mode else self.name,
                mode="WRITE" if mode == "write" else "READ",
                description=description,
                arguments=keys if self.positional else GRAPH_ARGUMENTS,
                configuration=() if self.positional else keys,
                yields=tuple(parameters(row)),
                row=row.__name__,
                needs_graph=not self.positional,
                lazy=mode in ("stream", ""),
            )
            if self.estimate is not None:
                yield self._estimate_signature(mode, keys)

    def _estimate_signature(self, mode: str, keys: tuple[Parameter, ...]) -> Signature:
        return Signature(
            name=f"{self.name}.{mode}.{ESTIMATE}",
            mode="READ",
            description=f"Estimate the memory that {self.name}.{mode} takes.",
            arguments=ESTIMATE_ARGUMENTS,
            configuration=keys,
            yields=tuple(parameters(EstimateRow)),
            row=EstimateRow.__name__,
            needs_graph=True,
            lazy=False,
        )


GRAPH_ARGUMENTS = (
    Parameter("graphName", "STRING", "The projection's name in GDS's graph catalog.", required=True),
    Parameter("configuration", "MAP", "The configuration.", default={}),
)

ESTIMATE = "estimate"
"""Last part of an estimate's name."""

ESTIMATE_ARGUMENTS = (
    Parameter(
        "graphNameOrConfiguration",
        "ANY",
        "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a "
        "graph that need not be there.",
        required=True,
    ),
    Parameter("algoConfiguration", "MAP", "The configuration of the procedure.", required=True),
)


def parameters(model: type[BaseModel]) -> Iterator[Parameter]:
    """Describe the fields of a Config or Row."""
    for name, info in model.model_fields.items():
        required = info.is_required()
        default = None if required else info.get_default(call_default_factory=True)
        yield Parameter(
            name=info.alias or to_camel(name),
            type=cypher_type(info.annotation),
            description=(info.description or "").strip(),
            required=required,
            default=None if default is PydanticUndefined else _plain(default),
            allowed=_allowed(info),
            node_id="node id" in info.metadata,
        )


def _argument(parameter: Parameter) -> str:
    if parameter.required:
        return f"{parameter.name} :: {parameter.type}"
    return f"{parameter.name} = {json.dumps(parameter.default)} :: {parameter.type}"


def contract_hash(procedures: Sequence[Procedure]) -> str:
    """Hash what the generated Java classes depend on: names, modes, arguments and columns. 16 hex digits."""
    shape = [
        {
            "name": signature.name,
            "mode": signature.mode,
            "arguments": [(each.name, each.type, each.required, each.default) for each in signature.arguments],
            "yields": [(each.name, each.type, each.node_id) for each in signature.yields],
        }
        for procedure in procedures
        for signature in procedure.signatures()
    ]
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def as_map(parameter: Parameter) -> dict[str, Any]:
    """Show a parameter as `bridge.list` does."""
    return {key: value for key, value in asdict(parameter).items() if key != "node_id"}


_SCALARS: dict[Any, str] = {
    bool: "BOOLEAN", int: "INTEGER", float: "FLOAT", str: "STRING", dict: "MAP", datetime: "DATETIME", Any: "ANY",
}  # fmt: skip


def cypher_type(annotation: Any) -> str:
    """Name a Python annotation in Cypher's words; a choice of several is ANY."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return cypher_type(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        choices = {cypher_type(each) for each in get_args(annotation) if each is not type(None)}
        return choices.pop() if len(choices) == 1 else "ANY"
    if origin is Literal:
        return cypher_type(type(get_args(annotation)[0]))
    if origin in (list, tuple):
        return f"LIST OF {cypher_type(get_args(annotation)[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return "MAP"
    return _SCALARS[annotation]


def _allowed(info: FieldInfo) -> str:
    bounds = [*_bounds(info.metadata), *_inner_bounds(info.annotation)]
    values = [repr(value) for value in _literals(info.annotation)]
    return ", ".join(dict.fromkeys(bounds + values))


def _bounds(metadata: Iterable[Any]) -> Iterator[str]:
    for limit in metadata:
        if isinstance(limit, FieldInfo):  # Annotated[…, Field(gt=0)] within a choice keeps it whole
            yield from _bounds(limit.metadata)
        for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
            if getattr(limit, name, None) is not None:
                yield f"{sign} {getattr(limit, name)}"


def _inner_bounds(annotation: Any) -> Iterator[str]:
    """Yield the ranges of the choices of an annotation: `PositiveInt | None` keeps its own there."""
    if get_origin(annotation) is Annotated:
        kind, *metadata = get_args(annotation)
        yield from _bounds(metadata)
        yield from _inner_bounds(kind)
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _inner_bounds(each)


def _literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) is Annotated:
        yield from _literals(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in typing.get_args(annotation):
            yield from _literals(each)


def _plain(default: Any) -> Any:
    if isinstance(default, tuple):
        return [_plain(each) for each in default]
    if isinstance(default, Mapping):
        return dict(default)
    return default
