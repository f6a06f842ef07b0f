"""Rows of a declared type, sent as columns."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.core.call import Call
from bridge.core.columns import Column, object_column
from bridge.core.procedure import Row


async def send_row(call: Call, row: Row) -> None:
    """Send the one row of a procedure that yields one."""
    await send_rows(call, type(row), [row])


async def send_rows(call: Call, kind: type[Row], rows: Sequence[Row]) -> None:
    """Send rows of one type; none is an answer too."""
    names = list(kind.model_fields)
    columns: dict[str, Column] = {
        alias: object_column([getattr(row, name) for row in rows])
        for name, alias in zip(names, kind.columns(), strict=True)
    }
    await call.rows(columns)
