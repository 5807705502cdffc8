"""Gives typed columns their canonical types, as lazy expressions that every engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from marketing_kpi.data.model import STRING, TIMESTAMP, Finding

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir


def conform(
    table: ir.Table, types: Mapping[str, str], *, where: str, counted: bool
) -> tuple[ir.Table, list[Finding]]:
    """Return a table whose columns have the canonical `types`; others are kept after them.

    Parameters
    ----------
    table
        Columns already have their canonical names.
    types
        Ibis type by canonical column, in canonical order.
    where
        What to call the table in findings.
    counted
        Whether to count what is repaired, which runs one query.

    Returns
    -------
    The lazy table, and a finding for each column whose values changed.
    """
    import ibis.expr.datatypes as dt

    repairs: dict[str, tuple[str, ir.IntegerScalar]] = {}
    columns: dict[str, ir.Value] = {}
    for name, kind in types.items():
        if name not in table.columns:
            continue
        column = table[name]
        columns[name] = _cast(column, dt.dtype(kind))
        repair = _repair(column, kind)
        if repair is not None:
            repairs[name] = repair
    extra = {name: table[name] for name in table.columns if name not in columns}
    result = table if _already(table, types) else table.select(**columns, **extra)
    return result, _count(table, repairs, where) if counted and repairs else []


def _already(table: ir.Table, types: Mapping[str, str]) -> bool:
    import ibis.expr.datatypes as dt

    names = [name for name in types if name in table.columns]
    same = all(_same(table[name].type(), dt.dtype(types[name])) for name in names)
    return same and list(table.columns[: len(names)]) == names


def _same(given: dt.DataType, kind: dt.DataType) -> bool:
    # Engines differ in how finely they keep naive times: that is no other type.
    if given.is_timestamp() and kind.is_timestamp():
        return given.timezone is None
    return bool(given.copy(nullable=True) == kind)


def _cast(column: ir.Value, kind: dt.DataType) -> ir.Value:
    given = column.type()
    if given.is_floating() and kind.is_string():
        whole = (column == column.floor()) & ~column.isinf()
        text = whole.ifelse(column.cast("decimal(38, 0)").cast(STRING), column.cast(STRING))
        return column.isnan().ifelse(None, text)
    if given.is_decimal() and kind.is_string() and given.scale:
        return (column == column.floor()).ifelse(
            column.cast("decimal(38, 0)").cast(STRING), column.cast(STRING)
        )
    if given.is_floating():
        return (column.isnan() | column.isinf()).ifelse(None, column).cast(kind)
    return column if _same(given, kind) else column.cast(kind)


def _repair(column: ir.Value, kind: str) -> tuple[str, ir.IntegerScalar] | None:
    given = column.type()
    if given.is_floating() and kind == STRING:
        return "float_ids", (~column.isnan()).sum()
    if given.is_floating():
        return "not_numbers", (column.isnan() | column.isinf()).sum()
    if given.is_timestamp() and given.timezone is not None and kind == TIMESTAMP:
        return "time_zones_dropped", column.count()
    return None


def _count(
    table: ir.Table, repairs: Mapping[str, tuple[str, ir.IntegerScalar]], where: str
) -> list[Finding]:
    counted = table.aggregate(
        rows_of_table=table.count(), **{name: count for name, (_code, count) in repairs.items()}
    )
    row = counted.to_pyarrow().to_pylist()[0]
    return [
        Finding(code, "repaired", where, name, int(row[name]), row["rows_of_table"])
        for name, (code, _count) in repairs.items()
        if row[name]
    ]
