"""Copies the tables of SQLite into the embedded engine: SQLite lacks what formulas ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.model import FLOAT, INTEGER, STRING
from marketing_kpi.data.reading import register
from marketing_kpi.data.store import Store, quote

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

_ROWS_AT_ONCE = 50_000


def copied(
    tables: Mapping[str, ir.Table], connection: BaseBackend, store: Store
) -> dict[str, ir.Table]:
    """Return `tables` of SQLite as tables of the store.

    A column has the type of what it holds: SQLite keeps any value under any declared type, and
    dates as text.
    """
    return {name: _copied(table, name, connection, store) for name, table in tables.items()}


def _copied(table: ir.Table, name: str, connection: BaseBackend, store: Store) -> ir.Table:
    import pyarrow as pa

    types = _types_held(table)
    columns = table.select(**{column: table[column].cast(kind) for column, kind in types.items()})
    schema = pa.schema([(column, _ARROW[kind]) for column, kind in types.items()])
    relation = f"{name}_copied"
    register(store, relation, schema.empty_table())
    # Its own cursor: Ibis would hold the whole table in memory.
    cursor = connection.raw_sql(connection.compile(columns))
    for batch in _batches(cursor, schema):
        store.backend.con.register("arrow_in", batch)
        store.execute(f"INSERT INTO {quote(relation)} SELECT * FROM arrow_in")
        store.backend.con.unregister("arrow_in")
    return store.backend.table(relation)


# Ibis types and how Arrow calls them.
_ARROW = {STRING: "string", FLOAT: "float64", INTEGER: "int64"}


def _types_held(table: ir.Table) -> dict[str, str]:
    """Return the Ibis type that holds every value of each column."""
    kinds = {column: table[column].typeof() for column in table.columns}
    counts = {f"text {name}": kind.isin(["text", "blob"]).sum() for name, kind in kinds.items()}
    counts |= {f"real {name}": (kind == "real").sum() for name, kind in kinds.items()}
    counts |= {f"whole {name}": (kind == "integer").sum() for name, kind in kinds.items()}
    row = table.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return {name: _type_held(name, row) for name in kinds}


def _type_held(name: str, counts: Mapping[str, int | None]) -> str:
    if counts[f"text {name}"]:
        return STRING
    if counts[f"real {name}"]:
        return FLOAT
    return INTEGER if counts[f"whole {name}"] else STRING


def _batches(cursor: Any, schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        columns = zip(zip(*rows, strict=True), schema.types, strict=True)
        yield pa.table([_array(values, kind) for values, kind in columns], schema=schema)


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(kind):
        return pa.array([_text(value) for value in values], kind)
    return pa.array(values, kind)


def _text(value: object) -> str | None:
    # A column without a declared type gives each value as it is kept.
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return None if value is None else str(value)
