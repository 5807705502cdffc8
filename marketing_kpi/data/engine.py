"""The embedded engine, whose want of memory is told with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
from ibis.backends.duckdb import Backend

from marketing_kpi.errors import DataError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


class Engine(Backend):  # type: ignore[misc]
    """DuckDB as Ibis drives it; a question larger than its memory raises an error of ours."""

    def raw_sql(self, query: Any, **kwargs: Any) -> Any:
        """Run a statement as it is."""
        with telling_of_memory(self.con):
            return super().raw_sql(query, **kwargs)

    def execute(self, expr: ir.Expr, /, **kwargs: Any) -> Any:
        """Return the result of an expression, as pandas gives it."""
        with telling_of_memory(self.con):
            return super().execute(expr, **kwargs)

    def to_pyarrow(self, expr: ir.Expr, /, **kwargs: Any) -> pa.Table | pa.Array | pa.Scalar:
        """Return the result of an expression, as Arrow gives it."""
        with telling_of_memory(self.con):
            return super().to_pyarrow(expr, **kwargs)

    def create_table(self, name: str, /, *arguments: Any, **kwargs: Any) -> ir.Table:
        """Store the result of an expression as a table."""
        with telling_of_memory(self.con):
            return super().create_table(name, *arguments, **kwargs)


@contextmanager
def telling_of_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Raise an error that says what to do where the engine has not enough memory.

    It writes to disk what it sorts, joins and groups, but several distinct counts of one question
    have to be held at once.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
        limit = found[0] if found else "unknown"
        raise DataError(
            f"the engine has not enough memory for this (its limit is {limit})",
            hint="give it more: open_data(…, memory_limit='1GB'), or ask for fewer KPIs at once",
        ) from error
