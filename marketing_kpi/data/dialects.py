"""What Ibis writes for an engine otherwise than the engine takes it, or not at all."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends import BaseBackend


class BigQuery(BigQueryCompiler):  # type: ignore[misc]
    """Calls for a DATETIME what BigQuery has for one.

    Times have no zone here, which BigQuery calls DATETIME. Ibis calls what only a TIMESTAMP, a
    moment of a zone, can be given.
    """

    def visit_TimestampAdd(  # noqa: N802 - what Ibis calls by the name of the operation
        self, op: ops.TimestampAdd, **parts: Any
    ) -> Any:
        """Return a time later by an interval."""
        return _of_kind(super().visit_TimestampAdd(op, **parts), op)

    def visit_TimestampSub(  # noqa: N802
        self, op: ops.TimestampSub, **parts: Any
    ) -> Any:
        """Return a time earlier by an interval."""
        return _of_kind(super().visit_TimestampSub(op, **parts), op)

    def visit_ExtractEpochSeconds(  # noqa: N802
        self, op: ops.ExtractEpochSeconds, *, arg: sge.Expression
    ) -> Any:
        """Return the seconds since 1970, of a time without a zone as if it were in UTC."""
        moment = self.f.anon.TIMESTAMP(arg) if _has_no_zone(op.arg.dtype) else arg
        return super().visit_ExtractEpochSeconds(op, arg=moment)


def _of_kind(call: sge.Anonymous, op: ops.TimestampAdd | ops.TimestampSub) -> sge.Anonymous:
    if _has_no_zone(op.left.dtype):
        call.set("this", call.name.replace("TIMESTAMP_", "DATETIME_"))
    return call


def _has_no_zone(kind: Any) -> bool:
    return getattr(kind, "timezone", None) is None


class Spark(PySparkCompiler):  # type: ignore[misc]
    """Calls for an operation that Ibis has no word for what Spark has.

    A number with a point is a decimal there: one that is to be a float is written as such.
    """

    def visit_NonNullLiteral(  # noqa: N802
        self, op: ops.Literal, *, value: Any, dtype: dt.DataType
    ) -> Any:
        """Return a value that is there, as its type."""
        if dtype.is_floating() and isfinite(value):
            return self.cast(str(value), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_BitOr(  # noqa: N802
        self, _op: ops.BitOr, *, arg: sge.Expression, where: sge.Expression | None
    ) -> Any:
        """Return the bits that any row has."""
        return self.agg.bit_or(arg, where=where)


def in_microseconds(kind: type[BaseBackend]) -> Any:
    """Return a kind of Ibis backend that gives pandas times in microseconds, as DuckDB does.

    They come from Spark as text. What it makes for pandas itself are nanoseconds, which stop in the
    year 2262: it fails at a price that holds until 9999.

    Parameters
    ----------
    kind
        Backend of Spark.
    """

    class Microseconds(kind):  # type: ignore[misc]
        gives_microseconds = True

        def execute(self, expr: ir.Expr, /, **options: Any) -> Any:
            """Return the result of an expression, as pandas gives it."""
            table = expr.as_table()
            kinds = table.schema().items()
            times = [name for name, of in kinds if of.is_timestamp() and _has_no_zone(of)]
            if not times:
                return super().execute(expr, **options)
            texts = {name: table[name].cast("string") for name in times}
            frame = super().execute(table.mutate(**texts), **options)
            moments = {name: _moments(frame[name]) for name in times}
            return expr.__pandas_result__(frame.assign(**moments))

    Microseconds.__name__, Microseconds.__module__ = kind.__name__, kind.__module__
    return Microseconds


def _moments(texts: pd.Series) -> np.ndarray:
    return np.array(texts.fillna("NaT").to_numpy("object"), "datetime64[us]")


COMPILERS: dict[str, Any] = {"bigquery": BigQuery(), "pyspark": Spark()}
"""What writes the SQL of an engine in the place of Ibis's own compiler, by the engine's name."""


def fit(connection: BaseBackend) -> None:
    """Have a connection write what its engine takes; it is changed where that is needed.

    Parameters
    ----------
    connection
        Of any engine, as Ibis made it.
    """
    if connection.name in COMPILERS:
        connection.compiler = COMPILERS[connection.name]
    if connection.name == "pyspark" and not hasattr(connection, "gives_microseconds"):
        connection.__class__ = in_microseconds(type(connection))
