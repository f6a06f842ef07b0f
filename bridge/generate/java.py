"""Java source of the procedure classes: annotations, one return statement and a record of each kind of row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bridge.core.procedure import Parameter, Procedure, Signature, contract_hash
from bridge.generate.family import Family

HEADER = "// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited."

HOOKS = {"bridge.health": "health"}
"""Procedures with a method of their own in the plugin's base class: health answers even without a server."""

GDS_FIELD = """\
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }
"""

_TYPES = {
    "INTEGER": ("Long", "integer"),
    "FLOAT": ("Double", "number"),
    "STRING": ("String", "string"),
    "BOOLEAN": ("Boolean", "bool"),
    "MAP": ("Map<String, Object>", "map"),
    "DATETIME": ("ZonedDateTime", "datetime"),
    "ANY": ("Object", "any"),
}
"""By Cypher type: the boxed Java type, and the method of `Row` that reads it."""

_LIST = "LIST OF "


def contract_class(procedures: Sequence[Procedure]) -> str:
    """Return the source of `Contract`."""
    return f'''\
{HEADER}
package bridge.plugin.generated;

/** What the plugin and the server must have in common. */
public final class Contract {{
    /** Hash of the declarations that these classes were written from; a server with another one refuses the call. */
    public static final String HASH = "{contract_hash(procedures)}";

    private Contract() {{}}
}}
'''


def procedure_classes(family: Family) -> dict[str, str]:
    """Return the sources of a family's classes by name: what asks for no projection has to load without GDS."""
    catalog = [each for each in family.signatures if not each.needs_graph]
    projecting = [each for each in family.signatures if each.needs_graph]
    if not catalog or not projecting:
        return {family.class_name: _class(family, family.class_name, family.signatures)}
    of_projections = family.class_name.replace("Procedures", "ProjectionProcedures")
    return {
        family.class_name: _class(family, family.class_name, catalog),
        of_projections: _class(family, of_projections, projecting),
    }


def _class(family: Family, name: str, signatures: Sequence[Signature]) -> str:
    needs_gds = any(each.needs_graph for each in signatures)
    base = "gds.ProjectionProcedures" if needs_gds else "core.Procedures"
    body = "\n".join([*([GDS_FIELD] if needs_gds else []), *_methods(signatures), *_records(family, signatures)])
    imports = [f"bridge.plugin.{base}", "bridge.plugin.core.Row", "java.util.stream.Stream"]
    imports += [f"org.neo4j.procedure.{each}" for each in ("Description", "Mode", "Procedure")]
    used = {"List<": "java.util.List", "Map<": "java.util.Map", "ZonedDateTime": "java.time.ZonedDateTime"}
    used["@Name"] = "org.neo4j.procedure.Name"
    used["@Context"] = "org.neo4j.procedure.Context"
    used["TaskRegistryFactory"] = "org.neo4j.gds.core.utils.progress.TaskRegistryFactory"
    imports += [each for word, each in used.items() if word in body]
    lines = "\n".join(f"import {each};" for each in sorted(imports))
    return f"""\
{HEADER}
package bridge.plugin.generated;

{lines}

/** CALL bridge.{family.name}…: see docs/procedures/{family.name}.md. */
public final class {name} extends {base.split(".")[1]} {{
{body}}}
"""


def _methods(signatures: Sequence[Signature]) -> Iterator[str]:
    for signature in signatures:
        parameters = ",\n".join(f"            {_parameter(each)}" for each in signature.arguments)
        arguments = ", ".join(f'"{each.name}", {each.name}' for each in signature.arguments)
        run = HOOKS.get(signature.name, "rows" if signature.lazy else "row")
        yield f"""\
    @Procedure(name = "{signature.name}", mode = Mode.{signature.mode})
    @Description({_literal(signature.description)})
    public Stream<{signature.row}> {_method(signature)}({f"{chr(10)}{parameters}" if parameters else ""}) {{
        return {run}("{signature.name}", arguments({arguments}), {signature.row}::from);
    }}
"""


def _method(signature: Signature) -> str:
    first, *rest = signature.name.split(".")[2:] or signature.name.split(".")[1:]
    return first + "".join(part[0].upper() + part[1:] for part in rest)


def _records(family: Family, signatures: Sequence[Signature]) -> Iterator[str]:
    rows: dict[str, tuple[Parameter, ...]] = {}
    for signature in signatures:
        if rows.setdefault(signature.row, signature.yields) != signature.yields:
            raise ValueError(f"Two kinds of rows of bridge.{family.name} are named {signature.row}.")
    for name, columns in rows.items():
        fields = ",\n".join(
            f"            @Description({_literal(c.description)}) {_java(c.type)} {c.name}" for c in columns
        )
        values = ",\n".join(f'                    row.{_reader(each.type)}("{each.name}")' for each in columns)
        yield f"""\
    /** A row. */
    public record {name}(
{fields}) {{
        static {name} from(Row row) {{
            return new {name}(
{values});
        }}
    }}
"""


def _parameter(parameter: Parameter) -> str:
    default = "" if parameter.required else f", defaultValue = {_literal(_default(parameter.default))}"
    description = f", description = {_literal(parameter.description)}"
    return f'@Name(value = "{parameter.name}"{default}{description}) {_java(parameter.type)} {parameter.name}'


def _default(value: Any) -> str:
    """Write a default as Neo4j's annotation wants it: strings bare, everything else as Cypher has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _literal(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _java(cypher_type: str) -> str:
    if cypher_type.startswith(_LIST):
        return f"List<{_java(cypher_type.removeprefix(_LIST))}>"
    return _TYPES[cypher_type][0]


def _reader(cypher_type: str) -> str:
    if cypher_type == "LIST OF FLOAT":
        return "numbers"
    return "list" if cypher_type.startswith(_LIST) else _TYPES[cypher_type][1]
