"""Same kind in, same kind out: what a chapter's function needs to take a frame or a table.

Given pandas, a query runs in an engine opened for the call; given Ibis, it stays lazy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.data.store import hide_progress
from marketing_kpi.errors import ColumnError, DataError, unknown
from marketing_kpi.kpis.facts import MONEY, standing

if TYPE_CHECKING:
    import pyarrow as pa

Frame: TypeAlias = pd.DataFrame | ir.Table
"""What a function takes and gives back: pandas for pandas, lazy Ibis for Ibis."""


@contextmanager
def engine() -> Iterator[ibis.BaseBackend]:
    """Open an embedded engine for one call, so that no memory table outlives it."""
    connection = ibis.duckdb.connect()
    hide_progress(connection.con)
    try:
        yield connection
    finally:
        connection.disconnect()


def in_engine(frame: pd.DataFrame) -> ir.Table:
    """Return a frame as an engine table; pandas' NaN, None and NaT all become null."""
    return ibis.memtable(in_arrow(frame))


def in_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as Arrow, the types and nulls of which are those of `in_engine`."""
    import pyarrow as pa

    return pa.table({name: _array(frame[name], name) for name in frame.columns})


def readable(column: pd.Series) -> pd.Series:
    """Return a column in types that engines have.

    A time zone leaves the local time, as `open_data` does; the intervals that `pandas.cut` makes
    become text, and pandas periods their first moment.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    elif isinstance(kind, pd.PeriodDtype):
        column = column.dt.start_time
    elif isinstance(kind, pd.IntervalDtype):
        column = column.astype("object").map(str, na_action="ignore")
    return column


def _array(column: pd.Series, name: str) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    try:
        return pa.Array.from_pandas(readable(column))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        kinds = sorted({type(value).__name__ for value in column.dropna()})
        raise ColumnError(
            f"column '{name}' holds values of several types ({', '.join(kinds)}), must be of one",
            hint=f"for instance frame.astype({{'{name}': 'str'}})",
        ) from error


def run(connection: ibis.BaseBackend, query: ir.Table) -> pd.DataFrame:
    """Run a query on frames in hand; a value that is no date or number is the caller's."""
    import duckdb

    try:
        frame: pd.DataFrame = connection.to_pandas(query)
    except duckdb.DataError as error:
        raise DataError(
            f"a value cannot be read: {str(error).splitlines()[0]}",
            hint="open_data reads dates and amounts as people write them, and says what it did",
        ) from error
    return frame


def same_kind(frame: Frame, query: Callable[[ir.Table], ir.Table]) -> Frame:
    """Run a query on a frame: lazily on Ibis; on pandas in an engine of its own."""
    if isinstance(frame, ir.Table):
        return query(frame)
    with engine() as connection:
        return run(connection, query(in_engine(frame)))


def executed(frame: Frame) -> pd.DataFrame:
    """Return a frame as it is, and what a query gives; for results that are small."""
    return frame.to_pandas() if isinstance(frame, ir.Table) else frame


def records(frame: Frame) -> list[dict[str, Any]]:
    """Return the rows of a frame, or of what a query gives; for results that are small."""
    if isinstance(frame, ir.Table):
        rows: list[dict[str, Any]] = frame.to_pyarrow().to_pylist()
        return rows
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def with_columns(
    frame: Frame,
    columns: Sequence[str],
    new: Callable[[ir.Table], Mapping[str, ir.Value]],
    types: Mapping[str, str],
) -> Frame:
    """Add computed columns; on pandas the caller's own columns keep their exact types."""
    if isinstance(frame, ir.Table):
        return frame.mutate(**new(frame))
    row = "_row"
    given = frame[list(columns)].assign(**{row: range(len(frame))})
    added = same_kind(given, lambda t: t.select(row, **new(t))).sort_values(row)
    typed = {
        name: added[name].astype(pd.api.types.pandas_dtype(kind)).array
        for name, kind in types.items()
    }
    result = frame.assign(**typed)
    if "customer_id" in result:
        result = result.sort_values("customer_id", kind="stable")
    return result.reset_index(drop=True)


def require(frame: pd.DataFrame | ir.Table, columns: Sequence[str], where: str) -> None:
    """Refuse what is no frame or table, or lacks a column; `where` names it in the message."""
    if not isinstance(frame, pd.DataFrame | ir.Table):
        hint = "pass data.orders" if isinstance(frame, Data) else None
        kind = type(frame).__name__
        raise DataError(f"{where} is a {kind}, must be a pandas frame or an Ibis table", hint=hint)
    for name in columns:
        if name not in frame.columns:
            message, hint = unknown("column", name, [str(c) for c in frame.columns], where=where)
            raise ColumnError(message, hint=hint)


def rankable(value: ir.NumericColumn) -> ir.NumericColumn:
    """Return a column that can be ranked: floats as decimals, without NaN and infinities."""
    if not value.type().is_floating():
        return value.cast("int64") if value.type().is_null() else value
    bad = value.isnan() | value.isinf()
    return bad.ifelse(ibis.null("float64"), value).cast(MONEY)


def money(amount: ir.NumericColumn) -> ir.DecimalColumn:
    """Return amounts as decimals: float noise can then neither split ties nor make them.

    Their sums are the same too, in whatever order an engine adds them.
    """
    return rankable(amount).cast(MONEY)


def valid_rows(orders: ir.Table) -> ir.Table:
    """Keep valid orders; the columns of a frame in hand may be of another type than the model's."""
    kinds = {"status": "string", "is_test": "boolean"}
    return standing(
        orders.mutate(
            **{name: orders[name].cast(kind) for name, kind in kinds.items() if name in orders}
        )
    )
